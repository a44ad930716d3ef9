//! Keys that are stopped and let go again. Each act is in the audit log, and the account is told by mail.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl};
use domain::ApiKeyId;
use serde_json::{Value, json};

use crate::api_keys::ApiKeyRow;
use crate::audit_log::record;
use crate::convert::storable;
use crate::mails::{address_of, queue};
use crate::schema::api_keys;
use crate::{Actor, ApiKey, AuditEntry, NewMail, Store, StoreError, letters};

impl Store {
    /// Stops a key; none where there is no such key, or it is stopped or revoked already.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn suspend_key(
        &self,
        key: ApiKeyId,
        reason: &str,
        actor: Actor,
        now: DateTime<Utc>,
    ) -> Result<Option<ApiKey>, StoreError> {
        storable("reason", reason)?;
        let mut connection = self.connection().await?;
        (*connection)
            .transaction(async |connection: &mut AsyncPgConnection| {
                let working = api_keys::suspended_at.is_null().and(api_keys::revoked_at.is_null());
                let row = diesel::update(api_keys::table.find(key.0).filter(working))
                    .set((api_keys::suspended_at.eq(now), api_keys::suspended_reason.eq(reason)))
                    .returning(ApiKeyRow::as_returning())
                    .get_result(connection)
                    .await
                    .optional()?;
                let Some(row) = row else { return Ok(None) };
                let key = ApiKey::try_from(row)?;
                let letter = |to: &str| letters::key_suspended(to, &key.prefix, &key.label, reason);
                tell(connection, &key, actor, "key.suspended", json!({ "reason": reason }), letter, now)
                    .await?;
                Ok(Some(key))
            })
            .await
    }

    /// Stops a key in the name of the service, for abuse.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn suspend_key_by_system(
        &self,
        key: ApiKeyId,
        reason: &str,
        now: DateTime<Utc>,
    ) -> Result<Option<ApiKey>, StoreError> {
        self.suspend_key(key, reason, Actor::System, now).await
    }

    /// Lets a stopped key work again; none where there is no such key or it is not stopped.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn reactivate_key(
        &self,
        key: ApiKeyId,
        actor: Actor,
        now: DateTime<Utc>,
    ) -> Result<Option<ApiKey>, StoreError> {
        let mut connection = self.connection().await?;
        (*connection)
            .transaction(async |connection: &mut AsyncPgConnection| {
                let row =
                    diesel::update(api_keys::table.find(key.0).filter(api_keys::suspended_at.is_not_null()))
                        .set((
                            api_keys::suspended_at.eq(None::<DateTime<Utc>>),
                            api_keys::suspended_reason.eq(None::<String>),
                        ))
                        .returning(ApiKeyRow::as_returning())
                        .get_result(connection)
                        .await
                        .optional()?;
                let Some(row) = row else { return Ok(None) };
                let key = ApiKey::try_from(row)?;
                let letter = |to: &str| letters::key_reactivated(to, &key.prefix, &key.label);
                tell(connection, &key, actor, "key.reactivated", json!({}), letter, now).await?;
                Ok(Some(key))
            })
            .await
    }
}

/// The audit row and the letter.
async fn tell(
    connection: &mut AsyncPgConnection,
    key: &ApiKey,
    actor: Actor,
    action: &'static str,
    details: Value,
    letter: impl FnOnce(&str) -> NewMail + Send,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    let entry =
        AuditEntry { account_id: Some(key.account_id), actor, action, object: key.id.to_string(), details };
    record(connection, entry, now).await?;
    if let Some(recipient) = address_of(connection, key.account_id).await? {
        queue(connection, letter(&recipient), now).await?;
    }
    Ok(())
}
