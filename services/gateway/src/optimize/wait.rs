//! Waiting for a job: woken by its event, and looking at its row once a second in case the event is lost.

use std::time::Duration;

use domain::{ImageId, JobState};
use store::{Job, StoredResult};
use tokio::time::{Instant, timeout_at};
use web::ApiError;

use super::accept::Admitted;
use crate::app::App;

/// What a lost event costs at most.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// How the wait ended.
pub(crate) enum Waited {
    /// The job is completed or failed; its result, unless it failed or has expired.
    Ended(Box<Job>, Option<Box<StoredResult>>),
    /// Time is up; the job goes on.
    Running(JobState),
}

/// Waits until the job, which makes `image`, is final or `deadline` has passed.
pub(crate) async fn for_end(
    app: &App,
    admitted: &mut Admitted,
    image: &ImageId,
    deadline: Instant,
) -> Result<Waited, ApiError> {
    let mut state = JobState::Queued;
    // A job that was joined may have ended before this request came.
    let mut look = !admitted.is_new;
    loop {
        if look {
            let found = app.store.job_and_result(admitted.job, image, app.clock.now()).await?;
            let (job, result) = found.ok_or_else(|| ApiError::internal("an accepted job has no row"))?;
            if job.state.is_final() {
                return Ok(Waited::Ended(Box::new(job), result.map(Box::new)));
            }
            state = job.state;
        }
        let now = Instant::now();
        if now >= deadline {
            return Ok(Waited::Running(state));
        }
        // Elapsed or woken: either way the row is looked at.
        let _ = timeout_at(deadline.min(now + LOOK_EVERY), admitted.waiter.woken()).await;
        look = true;
    }
}
