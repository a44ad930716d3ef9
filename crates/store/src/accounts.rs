use std::str::FromStr;

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use domain::{AccountId, Tier};
use uuid::Uuid;

use crate::convert::{named, storable};
use crate::error::violates;
use crate::schema::accounts;
use crate::{Store, StoreError};

/// Whether an account may use the service.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AccountState {
    /// It may.
    Active,
    /// It was stopped by an operator.
    Suspended,
}

impl AccountState {
    /// The name in the database.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Suspended => "suspended",
        }
    }
}

impl FromStr for AccountState {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        [Self::Active, Self::Suspended]
            .into_iter()
            .find(|state| state.as_str() == text)
            .ok_or_else(|| format!("unknown account state {text:?}"))
    }
}

/// An account that does not exist yet.
#[derive(Clone)]
pub struct NewAccount {
    /// Any case; kept in lower case.
    pub email: String,
    /// An argon2id PHC string; without one there is no password login.
    pub password_hash: Option<String>,
    /// The access tier.
    pub tier: Tier,
    /// Whether it may use operator routes.
    pub is_admin: bool,
}

/// The owner of keys, sources and results.
#[derive(Clone, PartialEq, Eq)]
pub struct Account {
    /// Its identity.
    pub id: AccountId,
    /// In lower case; unique.
    pub email: String,
    /// An argon2id PHC string; without one there is no password login.
    pub password_hash: Option<String>,
    /// The access tier.
    pub tier: Tier,
    /// Whether it may use the service.
    pub state: AccountState,
    /// Whether it may use operator routes.
    pub is_admin: bool,
    /// When it was created.
    pub created_at: DateTime<Utc>,
}

impl std::fmt::Debug for Account {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // Neither the address nor the password hash belongs into a log.
        f.debug_struct("Account")
            .field("id", &self.id)
            .field("tier", &self.tier)
            .field("state", &self.state)
            .field("is_admin", &self.is_admin)
            .finish_non_exhaustive()
    }
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = accounts, check_for_backend(diesel::pg::Pg))]
struct AccountRow {
    id: Uuid,
    email: String,
    password_hash: Option<String>,
    tier: String,
    state: String,
    is_admin: bool,
    created_at: DateTime<Utc>,
}

impl TryFrom<AccountRow> for Account {
    type Error = StoreError;

    fn try_from(row: AccountRow) -> Result<Self, StoreError> {
        Ok(Self {
            id: AccountId(row.id),
            email: row.email,
            password_hash: row.password_hash,
            tier: named("accounts.tier", &row.tier)?,
            state: named("accounts.state", &row.state)?,
            is_admin: row.is_admin,
            created_at: row.created_at,
        })
    }
}

impl Store {
    /// Creates an account.
    ///
    /// # Errors
    /// [`StoreError::AlreadyExists`] where one has this address.
    pub async fn create_account(&self, new: NewAccount, now: DateTime<Utc>) -> Result<Account, StoreError> {
        storable("email", &new.email)?;
        let values = (
            accounts::id.eq(AccountId::generate().0),
            accounts::email.eq(new.email.to_lowercase()),
            accounts::password_hash.eq(new.password_hash),
            accounts::tier.eq(new.tier.as_str()),
            accounts::state.eq(AccountState::Active.as_str()),
            accounts::is_admin.eq(new.is_admin),
            accounts::created_at.eq(now),
            accounts::updated_at.eq(now),
        );
        let mut connection = self.connection().await?;
        diesel::insert_into(accounts::table)
            .values(values)
            .returning(AccountRow::as_returning())
            .get_result(&mut connection)
            .await
            .map_err(|error| match violates(&error, "accounts_email") {
                true => StoreError::AlreadyExists { what: "an account with this e-mail address" },
                false => error.into(),
            })?
            .try_into()
    }

    /// The account with this address, in any case.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn account_by_email(&self, email: &str) -> Result<Option<Account>, StoreError> {
        if email.contains('\0') {
            return Ok(None);
        }
        let mut connection = self.connection().await?;
        accounts::table
            .filter(accounts::email.eq(email.to_lowercase()))
            .select(AccountRow::as_select())
            .first(&mut connection)
            .await
            .optional()?
            .map(Account::try_from)
            .transpose()
    }

    /// The account.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn account(&self, id: AccountId) -> Result<Option<Account>, StoreError> {
        let mut connection = self.connection().await?;
        accounts::table
            .find(id.0)
            .select(AccountRow::as_select())
            .first(&mut connection)
            .await
            .optional()?
            .map(Account::try_from)
            .transpose()
    }

    /// Moves an account to another tier; false where there is no such account. Jobs that are already
    /// accepted keep their class.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn set_tier(&self, id: AccountId, tier: Tier, now: DateTime<Utc>) -> Result<bool, StoreError> {
        let mut connection = self.connection().await?;
        let changed = diesel::update(accounts::table.find(id.0))
            .set((accounts::tier.eq(tier.as_str()), accounts::updated_at.eq(now)))
            .execute(&mut connection)
            .await?;
        Ok(changed == 1)
    }
}
