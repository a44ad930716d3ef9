//! Seats that are offered and not taken yet. Members and open invitations together are bounded by the plan.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl};
use domain::{AccountId, Role, UserId};
use serde_json::json;
use uuid::Uuid;

use crate::api_keys::lock_account;
use crate::audit_log::record;
use crate::convert::{named, storable};
use crate::mails::queue;
use crate::schema::invitations;
use crate::seats::{free_address, require_seat};
use crate::{Actor, AuditEntry, NewMail, Store, StoreError};

/// An invitation that is about to be mailed.
#[derive(Debug, Clone)]
pub struct NewInvitation {
    /// To which account.
    pub account_id: AccountId,
    /// Whom; kept in lower case.
    pub email: String,
    /// What they will be: admin or member.
    pub role: Role,
    /// SHA-256 of the secret in the letter.
    pub token_hash: [u8; 32],
    /// Who invites.
    pub invited_by: UserId,
    /// When it ends.
    pub expires_at: DateTime<Utc>,
}

/// An invitation that was neither accepted nor withdrawn.
#[derive(Clone, PartialEq, Eq)]
pub struct Invitation {
    /// Its identity.
    pub id: Uuid,
    /// To which account.
    pub account_id: AccountId,
    /// Whom.
    pub email: String,
    /// What they will be.
    pub role: Role,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When it ends; an ended one holds no seat.
    pub expires_at: DateTime<Utc>,
}

impl std::fmt::Debug for Invitation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // The address does not belong into a log.
        f.debug_struct("Invitation").field("id", &self.id).field("role", &self.role).finish_non_exhaustive()
    }
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = invitations, check_for_backend(diesel::pg::Pg))]
pub(crate) struct InvitationRow {
    id: Uuid,
    account_id: Uuid,
    email: String,
    role: String,
    created_at: DateTime<Utc>,
    expires_at: DateTime<Utc>,
}

impl TryFrom<InvitationRow> for Invitation {
    type Error = StoreError;

    fn try_from(row: InvitationRow) -> Result<Self, StoreError> {
        Ok(Self {
            id: row.id,
            account_id: AccountId(row.account_id),
            email: row.email,
            role: named("invitations.role", &row.role)?,
            created_at: row.created_at,
            expires_at: row.expires_at,
        })
    }
}

/// Neither accepted nor withdrawn.
#[diesel::dsl::auto_type(no_type_alias)]
pub(crate) fn open() -> _ {
    invitations::accepted_at.is_null().and(invitations::revoked_at.is_null())
}

impl Store {
    /// Invites a person, where the account then has at most `max_seats` members and open invitations. An invitation
    /// of the same address that has ended is replaced.
    ///
    /// # Errors
    /// [`StoreError::AlreadyExists`] where the person is a member or invited, [`StoreError::LimitReached`] beyond
    /// the seats, also when many ask at once.
    pub async fn invite(
        &self,
        new: NewInvitation,
        max_seats: u32,
        mail: NewMail,
        now: DateTime<Utc>,
    ) -> Result<Invitation, StoreError> {
        storable("email", &new.email)?;
        let mut connection = self.connection().await?;
        (*connection)
            .transaction(async |connection: &mut AsyncPgConnection| {
                lock_account(connection, new.account_id).await?;
                free_address(connection, &new, now).await?;
                require_seat(connection, new.account_id, None, max_seats, now).await?;
                let invitation = insert(connection, &new, now).await?;
                let details = json!({ "role": new.role.as_str() });
                let actor = Actor::User(new.invited_by);
                note(connection, &invitation, actor, "invitation.sent", details, now).await?;
                queue(connection, mail, now).await?;
                Ok(invitation)
            })
            .await
    }

    /// Mails an open invitation again with another secret and a new end; the old secret works no longer. None where
    /// the account has no such open invitation.
    ///
    /// # Errors
    /// [`StoreError::LimitReached`] where the invitation had ended and its seat is taken.
    pub async fn resend_invitation(
        &self,
        (account, id): (AccountId, Uuid),
        token_hash: [u8; 32],
        expires_at: DateTime<Utc>,
        max_seats: u32,
        letter: impl FnOnce(&Invitation) -> NewMail + Send,
        now: DateTime<Utc>,
    ) -> Result<Option<Invitation>, StoreError> {
        let mut connection = self.connection().await?;
        (*connection)
            .transaction(async |connection: &mut AsyncPgConnection| {
                lock_account(connection, account).await?;
                require_seat(connection, account, Some(id), max_seats, now).await?;
                let mine = invitations::id.eq(id).and(invitations::account_id.eq(account.0));
                let row = diesel::update(invitations::table.filter(mine.and(open())))
                    .set((
                        invitations::token_hash.eq(token_hash.to_vec()),
                        invitations::expires_at.eq(expires_at),
                    ))
                    .returning(InvitationRow::as_returning())
                    .get_result(connection)
                    .await
                    .optional()?;
                let Some(row) = row else { return Ok(None) };
                let invitation = Invitation::try_from(row)?;
                queue(connection, letter(&invitation), now).await?;
                Ok(Some(invitation))
            })
            .await
    }

    /// Withdraws an open invitation; false where the account has no such one.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn revoke_invitation(
        &self,
        account: AccountId,
        id: Uuid,
        actor: Actor,
        now: DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        let mut connection = self.connection().await?;
        (*connection)
            .transaction(async |connection: &mut AsyncPgConnection| {
                let mine = invitations::id.eq(id).and(invitations::account_id.eq(account.0));
                let row = diesel::update(invitations::table.filter(mine.and(open())))
                    .set(invitations::revoked_at.eq(now))
                    .returning(InvitationRow::as_returning())
                    .get_result(connection)
                    .await
                    .optional()?;
                let Some(row) = row else { return Ok(false) };
                let invitation = Invitation::try_from(row)?;
                note(connection, &invitation, actor, "invitation.revoked", json!({}), now).await?;
                Ok(true)
            })
            .await
    }

    /// The open invitations of an account, ended ones too, the oldest first.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn list_invitations(&self, account: AccountId) -> Result<Vec<Invitation>, StoreError> {
        let mut connection = self.connection().await?;
        let rows: Vec<InvitationRow> = invitations::table
            .filter(invitations::account_id.eq(account.0).and(open()))
            .order((invitations::created_at, invitations::id))
            .select(InvitationRow::as_select())
            .load(&mut connection)
            .await?;
        rows.into_iter().map(Invitation::try_from).collect()
    }
}

async fn insert(
    connection: &mut AsyncPgConnection,
    new: &NewInvitation,
    now: DateTime<Utc>,
) -> Result<Invitation, StoreError> {
    let values = (
        invitations::id.eq(Uuid::now_v7()),
        invitations::account_id.eq(new.account_id.0),
        invitations::email.eq(new.email.to_lowercase()),
        invitations::role.eq(new.role.as_str()),
        invitations::token_hash.eq(new.token_hash.to_vec()),
        invitations::invited_by.eq(new.invited_by.0),
        invitations::created_at.eq(now),
        invitations::expires_at.eq(new.expires_at),
    );
    diesel::insert_into(invitations::table)
        .values(values)
        .returning(InvitationRow::as_returning())
        .get_result(connection)
        .await?
        .try_into()
}

async fn note(
    connection: &mut AsyncPgConnection,
    invitation: &Invitation,
    actor: Actor,
    action: &'static str,
    details: serde_json::Value,
    now: DateTime<Utc>,
) -> QueryResult<()> {
    let entry = AuditEntry {
        account_id: Some(invitation.account_id),
        actor,
        action,
        object: invitation.id.to_string(),
        details,
    };
    record(connection, entry, now).await
}
