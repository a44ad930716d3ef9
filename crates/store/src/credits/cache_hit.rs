use chrono::{DateTime, Utc};
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl};
use domain::credits::{CreditKind, Exhausted, Funds};
use domain::{AccountId, ApiKeyId, BillingMonth, ImageId};
use futures_util::future::try_join3;
use serde_json::json;

use super::{Bill, Buckets, ensure};
use crate::alerts;
use crate::convert::storable;
use crate::events::NewEvent;
use crate::ledger::{NewEntry, Use};
use crate::schema::{events, ledger};
use crate::{Store, StoreError};

/// A result that was handed out without work.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CacheHit {
    /// Who pays for its bytes.
    pub account_id: AccountId,
    /// The key that it was asked for with.
    pub api_key_id: Option<ApiKeyId>,
    /// What the caller says that it is for.
    pub site: Option<String>,
    /// The result.
    pub image_id: ImageId,
    /// Its size in bytes.
    pub bytes: u64,
    /// What the account may spend.
    pub funds: Funds,
}

impl Store {
    /// Records that an existing result was handed out (RELIABILITY D4): it costs no image, its bytes are
    /// bandwidth. They are charged also where the month has too little left for them; ask
    /// [`Store::bandwidth_left`] before.
    ///
    /// # Errors
    /// [`StoreError::InvalidText`] where the site holds a NUL.
    pub async fn record_cache_hit(&self, hit: CacheHit, now: DateTime<Utc>) -> Result<(), StoreError> {
        storable("site", hit.site.as_deref().unwrap_or_default())?;
        let mut connection = self.connection().await?;
        (*connection)
            .transaction(async |connection: &mut AsyncPgConnection| {
                let connection = &*connection;
                let (account, month) = (hit.account_id.0, BillingMonth::containing(now));
                ensure(connection, account, month).await?;
                let mut buckets = Buckets::lock(connection, account, month).await?;
                let kind = CreditKind::ResultBytes;
                let result_bytes = buckets.purse(kind, &hit.funds).charge(hit.bytes);
                buckets.spend(kind, result_bytes)?;
                let bill = Bill { result_bytes, ..Bill::default() };
                record(connection, &hit, &buckets, &bill, now).await?;
                let passed = self.alerts().of_credits(&buckets, &[kind], &hit.funds, now);
                alerts::raise(connection, self.alerts(), account, passed, now).await
            })
            .await
    }

    /// Whether the account may be handed another result, however large: it has bandwidth left, or its plan
    /// sells more. The inner error tells what is used up.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn bandwidth_left(
        &self,
        account: AccountId,
        funds: &Funds,
        now: DateTime<Utc>,
    ) -> Result<Result<(), Exhausted>, StoreError> {
        let fund = funds.get(CreditKind::ResultBytes);
        if fund.monthly.is_none() || fund.sells_more {
            return Ok(Ok(()));
        }
        let connection = self.connection().await?;
        let buckets = Buckets::peek(&connection, account.0, BillingMonth::containing(now)).await?;
        Ok(buckets.check_bandwidth(funds))
    }
}

async fn record(
    connection: &AsyncPgConnection,
    hit: &CacheHit,
    buckets: &Buckets,
    bill: &Bill,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    let of = Use {
        job_id: None,
        account_id: hit.account_id.0,
        api_key_id: hit.api_key_id.map(|key| key.0),
        month: buckets.month().first_day(),
        site: hit.site.clone(),
        now,
    };
    let payload = json!({
        "image_id": hit.image_id.to_string(),
        "api_key_id": hit.api_key_id.map(|key| key.to_string()),
        "bytes": hit.bytes,
    });
    let entry = diesel::insert_into(ledger::table).values(NewEntry::new(of, bill)?);
    let event = diesel::insert_into(events::table).values(NewEvent::new(
        hit.account_id,
        "result.cached",
        payload,
        now,
    ));
    try_join3(entry.execute(&mut &*connection), event.execute(&mut &*connection), buckets.write(connection))
        .await?;
    Ok(())
}
