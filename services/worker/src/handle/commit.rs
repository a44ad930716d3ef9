//! The end of a job in the database, and its event on the way.

use std::time::Duration;

use blob::ObjectKey;
use bus::Outgoing;
use chrono::{DateTime, Utc};
use contracts::{JobEndedMessage, Outcome};
use domain::Rejection;
use domain::credits::Funds;
use sandbox::Done;
use store::{ClaimedJob, Completion, Job, OutgoingMessage, StoreError};
use tracing::Instrument;

use super::work::Timings;
use crate::app::Worker;

/// Tries while the database restarts; the fencing token makes a late commit harmless.
const COMMIT_TRIES: u32 = 8;
const COMMIT_PAUSE: Duration = Duration::from_millis(500);

/// A stored result that is not true yet.
pub(super) struct Finished {
    pub(super) key: ObjectKey,
    pub(super) done: Done,
    pub(super) timings: Timings,
}

/// Commits result, ledger row and event; `false` means that another attempt had ended the job.
pub(super) async fn complete(
    worker: &Worker,
    claimed: &ClaimedJob,
    finished: Finished,
) -> Result<bool, StoreError> {
    let mut tries = 0;
    loop {
        let now = worker.clock.now();
        let event = completed_event(worker, claimed, &finished, now);
        let completion = completion(worker, claimed, &finished, now);
        let committed = worker.store.complete_job(completion, event.clone(), now).await;
        tries += 1;
        match committed {
            Ok(Some(outbox_id)) => {
                tokio::spawn(publish(worker.clone(), event, outbox_id).in_current_span());
                return Ok(true);
            }
            Ok(None) => return Ok(false),
            Err(error) if error.is_unavailable() && tries < COMMIT_TRIES => {
                tokio::time::sleep(COMMIT_PAUSE * tries).await;
            }
            Err(error) => return Err(error),
        }
    }
}

/// Commits a failure and its event. Nothing is charged.
pub(crate) async fn fail(
    worker: &Worker,
    job: &Job,
    attempt: Option<u32>,
    rejection: Rejection,
) -> Result<(), StoreError> {
    let now = worker.clock.now();
    let outcome = Outcome::Failed { code: rejection.code, message: rejection.message.clone() };
    let event = event(worker, job, outcome, "job.failed", now);
    let written = worker.store.fail_job(job.id, attempt, &rejection, event.clone(), now).await?;
    if let Some(outbox_id) = written {
        tokio::spawn(publish(worker.clone(), event, outbox_id).in_current_span());
    }
    Ok(())
}

fn completion(worker: &Worker, claimed: &ClaimedJob, finished: &Finished, now: DateTime<Utc>) -> Completion {
    let report = &finished.done.report;
    let limits = worker.plans.limits(claimed.tier, &claimed.overrides);
    let millis = |duration: Duration| duration.as_secs_f64() * 1_000.0;
    let timings = &finished.timings;
    Completion {
        job_id: claimed.job.id,
        attempt: claimed.attempt,
        object_key: finished.key.to_string(),
        sha256: finished.done.sha256,
        byte_size: finished.done.size,
        format: report.format,
        width: report.width,
        height: report.height,
        encoder: report.encoder.clone(),
        quality: report.quality,
        score: report.score,
        placeholder: report.placeholder.clone(),
        reason: report.reason.clone(),
        expires_at: Some(now + limits.result_lifetime()),
        funds: Funds::of(&limits, &worker.plans.plan(claimed.tier).overage),
        timings: serde_json::json!({
            "queue_ms": millis(timings.queue),
            "fetch_ms": millis(timings.fetch),
            "codec_ms": millis(timings.codec),
            "store_ms": millis(timings.store),
        }),
    }
}

fn completed_event(
    worker: &Worker,
    claimed: &ClaimedJob,
    finished: &Finished,
    now: DateTime<Utc>,
) -> OutgoingMessage {
    let outcome = Outcome::Completed {
        image_id: claimed.job.image_id,
        original_size: claimed.source.byte_size,
        optimized_size: finished.done.size,
    };
    event(worker, &claimed.job, outcome, "job.completed", now)
}

fn event(worker: &Worker, job: &Job, outcome: Outcome, kind: &str, now: DateTime<Utc>) -> OutgoingMessage {
    let message = JobEndedMessage { job_id: job.id, account_id: job.account_id, ended_at: now, outcome };
    OutgoingMessage {
        exchange: worker.bus.names().events_exchange(),
        routing_key: kind.to_owned(),
        message_id: format!("{}-{kind}", job.id),
        headers: telemetry::inject(),
        body: message.encode(),
        job_id: Some(job.id),
    }
}

/// Publishes the event at once; a failure leaves its row for the relay.
async fn publish(worker: Worker, event: OutgoingMessage, outbox_id: i64) {
    let outgoing = Outgoing {
        exchange: event.exchange,
        routing_key: event.routing_key,
        message_id: event.message_id,
        headers: event.headers,
        body: event.body,
    };
    match worker.bus.publish(&outgoing).await {
        Ok(()) => {
            if let Err(error) = worker.store.delete_outbox(&[outbox_id]).await {
                tracing::warn!(%error, "a published outbox row could not be deleted");
            }
        }
        Err(error) => tracing::warn!(%error, "an event could not be published; the relay takes over"),
    }
}
