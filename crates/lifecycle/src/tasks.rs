use std::collections::BTreeMap;
use std::future::Future;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::task::{AbortHandle, JoinError};
use tokio_util::task::TaskTracker;

use crate::Shutdown;

#[derive(Debug, Default)]
struct Running {
    next: u64,
    tasks: BTreeMap<u64, (&'static str, AbortHandle)>,
}

/// The long-running work of a process: servers, consumers, relays. Each task has a name, a panic is
/// logged, and [`Shutdown::drain`] waits for all of them. Clones share one set.
#[derive(Debug, Clone, Default)]
pub struct Tasks {
    tracker: TaskTracker,
    running: Arc<Mutex<Running>>,
}

impl Tasks {
    /// No tasks yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Runs `work` until it ends. A panic is logged with `name` and ends this task only. Must be called on
    /// a Tokio runtime.
    pub fn spawn(&self, name: &'static str, work: impl Future<Output = ()> + Send + 'static) {
        self.supervise(name, work, || {});
    }

    /// Like [`Tasks::spawn`] for work without which the process is useless: should it end, in whatever
    /// way, before a shutdown began, that is logged and begins the shutdown.
    pub fn spawn_essential(
        &self,
        name: &'static str,
        shutdown: &Shutdown,
        work: impl Future<Output = ()> + Send + 'static,
    ) {
        let shutdown = shutdown.clone();
        self.supervise(name, work, move || {
            if !shutdown.is_triggered() {
                tracing::error!(task = name, "an essential task ended: the process shuts down");
                shutdown.trigger();
            }
        });
    }

    /// The names of the tasks that have not ended, in the order of their start.
    #[must_use]
    pub fn running(&self) -> Vec<&'static str> {
        self.lock().tasks.values().map(|(name, _)| *name).collect()
    }

    /// Waits until there is no task.
    pub(crate) async fn ended(&self) {
        self.tracker.close();
        self.tracker.wait().await;
    }

    /// Drops the work that has not ended at its next await.
    pub(crate) fn abort(&self) {
        self.lock().tasks.values().for_each(|(_, task)| task.abort());
    }

    fn supervise(
        &self,
        name: &'static str,
        work: impl Future<Output = ()> + Send + 'static,
        ended: impl FnOnce() + Send + 'static,
    ) {
        // Held while the task is born, so that it cannot end before it is listed.
        let mut running = self.lock();
        let task = tokio::spawn(work);
        let number = running.next;
        running.next += 1;
        running.tasks.insert(number, (name, task.abort_handle()));
        drop(running);
        let tasks = self.clone();
        self.tracker.spawn(async move {
            let result = task.await;
            tasks.lock().tasks.remove(&number);
            if let Err(error) = result {
                log(name, error);
            }
            ended();
        });
    }

    fn lock(&self) -> MutexGuard<'_, Running> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn log(name: &'static str, error: JoinError) {
    match error.try_into_panic() {
        Ok(panic) => {
            let text = panic.downcast_ref::<String>().map(String::as_str);
            let message = text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("no message");
            tracing::error!(task = name, panic = message, "a task panicked");
        }
        Err(_) => tracing::warn!(task = name, "a task was dropped at the end of the shutdown"),
    }
}
