use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl};
use domain::credits::Exhausted;
use domain::{BillingMonth, JobId, JobState};
use futures_util::future::{try_join, try_join3};
use uuid::Uuid;

use super::join;
use super::new_job::{self, NewJob, WhenExhausted};
use crate::convert::storable;
use crate::credits::{self, Buckets, Reservation, Reservations};
use crate::outbox::NewRow;
use crate::results::unexpired;
use crate::schema::{jobs, outbox, results};
use crate::statement::Fixed;
use crate::{OutgoingMessage, Store, StoreError, sources};

/// What became of a request for work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Accepted {
    /// The job exists, what it costs is set aside, and its message is in the outbox.
    Created {
        /// The message's row, to be deleted once the broker has confirmed it.
        outbox_id: i64,
    },
    /// Another job of the account does, or has just done, the same work: nothing was created, and nothing
    /// more is set aside. The job may be completed already; it is never one that waits for credits.
    Joined(JobId),
    /// A job of the account for the same work was waiting for credits. There are some: it is queued now as if
    /// this request had made it, and its message is in the outbox.
    Resumed {
        /// The job that waited.
        job: JobId,
        /// The message's row, to be deleted once the broker has confirmed it.
        outbox_id: i64,
    },
    /// There are not enough credits, and the request is one that waits: this job, new or an earlier one for
    /// the same work, is queued by [`Store::resume_paused`] when there are. Nothing is set aside for it.
    Paused(JobId),
    /// There are not enough credits, and nothing has changed.
    Refused(Exhausted),
}

/// Rounds of "insert, find the one in the way, it has ended meanwhile" before the request is given up.
/// Each needs another job for the same image to begin and end in between.
const MAX_ROUNDS: u32 = 16;

impl Store {
    /// Accepts a job in one transaction: source, reservation, job and message (RELIABILITY D2, D5). `make`
    /// writes the message of a job for this work. Where the account has a live job for the same image, or a
    /// result of one that ended after the caller looked for it, the request joins that job; a wish to keep
    /// the result or the original is added to it.
    ///
    /// # Errors
    /// [`StoreError::InvalidText`] where a text holds a NUL.
    pub async fn accept_job<M>(
        &self,
        new: NewJob,
        make: M,
        now: DateTime<Utc>,
    ) -> Result<Accepted, StoreError>
    where
        M: Fn(JobId) -> OutgoingMessage + Send + Sync,
    {
        storable("original_filename", &new.original_filename)?;
        storable("src_url", new.src_url.as_deref().unwrap_or_default())?;
        storable("site", new.site.as_deref().unwrap_or_default())?;
        let mut connection = self.connection().await?;
        let accepted = (*connection)
            .transaction(async |connection: &mut AsyncPgConnection| {
                accept(connection, &new, &make, now).await.map_err(Interrupted::Failed)?.into_commit()
            })
            .await;
        match accepted {
            Ok(accepted) | Err(Interrupted::Undone(accepted)) => Ok(accepted),
            Err(Interrupted::Failed(error)) => Err(error),
        }
    }
}

/// Why the transaction is rolled back.
enum Interrupted {
    /// The job just inserted is not wanted.
    Undone(Accepted),
    /// An error.
    Failed(StoreError),
}

impl From<diesel::result::Error> for Interrupted {
    fn from(error: diesel::result::Error) -> Self {
        Self::Failed(error.into())
    }
}

/// How the statements of the transaction ended.
pub(super) enum Outcome {
    Commit(Accepted),
    RollBack(Accepted),
}

impl Outcome {
    fn into_commit(self) -> Result<Accepted, Interrupted> {
        match self {
            Self::Commit(accepted) => Ok(accepted),
            Self::RollBack(accepted) => Err(Interrupted::Undone(accepted)),
        }
    }
}

async fn accept(
    connection: &AsyncPgConnection,
    new: &NewJob,
    make: &(impl Fn(JobId) -> OutgoingMessage + Send + Sync),
    now: DateTime<Utc>,
) -> Result<Outcome, StoreError> {
    let month = BillingMonth::containing(now);
    // Sent together, answered together: one round trip.
    let (source, ()) = try_join(sources::upsert(connection, new.account_id, &new.source, now), async {
        Ok(credits::ensure(connection, new.account_id.0, month).await?)
    })
    .await?;
    for _ in 0..MAX_ROUNDS {
        if new_job::insert(connection, new, source, now).await? {
            return begin(connection, new, make(new.id), now).await;
        }
        if let Some(outcome) = join::join(connection, new, make, now).await? {
            return Ok(outcome);
        }
    }
    Err(StoreError::Corrupt { what: "a job that is neither finished nor unfinished" })
}

/// Sets the credits aside and writes the message, unless the work was done between the caller's look and now:
/// the inserted row keeps other jobs for this image out, so a result seen here is the newest there can be.
async fn begin(
    connection: &AsyncPgConnection,
    new: &NewJob,
    message: OutgoingMessage,
    now: DateTime<Utc>,
) -> Result<Outcome, StoreError> {
    let done = results::table
        .find(new.image_id.to_string())
        .filter(results::account_id.eq(new.account_id.0))
        .filter(unexpired(now))
        .select(results::job_id);
    // The buckets are held from here to the commit: nothing that can be done before is done after.
    let (done, mut buckets) = try_join(
        async { Ok(done.load::<Uuid>(&mut &*connection).await?) },
        Buckets::lock(connection, new.account_id.0, BillingMonth::containing(now)),
    )
    .await?;
    if let Some(job) = done.into_iter().next() {
        return Ok(Outcome::RollBack(Accepted::Joined(JobId(job))));
    }
    match buckets.reserve(&new.funds, new.source.byte_size)? {
        Ok(reservation) => {
            let outbox_id = announce(connection, new.id, &buckets, reservation, message, now).await?;
            Ok(Outcome::Commit(Accepted::Created { outbox_id }))
        }
        Err(exhausted) if new.when_exhausted == WhenExhausted::Refuse => {
            Ok(Outcome::RollBack(Accepted::Refused(exhausted)))
        }
        Err(_) => {
            let pause = diesel::update(jobs::table.find(new.id.0))
                .set(jobs::state.eq(JobState::QuotaPaused.as_str()));
            Fixed(pause).execute(&mut &*connection).await?;
            Ok(Outcome::Commit(Accepted::Paused(new.id)))
        }
    }
}

/// Writes what a job has set aside, and its message: its place in the outbox.
pub(super) async fn announce(
    connection: &AsyncPgConnection,
    job: JobId,
    buckets: &Buckets,
    reservation: Reservation,
    message: OutgoingMessage,
    now: DateTime<Utc>,
) -> Result<i64, StoreError> {
    let write = diesel::insert_into(outbox::table).values(NewRow::new(message, now)).returning(outbox::id);
    let reserved = [(job, reservation)];
    let (outbox_id, (), ()) = try_join3(
        async { Ok(write.get_result::<i64>(&mut &*connection).await?) },
        async { Ok(buckets.write(connection).await?) },
        Reservations::insert(connection, &reserved),
    )
    .await?;
    Ok(outbox_id)
}
