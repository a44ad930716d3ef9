use chrono::{DateTime, Days, NaiveDate, Utc};
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Date, Nullable, Text, Timestamptz, Uuid as SqlUuid};
use diesel_async::RunQueryDsl;
use domain::credits::CreditKind;
use domain::{AccountId, ApiKeyId, BillingMonth};
use futures_util::future::try_join;
use uuid::Uuid;

use super::rows::TOPUP;
use crate::convert::{named, number};
use crate::schema::credit_buckets;
use crate::statement::statement;
use crate::{Store, StoreError};

/// What an account has used in a month, and what it has on top.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Usage {
    /// The month.
    pub month: BillingMonth,
    /// One for every kind, in the order of [`CreditKind::ALL`].
    pub kinds: Vec<KindUsage>,
    /// Results that were made.
    pub images: u64,
    /// Results that were handed out without work.
    pub cache_hits: u64,
}

/// What was used of one kind, in its own unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KindUsage {
    /// The kind.
    pub kind: CreditKind,
    /// Used from the month's credits.
    pub used: u64,
    /// Set aside from them for work that has not ended.
    pub reserved: u64,
    /// Sold in the month beyond these and the top-ups.
    pub overage: u64,
    /// Top-ups that were ever granted.
    pub topup_granted: u64,
    /// Of these, used.
    pub topup_used: u64,
    /// Of these, set aside.
    pub topup_reserved: u64,
}

/// Sums over the ledger.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Totals {
    /// Results that were made.
    pub images: u64,
    /// Bytes of their sources.
    pub source_bytes: u64,
    /// Bytes of results, those handed out without work too.
    pub result_bytes: u64,
    /// Bytes by which results that were made are smaller than their sources.
    pub saved_bytes: u64,
    /// Results that were handed out without work.
    pub cache_hits: u64,
}

/// Declares a statement that sums the ledger up by one expression.
macro_rules! totals {
    (
        $(#[$doc:meta])*
        $name:ident { $($field:ident: $rust:ty as $sql:ty),* } -> $key:ty,
        $by:literal where $condition:literal
    ) => {
        statement! {
            $(#[$doc])*
            $name { $($field: $rust as $sql),* } -> ($key, BigInt, BigInt, BigInt, BigInt, BigInt) =
            concat!(
                "SELECT ", $by, ",
                     coalesce(sum(images), 0)::bigint,
                     coalesce(sum(source_bytes), 0)::bigint,
                     coalesce(sum(result_bytes), 0)::bigint,
                     coalesce(sum(greatest(source_bytes - result_bytes, 0))
                         FILTER (WHERE kind = 'result'), 0)::bigint,
                     count(*) FILTER (WHERE kind = 'cached')
                 FROM ledger WHERE ", $condition, " GROUP BY 1 ORDER BY 1"
            )
        }
    };
}

totals! {
    /// By day (UTC).
    ByDay {
        account: Uuid as SqlUuid,
        from: DateTime<Utc> as Timestamptz,
        to: DateTime<Utc> as Timestamptz
    } -> Date,
    "(created_at AT TIME ZONE 'UTC')::date" where "account_id = ? AND created_at >= ? AND created_at < ?"
}
totals! {
    /// By API key.
    ByKey {
        account: Uuid as SqlUuid,
        from: DateTime<Utc> as Timestamptz,
        to: DateTime<Utc> as Timestamptz
    } -> Nullable<SqlUuid>,
    "api_key_id" where "account_id = ? AND created_at >= ? AND created_at < ?"
}
totals! {
    /// By what the callers said that it is for.
    BySite {
        account: Uuid as SqlUuid,
        from: DateTime<Utc> as Timestamptz,
        to: DateTime<Utc> as Timestamptz
    } -> Nullable<Text>,
    "site" where "account_id = ? AND created_at >= ? AND created_at < ?"
}
totals! {
    /// By account.
    ByAccount { from: DateTime<Utc> as Timestamptz, to: DateTime<Utc> as Timestamptz } -> SqlUuid,
    "account_id" where "created_at >= ? AND created_at < ?"
}

/// A key, and the sums in the order of [`Totals`].
type Sums<K> = (K, i64, i64, i64, i64, i64);

fn totals<K>(
    (key, images, source_bytes, result_bytes, saved, hits): Sums<K>,
) -> Result<(K, Totals), StoreError> {
    let totals = Totals {
        images: number("ledger.images", images)?,
        source_bytes: number("ledger.source_bytes", source_bytes)?,
        result_bytes: number("ledger.result_bytes", result_bytes)?,
        saved_bytes: number("ledger.saved_bytes", saved)?,
        cache_hits: number("ledger.cache_hits", hits)?,
    };
    Ok((key, totals))
}

/// From the beginning of the first day to the end of the last.
fn span(from: NaiveDate, to: NaiveDate) -> (DateTime<Utc>, DateTime<Utc>) {
    let midnight = |day: NaiveDate| day.and_time(chrono::NaiveTime::MIN).and_utc();
    (midnight(from), midnight(to.checked_add_days(Days::new(1)).unwrap_or(to)))
}

impl Store {
    /// What an account has used in a month, and what it has on top.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn usage(&self, account: AccountId, month: BillingMonth) -> Result<Usage, StoreError> {
        let connection = self.connection().await?;
        let period = month.to_string();
        let rows = credit_buckets::table
            .filter(credit_buckets::account_id.eq(account.0))
            .filter(credit_buckets::period.eq(&period).or(credit_buckets::period.eq(TOPUP)))
            .select((
                credit_buckets::period,
                credit_buckets::kind,
                credit_buckets::granted,
                credit_buckets::used,
                credit_buckets::reserved,
                credit_buckets::overage,
            ));
        let counts = OfMonth { account: account.0, month: month.first_day() };
        let (rows, counts) = try_join(
            rows.load::<(String, String, i64, i64, i64, i64)>(&mut &*connection),
            counts.get_result::<(i64, i64)>(&mut &*connection),
        )
        .await?;
        let mut kinds: Vec<_> = CreditKind::ALL.into_iter().map(nothing).collect();
        for (period, kind, granted, used, reserved, overage) in rows {
            let kind: CreditKind = named("credit_buckets.kind", &kind)?;
            let Some(of) = kinds.iter_mut().find(|of| of.kind == kind) else { continue };
            let used = number("credit_buckets.used", used)?;
            let reserved = number("credit_buckets.reserved", reserved)?;
            if period == TOPUP {
                (of.topup_used, of.topup_reserved) = (used, reserved);
                of.topup_granted = number("credit_buckets.granted", granted)?;
            } else {
                (of.used, of.reserved) = (used, reserved);
                of.overage = number("credit_buckets.overage", overage)?;
            }
        }
        let (images, hits) = counts;
        let (images, cache_hits) = (number("images", images)?, number("cache_hits", hits)?);
        Ok(Usage { month, kinds, images, cache_hits })
    }

    /// What an account has used, by day from `from` to `to`, both included. Days without use are left out.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn usage_by_day(
        &self,
        account: AccountId,
        from: NaiveDate,
        to: NaiveDate,
    ) -> Result<Vec<(NaiveDate, Totals)>, StoreError> {
        let (from, to) = span(from, to);
        let mut connection = self.connection().await?;
        let rows = ByDay { account: account.0, from, to }.load::<Sums<NaiveDate>>(&mut connection).await?;
        rows.into_iter().map(totals).collect()
    }

    /// What an account has used from `from` to `to`, both included, by the API key that asked; none: a
    /// session.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn usage_by_key(
        &self,
        account: AccountId,
        from: NaiveDate,
        to: NaiveDate,
    ) -> Result<Vec<(Option<ApiKeyId>, Totals)>, StoreError> {
        let (from, to) = span(from, to);
        let mut connection = self.connection().await?;
        let rows = ByKey { account: account.0, from, to }.load::<Sums<Option<Uuid>>>(&mut connection).await?;
        let with_id = |(key, totals): (Option<Uuid>, Totals)| (key.map(ApiKeyId), totals);
        rows.into_iter().map(|row| Ok(with_id(totals(row)?))).collect()
    }

    /// What an account has used from `from` to `to`, both included, by site; none: no site was named.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn usage_by_site(
        &self,
        account: AccountId,
        from: NaiveDate,
        to: NaiveDate,
    ) -> Result<Vec<(Option<String>, Totals)>, StoreError> {
        let (from, to) = span(from, to);
        let mut connection = self.connection().await?;
        let rows =
            BySite { account: account.0, from, to }.load::<Sums<Option<String>>>(&mut connection).await?;
        rows.into_iter().map(totals).collect()
    }

    /// What every account has used from `from` to `to`, both included. Accounts without use are left out.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn usage_of_all(
        &self,
        from: NaiveDate,
        to: NaiveDate,
    ) -> Result<Vec<(AccountId, Totals)>, StoreError> {
        let (from, to) = span(from, to);
        let mut connection = self.connection().await?;
        let rows = ByAccount { from, to }.load::<Sums<Uuid>>(&mut connection).await?;
        let with_id = |(account, totals): (Uuid, Totals)| (AccountId(account), totals);
        rows.into_iter().map(|row| Ok(with_id(totals(row)?))).collect()
    }
}

statement! {
    /// Images made, and cache hits.
    OfMonth { account: Uuid as SqlUuid, month: NaiveDate as Date } -> (BigInt, BigInt) =
    "SELECT coalesce(sum(images), 0)::bigint, count(*) FILTER (WHERE kind = 'cached')
     FROM ledger WHERE account_id = ? AND month = ?"
}

const fn nothing(kind: CreditKind) -> KindUsage {
    KindUsage { kind, used: 0, reserved: 0, overage: 0, topup_granted: 0, topup_used: 0, topup_reserved: 0 }
}
