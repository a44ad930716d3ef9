//! Who may act in an account.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl};
use domain::{AccountId, Role, UserId};
use serde_json::json;
use uuid::Uuid;

use crate::accounts::AccountRow;
use crate::audit_log::record;
use crate::convert::named;
use crate::schema::{accounts, members, users};
use crate::sessions::revoke_in_account;
use crate::{Account, Actor, AuditEntry, Store, StoreError};

/// A person in an account.
#[derive(Clone, PartialEq, Eq)]
pub struct Member {
    /// The person.
    pub user_id: UserId,
    /// Their address.
    pub email: String,
    /// What they may do.
    pub role: Role,
    /// Since when.
    pub joined_at: DateTime<Utc>,
}

impl std::fmt::Debug for Member {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // The address does not belong into a log.
        f.debug_struct("Member")
            .field("user_id", &self.user_id)
            .field("role", &self.role)
            .finish_non_exhaustive()
    }
}

/// An account of a person.
#[derive(Debug, Clone, PartialEq)]
pub struct Membership {
    /// The account.
    pub account: Account,
    /// What the person may do in it.
    pub role: Role,
}

/// What became of the wish to remove a member.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Removal {
    /// They are no member any longer, and their sessions in the account have ended.
    Removed,
    /// They were none.
    NotFound,
    /// They own the account.
    IsOwner,
}

impl Store {
    /// The members of an account, in the order in which they joined.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn list_members(&self, account: AccountId) -> Result<Vec<Member>, StoreError> {
        let mut connection = self.connection().await?;
        let rows = members::table
            .inner_join(users::table)
            .filter(members::account_id.eq(account.0))
            .order((members::joined_at, members::user_id))
            .select((members::user_id, users::email, members::role, members::joined_at))
            .load::<(Uuid, String, String, DateTime<Utc>)>(&mut connection)
            .await?;
        let member = |(user, email, role, joined_at): (Uuid, String, String, DateTime<Utc>)| {
            Ok(Member { user_id: UserId(user), email, role: named("members.role", &role)?, joined_at })
        };
        rows.into_iter().map(member).collect()
    }

    /// The accounts of a person: the one they own first, then in the order in which they joined.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn accounts_of(&self, user: UserId) -> Result<Vec<Membership>, StoreError> {
        let mut connection = self.connection().await?;
        let rows = members::table
            .inner_join(accounts::table)
            .filter(members::user_id.eq(user.0))
            .order((members::joined_at, members::account_id))
            .select((AccountRow::as_select(), members::role))
            .load::<(AccountRow, String)>(&mut connection)
            .await?;
        let membership = |(account, role): (AccountRow, String)| {
            Ok(Membership { account: account.try_into()?, role: named("members.role", &role)? })
        };
        let mut found = rows.into_iter().map(membership).collect::<Result<Vec<_>, StoreError>>()?;
        found.sort_by_key(|membership| membership.role != Role::Owner);
        Ok(found)
    }

    /// Removes a member who is not the owner, and ends their sessions in the account.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn remove_member(
        &self,
        account: AccountId,
        user: UserId,
        actor: Actor,
        now: DateTime<Utc>,
    ) -> Result<Removal, StoreError> {
        let mut connection = self.connection().await?;
        (*connection)
            .transaction(async |connection: &mut AsyncPgConnection| {
                let row = members::table.find((account.0, user.0));
                let role = row.select(members::role).for_update().first::<String>(connection).await;
                match role.optional()? {
                    None => return Ok(Removal::NotFound),
                    Some(role) if role == Role::Owner.as_str() => return Ok(Removal::IsOwner),
                    Some(_) => diesel::delete(row).execute(connection).await?,
                };
                revoke_in_account(connection, account, Some(user), now).await?;
                let entry = entry(account, actor, "member.removed", user, json!({}));
                record(connection, entry, now).await?;
                Ok(Removal::Removed)
            })
            .await
    }

    /// Gives a member who is not the owner another role; false where there is no such member.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn change_member_role(
        &self,
        account: AccountId,
        user: UserId,
        role: Role,
        actor: Actor,
        now: DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        let mut connection = self.connection().await?;
        (*connection)
            .transaction(async |connection: &mut AsyncPgConnection| {
                let row =
                    members::table.find((account.0, user.0)).filter(members::role.ne(Role::Owner.as_str()));
                let set = diesel::update(row).set(members::role.eq(role.as_str()));
                if set.execute(connection).await? == 0 {
                    return Ok(false);
                }
                let details = json!({ "role": role.as_str() });
                record(connection, entry(account, actor, "member.role_changed", user, details), now).await?;
                Ok(true)
            })
            .await
    }
}

fn entry(
    account: AccountId,
    actor: Actor,
    action: &'static str,
    user: UserId,
    details: serde_json::Value,
) -> AuditEntry {
    AuditEntry { account_id: Some(account), actor, action, object: user.to_string(), details }
}

/// Makes a person a member; one who is a member already keeps their role.
pub(crate) async fn join(
    connection: &mut AsyncPgConnection,
    account: AccountId,
    user: UserId,
    role: Role,
    now: DateTime<Utc>,
) -> QueryResult<()> {
    let values = (
        members::account_id.eq(account.0),
        members::user_id.eq(user.0),
        members::role.eq(role.as_str()),
        members::joined_at.eq(now),
    );
    let insert = diesel::insert_into(members::table).values(values);
    insert.on_conflict((members::account_id, members::user_id)).do_nothing().execute(connection).await?;
    Ok(())
}
