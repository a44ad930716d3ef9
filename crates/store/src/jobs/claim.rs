use chrono::{DateTime, TimeDelta, Utc};
use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use domain::plan::Overrides;
use domain::{JobId, JobState, MAX_ATTEMPTS, Tier};
use futures_util::future::try_join;
use serde_json::Value;

use super::job::{Job, JobRow};
use crate::accounts::overrides;
use crate::convert::{named, number};
use crate::schema::{accounts, jobs, sources};
use crate::sources::{Source, SourceRow};
use crate::statement::Fixed;
use crate::{Store, StoreError};

/// A job that the caller holds.
#[derive(Debug, Clone, PartialEq)]
pub struct ClaimedJob {
    /// The job as claimed.
    pub job: Job,
    /// What to work on.
    pub source: Source,
    /// The owner's tier when the job was claimed.
    pub tier: Tier,
    /// The owner's own limits, in the place of its plan's.
    pub overrides: Overrides,
    /// The fencing token of this claim; 1 for the first.
    pub attempt: u32,
}

/// What became of an attempt to take a job.
#[derive(Debug, Clone, PartialEq)]
pub enum Claim {
    /// The caller holds it until the lease ends.
    Won(Box<ClaimedJob>),
    /// It has ended; nothing to do.
    Finished(JobState),
    /// Somebody else holds it.
    Held {
        /// When the holder's lease ends unless it is extended.
        until: DateTime<Utc>,
    },
    /// It was tried as often as permitted, and must be failed (RELIABILITY D11).
    Exhausted {
        /// The last attempt's number.
        attempt: u32,
    },
    /// It waits for credits; a message is written for it when there are some.
    Paused,
    /// There is no such job.
    Unknown,
}

/// Rounds of "cannot be claimed, and yet it could" before the claim is given up; each needs the job to
/// change hands in between.
const MAX_ROUNDS: u32 = 8;

impl Store {
    /// Takes a job until `now + lease`: a queued one, one whose holder's lease is over, or, with
    /// `redelivered` (the broker says that the former holder's channel died), a held one. Fencing makes
    /// taking it from a living holder safe.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn claim_job(
        &self,
        id: JobId,
        now: DateTime<Utc>,
        lease: TimeDelta,
        redelivered: bool,
    ) -> Result<Claim, StoreError> {
        let mut connection = self.connection().await?;
        for _ in 0..MAX_ROUNDS {
            if let Some(claimed) = take(&connection, id, now, lease, redelivered).await? {
                return Ok(Claim::Won(Box::new(claimed)));
            }
            if let Some(refused) = why_not(&mut connection, id, now, redelivered).await? {
                return Ok(refused);
            }
        }
        Err(StoreError::Corrupt { what: "a job that can and cannot be claimed" })
    }

    /// Keeps hold of a job until `until`; false where the caller's claim is not the newest any more.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn extend_lease(
        &self,
        id: JobId,
        attempt: u32,
        until: DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        let attempt: i32 = number("attempt", attempt)?;
        let mut connection = self.connection().await?;
        let mine = jobs::table.find(id.0).filter(jobs::attempt.eq(attempt));
        let extend = diesel::update(mine.filter(jobs::state.eq(JobState::Processing.as_str())))
            .set(jobs::lease_until.eq(until));
        Ok(Fixed(extend).execute(&mut connection).await? == 1)
    }
}

/// The claim, the source and the owner's tier in one round trip: the source's columns that matter never
/// change.
async fn take(
    connection: &AsyncPgConnection,
    id: JobId,
    now: DateTime<Utc>,
    lease: TimeDelta,
    redelivered: bool,
) -> Result<Option<ClaimedJob>, StoreError> {
    let ends_before = if redelivered { DateTime::<Utc>::MAX_UTC } else { now };
    let abandoned = jobs::state.eq(JobState::Processing.as_str()).and(jobs::lease_until.le(ends_before));
    let free = jobs::state.eq(JobState::Queued.as_str()).or(abandoned);
    let below_limit = jobs::attempt.lt(jobs::releases + number::<_, i32>("MAX_ATTEMPTS", MAX_ATTEMPTS)?);
    let claim = diesel::update(jobs::table.find(id.0).filter(below_limit.and(free)))
        .set((
            jobs::state.eq(JobState::Processing.as_str()),
            jobs::attempt.eq(jobs::attempt + 1),
            jobs::lease_until.eq(now + lease),
            jobs::started_at.eq(now),
        ))
        .returning(JobRow::as_returning());
    let source = sources::table
        .inner_join(jobs::table)
        .inner_join(accounts::table)
        .filter(jobs::id.eq(id.0))
        .select((SourceRow::as_select(), accounts::tier, accounts::overrides));
    let (claimed, source) = try_join(
        Fixed(claim).load::<JobRow>(&mut &*connection),
        source.load::<(SourceRow, String, Value)>(&mut &*connection),
    )
    .await?;
    let Some(row) = claimed.into_iter().next() else { return Ok(None) };
    let (source, tier, own) =
        source.into_iter().next().ok_or(StoreError::Corrupt { what: "a job without a source" })?;
    let job = Job::try_from(row)?;
    let tier = named("accounts.tier", &tier)?;
    Ok(Some(ClaimedJob {
        attempt: job.attempt,
        job,
        source: source.try_into()?,
        tier,
        overrides: overrides(own)?,
    }))
}

/// Why a claim found nothing to take; none where the job has become free meanwhile.
async fn why_not(
    connection: &mut AsyncPgConnection,
    id: JobId,
    now: DateTime<Utc>,
    redelivered: bool,
) -> Result<Option<Claim>, StoreError> {
    let row = jobs::table.find(id.0).select(JobRow::as_select()).first(connection).await.optional()?;
    let Some(row) = row else { return Ok(Some(Claim::Unknown)) };
    let job = Job::try_from(row)?;
    if job.state.is_final() {
        return Ok(Some(Claim::Finished(job.state)));
    }
    if job.state == JobState::QuotaPaused {
        return Ok(Some(Claim::Paused));
    }
    // Even with `redelivered`: the last permitted attempt may be alive and about to end the job.
    let spent = job.counted_attempts() >= MAX_ATTEMPTS;
    if job.state == JobState::Processing && (spent || !redelivered) {
        let until = job.lease_until.ok_or(StoreError::Corrupt { what: "a held job without a lease" })?;
        if until > now {
            return Ok(Some(Claim::Held { until }));
        }
    }
    Ok(spent.then_some(Claim::Exhausted { attempt: job.counted_attempts() }))
}
