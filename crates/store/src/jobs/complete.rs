use chrono::{DateTime, NaiveDate, Utc};
use diesel::prelude::*;
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl};
use domain::credits::Funds;
use domain::{AccountId, BillingMonth, JobId, JobState, OutputFormat, Sha256Hash};
use futures_util::future::{try_join, try_join4};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::alerts::{self, Alerts};
use crate::convert::number;
use crate::credits::{Bill, Buckets, METERED, Made, Reservations, settle};
use crate::events::NewEvent;
use crate::ledger::{NewEntry, Use};
use crate::library::{self, Place};
use crate::new_result::{self, NewResult};
use crate::outbox::NewRow;
use crate::schema::{events, jobs, ledger, outbox, sources};
use crate::statement::Fixed;
use crate::{OutgoingMessage, Store, StoreError};

/// A result whose object is stored, made by the holder of `attempt`.
#[derive(Debug, Clone)]
pub struct Completion {
    /// The job.
    pub job_id: JobId,
    /// The fencing token that the claim gave.
    pub attempt: u32,
    /// Key of the object in the bucket.
    pub object_key: String,
    /// SHA-256 of the result's bytes.
    pub sha256: Sha256Hash,
    /// Size in bytes, at least 1.
    pub byte_size: u64,
    /// What the result is.
    pub format: OutputFormat,
    /// Pixels.
    pub width: u32,
    /// Pixels.
    pub height: u32,
    /// What wrote it, e.g. `jpegli`.
    pub encoder: String,
    /// The encoder's quality setting, where it has one.
    pub quality: Option<f32>,
    /// The SSIMULACRA2 score, where it was measured.
    pub score: Option<f32>,
    /// What to show until the image is there.
    pub placeholder: Option<domain::Placeholder>,
    /// Why nothing was gained, e.g. `already_optimal`.
    pub reason: Option<String>,
    /// When the result may be deleted; not used where it is kept.
    pub expires_at: Option<DateTime<Utc>>,
    /// What the owner may spend and keep.
    pub funds: Funds,
    /// What took how long; without NUL.
    pub timings: Value,
}

/// What the ended job tells about the rows that go with it.
#[derive(Queryable)]
pub(crate) struct Ended {
    pub(crate) job_id: Uuid,
    pub(crate) account_id: Uuid,
    pub(crate) api_key_id: Option<Uuid>,
    pub(crate) source_id: Uuid,
    pub(crate) source_bytes: i64,
    pub(crate) image_id: String,
    pub(crate) storage_commit: bool,
    pub(crate) keep_original: bool,
    pub(crate) month: NaiveDate,
    pub(crate) site: Option<String>,
}

impl Store {
    /// Ends a job with a result, in one transaction: job, result, credits, ledger entry, event and message
    /// (RELIABILITY D1, D2). What was set aside is settled in the month of the reservation; a result that the
    /// Storage Library has no room for is stored as one that expires, and the job says so. The message's row
    /// in the outbox; none where the claim is not the newest any more, and then nothing has changed.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn complete_job(
        &self,
        completion: Completion,
        event: OutgoingMessage,
        now: DateTime<Utc>,
    ) -> Result<Option<i64>, StoreError> {
        let mut connection = self.connection().await?;
        (*connection)
            .transaction(async |connection: &mut AsyncPgConnection| {
                complete(connection, &completion, event, self.alerts(), now).await
            })
            .await
    }
}

async fn complete(
    connection: &AsyncPgConnection,
    completion: &Completion,
    event: OutgoingMessage,
    alerts: &Alerts,
    now: DateTime<Utc>,
) -> Result<Option<i64>, StoreError> {
    // Once the job's row is held nobody else touches its reservation.
    let (ended, reserved) = try_join(
        end_with_result(connection, completion, now),
        Reservations::of(connection, completion.job_id),
    )
    .await?;
    let Some(ended) = ended else { return Ok(None) };
    let month = BillingMonth::of_date(ended.month);
    let (mut buckets, held) = try_join(
        Buckets::lock(connection, ended.account_id, month),
        library::held(connection, &ended.image_id),
    )
    .await?;
    let made = Made {
        source_bytes: number("sources.byte_size", ended.source_bytes)?,
        result_bytes: completion.byte_size,
    };
    let bill = settle(&mut buckets, &reserved, made, &completion.funds)?;
    let wish = library::Wish {
        storage_commit: ended.storage_commit,
        keep_original: ended.keep_original,
        result_bytes: made.result_bytes,
        source_bytes: made.source_bytes,
        source_id: ended.source_id,
    };
    let cap = completion.funds.storage_bytes;
    let place = library::find_place(connection, ended.account_id, &ended.image_id, held, &wish, cap).await?;
    // Sent together, answered together: one round trip.
    let (outbox_id, (), (), ()) = try_join4(
        record(connection, &ended, completion, (&bill, &place), event, now),
        async { Ok(buckets.write(connection).await?) },
        async { Ok(Reservations::delete(connection, completion.job_id).await?) },
        refuse_commit(connection, completion.job_id, &place),
    )
    .await?;
    let mut passed = alerts.of_credits(&buckets, &METERED, &completion.funds, now);
    passed.extend(alerts.of_storage(&place, cap, now));
    alerts::raise(connection, alerts, ended.account_id, passed, now).await?;
    Ok(Some(outbox_id))
}

async fn end_with_result(
    connection: &AsyncPgConnection,
    completion: &Completion,
    now: DateTime<Utc>,
) -> Result<Option<Ended>, StoreError> {
    let attempt: i32 = number("attempt", completion.attempt)?;
    let mine = jobs::table.find(completion.job_id.0).filter(jobs::attempt.eq(attempt));
    let source_bytes = sources::table
        .filter(sources::id.eq(jobs::source_id))
        .select(sources::byte_size)
        .single_value()
        .assume_not_null();
    let end = diesel::update(mine.filter(jobs::state.eq(JobState::Processing.as_str())))
        .set((
            jobs::state.eq(JobState::Completed.as_str()),
            jobs::lease_until.eq(None::<DateTime<Utc>>),
            jobs::timings.eq(&completion.timings),
            jobs::finished_at.eq(now),
        ))
        .returning((
            jobs::id,
            jobs::account_id,
            jobs::api_key_id,
            jobs::source_id,
            source_bytes,
            jobs::image_id,
            jobs::storage_commit,
            jobs::keep_original,
            jobs::reserved_month,
            jobs::site,
        ));
    Ok(Fixed(end).load::<Ended>(&mut &*connection).await?.into_iter().next())
}

/// Notes on the job that its result could not be kept.
async fn refuse_commit(connection: &AsyncPgConnection, job: JobId, place: &Place) -> Result<(), StoreError> {
    if place.refused {
        let note = diesel::update(jobs::table.find(job.0)).set(jobs::commit_refused.eq(true));
        Fixed(note).execute(&mut &*connection).await?;
    }
    Ok(())
}

/// The four rows that go with a completed job, in one round trip.
async fn record(
    connection: &AsyncPgConnection,
    ended: &Ended,
    completion: &Completion,
    (bill, place): (&Bill, &Place),
    event: OutgoingMessage,
    now: DateTime<Utc>,
) -> Result<i64, StoreError> {
    let of = Use {
        job_id: Some(ended.job_id),
        account_id: ended.account_id,
        api_key_id: ended.api_key_id,
        month: ended.month,
        site: ended.site.clone(),
        now,
    };
    let entry = NewEntry::new(of, bill)?;
    let payload = json!({
        "image_id": ended.image_id,
        "format": completion.format.as_str(),
        "original_size": ended.source_bytes,
        "optimized_size": completion.byte_size,
    });
    let happened =
        NewEvent::new(AccountId(ended.account_id), "job.completed", payload, now).of_job(completion.job_id);
    let result = NewResult::new(ended, completion, place, now)?;
    let (.., outbox_id) = try_join4(
        new_result::replace(connection, result),
        diesel::insert_into(ledger::table).values(entry).execute(&mut &*connection),
        diesel::insert_into(events::table).values(happened).execute(&mut &*connection),
        diesel::insert_into(outbox::table)
            .values(NewRow::new(event, now))
            .returning(outbox::id)
            .get_result::<i64>(&mut &*connection),
    )
    .await?;
    Ok(outbox_id)
}
