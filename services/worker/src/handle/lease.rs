use std::time::Duration;

use chrono::TimeDelta;
use domain::JobId;
use tokio::task::JoinHandle;

use crate::app::Worker;

/// Ends the renewing when dropped.
pub(super) struct LeaseKeeper(JoinHandle<()>);

impl Drop for LeaseKeeper {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Renews the claim while the work runs, six times within its span.
pub(super) fn keep(worker: Worker, job: JobId, attempt: u32) -> LeaseKeeper {
    let every = (worker.lease / 6).max(Duration::from_millis(100));
    LeaseKeeper(tokio::spawn(async move {
        loop {
            tokio::time::sleep(every).await;
            let until = worker.clock.now() + TimeDelta::from_std(worker.lease).unwrap_or(TimeDelta::MAX);
            match worker.store.extend_lease(job, attempt, until).await {
                Ok(true) => {}
                // Somebody else took over; the commit will be fenced off.
                Ok(false) => return,
                Err(error) => tracing::warn!(%error, "the lease could not be extended"),
            }
        }
    }))
}
