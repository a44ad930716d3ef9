use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Output, Stdio};

use tempfile::TempDir;

use crate::or_fail::{OrFail, fail};
use crate::project::project_file;

/// One server under `scripts/servers`.
#[derive(Debug)]
pub(super) struct Process {
    name: &'static str,
    directory: TempDir,
    port: u16,
}

impl Process {
    pub(super) async fn start(name: &'static str) -> Self {
        let directory =
            tempfile::Builder::new().prefix("optimagio-own-").tempdir().or_fail("no temporary directory");
        // PostgreSQL runs as another user when the tests run as root.
        let passable = std::fs::Permissions::from_mode(0o755);
        std::fs::set_permissions(directory.path(), passable).or_fail("cannot open the temporary directory");
        let mut process = Self { name, directory, port: 0 };
        process.script(&["start", name, "--port", "free"]).await;
        let port = std::fs::read_to_string(process.directory.path().join(name).join("port"));
        process.port = port.or_fail("no port").trim().parse().or_fail("a wrong port");
        process
    }

    pub(super) fn port(&self) -> u16 {
        self.port
    }

    pub(super) async fn run(&self, verb: &str) {
        self.script(&[verb, self.name]).await;
    }

    async fn script(&self, arguments: &[&str]) {
        let output = tokio::process::Command::from(command(self.directory.path(), arguments)).output().await;
        check(arguments, &output.or_fail("cannot run scripts/servers"));
    }
}

fn command(directory: &Path, arguments: &[&str]) -> std::process::Command {
    let mut command = std::process::Command::new(project_file("scripts/servers"));
    command.args(arguments).arg("--dir").arg(directory).env("SERVERS_FSYNC", "off").stdin(Stdio::null());
    // The private server has keys of its own, whatever the tests' environment says.
    command.env_remove("S3_ACCESS_KEY_ID").env_remove("S3_SECRET_ACCESS_KEY");
    command
}

fn check(arguments: &[&str], output: &Output) {
    if !output.status.success() {
        fail(format_args!("scripts/servers {arguments:?}: {}", String::from_utf8_lossy(&output.stderr)));
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // Its data is thrown away, so it need not end in good order; `stop` also ends what belongs to it.
        for verb in ["kill", "stop"] {
            if let Err(error) = command(self.directory.path(), &[verb, self.name]).output() {
                tracing::warn!(%error, server = self.name, "a private server could not be stopped");
            }
        }
    }
}
