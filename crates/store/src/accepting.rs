//! A person takes the seat that they were offered.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl};
use domain::{AccountId, Role, UserId};
use serde_json::json;

use crate::audit_log::record;
use crate::invitations::{InvitationRow, open};
use crate::members::join;
use crate::schema::{invitations, users};
use crate::sessions::revoke_all;
use crate::users::UserRow;
use crate::{Actor, AuditEntry, Invitation, Store, StoreError, User};

/// An open invitation, and whether its person must choose a password.
#[derive(Debug, Clone)]
pub struct InvitationState {
    /// The invitation.
    pub invitation: Invitation,
    /// Nobody with this address has proved that it is theirs: whoever has the letter chooses the password.
    pub needs_password: bool,
}

/// A seat that was taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Acceptance {
    /// In which account.
    pub account_id: AccountId,
    /// By whom.
    pub user_id: UserId,
    /// What they may do.
    pub role: Role,
}

impl Store {
    /// The open invitation with this secret.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn invitation_by_token(
        &self,
        hash: [u8; 32],
        now: DateTime<Utc>,
    ) -> Result<Option<InvitationState>, StoreError> {
        let mut connection = self.connection().await?;
        let found = find(&mut connection, hash, now).await?;
        Ok(found.map(|(invitation, user)| InvitationState {
            needs_password: needs_password(user.as_ref()),
            invitation,
        }))
    }

    /// Takes the seat. The letter proves the address, so a new person needs only a password; so does a person whose
    /// address was never proved: whoever made that person may have been somebody else, and is logged out. None where
    /// the invitation is unknown, used, withdrawn or too old, or a password is needed and not there.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn accept_invitation(
        &self,
        hash: [u8; 32],
        password_hash: Option<&str>,
        now: DateTime<Utc>,
    ) -> Result<Option<Acceptance>, StoreError> {
        let mut connection = self.connection().await?;
        (*connection)
            .transaction(async |connection: &mut AsyncPgConnection| {
                let mine = invitations::table.filter(invitations::token_hash.eq(hash.to_vec()));
                let locked = mine.select(invitations::id).for_update().first::<uuid::Uuid>(connection).await;
                if locked.optional()?.is_none() {
                    return Ok(None);
                }
                let Some((invitation, user)) = find(connection, hash, now).await? else { return Ok(None) };
                let user = match (user, password_hash) {
                    (Some(user), _) if !needs_password(Some(&user)) => user.id,
                    (_, None) => return Ok(None),
                    (_, Some(password)) => prove(connection, &invitation.email, password, now).await?,
                };
                join(connection, invitation.account_id, user, invitation.role, now).await?;
                diesel::update(invitations::table.find(invitation.id))
                    .set(invitations::accepted_at.eq(now))
                    .execute(connection)
                    .await?;
                let entry = AuditEntry {
                    account_id: Some(invitation.account_id),
                    actor: Actor::User(user),
                    action: "invitation.accepted",
                    object: invitation.id.to_string(),
                    details: json!({ "role": invitation.role.as_str() }),
                };
                record(connection, entry, now).await?;
                Ok(Some(Acceptance {
                    account_id: invitation.account_id,
                    user_id: user,
                    role: invitation.role,
                }))
            })
            .await
    }
}

fn needs_password(user: Option<&User>) -> bool {
    user.is_none_or(|user| user.email_verified_at.is_none())
}

async fn find(
    connection: &mut AsyncPgConnection,
    hash: [u8; 32],
    now: DateTime<Utc>,
) -> Result<Option<(Invitation, Option<User>)>, StoreError> {
    let valid = invitations::token_hash.eq(hash.to_vec()).and(invitations::expires_at.gt(now));
    let row = invitations::table
        .filter(valid.and(open()))
        .select(InvitationRow::as_select())
        .first(connection)
        .await
        .optional()?;
    let Some(row) = row else { return Ok(None) };
    let invitation = Invitation::try_from(row)?;
    let user = users::table
        .filter(users::email.eq(&invitation.email))
        .select(UserRow::as_select())
        .first(connection)
        .await
        .optional()?;
    Ok(Some((invitation, user.map(User::from))))
}

/// Makes the person, or gives the one with this address the password of whoever has proved that it is theirs.
async fn prove(
    connection: &mut AsyncPgConnection,
    email: &str,
    password_hash: &str,
    now: DateTime<Utc>,
) -> QueryResult<UserId> {
    let values = (
        users::id.eq(UserId::generate().0),
        users::email.eq(email),
        users::password_hash.eq(password_hash),
        users::email_verified_at.eq(now),
        users::created_at.eq(now),
        users::updated_at.eq(now),
    );
    let user = diesel::insert_into(users::table)
        .values(values)
        .on_conflict(users::email)
        .do_update()
        .set((
            users::password_hash.eq(password_hash),
            users::email_verified_at.eq(now),
            users::updated_at.eq(now),
        ))
        .returning(users::id)
        .get_result::<uuid::Uuid>(connection)
        .await
        .map(UserId)?;
    revoke_all(connection, user, None, now).await?;
    Ok(user)
}
