use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_types::Bool;
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl};
use domain::{
    AccountId, ApiKeyId, BillingMonth, ImageId, JobClass, JobId, JobState, OutputOptions, SourceId,
};
use futures_util::future::try_join;
use uuid::Uuid;

use super::job::Unfinished;
use crate::convert::{json_map, storable};
use crate::schema::{jobs, outbox, results};
use crate::sources::{self, NewSource};
use crate::{OutgoingMessage, Store, StoreError, outbox::NewRow, results::unexpired};

/// A job that does not exist yet. Its source's object is stored already.
#[derive(Debug, Clone)]
pub struct NewJob {
    /// Its identity; the message names it.
    pub id: JobId,
    /// The owner.
    pub account_id: AccountId,
    /// The key it was sent with.
    pub api_key_id: Option<ApiKeyId>,
    /// What it works on.
    pub source: NewSource,
    /// What it makes; holds the parameters.
    pub image_id: ImageId,
    /// What is asked for beyond that.
    pub options: OutputOptions,
    /// The queue it waits in.
    pub class: JobClass,
    /// Whether the result is kept until it is deleted.
    pub storage_commit: bool,
    /// Whether the source is kept with the result.
    pub keep_original: bool,
    /// The name that the file came with.
    pub original_filename: String,
    /// Where the source was downloaded from.
    pub src_url: Option<String>,
    /// Headers that continue the caller's trace.
    pub trace_context: BTreeMap<String, String>,
}

/// What became of a request for work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Accepted {
    /// The job exists, and its message is in the outbox.
    Created {
        /// The message's row, to be deleted once the broker has confirmed it.
        outbox_id: i64,
    },
    /// Another job of the account does, or has just done, the same work: nothing was created. The job may be
    /// completed already.
    Joined(JobId),
}

/// What a job takes from its owner's quotas before the work begins (RELIABILITY D2).
struct Reservation {
    month: BillingMonth,
}

/// Rounds of "insert, find the one in the way, it has ended meanwhile" before the request is given up.
/// Each needs another job for the same image to begin and end in between.
const MAX_ROUNDS: u32 = 16;

impl Store {
    /// Accepts a job in one transaction: source, reservation, job and message (RELIABILITY D5). Where the
    /// account has an unfinished job for the same image, or a result of one that ended after the caller
    /// looked for it, the request joins that job; a wish to keep the result or the original is added to it.
    ///
    /// # Errors
    /// [`StoreError::InvalidText`] where a text holds a NUL.
    pub async fn accept_job(
        &self,
        new: NewJob,
        message: OutgoingMessage,
        now: DateTime<Utc>,
    ) -> Result<Accepted, StoreError> {
        storable("original_filename", &new.original_filename)?;
        storable("src_url", new.src_url.as_deref().unwrap_or_default())?;
        let mut connection = self.connection().await?;
        let message = NewRow::new(message, now);
        let accepted = (*connection)
            .transaction(async |connection: &mut AsyncPgConnection| {
                accept(connection, &new, message, now).await.map_err(Interrupted::Failed)?.into_commit()
            })
            .await;
        match accepted {
            Ok(accepted) => Ok(accepted),
            Err(Interrupted::Done(job)) => Ok(Accepted::Joined(job)),
            Err(Interrupted::Failed(error)) => Err(error),
        }
    }
}

/// Why the transaction is rolled back.
enum Interrupted {
    /// The result exists: the job just inserted is not wanted.
    Done(JobId),
    /// An error.
    Failed(StoreError),
}

impl From<diesel::result::Error> for Interrupted {
    fn from(error: diesel::result::Error) -> Self {
        Self::Failed(error.into())
    }
}

/// How the statements of the transaction ended.
enum Outcome {
    Commit(Accepted),
    RollBack(JobId),
}

impl Outcome {
    fn into_commit(self) -> Result<Accepted, Interrupted> {
        match self {
            Self::Commit(accepted) => Ok(accepted),
            Self::RollBack(job) => Err(Interrupted::Done(job)),
        }
    }
}

async fn accept(
    connection: &mut AsyncPgConnection,
    new: &NewJob,
    message: NewRow,
    now: DateTime<Utc>,
) -> Result<Outcome, StoreError> {
    let source = sources::upsert(connection, new.account_id, &new.source, now).await?;
    let reservation = reserve(now);
    for _ in 0..MAX_ROUNDS {
        if insert(connection, new, source, &reservation, now).await? {
            return announce(connection, new, message, now).await;
        }
        if let Some(job) = join(connection, new).await? {
            return Ok(Outcome::Commit(Accepted::Joined(job)));
        }
    }
    Err(StoreError::Corrupt { what: "a job that is neither finished nor unfinished" })
}

/// Fixes the month that pays, whenever the job ends (RELIABILITY R24). No quota is taken yet.
fn reserve(now: DateTime<Utc>) -> Reservation {
    Reservation { month: BillingMonth::containing(now) }
}

/// False where an unfinished job for the same image is in the way.
async fn insert(
    connection: &mut AsyncPgConnection,
    new: &NewJob,
    source: SourceId,
    reservation: &Reservation,
    now: DateTime<Utc>,
) -> Result<bool, StoreError> {
    let values = (
        jobs::id.eq(new.id.0),
        jobs::account_id.eq(new.account_id.0),
        jobs::api_key_id.eq(new.api_key_id.map(|key| key.0)),
        jobs::source_id.eq(source.0),
        jobs::image_id.eq(new.image_id.to_string()),
        jobs::class.eq(new.class.as_str()),
        jobs::state.eq(JobState::Queued.as_str()),
        jobs::attempt.eq(0),
        jobs::storage_commit.eq(new.storage_commit),
        jobs::keep_original.eq(new.keep_original),
        jobs::original_filename.eq(new.original_filename.as_str()),
        jobs::src_url.eq(new.src_url.as_deref()),
        jobs::reserved_month.eq(reservation.month.first_day()),
        jobs::trace_context.eq(json_map(&new.trace_context)),
        jobs::options.eq(serde_json::json!(new.options)),
        jobs::created_at.eq(now),
        jobs::enqueued_at.eq(now),
    );
    let inserted = diesel::insert_into(jobs::table)
        .values(values)
        .on_conflict((jobs::account_id, jobs::image_id))
        .filter_target(Unfinished)
        .do_nothing()
        .execute(connection)
        .await?;
    Ok(inserted == 1)
}

/// Writes the message, unless the work was done between the caller's look and now: the inserted row keeps
/// other jobs for this image out, so a result seen here is the newest there can be.
async fn announce(
    connection: &mut AsyncPgConnection,
    new: &NewJob,
    message: NewRow,
    now: DateTime<Utc>,
) -> Result<Outcome, StoreError> {
    let write = diesel::insert_into(outbox::table).values(message).returning(outbox::id);
    let done = results::table
        .find(new.image_id.to_string())
        .filter(results::account_id.eq(new.account_id.0))
        .filter(unexpired(now))
        .select(results::job_id);
    let shared = &*connection;
    // Sent together, answered together: one round trip.
    let (outbox_id, done) =
        try_join(write.get_result::<i64>(&mut &*shared), done.load::<Uuid>(&mut &*shared)).await?;
    Ok(match done.into_iter().next() {
        Some(job) => Outcome::RollBack(JobId(job)),
        None => Outcome::Commit(Accepted::Created { outbox_id }),
    })
}

/// The unfinished job for the same image, with this request's wishes added; none where it has ended.
async fn join(connection: &mut AsyncPgConnection, new: &NewJob) -> Result<Option<JobId>, StoreError> {
    let other = jobs::table
        .filter(jobs::account_id.eq(new.account_id.0))
        .filter(jobs::image_id.eq(new.image_id.to_string()))
        .filter(Unfinished);
    let id: Option<Uuid> = diesel::update(other)
        .set((
            jobs::storage_commit.eq(jobs::storage_commit.or(new.storage_commit.into_sql::<Bool>())),
            jobs::keep_original.eq(jobs::keep_original.or(new.keep_original.into_sql::<Bool>())),
        ))
        .returning(jobs::id)
        .get_result(connection)
        .await
        .optional()?;
    Ok(id.map(JobId))
}
