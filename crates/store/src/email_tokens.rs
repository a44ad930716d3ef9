//! Links that were mailed to a person. Each works once, and only its hash is known here.

use chrono::{DateTime, TimeDelta, Utc};
use diesel::prelude::*;
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl};
use domain::{Role, UserId};
use uuid::Uuid;

use crate::mails::queue;
use crate::schema::{api_keys, email_tokens, invitations, members, users};
use crate::sessions::revoke_all;
use crate::{NewMail, Store, StoreError, letters};

/// A person is not sent two links of one purpose within this time.
const PAUSE: TimeDelta = TimeDelta::minutes(1);

/// What following a link does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EmailPurpose {
    /// Proves the address.
    VerifyEmail,
    /// Sets a new password.
    ResetPassword,
}

impl EmailPurpose {
    const fn as_str(self) -> &'static str {
        match self {
            Self::VerifyEmail => "verify_email",
            Self::ResetPassword => "reset_password",
        }
    }

    /// How long a link works.
    #[must_use]
    pub const fn lifetime(self) -> TimeDelta {
        match self {
            Self::VerifyEmail => TimeDelta::hours(24),
            Self::ResetPassword => TimeDelta::hours(1),
        }
    }
}

/// A link that is about to be mailed.
#[derive(Debug, Clone)]
pub struct NewEmailToken {
    /// What it does.
    pub purpose: EmailPurpose,
    /// SHA-256 of the secret in it.
    pub hash: [u8; 32],
    /// The letter that carries it.
    pub mail: NewMail,
}

impl Store {
    /// Mails a link; earlier ones of this purpose end. False where the person was sent one within a minute: nothing
    /// happens then.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn send_email_token(
        &self,
        user: UserId,
        new: NewEmailToken,
        now: DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        let mut connection = self.connection().await?;
        (*connection)
            .transaction(async |connection: &mut AsyncPgConnection| {
                // Two requests at once take turns, so that one of them sees the other's letter.
                let found = users::table.find(user.0).select(users::id).for_no_key_update();
                if found.first::<Uuid>(connection).await.optional()?.is_none() {
                    return Ok(false);
                }
                let mine =
                    email_tokens::user_id.eq(user.0).and(email_tokens::purpose.eq(new.purpose.as_str()));
                let recent =
                    email_tokens::table.filter(mine).filter(email_tokens::created_at.gt(now - PAUSE));
                if recent.count().get_result::<i64>(connection).await? > 0 {
                    return Ok(false);
                }
                diesel::delete(email_tokens::table.filter(mine)).execute(connection).await?;
                insert(connection, user, new, now).await?;
                Ok(true)
            })
            .await
    }

    /// Follows a link that proves an address; none where the link is unknown, used or too old.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn verify_email(
        &self,
        hash: [u8; 32],
        now: DateTime<Utc>,
    ) -> Result<Option<UserId>, StoreError> {
        let mut connection = self.connection().await?;
        (*connection)
            .transaction(async |connection: &mut AsyncPgConnection| {
                let Some(user) = consume(connection, EmailPurpose::VerifyEmail, hash, now).await? else {
                    return Ok(None);
                };
                let row = users::table.find(user.0).filter(users::email_verified_at.is_null());
                diesel::update(row)
                    .set((users::email_verified_at.eq(now), users::updated_at.eq(now)))
                    .execute(connection)
                    .await?;
                Ok(Some(user))
            })
            .await
    }

    /// Follows a link that sets a new password. It proves the address too, ends every session of the person and
    /// tells them by mail; none where the link is unknown, used or too old.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn reset_password(
        &self,
        hash: [u8; 32],
        password_hash: &str,
        now: DateTime<Utc>,
    ) -> Result<Option<UserId>, StoreError> {
        let mut connection = self.connection().await?;
        (*connection)
            .transaction(async |connection: &mut AsyncPgConnection| {
                let Some(user) = consume(connection, EmailPurpose::ResetPassword, hash, now).await? else {
                    return Ok(None);
                };
                disown_strangers(connection, user, now).await?;
                let email: String = diesel::update(users::table.find(user.0))
                    .set((
                        users::password_hash.eq(password_hash),
                        users::email_verified_at.eq(now),
                        users::updated_at.eq(now),
                    ))
                    .returning(users::email)
                    .get_result(connection)
                    .await?;
                revoke_all(connection, user, None, now).await?;
                queue(connection, letters::password_changed(&email), now).await?;
                Ok(Some(user))
            })
            .await
    }
}

/// Whoever signed up with an address that was never confirmed may have been somebody else: when its holder proves it,
/// the keys and invitations that were made until then end.
async fn disown_strangers(
    connection: &mut AsyncPgConnection,
    user: UserId,
    now: DateTime<Utc>,
) -> QueryResult<()> {
    let confirmed: Option<DateTime<Utc>> =
        users::table.find(user.0).select(users::email_verified_at).first(connection).await?;
    if confirmed.is_some() {
        return Ok(());
    }
    let owned: Vec<Uuid> = members::table
        .filter(members::user_id.eq(user.0).and(members::role.eq(Role::Owner.as_str())))
        .select(members::account_id)
        .load(connection)
        .await?;
    let keys =
        api_keys::table.filter(api_keys::account_id.eq_any(&owned).and(api_keys::revoked_at.is_null()));
    diesel::update(keys).set(api_keys::revoked_at.eq(now)).execute(connection).await?;
    let open = invitations::table.filter(
        invitations::account_id
            .eq_any(&owned)
            .and(invitations::accepted_at.is_null())
            .and(invitations::revoked_at.is_null()),
    );
    diesel::update(open).set(invitations::revoked_at.eq(now)).execute(connection).await?;
    Ok(())
}

/// Writes a link and its letter.
pub(crate) async fn insert(
    connection: &mut AsyncPgConnection,
    user: UserId,
    new: NewEmailToken,
    now: DateTime<Utc>,
) -> QueryResult<()> {
    let values = (
        email_tokens::hash.eq(new.hash.to_vec()),
        email_tokens::user_id.eq(user.0),
        email_tokens::purpose.eq(new.purpose.as_str()),
        email_tokens::created_at.eq(now),
        email_tokens::expires_at.eq(now + new.purpose.lifetime()),
    );
    diesel::insert_into(email_tokens::table).values(values).execute(connection).await?;
    queue(connection, new.mail, now).await
}

/// Uses a link, once however many try.
async fn consume(
    connection: &mut AsyncPgConnection,
    purpose: EmailPurpose,
    hash: [u8; 32],
    now: DateTime<Utc>,
) -> QueryResult<Option<UserId>> {
    let open = email_tokens::table
        .find(hash.to_vec())
        .filter(email_tokens::purpose.eq(purpose.as_str()))
        .filter(email_tokens::used_at.is_null())
        .filter(email_tokens::expires_at.gt(now));
    let user = diesel::update(open)
        .set(email_tokens::used_at.eq(now))
        .returning(email_tokens::user_id)
        .get_result::<Uuid>(connection)
        .await
        .optional()?;
    Ok(user.map(UserId))
}
