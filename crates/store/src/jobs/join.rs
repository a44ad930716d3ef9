use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_types::Bool;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use domain::{BillingMonth, JobId, JobState};
use uuid::Uuid;

use super::accept::{Accepted, Outcome, announce};
use super::job::Live;
use super::new_job::{NewJob, WhenExhausted};
use crate::convert::named;
use crate::credits::Buckets;
use crate::schema::jobs;
use crate::statement::Fixed;
use crate::{OutgoingMessage, StoreError};

/// Adds the request's wishes to the live job for the same image; none where it has ended. A job that waits
/// for credits is queued where there are some: whoever asks now would otherwise wait for a job that nobody
/// works on.
pub(super) async fn join(
    connection: &AsyncPgConnection,
    new: &NewJob,
    make: &(impl Fn(JobId) -> OutgoingMessage + Send + Sync),
    now: DateTime<Utc>,
) -> Result<Option<Outcome>, StoreError> {
    let other = jobs::table
        .filter(jobs::account_id.eq(new.account_id.0))
        .filter(jobs::image_id.eq(new.image_id.to_string()))
        .filter(Live);
    let add = diesel::update(other)
        .set((
            jobs::storage_commit.eq(jobs::storage_commit.or(new.storage_commit.into_sql::<Bool>())),
            jobs::keep_original.eq(jobs::keep_original.or(new.keep_original.into_sql::<Bool>())),
        ))
        .returning((jobs::id, jobs::state));
    let found: Option<(Uuid, String)> = Fixed(add).get_result(&mut &*connection).await.optional()?;
    let Some((id, state)) = found else { return Ok(None) };
    let job = JobId(id);
    match named("jobs.state", &state)? {
        JobState::QuotaPaused => resume(connection, new, job, make(job), now).await.map(Some),
        _ => Ok(Some(Outcome::Commit(Accepted::Joined(job)))),
    }
}

/// Queues a paused job in the place of the new one, which has the same source.
async fn resume(
    connection: &AsyncPgConnection,
    new: &NewJob,
    job: JobId,
    message: OutgoingMessage,
    now: DateTime<Utc>,
) -> Result<Outcome, StoreError> {
    let month = BillingMonth::containing(now);
    let mut buckets = Buckets::lock(connection, new.account_id.0, month).await?;
    match buckets.reserve(&new.funds, new.source.byte_size)? {
        Ok(reservation) => {
            let queue = diesel::update(jobs::table.find(job.0)).set((
                jobs::state.eq(JobState::Queued.as_str()),
                jobs::class.eq(new.class.as_str()),
                jobs::reserved_month.eq(month.first_day()),
                jobs::enqueued_at.eq(now),
            ));
            Fixed(queue).execute(&mut &*connection).await?;
            let outbox_id = announce(connection, job, &buckets, reservation, message, now).await?;
            Ok(Outcome::Commit(Accepted::Resumed { job, outbox_id }))
        }
        Err(exhausted) if new.when_exhausted == WhenExhausted::Refuse => {
            Ok(Outcome::RollBack(Accepted::Refused(exhausted)))
        }
        Err(_) => Ok(Outcome::Commit(Accepted::Paused(job))),
    }
}
