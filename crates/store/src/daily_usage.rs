//! Requests by day and key. For analytics only: nothing is billed by them.

use chrono::NaiveDate;
use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Date, Nullable, Uuid as SqlUuid};
use diesel_async::RunQueryDsl;
use domain::{AccountId, ApiKeyId};
use uuid::Uuid;

use crate::convert::number;
use crate::schema::daily_usage;
use crate::{Store, StoreError};

/// Requests of one key, or of sessions, on one day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DailyCount {
    /// The account.
    pub account: AccountId,
    /// The key; none for sessions.
    pub key: Option<ApiKeyId>,
    /// The day in UTC.
    pub day: NaiveDate,
    /// All requests.
    pub requests: u64,
    /// Those answered 429.
    pub refused: u64,
    /// Those answered with another error.
    pub failed: u64,
}

/// Several rows in one statement; an account that is gone meanwhile is left out.
const ADD: &str = "\
    INSERT INTO daily_usage AS d (account_id, api_key_id, day, requests, refused, failed) \
    SELECT n.* FROM unnest($1, $2, $3, $4, $5, $6) AS n (account_id, api_key_id, day, requests, refused, failed) \
    WHERE EXISTS (SELECT FROM accounts WHERE id = n.account_id) \
    ON CONFLICT (account_id, day, api_key_id) DO UPDATE SET \
        requests = d.requests + excluded.requests, \
        refused = d.refused + excluded.refused, \
        failed = d.failed + excluded.failed";

impl Store {
    /// Adds to the counts of days.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn add_daily_counts(&self, counts: &[DailyCount]) -> Result<(), StoreError> {
        // In one order everywhere: two gateways that add to the same rows must not wait for each other.
        let mut counts = counts.to_vec();
        counts.sort_by_key(|count| (count.account, count.day, count.key));
        let column = |of: fn(&DailyCount) -> u64| -> Result<Vec<i64>, StoreError> {
            counts.iter().map(|count| number("daily_usage", of(count))).collect()
        };
        let accounts: Vec<Uuid> = counts.iter().map(|count| count.account.0).collect();
        let keys: Vec<Option<Uuid>> = counts.iter().map(|count| count.key.map(|key| key.0)).collect();
        let days: Vec<NaiveDate> = counts.iter().map(|count| count.day).collect();
        let mut connection = self.connection().await?;
        diesel::sql_query(ADD)
            .bind::<Array<SqlUuid>, _>(accounts)
            .bind::<Array<Nullable<SqlUuid>>, _>(keys)
            .bind::<Array<Date>, _>(days)
            .bind::<Array<BigInt>, _>(column(|count| count.requests)?)
            .bind::<Array<BigInt>, _>(column(|count| count.refused)?)
            .bind::<Array<BigInt>, _>(column(|count| count.failed)?)
            .execute(&mut connection)
            .await?;
        Ok(())
    }

    /// The counts of an account from `from` to `to`, both included, by day and key.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn daily_counts(
        &self,
        account: AccountId,
        from: NaiveDate,
        to: NaiveDate,
    ) -> Result<Vec<DailyCount>, StoreError> {
        let mut connection = self.connection().await?;
        let rows = daily_usage::table
            .filter(daily_usage::account_id.eq(account.0).and(daily_usage::day.between(from, to)))
            .order((daily_usage::day, daily_usage::api_key_id))
            .select((
                (daily_usage::account_id, daily_usage::api_key_id, daily_usage::day),
                (daily_usage::requests, daily_usage::refused, daily_usage::failed),
            ))
            .load::<((Uuid, Option<Uuid>, NaiveDate), (i64, i64, i64))>(&mut connection)
            .await?;
        rows.into_iter()
            .map(|((account, key, day), (requests, refused, failed))| {
                Ok(DailyCount {
                    account: AccountId(account),
                    key: key.map(ApiKeyId),
                    day,
                    requests: number("daily_usage.requests", requests)?,
                    refused: number("daily_usage.refused", refused)?,
                    failed: number("daily_usage.failed", failed)?,
                })
            })
            .collect()
    }
}
