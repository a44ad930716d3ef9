//! A person makes an account for themselves.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl};
use domain::{Role, Tier, UserId};

use crate::accounts::insert as insert_account;
use crate::convert::storable;
use crate::email_tokens::insert as insert_token;
use crate::error::violates;
use crate::members::join;
use crate::schema::users;
use crate::{Account, NewAccount, NewEmailToken, Store, StoreError};

/// Somebody who signs up.
#[derive(Clone)]
pub struct NewSignUp {
    /// Address of the account and of its owner.
    pub email: String,
    /// The owner's argon2id PHC string.
    pub password_hash: String,
    /// The link that proves the address, and its letter.
    pub verification: NewEmailToken,
}

impl std::fmt::Debug for NewSignUp {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // Neither the address nor the password hash belongs into a log.
        f.write_str("NewSignUp(redacted)")
    }
}

impl Store {
    /// Creates an account in the lowest tier with its owner, and mails the owner a link.
    ///
    /// # Errors
    /// [`StoreError::AlreadyExists`] where an account or a person has this address: a stranger must not become the
    /// person who was invited somewhere before.
    pub async fn sign_up(&self, new: NewSignUp, now: DateTime<Utc>) -> Result<(Account, UserId), StoreError> {
        storable("email", &new.email)?;
        let account =
            NewAccount { email: new.email.clone(), password_hash: None, tier: Tier::Free, is_admin: false };
        let mut connection = self.connection().await?;
        (*connection)
            .transaction(async |connection: &mut AsyncPgConnection| {
                let account = insert_account(connection, &account, now).await?;
                let owner = insert_user(connection, &new, now).await?;
                join(connection, account.id, owner, Role::Owner, now).await?;
                insert_token(connection, owner, new.verification, now).await?;
                Ok((account, owner))
            })
            .await
    }
}

async fn insert_user(
    connection: &mut AsyncPgConnection,
    new: &NewSignUp,
    now: DateTime<Utc>,
) -> Result<UserId, StoreError> {
    let id = UserId::generate();
    let values = (
        users::id.eq(id.0),
        users::email.eq(new.email.to_lowercase()),
        users::password_hash.eq(&new.password_hash),
        users::created_at.eq(now),
        users::updated_at.eq(now),
    );
    diesel::insert_into(users::table).values(values).execute(connection).await.map_err(
        |error| match violates(&error, "users_email") {
            true => StoreError::AlreadyExists { what: "a person with this e-mail address" },
            false => error.into(),
        },
    )?;
    Ok(id)
}
