use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl};
use domain::plan::Overrides;
use domain::{AccountId, AccountState, Role, Tier, UserId};
use uuid::Uuid;

use crate::convert::{named, number, storable};
use crate::error::violates;
use crate::members::join;
use crate::schema::{accounts, users};
use crate::{Store, StoreError};

/// An account that does not exist yet, and the person who owns it.
#[derive(Clone)]
pub struct NewAccount {
    /// Address of the account and of its owner, in any case; kept in lower case.
    pub email: String,
    /// The owner's argon2id PHC string; without one there is no password login.
    pub password_hash: Option<String>,
    /// The access tier.
    pub tier: Tier,
    /// Whether its members may use operator routes.
    pub is_admin: bool,
}

/// The owner of keys, sources, results and credits.
#[derive(Clone, PartialEq)]
pub struct Account {
    /// Its identity.
    pub id: AccountId,
    /// Where the service writes to, in lower case; unique.
    pub email: String,
    /// What its members call it; empty until they say.
    pub name: String,
    /// The access tier.
    pub tier: Tier,
    /// Its own limits, in the place of the plan's.
    pub overrides: Overrides,
    /// How it stands with the service.
    pub state: AccountState,
    /// What led to the state, and what follows.
    pub lifecycle: Lifecycle,
    /// Whether its members may use operator routes.
    pub is_admin: bool,
    /// Whether it has opted in to delivery outside the included regions.
    pub global_delivery: bool,
    /// Bytes in its Storage Library.
    pub stored_bytes: u64,
    /// When it was created.
    pub created_at: DateTime<Utc>,
}

/// The `lifecycle` of the limits' answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lifecycle {
    /// Why the account is in its state; empty where nobody said.
    pub reason: String,
    /// The tier before the last change.
    pub previous_tier: Option<Tier>,
    /// The tier that it is moving to.
    pub target_tier: Option<Tier>,
    /// Bytes in the Storage Library at the last change of tier.
    pub storage_bytes_at_transition: u64,
    /// Cap of the Storage Library after that change.
    pub storage_cap_bytes_at_transition: u64,
    /// Warnings that were sent in this state.
    pub warning_count: u32,
}

impl std::fmt::Debug for Account {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // The address does not belong into a log.
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
pub(crate) struct AccountRow {
    id: Uuid,
    email: String,
    name: String,
    tier: String,
    overrides: serde_json::Value,
    state: String,
    state_reason: String,
    previous_tier: Option<String>,
    target_tier: Option<String>,
    storage_bytes_at_transition: i64,
    storage_cap_bytes_at_transition: i64,
    warning_count: i32,
    is_admin: bool,
    global_delivery: bool,
    stored_bytes: i64,
    created_at: DateTime<Utc>,
}

impl TryFrom<AccountRow> for Account {
    type Error = StoreError;

    fn try_from(row: AccountRow) -> Result<Self, StoreError> {
        let tier = |what, name: Option<String>| name.map(|name| named(what, &name)).transpose();
        Ok(Self {
            id: AccountId(row.id),
            email: row.email,
            name: row.name,
            tier: named("accounts.tier", &row.tier)?,
            overrides: overrides(row.overrides)?,
            state: named("accounts.state", &row.state)?,
            lifecycle: Lifecycle {
                reason: row.state_reason,
                previous_tier: tier("accounts.previous_tier", row.previous_tier)?,
                target_tier: tier("accounts.target_tier", row.target_tier)?,
                storage_bytes_at_transition: number(
                    "accounts.storage_bytes_at_transition",
                    row.storage_bytes_at_transition,
                )?,
                storage_cap_bytes_at_transition: number(
                    "accounts.storage_cap_bytes_at_transition",
                    row.storage_cap_bytes_at_transition,
                )?,
                warning_count: number("accounts.warning_count", row.warning_count)?,
            },
            is_admin: row.is_admin,
            global_delivery: row.global_delivery,
            stored_bytes: number("accounts.stored_bytes", row.stored_bytes)?,
            created_at: row.created_at,
        })
    }
}

/// The column into its type.
pub(crate) fn overrides(value: serde_json::Value) -> Result<Overrides, StoreError> {
    serde_json::from_value(value).map_err(|_| StoreError::Corrupt { what: "accounts.overrides" })
}

impl Store {
    /// Creates an account with its owner. A person who exists already owns it too, with the password they have.
    ///
    /// # Errors
    /// [`StoreError::AlreadyExists`] where an account has this address.
    pub async fn create_account(&self, new: NewAccount, now: DateTime<Utc>) -> Result<Account, StoreError> {
        storable("email", &new.email)?;
        let mut connection = self.connection().await?;
        (*connection)
            .transaction(async |connection: &mut AsyncPgConnection| {
                let account = insert(connection, &new, now).await?;
                let owner = upsert_user(connection, &new, now).await?;
                join(connection, account.id, owner, Role::Owner, now).await?;
                Ok(account)
            })
            .await
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
}

/// Writes the account's row.
pub(crate) async fn insert(
    connection: &mut AsyncPgConnection,
    new: &NewAccount,
    now: DateTime<Utc>,
) -> Result<Account, StoreError> {
    let values = (
        accounts::id.eq(AccountId::generate().0),
        accounts::email.eq(new.email.to_lowercase()),
        accounts::tier.eq(new.tier.as_str()),
        accounts::state.eq(AccountState::Active.as_str()),
        accounts::is_admin.eq(new.is_admin),
        accounts::created_at.eq(now),
        accounts::updated_at.eq(now),
        accounts::last_active_at.eq(now),
    );
    diesel::insert_into(accounts::table)
        .values(values)
        .returning(AccountRow::as_returning())
        .get_result(connection)
        .await
        .map_err(|error| match violates(&error, "accounts_email") {
            true => StoreError::AlreadyExists { what: "an account with this e-mail address" },
            false => error.into(),
        })?
        .try_into()
}

/// The person with the account's address, made where there is none.
async fn upsert_user(
    connection: &mut AsyncPgConnection,
    new: &NewAccount,
    now: DateTime<Utc>,
) -> QueryResult<UserId> {
    let values = (
        users::id.eq(UserId::generate().0),
        users::email.eq(new.email.to_lowercase()),
        users::password_hash.eq(new.password_hash.as_deref()),
        users::created_at.eq(now),
        users::updated_at.eq(now),
    );
    diesel::insert_into(users::table)
        .values(values)
        .on_conflict(users::email)
        .do_update()
        .set(users::updated_at.eq(now))
        .returning(users::id)
        .get_result(connection)
        .await
        .map(UserId)
}
