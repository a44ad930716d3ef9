use chrono::{DateTime, TimeDelta, Utc};
use diesel::prelude::*;
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl};
use domain::plan::Overrides;
use domain::{AccountId, AccountState, ApiKeyId, Tier};
use uuid::Uuid;

use crate::accounts::overrides;
use crate::convert::{named, number, storable};
use crate::schema::{accounts, api_keys};
use crate::{Store, StoreError};

/// A key that does not exist yet. The secret itself never comes here.
#[derive(Debug, Clone)]
pub struct NewApiKey {
    /// The owner.
    pub account_id: AccountId,
    /// What the owner calls it.
    pub label: String,
    /// The first characters of the secret, to recognise it by.
    pub prefix: String,
    /// SHA-256 of the whole secret.
    pub hash: [u8; 32],
    /// When it stops working by itself.
    pub expires_at: Option<DateTime<Utc>>,
}

/// A key as its owner sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiKey {
    /// Its public identity.
    pub id: ApiKeyId,
    /// The owner.
    pub account_id: AccountId,
    /// What the owner calls it.
    pub label: String,
    /// The first characters of the secret.
    pub prefix: String,
    /// When it was created.
    pub created_at: DateTime<Utc>,
    /// When it was last used, to the minute.
    pub last_used_at: Option<DateTime<Utc>>,
    /// When it stops working by itself.
    pub expires_at: Option<DateTime<Utc>>,
    /// When it was revoked.
    pub revoked_at: Option<DateTime<Utc>>,
}

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
struct ApiKeyRow {
    id: Uuid,
    account_id: Uuid,
    label: String,
    prefix: String,
    created_at: DateTime<Utc>,
    last_used_at: Option<DateTime<Utc>>,
    expires_at: Option<DateTime<Utc>>,
    revoked_at: Option<DateTime<Utc>>,
}

impl From<ApiKeyRow> for ApiKey {
    fn from(row: ApiKeyRow) -> Self {
        Self {
            id: ApiKeyId(row.id),
            account_id: AccountId(row.account_id),
            label: row.label,
            prefix: row.prefix,
            created_at: row.created_at,
            last_used_at: row.last_used_at,
            expires_at: row.expires_at,
            revoked_at: row.revoked_at,
        }
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

/// Neither revoked nor expired at `now`.
#[diesel::dsl::auto_type(no_type_alias)]
fn active(now: DateTime<Utc>) -> _ {
    let unexpired = api_keys::expires_at.is_null().or(api_keys::expires_at.gt(now));
    api_keys::revoked_at.is_null().and(unexpired)
}

impl Store {
    /// Creates a key, if the account then has at most `max_active` that are neither revoked nor expired.
    ///
    /// # Errors
    /// [`StoreError::LimitReached`] beyond that, also when many ask at once.
    pub async fn create_api_key(
        &self,
        new: NewApiKey,
        max_active: u32,
        now: DateTime<Utc>,
    ) -> Result<ApiKey, StoreError> {
        storable("label", &new.label)?;
        storable("prefix", &new.prefix)?;
        let mut connection = self.connection().await?;
        (*connection)
            .transaction(async |connection: &mut AsyncPgConnection| {
                lock_account(connection, new.account_id).await?;
                let count = api_keys::table
                    .filter(api_keys::account_id.eq(new.account_id.0).and(active(now)))
                    .count()
                    .get_result::<i64>(connection)
                    .await?;
                if count >= i64::from(max_active) {
                    return Err(StoreError::LimitReached { limit: max_active });
                }
                insert(connection, new, now).await
            })
            .await
    }

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

    /// Every key of the account, revoked ones too, the oldest first.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn list_api_keys(&self, account: AccountId) -> Result<Vec<ApiKey>, StoreError> {
        let mut connection = self.connection().await?;
        let rows = api_keys::table
            .filter(api_keys::account_id.eq(account.0))
            .order((api_keys::created_at, api_keys::id))
            .select(ApiKeyRow::as_select())
            .load(&mut connection)
            .await?;
        Ok(rows.into_iter().map(ApiKey::from).collect())
    }

    /// Revokes a key of the account; false where it has no such key or the key was revoked before.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn revoke_api_key(
        &self,
        account: AccountId,
        key: ApiKeyId,
        now: DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        let mut connection = self.connection().await?;
        let mine = api_keys::table.find(key.0).filter(api_keys::account_id.eq(account.0));
        let changed = diesel::update(mine.filter(api_keys::revoked_at.is_null()))
            .set(api_keys::revoked_at.eq(now))
            .execute(&mut connection)
            .await?;
        Ok(changed == 1)
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

/// Makes key creations of one account take turns. `NO KEY UPDATE`: rows that only refer to the account
/// need not wait.
async fn lock_account(connection: &mut AsyncPgConnection, account: AccountId) -> Result<(), StoreError> {
    accounts::table
        .find(account.0)
        .select(accounts::id)
        .for_no_key_update()
        .first::<Uuid>(connection)
        .await?;
    Ok(())
}

async fn insert(
    connection: &mut AsyncPgConnection,
    new: NewApiKey,
    now: DateTime<Utc>,
) -> Result<ApiKey, StoreError> {
    let values = (
        api_keys::id.eq(ApiKeyId::generate().0),
        api_keys::account_id.eq(new.account_id.0),
        api_keys::label.eq(new.label),
        api_keys::prefix.eq(new.prefix),
        api_keys::hash.eq(new.hash.to_vec()),
        api_keys::created_at.eq(now),
        api_keys::expires_at.eq(new.expires_at),
    );
    let row = diesel::insert_into(api_keys::table)
        .values(values)
        .returning(ApiKeyRow::as_returning())
        .get_result(connection)
        .await?;
    Ok(row.into())
}
