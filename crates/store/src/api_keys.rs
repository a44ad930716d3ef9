use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl};
use domain::{AccountId, ApiKeyId};
use serde_json::json;
use uuid::Uuid;

use crate::audit_log::record;
use crate::convert::{number, storable};
use crate::schema::{accounts, api_keys};
use crate::{Actor, AuditEntry, Store, StoreError};

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
    /// When it was stopped after abuse or by an operator.
    pub suspended_at: Option<DateTime<Utc>>,
    /// Why.
    pub suspended_reason: Option<String>,
    /// Its own rate a minute, in the place of the plan's.
    pub rate_per_minute: Option<u32>,
}

/// What is to become of a key; `None` leaves a part as it is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ApiKeyChange {
    /// What the owner calls it.
    pub label: Option<String>,
    /// Its own rate a minute; `Some(None)` gives it the plan's again.
    pub rate_per_minute: Option<Option<u32>>,
}

impl ApiKeyChange {
    /// Whether it changes nothing.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.label.is_none() && self.rate_per_minute.is_none()
    }
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = api_keys, check_for_backend(diesel::pg::Pg))]
pub(crate) struct ApiKeyRow {
    id: Uuid,
    account_id: Uuid,
    label: String,
    prefix: String,
    created_at: DateTime<Utc>,
    last_used_at: Option<DateTime<Utc>>,
    expires_at: Option<DateTime<Utc>>,
    revoked_at: Option<DateTime<Utc>>,
    suspended_at: Option<DateTime<Utc>>,
    suspended_reason: Option<String>,
    rate_per_minute: Option<i32>,
}

impl TryFrom<ApiKeyRow> for ApiKey {
    type Error = StoreError;

    fn try_from(row: ApiKeyRow) -> Result<Self, StoreError> {
        let rate = |rate| number("api_keys.rate_per_minute", rate);
        Ok(Self {
            id: ApiKeyId(row.id),
            account_id: AccountId(row.account_id),
            label: row.label,
            prefix: row.prefix,
            created_at: row.created_at,
            last_used_at: row.last_used_at,
            expires_at: row.expires_at,
            revoked_at: row.revoked_at,
            suspended_at: row.suspended_at,
            suspended_reason: row.suspended_reason,
            rate_per_minute: row.rate_per_minute.map(rate).transpose()?,
        })
    }
}

/// Neither revoked nor expired at `now`.
#[diesel::dsl::auto_type(no_type_alias)]
pub(crate) fn active(now: DateTime<Utc>) -> _ {
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
        rows.into_iter().map(ApiKey::try_from).collect()
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

    /// Changes a key of the account; none where it has no such key or the key is revoked. A new rate is written to
    /// the audit log.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn change_api_key(
        &self,
        account: AccountId,
        key: ApiKeyId,
        change: ApiKeyChange,
        actor: Actor,
        now: DateTime<Utc>,
    ) -> Result<Option<ApiKey>, StoreError> {
        storable("label", change.label.as_deref().unwrap_or_default())?;
        let rate = change.rate_per_minute;
        let rate =
            rate.map(|rate| rate.map(|rate| number("rate_per_minute", rate)).transpose()).transpose()?;
        let mut connection = self.connection().await?;
        (*connection)
            .transaction(async |connection: &mut AsyncPgConnection| {
                let mine = api_keys::table
                    .find(key.0)
                    .filter(api_keys::account_id.eq(account.0))
                    .filter(api_keys::revoked_at.is_null());
                let values = Change { label: change.label, rate_per_minute: rate };
                let row = diesel::update(mine)
                    .set(values)
                    .returning(ApiKeyRow::as_returning())
                    .get_result(connection)
                    .await
                    .optional()?;
                let Some(row) = row else { return Ok(None) };
                if let Some(rate) = change.rate_per_minute {
                    let entry = AuditEntry {
                        account_id: Some(account),
                        actor,
                        action: "key.rate_changed",
                        object: key.to_string(),
                        details: json!({ "rate_per_minute": rate }),
                    };
                    record(connection, entry, now).await?;
                }
                row.try_into().map(Some)
            })
            .await
    }
}

/// The columns to set; `None` leaves a column, `Some(None)` empties it.
#[derive(AsChangeset)]
#[diesel(table_name = api_keys)]
struct Change {
    label: Option<String>,
    rate_per_minute: Option<Option<i32>>,
}

/// Makes creations of one account's keys, invitations and so on take turns. `NO KEY UPDATE`: rows that only refer to the account
/// need not wait.
pub(crate) async fn lock_account(
    connection: &mut AsyncPgConnection,
    account: AccountId,
) -> Result<(), StoreError> {
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
    row.try_into()
}
