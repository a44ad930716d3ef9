//! Pools whose children are this test binary, and jobs whose sources are texts.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use domain::{Compression, OptimizeParams, RequestedFormat};
use sandbox::{Config, Done, Launcher, Pool, SandboxError, Verdict, Work};
use tempfile::TempDir;

/// Makes the test `child_entry` a codec process.
pub(crate) const CHILD_ARGUMENT: &str = "as-codec-process";

/// Makes the test `parent_entry` a process with a pool in the directory that the next argument names.
pub(crate) const PARENT_ARGUMENT: &str = "as-parent-process";

/// Starts a process that has a pool below `temp_dir` and a job in it that never ends.
pub(crate) fn parent_process(temp_dir: &Path) -> std::process::Child {
    std::process::Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "parent_entry", "--nocapture", PARENT_ARGUMENT])
        .arg(temp_dir)
        .stdout(std::process::Stdio::null())
        .spawn()
        .unwrap()
}

pub(crate) struct TestPool {
    pub(crate) pool: Pool,
    pub(crate) temp: TempDir,
}

impl TestPool {
    /// One slot, 10 s a job, and what `adjust` says.
    pub(crate) async fn start(adjust: impl FnOnce(&mut Config)) -> Self {
        let temp = tempfile::tempdir().unwrap();
        let mut config = Config {
            slots: 1,
            wall_clock: Duration::from_secs(10),
            temp_dir: temp.path().to_owned(),
            memory_budget: 1 << 30,
            ..Config::default()
        };
        adjust(&mut config);
        let args = ["--exact", "child_entry", "--nocapture", CHILD_ARGUMENT];
        let launcher = Launcher {
            program: std::env::current_exe().unwrap(),
            args: args.map(OsString::from).to_vec(),
            env: vec![("CODEC_TEST".into(), "1".into())],
        };
        Self { pool: Pool::start(config, launcher).await.unwrap(), temp }
    }

    pub(crate) fn job(&self, source: &str) -> Job {
        let dir = self.pool.job_dir().unwrap();
        let work = Work {
            source: dir.path().join("source"),
            result: dir.path().join("result"),
            request: request(),
            pixels: 6,
            memory_bytes: 1 << 20,
            solo: false,
        };
        std::fs::write(&work.source, source).unwrap();
        Job { pool: self.pool.clone(), work, _dir: dir }
    }

    pub(crate) async fn run(&self, source: &str) -> Result<Done, Verdict> {
        self.job(source).run().await
    }

    /// The result of a job that must succeed, as text.
    pub(crate) async fn text(&self, source: &str) -> String {
        let job = self.job(source);
        job.run().await.unwrap();
        std::fs::read_to_string(job.result()).unwrap()
    }

    /// Shuts the pool down and returns the directory that it used.
    pub(crate) async fn stop(self) -> TempDir {
        self.pool.shutdown().await;
        drop(self.pool);
        self.temp
    }
}

pub(crate) struct Job {
    pub(crate) work: Work,
    pool: Pool,
    _dir: TempDir,
}

impl Job {
    pub(crate) fn solo(mut self) -> Self {
        self.work.solo = true;
        self
    }

    pub(crate) fn memory(mut self, bytes: u64) -> Self {
        self.work.memory_bytes = bytes;
        self
    }

    pub(crate) async fn run(&self) -> Result<Done, Verdict> {
        self.pool.run(self.work.clone()).await
    }

    pub(crate) fn result(&self) -> PathBuf {
        self.work.result.clone()
    }
}

fn request() -> imaging::Request {
    let params = OptimizeParams {
        compression: Compression::Auto,
        width: None,
        height: None,
        format: RequestedFormat::Auto,
        keep_exif: false,
    };
    imaging::Request {
        params,
        options: domain::OutputOptions::default(),
        effort: imaging::Effort::Interactive,
    }
}

/// A pool of some other program.
pub(crate) async fn start_with(program: &str, temp_dir: &Path) -> Result<(), SandboxError> {
    let config = Config { slots: 1, temp_dir: temp_dir.to_owned(), ..Config::default() };
    let launcher = Launcher { program: program.into(), args: Vec::new(), env: Vec::new() };
    Pool::start(config, launcher).await.map(drop)
}

/// Whether a process with this id runs (a zombie does not).
pub(crate) fn exists(pid: &str) -> bool {
    std::fs::read_to_string(format!("/proc/{pid}/stat")).is_ok_and(|stat| !stat.contains(") Z "))
}

pub(crate) fn kill(pid: &str) {
    let pid = rustix::process::Pid::from_raw(pid.parse().unwrap()).unwrap();
    rustix::process::kill_process(pid, rustix::process::Signal::KILL).unwrap();
}

/// Waits for a condition, at most 5 s.
pub(crate) async fn wait_until(mut condition: impl FnMut() -> bool) {
    let begin = Instant::now();
    while !condition() {
        assert!(begin.elapsed() < Duration::from_secs(5), "it did not happen");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// The text of a file that somebody else is about to write.
pub(crate) async fn read_when_there(path: &Path) -> String {
    let text = || std::fs::read_to_string(path).unwrap_or_default();
    wait_until(|| text().ends_with('\n')).await;
    text().trim().to_owned()
}

/// Measured times.
#[derive(Default)]
pub(crate) struct Bench(Vec<Duration>);

impl Bench {
    pub(crate) fn push(&mut self, time: Duration) {
        self.0.push(time);
    }

    pub(crate) fn median(&mut self) -> Duration {
        self.0.sort();
        self.0[self.0.len() / 2]
    }
}
