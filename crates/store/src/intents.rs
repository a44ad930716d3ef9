//! Leave for one mutation, given to one person for one object (CONVENTIONS 3.13). Only hashes are known here.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use domain::{AccountId, UserId};

use crate::convert::storable;
use crate::schema::intents;
use crate::{Store, StoreError};

/// What somebody intends to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewIntent {
    /// SHA-256 of the secret.
    pub hash: [u8; 32],
    /// Who.
    pub user_id: UserId,
    /// In which account.
    pub account_id: AccountId,
    /// What.
    pub action: String,
    /// To what.
    pub object: String,
}

/// Whether an intent permits the mutation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IntentUse {
    /// It does, this once.
    Admitted,
    /// It did before.
    Used,
    /// It is unknown, too old, or was given to somebody else or for something else.
    Refused,
}

impl Store {
    /// Gives leave until `expires_at`; what the person was given before and is too old is forgotten.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn mint_intent(
        &self,
        new: &NewIntent,
        expires_at: DateTime<Utc>,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        storable("action", &new.action)?;
        storable("object", &new.object)?;
        let mut connection = self.connection().await?;
        let old = intents::user_id.eq(new.user_id.0).and(intents::expires_at.le(now));
        diesel::delete(intents::table.filter(old)).execute(&mut connection).await?;
        let values = (
            intents::hash.eq(new.hash.to_vec()),
            intents::user_id.eq(new.user_id.0),
            intents::account_id.eq(new.account_id.0),
            intents::action.eq(&new.action),
            intents::object.eq(&new.object),
            intents::created_at.eq(now),
            intents::expires_at.eq(expires_at),
        );
        diesel::insert_into(intents::table).values(values).execute(&mut connection).await?;
        Ok(())
    }

    /// Uses an intent for exactly what it was given for. One statement decides: of many at once one is admitted.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn use_intent(&self, asked: &NewIntent, now: DateTime<Utc>) -> Result<IntentUse, StoreError> {
        if asked.action.contains('\0') || asked.object.contains('\0') {
            return Ok(IntentUse::Refused);
        }
        let mut connection = self.connection().await?;
        let mine = intents::hash
            .eq(asked.hash.to_vec())
            .and(intents::user_id.eq(asked.user_id.0))
            .and(intents::account_id.eq(asked.account_id.0))
            .and(intents::action.eq(asked.action.clone()))
            .and(intents::object.eq(asked.object.clone()));
        let open = intents::used_at.is_null().and(intents::expires_at.gt(now));
        let used = diesel::update(intents::table.filter(mine.clone().and(open)))
            .set(intents::used_at.eq(now))
            .execute(&mut connection)
            .await?;
        if used == 1 {
            return Ok(IntentUse::Admitted);
        }
        let before = intents::table.filter(mine.and(intents::used_at.is_not_null())).count();
        Ok(match before.get_result::<i64>(&mut connection).await? {
            0 => IntentUse::Refused,
            _ => IntentUse::Used,
        })
    }
}
