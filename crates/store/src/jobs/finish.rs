use chrono::{DateTime, NaiveDate, Utc};
use diesel::prelude::*;
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl};
use domain::{AccountId, JobId, JobState, OutputFormat, Rejection, Sha256Hash};
use futures_util::future::try_join4;
use serde_json::{Value, json};
use uuid::Uuid;

use super::job::Unfinished;
use crate::convert::{number, without_nul};
use crate::events::NewEvent;
use crate::ledger::NewEntry;
use crate::new_result::{self, NewResult};
use crate::outbox::NewRow;
use crate::schema::{events, jobs, ledger, outbox, sources};
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
    /// When the result may be deleted; not used where the job is to be kept.
    pub expires_at: Option<DateTime<Utc>>,
    /// What took how long; without NUL.
    pub timings: Value,
}

/// What the ended job tells about the rows that go with it.
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
}

impl Store {
    /// Ends a job with a result, in one transaction: job, result, ledger entry, event and message
    /// (RELIABILITY D1). The message's row in the outbox; none where the claim is not the newest any
    /// more, and then nothing has changed.
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
                let Some(ended) = end_with_result(connection, &completion, now).await? else {
                    return Ok(None);
                };
                record(connection, &ended, &completion, event, now).await.map(Some)
            })
            .await
    }

    /// Ends a job with an error. `attempt` is the holder's fencing token; without one any unfinished
    /// job is ended (for who has no claim: the dead-letter consumer, the operator). The message's row in
    /// the outbox; none where the job has ended before or the claim is not the newest any more.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn fail_job(
        &self,
        id: JobId,
        attempt: Option<u32>,
        rejection: &Rejection,
        event: OutgoingMessage,
        now: DateTime<Utc>,
    ) -> Result<Option<i64>, StoreError> {
        let attempt = attempt.map(|attempt| number::<_, i32>("attempt", attempt)).transpose()?;
        // A NUL must not keep a job from ending.
        let rejection = Rejection {
            code: rejection.code,
            message: without_nul(&rejection.message),
            field: rejection.field.as_deref().map(without_nul),
        };
        let mut connection = self.connection().await?;
        (*connection)
            .transaction(async |connection: &mut AsyncPgConnection| {
                let Some(account) = end_with_error(connection, id, attempt, &rejection, now).await? else {
                    return Ok(None);
                };
                let payload = json!({ "error_code": rejection.code.as_str(), "message": rejection.message });
                let happened = NewEvent::new(account, "job.failed", payload, now).of_job(id);
                let shared = &*connection;
                let (_, outbox_id) = futures_util::future::try_join(
                    diesel::insert_into(events::table).values(happened).execute(&mut &*shared),
                    diesel::insert_into(outbox::table)
                        .values(NewRow::new(event, now))
                        .returning(outbox::id)
                        .get_result::<i64>(&mut &*shared),
                )
                .await?;
                Ok(Some(outbox_id))
            })
            .await
    }

    /// Gives a job back so that it can be claimed again; false where the claim is not the newest any more.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn release_job(&self, id: JobId, attempt: u32, now: DateTime<Utc>) -> Result<bool, StoreError> {
        let attempt: i32 = number("attempt", attempt)?;
        let mut connection = self.connection().await?;
        let mine = jobs::table.find(id.0).filter(jobs::attempt.eq(attempt));
        let changed = diesel::update(mine.filter(jobs::state.eq(JobState::Processing.as_str())))
            .set((
                jobs::state.eq(JobState::Queued.as_str()),
                jobs::releases.eq(jobs::releases + 1),
                jobs::lease_until.eq(None::<DateTime<Utc>>),
                jobs::enqueued_at.eq(now),
            ))
            .execute(&mut connection)
            .await?;
        Ok(changed == 1)
    }
}

async fn end_with_result(
    connection: &mut AsyncPgConnection,
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
    let row = diesel::update(mine.filter(jobs::state.eq(JobState::Processing.as_str())))
        .set((
            jobs::state.eq(JobState::Completed.as_str()),
            jobs::lease_until.eq(None::<DateTime<Utc>>),
            jobs::timings.eq(&completion.timings),
            jobs::finished_at.eq(now),
        ))
        .returning((
            (jobs::id, jobs::account_id, jobs::api_key_id, jobs::source_id, source_bytes),
            (jobs::image_id, jobs::storage_commit, jobs::keep_original, jobs::reserved_month),
        ))
        .get_result::<((Uuid, Uuid, Option<Uuid>, Uuid, i64), (String, bool, bool, NaiveDate))>(connection)
        .await
        .optional()?;
    Ok(row.map(|((job_id, account_id, api_key_id, source_id, source_bytes), rest)| {
        let (image_id, storage_commit, keep_original, month) = rest;
        Ended {
            job_id,
            account_id,
            api_key_id,
            source_id,
            source_bytes,
            image_id,
            storage_commit,
            keep_original,
            month,
        }
    }))
}

/// The four rows that go with a completed job, in one round trip.
async fn record(
    connection: &AsyncPgConnection,
    ended: &Ended,
    completion: &Completion,
    event: OutgoingMessage,
    now: DateTime<Utc>,
) -> Result<i64, StoreError> {
    let result_bytes: i64 = number("byte_size", completion.byte_size)?;
    let entry = NewEntry {
        job_id: Some(ended.job_id),
        account_id: ended.account_id,
        api_key_id: ended.api_key_id,
        month: ended.month,
        images: 1,
        source_bytes: ended.source_bytes,
        result_bytes,
        created_at: now,
    };
    let payload = json!({
        "image_id": ended.image_id,
        "format": completion.format.as_str(),
        "original_size": ended.source_bytes,
        "optimized_size": result_bytes,
    });
    let happened =
        NewEvent::new(AccountId(ended.account_id), "job.completed", payload, now).of_job(completion.job_id);
    let result = NewResult::new(ended, completion, now)?;
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

async fn end_with_error(
    connection: &mut AsyncPgConnection,
    id: JobId,
    attempt: Option<i32>,
    rejection: &Rejection,
    now: DateTime<Utc>,
) -> QueryResult<Option<AccountId>> {
    let mut ending = diesel::update(jobs::table)
        .filter(jobs::id.eq(id.0))
        .filter(Unfinished)
        .set((
            jobs::state.eq(JobState::Failed.as_str()),
            jobs::lease_until.eq(None::<DateTime<Utc>>),
            jobs::error_code.eq(rejection.code.as_str()),
            jobs::error_message.eq(&rejection.message),
            jobs::error_field.eq(&rejection.field),
            jobs::finished_at.eq(now),
        ))
        .into_boxed();
    if let Some(attempt) = attempt {
        ending = ending.filter(jobs::attempt.eq(attempt).and(jobs::state.eq(JobState::Processing.as_str())));
    }
    let account: Option<Uuid> = ending.returning(jobs::account_id).get_result(connection).await.optional()?;
    Ok(account.map(AccountId))
}
