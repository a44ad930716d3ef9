//! Waiting for a job: woken by its event, and looking at its row once a second in case the event is lost.

use std::time::Duration;

use domain::{JobId, JobState};
use store::Job;
use tokio::time::{Instant, timeout_at};
use web::ApiError;

use crate::app::App;
use crate::waiters::Waiter;

/// What a lost event costs at most.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// How the wait ended.
pub(crate) enum Waited {
    /// The job is completed or failed.
    Ended(Box<Job>),
    /// Time is up; the job goes on.
    Running(JobState),
}

/// Waits until the job is final or `deadline` has passed.
pub(crate) async fn for_end(
    app: &App,
    job: JobId,
    waiter: &Waiter,
    deadline: Instant,
) -> Result<Waited, ApiError> {
    loop {
        let mut woken = std::pin::pin!(waiter.woken());
        woken.as_mut().enable();
        let row =
            app.store.job(job).await?.ok_or_else(|| ApiError::internal("an accepted job has no row"))?;
        if row.state.is_final() {
            return Ok(Waited::Ended(Box::new(row)));
        }
        let now = Instant::now();
        if now >= deadline {
            return Ok(Waited::Running(row.state));
        }
        // Elapsed or woken: either way the row is looked at again.
        let _ = timeout_at(deadline.min(now + LOOK_EVERY), woken).await;
    }
}
