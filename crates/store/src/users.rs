use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl};
use domain::{SessionId, UserId};
use uuid::Uuid;

use crate::mails::queue;
use crate::schema::users;
use crate::sessions::revoke_all;
use crate::{Store, StoreError, letters};

/// A person who can log in.
#[derive(Clone, PartialEq, Eq)]
pub struct User {
    /// Their identity.
    pub id: UserId,
    /// In lower case; unique.
    pub email: String,
    /// An argon2id PHC string; without one there is no password login.
    pub password_hash: Option<String>,
    /// When a link sent to the address was followed.
    pub email_verified_at: Option<DateTime<Utc>>,
}

impl std::fmt::Debug for User {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // Neither the address nor the password hash belongs into a log.
        f.debug_struct("User").field("id", &self.id).finish_non_exhaustive()
    }
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = users, check_for_backend(diesel::pg::Pg))]
pub(crate) struct UserRow {
    id: Uuid,
    email: String,
    password_hash: Option<String>,
    email_verified_at: Option<DateTime<Utc>>,
}

impl From<UserRow> for User {
    fn from(row: UserRow) -> Self {
        Self {
            id: UserId(row.id),
            email: row.email,
            password_hash: row.password_hash,
            email_verified_at: row.email_verified_at,
        }
    }
}

impl Store {
    /// The person with this address, in any case.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn user_by_email(&self, email: &str) -> Result<Option<User>, StoreError> {
        if email.contains('\0') {
            return Ok(None);
        }
        let mut connection = self.connection().await?;
        let row = users::table
            .filter(users::email.eq(email.to_lowercase()))
            .select(UserRow::as_select())
            .first(&mut connection)
            .await
            .optional()?;
        Ok(row.map(User::from))
    }

    /// Sets a person's password, ends their sessions but `kept`, and tells them by mail. Nothing happens where the
    /// password is not `old` any longer, and the answer is false.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn change_password(
        &self,
        user: UserId,
        old: &str,
        new: &str,
        kept: SessionId,
        now: DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        let mut connection = self.connection().await?;
        (*connection)
            .transaction(async |connection: &mut AsyncPgConnection| {
                let row = users::table.find(user.0).filter(users::password_hash.eq(old));
                let email = diesel::update(row)
                    .set((users::password_hash.eq(new), users::updated_at.eq(now)))
                    .returning(users::email)
                    .get_result::<String>(connection)
                    .await
                    .optional()?;
                let Some(email) = email else { return Ok(false) };
                revoke_all(connection, user, Some(kept), now).await?;
                queue(connection, letters::password_changed(&email), now).await?;
                Ok(true)
            })
            .await
    }
}
