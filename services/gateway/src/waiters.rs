//! Who waits for which job: requests register before the job is offered and are woken by its event.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use domain::JobId;
use tokio::sync::watch;

/// Shared by every request and the event reader.
#[derive(Clone, Default)]
pub struct Waiters(Arc<Mutex<HashMap<JobId, Entry>>>);

struct Entry {
    ended: watch::Sender<()>,
    waiting: usize,
}

/// One request's place; given up when dropped.
pub struct Waiter {
    waiters: Waiters,
    job: JobId,
    ended: watch::Receiver<()>,
}

impl Waiters {
    /// Registers a request for `job`.
    #[must_use]
    pub fn register(&self, job: JobId) -> Waiter {
        let mut entries = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let entry = entries.entry(job).or_insert_with(|| Entry { ended: watch::Sender::new(()), waiting: 0 });
        entry.waiting += 1;
        Waiter { waiters: self.clone(), job, ended: entry.ended.subscribe() }
    }

    /// Wakes every request that waits for `job`.
    pub fn wake(&self, job: JobId) {
        let entries = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(entry) = entries.get(&job) {
            entry.ended.send_replace(());
        }
    }
}

impl Waiter {
    /// Completes at a wake-up of this job since it was registered or last woken, also a past one.
    pub async fn woken(&mut self) {
        // The sender lives as long as this place does: its end is no case of its own.
        let _ = self.ended.changed().await;
    }
}

impl Drop for Waiter {
    fn drop(&mut self) {
        let mut entries = self.waiters.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(entry) = entries.get_mut(&self.job) {
            entry.waiting -= 1;
            if entry.waiting == 0 {
                entries.remove(&self.job);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn all_waiters_of_a_job_wake_and_leave_nothing_behind() {
        let waiters = Waiters::default();
        let job = JobId::generate();
        let (mut one, mut two) = (waiters.register(job), waiters.register(job));
        waiters.wake(JobId::generate());
        waiters.wake(job);
        one.woken().await;
        two.woken().await;
        let again = tokio::time::timeout(std::time::Duration::from_millis(20), one.woken()).await;
        assert!(again.is_err(), "one event wakes once");
        drop((one, two));
        assert!(waiters.0.lock().unwrap().is_empty());
    }
}
