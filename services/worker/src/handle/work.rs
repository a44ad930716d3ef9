//! The work between claim and ack.

use std::time::{Duration, Instant};

use blob::ObjectKey;
use contracts::JobMessage;
use domain::Rejection;
use imaging::{Effort, Request};
use sandbox::{Done, Verdict, Work};
use store::ClaimedJob;

use super::commit::{self, Finished};
use super::source::Source;
use crate::app::Worker;

/// How the work ended.
pub(super) enum Ended {
    /// The result is committed.
    Committed,
    /// Another attempt had ended the job before.
    Fenced,
    /// An answer about the image.
    Refused(Rejection),
    /// Something of ours is down; another try later.
    Transient,
}

/// Durations of one job, for `Server-Timing` and metrics.
#[derive(Debug, Clone, Copy)]
pub(super) struct Timings {
    pub(super) queue: Duration,
    pub(super) fetch: Duration,
    pub(super) codec: Duration,
    pub(super) store: Duration,
}

pub(super) async fn run(
    worker: &Worker,
    message: &JobMessage,
    claimed: &ClaimedJob,
    source: Source,
) -> Ended {
    let result = source.directory.path().join("result");
    let work = Work {
        source: source.path,
        result: result.clone(),
        request: Request {
            params: claimed.job.image_id.params,
            options: claimed.job.options,
            effort: Effort::Interactive,
        },
        pixels: message.source_pixels,
        memory_bytes: imaging::memory_budget_bytes(message.source_pixels, claimed.source.format),
        solo: claimed.job.counted_attempts() > 1,
    };
    let done = match encode(worker, work).await {
        Ok(done) => done,
        Err(Verdict::Rejected(rejection) | Verdict::Crashed(rejection) | Verdict::TimedOut(rejection)) => {
            return Ended::Refused(rejection);
        }
        Err(Verdict::Broken(error)) => return transient("no child process could be used", &error),
    };
    let started = Instant::now();
    let key = ObjectKey::Result { account: claimed.job.account_id, image_id: claimed.job.image_id };
    let mime = done.report.format.mime_type();
    if let Err(error) = worker.blob.put_file(&key, &result, mime).await {
        return transient("the result could not be stored", &error);
    }
    let queue = (source.asked_at - claimed.job.created_at).to_std().unwrap_or_default();
    let timings = Timings { queue, fetch: source.took, codec: done.codec, store: started.elapsed() };
    commit(worker, claimed, key, done, timings).await
}

/// A child that died may have suffered from its neighbours: the image gets one more try, alone. The second
/// death is an answer about the image. One that ran out of time would do so again.
async fn encode(worker: &Worker, work: Work) -> Result<Done, Verdict> {
    let alone = Work { solo: true, ..work.clone() };
    match worker.pool.run(work.clone()).await {
        Err(Verdict::Crashed(_)) if !work.solo => worker.pool.run(alone).await,
        verdict => verdict,
    }
}

async fn commit(
    worker: &Worker,
    claimed: &ClaimedJob,
    key: ObjectKey,
    done: Done,
    timings: Timings,
) -> Ended {
    let (format, size, codec) = (done.report.format, done.size, done.codec);
    let finished = Finished { key, done, timings };
    match commit::complete(worker, claimed, finished).await {
        Ok(true) => {
            let saved = claimed.source.byte_size.saturating_sub(size);
            worker.metrics.encoded(format.as_str(), codec, timings.queue, saved);
            Ended::Committed
        }
        Ok(false) => Ended::Fenced,
        Err(error) => transient("the result could not be committed", &error),
    }
}

pub(super) fn transient(what: &str, error: &(dyn std::error::Error + 'static)) -> Ended {
    tracing::warn!(error, "{what}; the job will be tried again");
    Ended::Transient
}
