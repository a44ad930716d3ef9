//! Who waits for which job: requests register before the job is published and are woken by its event.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use domain::JobId;
use tokio::sync::Notify;

/// Shared by every request and the event reader.
#[derive(Clone, Default)]
pub struct Waiters(Arc<Mutex<HashMap<JobId, Entry>>>);

#[derive(Default)]
struct Entry {
    notify: Arc<Notify>,
    waiting: usize,
}

/// One request's place; given up when dropped.
pub struct Waiter {
    waiters: Waiters,
    job: JobId,
    notify: Arc<Notify>,
}

impl Waiters {
    /// Registers a request for `job`.
    #[must_use]
    pub fn register(&self, job: JobId) -> Waiter {
        let mut entries = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let entry = entries.entry(job).or_default();
        entry.waiting += 1;
        Waiter { waiters: self.clone(), job, notify: entry.notify.clone() }
    }

    /// Wakes every request that waits for `job`.
    pub fn wake(&self, job: JobId) {
        let entries = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(entry) = entries.get(&job) {
            entry.notify.notify_waiters();
        }
    }
}

impl Waiter {
    /// Completes at the next wake-up of this job. Create the future before looking at the job's row, so
    /// that an event between the two is not missed.
    pub fn woken(&self) -> tokio::sync::futures::Notified<'_> {
        self.notify.notified()
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
        let (one, two) = (waiters.register(job), waiters.register(job));
        let (mut first, mut second) = (Box::pin(one.woken()), Box::pin(two.woken()));
        first.as_mut().enable();
        second.as_mut().enable();
        waiters.wake(JobId::generate());
        waiters.wake(job);
        first.await;
        second.await;
        drop((one, two));
        assert!(waiters.0.lock().unwrap().is_empty());
    }
}
