//! Who an API key speaks for: the one look-up of every request with a key.

use chrono::{DateTime, TimeDelta, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use domain::plan::Overrides;
use domain::{AccountId, AccountState, ApiKeyId, Tier};
use uuid::Uuid;

use crate::accounts::overrides;
use crate::api_keys::active;
use crate::convert::{named, number};
use crate::schema::{accounts, api_keys};
use crate::{Store, StoreError};

/// Who a key speaks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    /// The account.
    pub account_id: AccountId,
    /// The key.
    pub key_id: ApiKeyId,
    /// The account's tier.
    pub tier: Tier,
    /// The account's own limits, in the place of its plan's.
    pub overrides: Overrides,
    /// The key's own rate a minute, in the place of the plan's.
    pub rate_per_minute: Option<u32>,
    /// Whether the key was stopped after abuse or by an operator.
    pub is_key_suspended: bool,
    /// How the account stands.
    pub state: AccountState,
    /// Whether the account may use operator routes.
    pub is_admin: bool,
    /// When the key was last used, to the minute.
    pub last_used_at: Option<DateTime<Utc>>,
}

/// A key's last use is written at most this often.
const TOUCH_INTERVAL: TimeDelta = TimeDelta::minutes(1);

impl Caller {
    /// Whether a use at `now` is worth a [`Store::touch_api_key`].
    #[must_use]
    pub fn is_touch_due(&self, now: DateTime<Utc>) -> bool {
        self.last_used_at.is_none_or(|last| last <= now - TOUCH_INTERVAL)
    }
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = api_keys, check_for_backend(diesel::pg::Pg))]
struct CallerRow {
    #[diesel(select_expression = accounts::id)]
    account_id: Uuid,
    id: Uuid,
    #[diesel(select_expression = accounts::tier)]
    tier: String,
    #[diesel(select_expression = accounts::overrides)]
    overrides: serde_json::Value,
    rate_per_minute: Option<i32>,
    suspended_at: Option<DateTime<Utc>>,
    #[diesel(select_expression = accounts::state)]
    state: String,
    #[diesel(select_expression = accounts::is_admin)]
    is_admin: bool,
    last_used_at: Option<DateTime<Utc>>,
}

impl TryFrom<CallerRow> for Caller {
    type Error = StoreError;

    fn try_from(row: CallerRow) -> Result<Self, StoreError> {
        let rate = |rate| number("api_keys.rate_per_minute", rate);
        Ok(Self {
            account_id: AccountId(row.account_id),
            key_id: ApiKeyId(row.id),
            tier: named("accounts.tier", &row.tier)?,
            overrides: overrides(row.overrides)?,
            rate_per_minute: row.rate_per_minute.map(rate).transpose()?,
            is_key_suspended: row.suspended_at.is_some(),
            state: named("accounts.state", &row.state)?,
            is_admin: row.is_admin,
            last_used_at: row.last_used_at,
        })
    }
}

impl Store {
    /// Who the key with this hash speaks for; none where it is unknown, revoked or expired.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn caller_by_key_hash(
        &self,
        hash: [u8; 32],
        now: DateTime<Utc>,
    ) -> Result<Option<Caller>, StoreError> {
        let mut connection = self.connection().await?;
        let row = api_keys::table
            .inner_join(accounts::table)
            .filter(api_keys::hash.eq(hash.as_slice()).and(active(now)))
            .select(CallerRow::as_select())
            .first(&mut connection)
            .await
            .optional()?;
        row.map(Caller::try_from).transpose()
    }

    /// Remembers that the key was used, at most once a minute.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn touch_api_key(&self, key: ApiKeyId, now: DateTime<Utc>) -> Result<(), StoreError> {
        let before = now - TOUCH_INTERVAL;
        let stale = api_keys::last_used_at.is_null().or(api_keys::last_used_at.le(before));
        let mut connection = self.connection().await?;
        diesel::update(api_keys::table.find(key.0).filter(stale))
            .set(api_keys::last_used_at.eq(now))
            .execute(&mut connection)
            .await?;
        Ok(())
    }
}
