use std::collections::VecDeque;
use std::io;
use std::process::ExitStatus;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::process::{ChildStderr, ChildStdin, ChildStdout};
use tokio::time::timeout;

use crate::launcher::Starter;
use crate::protocol::{self, Answer, Hello};
use crate::{SandboxError, scratch};

/// A child that is not ready by then never will be: libvips starts in well under a second.
const START_LIMIT: Duration = Duration::from_secs(10);
/// An idle child takes a job at once, or it is stopped or dead.
const ACCEPT_LIMIT: Duration = Duration::from_secs(5);
/// How long a killed child may take to be gone.
const BURIAL_LIMIT: Duration = Duration::from_secs(2);
/// The end of stderr that is kept, in bytes.
const TAIL: usize = 2_048;

/// A running child, as its parent sees it. Dropping it kills it.
pub(crate) struct Child {
    process: tokio::process::Child,
    orders: ChildStdin,
    answers: BufReader<ChildStdout>,
    said: Tail,
    jobs: u32,
    // Last: the directory may go only when the process has been killed.
    temp_dir: TempDir,
}

impl Child {
    /// Starts a child and waits until it has limited itself and is warm.
    pub(crate) async fn start(
        starter: &Starter,
        temp_dir: TempDir,
        hello: &Hello,
    ) -> Result<Self, SandboxError> {
        let mut process = starter.spawn(temp_dir.path()).await?;
        let (stdin, stdout, stderr) = (process.stdin.take(), process.stdout.take(), process.stderr.take());
        let (Some(orders), Some(stdout), Some(stderr)) = (stdin, stdout, stderr) else {
            let reason = "it has no pipes".to_owned();
            return Err(SandboxError::NotReady { reason, said: String::new() });
        };
        let said = Tail::follow(stderr);
        let mut child = Self { process, orders, answers: BufReader::new(stdout), said, jobs: 0, temp_dir };
        let reason = match timeout(START_LIMIT, child.greet(hello)).await {
            Ok(Ok(Answer::Ready)) => return Ok(child),
            Ok(Ok(Answer::Failed(problem))) => problem,
            Ok(Ok(answer)) => format!("it answered {answer:?}"),
            Ok(Err(error)) => error.to_string(),
            Err(_) => format!("it was silent for {} s", START_LIMIT.as_secs()),
        };
        let said = child.said.clone();
        child.bury(Duration::ZERO).await;
        Err(SandboxError::NotReady { reason, said: said.text() })
    }

    async fn greet(&mut self, hello: &Hello) -> io::Result<Answer> {
        self.orders.write_all(&protocol::frame(hello)?).await?;
        protocol::skip_to_preamble(&mut self.answers).await?;
        protocol::receive_async(&mut self.answers).await
    }

    /// Sends one job's frame and waits until the child has it. An error means that the child is of no
    /// more use and has not begun: whatever ended it, it was not this job.
    pub(crate) async fn hand_over(&mut self, frame: &[u8]) -> io::Result<()> {
        self.jobs += 1;
        let accepted = async {
            self.orders.write_all(frame).await?;
            protocol::receive_async(&mut self.answers).await
        };
        match timeout(ACCEPT_LIMIT, accepted).await {
            Ok(Ok(Answer::Accepted)) => Ok(()),
            Ok(Ok(answer)) => Err(io::Error::other(format!("it answered {answer:?} before it had a job"))),
            Ok(Err(error)) => Err(error),
            Err(_) => Err(io::ErrorKind::TimedOut.into()),
        }
    }

    /// Waits for the answer to the job; an error means that the child is of no more use.
    pub(crate) async fn answer(&mut self) -> io::Result<Answer> {
        protocol::receive_async(&mut self.answers).await
    }

    /// Whether the process still runs; an idle one may have been killed from outside.
    pub(crate) fn is_alive(&mut self) -> bool {
        matches!(self.process.try_wait(), Ok(None))
    }

    /// Sends the deadly signal at once and does not wait.
    pub(crate) fn kill(&mut self) {
        // Fails only where the process is gone already.
        let _ = self.process.start_kill();
    }

    /// How many jobs it was given.
    pub(crate) const fn jobs(&self) -> u32 {
        self.jobs
    }

    /// Removes what the last job left in the child's temporary directory (RELIABILITY F5).
    pub(crate) async fn tidy(&self) -> Result<(), SandboxError> {
        let path = self.temp_dir.path().to_owned();
        let emptied = tokio::task::spawn_blocking(move || scratch::empty(&path)).await;
        let emptied = emptied.unwrap_or_else(|error| Err(io::Error::other(error)));
        emptied.map_err(|error| SandboxError::temp_dir(self.temp_dir.path(), error))
    }

    /// Waits `grace` for the process to end by itself, kills it otherwise, and removes its directory.
    /// Returns how it ended by itself.
    pub(crate) async fn bury(mut self, grace: Duration) -> Option<ExitStatus> {
        let ended = timeout(grace, self.process.wait()).await.ok().and_then(Result::ok);
        if ended.is_none() {
            self.kill();
            if timeout(BURIAL_LIMIT, self.process.wait()).await.is_err() {
                tracing::warn!(pid = self.process.id(), "a killed codec process does not end");
            }
        }
        let said = self.said.text();
        tracing::debug!(status = ?ended, jobs = self.jobs, said, "a codec process is gone");
        let Self { temp_dir, .. } = self;
        if let Ok(Err(error)) = tokio::task::spawn_blocking(move || temp_dir.close()).await {
            tracing::warn!(%error, "a codec process left a temporary directory");
        }
        ended
    }
}

/// The last bytes that a child wrote to stderr, read to the end so that it never blocks.
#[derive(Clone)]
struct Tail(Arc<Mutex<VecDeque<u8>>>);

impl Tail {
    fn follow(mut stderr: ChildStderr) -> Self {
        let tail = Self(Arc::default());
        let writer = tail.clone();
        tokio::spawn(async move {
            let mut chunk = [0; 1_024];
            while let Ok(length @ 1..) = stderr.read(&mut chunk).await {
                writer.push(&chunk[..length]);
            }
        });
        tail
    }

    fn push(&self, bytes: &[u8]) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.extend(bytes);
        let surplus = kept.len().saturating_sub(TAIL);
        kept.drain(..surplus);
    }

    fn text(&self) -> String {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        String::from_utf8_lossy(&kept.iter().copied().collect::<Vec<_>>()).into_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_end_of_stderr_is_kept() {
        let tail = Tail(Arc::default());
        tail.push(&[b'a'; TAIL]);
        tail.push(b"the end");
        let text = tail.text();
        assert_eq!(text.len(), TAIL);
        assert!(text.ends_with("athe end"));
    }
}
