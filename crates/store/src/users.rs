use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use domain::UserId;
use uuid::Uuid;

use crate::schema::users;
use crate::{Store, StoreError};

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
}
