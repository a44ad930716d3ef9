use std::fs::File;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use tempfile::TempDir;
use testkit::TestSettings;

use super::SOON;

/// One running process.
pub(crate) struct Role {
    child: Child,
    directory: TempDir,
}

impl Role {
    /// Starts `optimagio` with `args`, and with these settings as its whole environment.
    pub(crate) async fn start(args: &[&str], settings: &TestSettings) -> Self {
        let directory = tempfile::tempdir().unwrap();
        for name in ["uploads", "codec"] {
            std::fs::create_dir(directory.path().join(name)).unwrap();
        }
        let log = File::create(directory.path().join("log")).unwrap();
        let child = Command::new(env!("CARGO_BIN_EXE_optimagio"))
            .args(args)
            .env_clear()
            .env("PATH", "/usr/bin:/bin")
            .env("LOG_FORMAT", "json")
            .env("HTTP_THREADS", "2")
            .env("SHUTDOWN_GRACE_SECONDS", "0")
            .env("UPLOAD_TEMP_DIR", directory.path().join("uploads"))
            .env("CODEC_TEMP_DIR", directory.path().join("codec"))
            .envs(settings.pairs())
            .stdin(Stdio::null())
            .stdout(log.try_clone().unwrap())
            .stderr(log)
            .spawn()
            .unwrap();
        Self { child, directory }
    }

    /// Everything it has logged.
    pub(crate) fn log(&self) -> String {
        std::fs::read_to_string(self.directory.path().join("log")).unwrap_or_default()
    }

    /// Where uploads wait.
    pub(crate) fn uploads(&self) -> PathBuf {
        self.directory.path().join("uploads")
    }

    /// Where the codec's children work.
    pub(crate) fn codec(&self) -> PathBuf {
        self.directory.path().join("codec")
    }

    /// Its process id.
    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// The address in the log line with this message.
    pub(crate) async fn address(&self, message: &str) -> String {
        self.logged(message).await["fields"]["address"].as_str().unwrap().to_owned()
    }

    /// The first log line with this message, once it is there.
    pub(crate) async fn logged(&self, message: &str) -> serde_json::Value {
        let mut found = None;
        testkit::wait_until(SOON, format!("the log line {message:?}"), async || {
            found = self.log().lines().find_map(|line| {
                let line: serde_json::Value = serde_json::from_str(line).ok()?;
                (line["message"] == message).then_some(line)
            });
            found.is_some()
        })
        .await;
        found.unwrap()
    }

    /// SIGKILL, at once.
    pub(crate) fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// SIGTERM, and the exit code once it has ended.
    pub(crate) async fn terminate(&mut self) -> Option<i32> {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &pid]).status().unwrap().success());
        let mut code = None;
        testkit::wait_until(SOON, "the process to end after SIGTERM", async || {
            code = self.child.try_wait().unwrap();
            code.is_some()
        })
        .await;
        code.unwrap().code()
    }

    /// Whether it still runs.
    pub(crate) fn is_running(&mut self) -> bool {
        self.child.try_wait().unwrap().is_none()
    }
}

impl Drop for Role {
    fn drop(&mut self) {
        // It may have ended already, by the test's own hand.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
