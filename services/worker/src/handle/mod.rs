//! One delivery: claim → fetch the source → encode in a child → store the result → commit → ack.

mod commit;
mod lease;
mod source;
mod work;

use std::time::Duration;

use bus::{Delivery, Outcome};
use chrono::TimeDelta;
use contracts::JobMessage;
use domain::{ErrorCode, Rejection};
use store::{Claim, ClaimedJob};
use tracing::{Instrument, field};

use crate::app::Worker;
pub(crate) use commit::fail;
use source::Source;
use work::Ended;

/// Wait before another look at a job that could not be claimed.
const RETRY_AFTER: Duration = Duration::from_secs(5);
/// Waits before another try of a job that was given back for the first, second, and every later time,
/// because the store, the database or the child pool is the problem (RELIABILITY D10). No number of outages
/// fails a job.
const BACKOFF: [Duration; 3] = [Duration::from_secs(5), Duration::from_secs(30), Duration::from_mins(2)];

/// Handles one delivery; never panics on what it holds.
pub(crate) async fn delivery(worker: Worker, delivery: Delivery) -> Outcome {
    let message = match JobMessage::decode(&delivery.body) {
        Ok(message) => message,
        Err(error) => {
            tracing::error!(%error, "a job message cannot be read");
            return Outcome::Reject(error.to_string());
        }
    };
    let span = tracing::info_span!(
        "process",
        otel.name = "process jobs",
        otel.kind = "consumer",
        messaging.system = "rabbitmq",
        messaging.operation.type = "process",
        messaging.message.id = %message.job_id,
        messaging.rabbitmq.destination.routing_key = message.class.as_str(),
        job_id = %message.job_id,
        outcome = field::Empty,
    );
    telemetry::set_parent(&span, &delivery.headers);
    let recorded = span.clone();
    async move {
        let (outcome, label) = handle(&worker, &message, delivery.redelivered).await;
        recorded.record("outcome", label);
        worker.metrics.ended(label);
        outcome
    }
    .instrument(span)
    .await
}

async fn handle(worker: &Worker, message: &JobMessage, redelivered: bool) -> (Outcome, &'static str) {
    // A slot before the claim: a claimed job is one that is being worked on.
    let Ok(_slot) = worker.slots.acquire().await else { return retry() };
    let lease = TimeDelta::from_std(worker.lease).unwrap_or(TimeDelta::MAX);
    let now = worker.clock.now();
    // The source is read meanwhile: a claim that is lost is rare, and costs no more than the reading.
    let claiming = worker.store.claim_job(message.job_id, now, lease, redelivered);
    let (claim, source) = tokio::join!(claiming, source::fetch(worker, message));
    match claim {
        Ok(Claim::Won(claimed)) => run(worker, message, *claimed, source).await,
        // A paused job gets another message when there are credits for it.
        Ok(Claim::Finished(_) | Claim::Paused | Claim::Unknown) => (Outcome::Done, "duplicate"),
        // Its holder may be dead without the broker knowing: look again rather than forget.
        Ok(Claim::Held { .. }) => (Outcome::Retry { after: RETRY_AFTER }, "duplicate"),
        Ok(Claim::Exhausted { attempt }) => give_up(worker, message, attempt).await,
        Err(error) => {
            tracing::warn!(%error, "the job could not be claimed");
            retry()
        }
    }
}

async fn run(
    worker: &Worker,
    message: &JobMessage,
    claimed: ClaimedJob,
    source: Result<Source, Ended>,
) -> (Outcome, &'static str) {
    let ended = {
        let _lease = lease::keep(worker.clone(), claimed.job.id, claimed.attempt);
        worker.watch_busy();
        match source {
            Ok(source) => work::run(worker, message, &claimed, source).await,
            Err(ended) => ended,
        }
    };
    worker.watch_busy();
    match ended {
        Ended::Committed => (Outcome::Done, "completed"),
        Ended::Fenced => (Outcome::Done, "fenced"),
        Ended::Refused(rejection) => {
            match commit::fail(worker, &claimed.job, Some(claimed.attempt), rejection).await {
                Ok(()) => (Outcome::Done, "failed"),
                Err(error) => {
                    tracing::warn!(%error, "the failure could not be recorded");
                    retry()
                }
            }
        }
        Ended::Transient => {
            let released =
                worker.store.release_job(claimed.job.id, claimed.attempt, worker.clock.now()).await;
            if let Err(error) = released {
                tracing::warn!(%error, "the job could not be released; its lease will end");
            }
            let given_back = usize::try_from(claimed.job.releases).unwrap_or(usize::MAX);
            (Outcome::Retry { after: BACKOFF[given_back.min(BACKOFF.len() - 1)] }, "retried")
        }
    }
}

/// Too many attempts ended without an answer: the job fails in the database first, then the message goes.
async fn give_up(worker: &Worker, message: &JobMessage, attempt: u32) -> (Outcome, &'static str) {
    let job = match worker.store.job(message.job_id).await {
        Ok(Some(job)) => job,
        Ok(None) => return (Outcome::Done, "duplicate"),
        Err(_) => return retry(),
    };
    let message = format!("The image could not be processed in {attempt} attempts. Nothing was charged.");
    let rejection = Rejection::new(ErrorCode::ProcessingFailed, message);
    match commit::fail(worker, &job, None, rejection).await {
        Ok(()) => (Outcome::Done, "exhausted"),
        Err(_) => retry(),
    }
}

const fn retry() -> (Outcome, &'static str) {
    (Outcome::Retry { after: RETRY_AFTER }, "retried")
}
