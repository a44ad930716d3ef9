use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Jsonb, Text, Uuid as SqlUuid};
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl};
use domain::credits::{CreditKind, Funds, Purse};
use domain::plan::PlanCatalogue;
use domain::{AccountId, BillingMonth, JobId, JobState};
use futures_util::future::try_join;
use serde_json::Value;
use uuid::Uuid;

use super::job::{Job, JobRow, Paused};
use super::republish::messages;
use crate::accounts::overrides;
use crate::convert::{named, number};
use crate::credits::{Buckets, Reservation, Reservations, ensure};
use crate::schema::{jobs, outbox, sources};
use crate::sources::Source;
use crate::statement::statement;
use crate::{OutgoingMessage, Store, StoreError};

statement! {
    /// The accounts with paused jobs that may use the service, the one with the oldest job first. It visits
    /// one job an account, however many are paused.
    WaitingAccounts { limit: i64 as BigInt } -> (SqlUuid, Text, Jsonb) =
    "WITH RECURSIVE waiting (account_id) AS (
         (SELECT account_id FROM jobs WHERE state = 'quota_paused' ORDER BY account_id LIMIT 1)
         UNION ALL
         SELECT (SELECT account_id FROM jobs WHERE state = 'quota_paused'
                 AND account_id > waiting.account_id ORDER BY account_id LIMIT 1)
         FROM waiting WHERE waiting.account_id IS NOT NULL
     )
     SELECT accounts.id, accounts.tier, accounts.overrides
     FROM waiting
     JOIN accounts ON accounts.id = waiting.account_id
     CROSS JOIN LATERAL (SELECT created_at FROM jobs WHERE state = 'quota_paused'
         AND account_id = waiting.account_id ORDER BY created_at, id LIMIT 1) AS oldest
     WHERE accounts.state NOT IN ('suspended', 'archived')
     ORDER BY oldest.created_at, accounts.id
     LIMIT ?"
}

/// Accounts that one pass looks at.
const MAX_ACCOUNTS: i64 = 10_000;

impl Store {
    /// Queues jobs that were waiting for credits and for which there are some now: sets aside what they cost,
    /// in the month of `now`, and writes their messages. The account whose oldest job waits longest comes
    /// first, and gets at most `per_account` jobs queued, its oldest first; at most `limit` are queued in
    /// all. A job whose source is larger than what is left is passed over. Several may run at once; each job
    /// goes to one of them. The jobs.
    ///
    /// # Errors
    /// See [`StoreError`]; what was queued for other accounts before stays queued.
    pub async fn resume_paused<M>(
        &self,
        plans: &PlanCatalogue,
        now: DateTime<Utc>,
        per_account: u32,
        limit: u32,
        make: M,
    ) -> Result<Vec<JobId>, StoreError>
    where
        M: Fn(&Job, &Source) -> OutgoingMessage + Send + Sync,
    {
        let mut connection = self.connection().await?;
        let waiting =
            WaitingAccounts { limit: MAX_ACCOUNTS }.load::<(Uuid, String, Value)>(&mut connection).await?;
        let mut resumed = Vec::new();
        for (account, tier, own) in waiting {
            let left = limit.saturating_sub(u32::try_from(resumed.len()).unwrap_or(u32::MAX));
            if left == 0 {
                break;
            }
            // What cannot be read of one account must not hold up the others.
            let (Ok(tier), Ok(own)) = (named("accounts.tier", &tier), overrides(own)) else { continue };
            let funds = Funds::of(&plans.limits(tier, &own), &plans.plan(tier).overage);
            let pass = Pass { account, funds, most: per_account.min(left), now };
            if pass.free(&connection).await?.is_none() {
                continue;
            }
            let queued = (*connection)
                .transaction(async |connection: &mut AsyncPgConnection| pass.run(connection, &make).await)
                .await?;
            resumed.extend(queued);
        }
        Ok(resumed)
    }

    /// How many jobs of an account wait for credits.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn paused_jobs(&self, account: AccountId) -> Result<u64, StoreError> {
        let mut connection = self.connection().await?;
        let waiting = jobs::table.filter(jobs::account_id.eq(account.0)).filter(Paused).count();
        number("count", waiting.get_result::<i64>(&mut connection).await?)
    }
}

/// One account's turn.
struct Pass {
    account: Uuid,
    funds: Funds,
    most: u32,
    now: DateTime<Utc>,
}

impl Pass {
    fn month(&self) -> BillingMonth {
        BillingMonth::containing(self.now)
    }

    /// The images and source bytes that are free, if anything can be queued; only a look, for nothing is
    /// held.
    async fn free(&self, connection: &AsyncPgConnection) -> Result<Option<(u64, u64)>, StoreError> {
        let buckets = Buckets::peek(connection, self.account, self.month()).await?;
        let free = |kind| available(&buckets.purse(kind, &self.funds));
        let (images, source_bytes) = (free(CreditKind::Images), free(CreditKind::SourceBytes));
        let bandwidth = buckets.check_bandwidth(&self.funds).is_ok();
        Ok((images > 0 && source_bytes > 0 && bandwidth).then_some((images, source_bytes)))
    }

    async fn run(
        &self,
        connection: &mut AsyncPgConnection,
        make: &(impl Fn(&Job, &Source) -> OutgoingMessage + Send + Sync),
    ) -> Result<Vec<JobId>, StoreError> {
        ensure(connection, self.account, self.month()).await?;
        let Some((images, source_bytes)) = self.free(connection).await? else { return Ok(Vec::new()) };
        let waiting = self.take(connection, images, source_bytes).await?;
        if waiting.is_empty() {
            return Ok(Vec::new());
        }
        let mut buckets = Buckets::lock(connection, self.account, self.month()).await?;
        let mut reserved: Vec<(JobId, Reservation)> = Vec::new();
        for (id, source_bytes) in waiting {
            let source_bytes = number("sources.byte_size", source_bytes)?;
            if let Ok(reservation) = buckets.reserve(&self.funds, source_bytes)? {
                reserved.push((JobId(id), reservation));
            }
        }
        if reserved.is_empty() {
            return Ok(Vec::new());
        }
        let ids: Vec<Uuid> = reserved.iter().map(|(job, _)| job.0).collect();
        let queued = self.queue(connection, &ids).await?;
        let messages = messages(connection, queued, make, self.now).await?;
        diesel::insert_into(outbox::table).values(messages).execute(connection).await?;
        let shared = &*connection;
        try_join(Reservations::insert(shared, &reserved), async { Ok(buckets.write(shared).await?) }).await?;
        Ok(ids.into_iter().map(JobId).collect())
    }

    /// The oldest paused jobs whose sources are no larger than what is left, with the bytes of these; held,
    /// and none that another pass holds.
    async fn take(
        &self,
        connection: &mut AsyncPgConnection,
        images: u64,
        source_bytes: u64,
    ) -> QueryResult<Vec<(Uuid, i64)>> {
        let size = sources::table
            .filter(sources::id.eq(jobs::source_id))
            .select(sources::byte_size)
            .single_value()
            .assume_not_null();
        jobs::table
            .filter(Paused)
            .filter(jobs::account_id.eq(self.account))
            .filter(size.le(i64::try_from(source_bytes).unwrap_or(i64::MAX)))
            .order((jobs::created_at, jobs::id))
            .limit(i64::try_from(images).unwrap_or(i64::MAX).min(i64::from(self.most)))
            .for_no_key_update()
            .skip_locked()
            .select((jobs::id, size))
            .load(connection)
            .await
    }

    async fn queue(&self, connection: &mut AsyncPgConnection, ids: &[Uuid]) -> QueryResult<Vec<JobRow>> {
        diesel::update(jobs::table.filter(jobs::id.eq_any(ids)).filter(Paused))
            .set((
                jobs::state.eq(JobState::Queued.as_str()),
                jobs::reserved_month.eq(self.month().first_day()),
                jobs::enqueued_at.eq(self.now),
            ))
            .returning(JobRow::as_returning())
            .get_results(connection)
            .await
    }
}

/// What of a kind can be set aside.
const fn available(purse: &Purse) -> u64 {
    if purse.sells_more { u64::MAX } else { purse.monthly.free().saturating_add(purse.topup.free()) }
}
