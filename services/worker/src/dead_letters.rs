//! Messages that the broker gave up on. A job that was worked on too often fails; one that was only in bad
//! company (its consumer died with it in hand) gets a fresh message.

use std::time::Duration;

use bus::{Delivery, Outcome};
use contracts::JobMessage;
use domain::{ErrorCode, JobState, MAX_ATTEMPTS, Rejection};
use store::Job;

use crate::app::Worker;
use crate::handle::fail;

const RETRY_AFTER: Duration = Duration::from_secs(5);

/// Settles one dead letter.
pub(crate) async fn delivery(worker: Worker, delivery: Delivery) -> Outcome {
    let Ok(message) = JobMessage::decode(&delivery.body) else {
        tracing::error!(message_id = ?delivery.message_id, "a dead letter cannot be read and is dropped");
        return Outcome::Done;
    };
    let job = match worker.store.job(message.job_id).await {
        // A paused job gets another message when there are credits for it.
        Ok(Some(job)) if !job.state.is_final() && job.state != JobState::QuotaPaused => job,
        Ok(_) => return Outcome::Done,
        Err(_) => return Outcome::Retry { after: RETRY_AFTER },
    };
    let alive = job.lease_until.is_some_and(|until| until > worker.clock.now());
    if job.state == JobState::Processing && alive {
        return Outcome::Retry { after: RETRY_AFTER };
    }
    let settled = if job.counted_attempts() >= MAX_ATTEMPTS {
        let message =
            format!("The image could not be processed in {MAX_ATTEMPTS} attempts. Nothing was charged.");
        fail(&worker, &job, None, Rejection::new(ErrorCode::ProcessingFailed, message)).await.is_ok()
    } else {
        tracing::warn!(job_id = %job.id, attempt = job.attempt, "a dead letter gets a fresh message");
        again(&worker, &job, &message, delivery).await
    };
    if settled { Outcome::Done } else { Outcome::Retry { after: RETRY_AFTER } }
}

async fn again(worker: &Worker, job: &Job, message: &JobMessage, delivery: Delivery) -> bool {
    let outgoing = bus::Outgoing {
        exchange: worker.bus.names().jobs_exchange(),
        routing_key: message.class.as_str().to_owned(),
        message_id: job.id.to_string(),
        headers: delivery.headers,
        body: delivery.body,
    };
    worker.bus.publish(&outgoing).await.is_ok()
}
