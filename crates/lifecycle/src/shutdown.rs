use std::time::Duration;

use tokio::time::{Instant, sleep_until, timeout};
use tokio_util::sync::CancellationToken;

use crate::{Config, Readiness, Tasks};

/// After the deadline: how long tasks have to give their work back before they are dropped.
pub const HARD_GRACE: Duration = Duration::from_secs(1);

/// How a drain ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Drained {
    /// All tasks ended by themselves.
    Clean,
    /// All tasks ended, but only because the deadline (or a second signal) cut them short.
    Hurried,
    /// These tasks had to be dropped.
    Dropped(Vec<&'static str>),
}

/// The end of a process, as everybody in it can see it. Clones share one state.
#[derive(Debug, Clone)]
pub struct Shutdown {
    config: Config,
    readiness: Readiness,
    triggered: CancellationToken,
    soft: CancellationToken,
    hard: CancellationToken,
}

impl Shutdown {
    /// A shutdown that has not begun.
    #[must_use]
    pub fn new(config: Config) -> Self {
        Self {
            config,
            readiness: Readiness::new(),
            triggered: CancellationToken::new(),
            soft: CancellationToken::new(),
            hard: CancellationToken::new(),
        }
    }

    /// For health routes: off as soon as the shutdown begins.
    #[must_use]
    pub fn readiness(&self) -> &Readiness {
        &self.readiness
    }

    /// Cancelled when nothing new may be accepted.
    #[must_use]
    pub fn soft(&self) -> &CancellationToken {
        &self.soft
    }

    /// Cancelled when work in flight has to be given up.
    #[must_use]
    pub fn hard(&self) -> &CancellationToken {
        &self.hard
    }

    /// Begins the shutdown, as the first signal does. Once is enough.
    pub fn trigger(&self) {
        self.readiness.drain();
        self.triggered.cancel();
    }

    /// Ends the shutdown at once, as the second signal does.
    pub fn trigger_hard(&self) {
        self.trigger();
        self.soft.cancel();
        self.hard.cancel();
    }

    /// Whether the shutdown has begun.
    #[must_use]
    pub fn is_triggered(&self) -> bool {
        self.triggered.is_cancelled()
    }

    /// Resolves when the shutdown has begun.
    pub async fn triggered(&self) {
        self.triggered.cancelled().await;
    }

    /// Waits for the shutdown to begin and runs its phases (see the crate's documentation). Returns when
    /// every task has ended or was dropped, at the latest `deadline` and [`HARD_GRACE`] after the begin.
    pub async fn drain(&self, tasks: &Tasks) -> Drained {
        self.triggered().await;
        let begin = Instant::now();
        tokio::select! {
            () = sleep_until(begin + self.config.grace) => {}
            () = tasks.ended() => {}
            () = self.hard.cancelled() => {}
        }
        self.soft.cancel();
        let clean = tokio::select! {
            biased;
            () = tasks.ended() => !self.hard.is_cancelled(),
            () = sleep_until(begin + self.config.deadline) => false,
            () = self.hard.cancelled() => false,
        };
        self.hard.cancel();
        if clean {
            return Drained::Clean;
        }
        if timeout(HARD_GRACE, tasks.ended()).await.is_ok() {
            return Drained::Hurried;
        }
        let dropped = tasks.running();
        tracing::error!(tasks = ?dropped, "the deadline is over: dropping what still runs");
        tasks.abort();
        // A task that blocks its thread cannot be dropped; the process must not wait for it.
        let _ = timeout(HARD_GRACE, tasks.ended()).await;
        Drained::Dropped(dropped)
    }
}
