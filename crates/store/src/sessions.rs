//! Log-ins. A session is one person in one account; it stands until it is revoked or its refresh token ends.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl};
use domain::{AccountId, Role, SessionId, UserId};
use serde_json::json;
use uuid::Uuid;

use crate::accounts::AccountRow;
use crate::audit_log::record;
use crate::convert::{named, without_nul};
use crate::schema::{accounts, members, sessions, users};
use crate::users::UserRow;
use crate::{Account, Actor, AuditEntry, Store, StoreError, User};

/// Longest name of a client that is kept.
const MAX_USER_AGENT: usize = 300;

/// A log-in that is about to begin.
#[derive(Debug, Clone)]
pub struct NewSession {
    /// Who.
    pub user_id: UserId,
    /// In which account.
    pub account_id: AccountId,
    /// The identity of its first refresh token.
    pub refresh_id: Uuid,
    /// What the client says it is.
    pub user_agent: String,
    /// The end of that token.
    pub expires_at: DateTime<Utc>,
}

/// Who a session speaks for, at this moment.
#[derive(Debug, Clone, PartialEq)]
pub struct SessionHolder {
    /// The account.
    pub account: Account,
    /// The person.
    pub user: User,
    /// What the person may do in the account.
    pub role: Role,
}

/// A session as its person sees it.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable)]
#[diesel(table_name = sessions, check_for_backend(diesel::pg::Pg))]
pub struct SessionItem {
    /// Its identity.
    pub id: Uuid,
    /// The account.
    pub account_id: Uuid,
    /// What the client says it is.
    pub user_agent: String,
    /// The log-in.
    pub created_at: DateTime<Utc>,
    /// The newest refresh.
    pub last_used_at: DateTime<Utc>,
    /// When it ends by itself.
    pub expires_at: DateTime<Utc>,
}

/// What became of a refresh token that was presented.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rotation {
    /// It was the newest; the next one is now.
    Rotated,
    /// It was an older one of a session that stood: somebody has copied it, and the session has ended.
    Reused,
    /// There is no such session any longer.
    Gone,
}

/// Not revoked and not over at `now`.
#[diesel::dsl::auto_type(no_type_alias)]
fn standing(now: DateTime<Utc>) -> _ {
    sessions::revoked_at.is_null().and(sessions::expires_at.gt(now))
}

impl Store {
    /// Begins a session; sessions of the person that are over are forgotten.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn create_session(&self, new: NewSession, now: DateTime<Utc>) -> Result<SessionId, StoreError> {
        let id = SessionId::generate();
        let agent: String = without_nul(&new.user_agent).chars().take(MAX_USER_AGENT).collect();
        let values = (
            sessions::id.eq(id.0),
            sessions::user_id.eq(new.user_id.0),
            sessions::account_id.eq(new.account_id.0),
            sessions::refresh_id.eq(new.refresh_id),
            sessions::user_agent.eq(agent),
            sessions::created_at.eq(now),
            sessions::last_used_at.eq(now),
            sessions::expires_at.eq(new.expires_at),
        );
        let mut connection = self.connection().await?;
        (*connection)
            .transaction(async |connection: &mut AsyncPgConnection| {
                let over = sessions::user_id.eq(new.user_id.0).and(sessions::expires_at.le(now));
                diesel::delete(sessions::table.filter(over)).execute(connection).await?;
                diesel::insert_into(sessions::table).values(values).execute(connection).await?;
                diesel::update(accounts::table.find(new.account_id.0))
                    .set(accounts::last_active_at.eq(now))
                    .execute(connection)
                    .await?;
                Ok(id)
            })
            .await
    }

    /// Who the session speaks for: none where it is revoked, over or unknown, belongs to another person or account,
    /// or the person is no member of the account any longer. One round trip.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn session(
        &self,
        id: SessionId,
        user: UserId,
        account: AccountId,
        now: DateTime<Utc>,
    ) -> Result<Option<SessionHolder>, StoreError> {
        let membership =
            members::account_id.eq(sessions::account_id).and(members::user_id.eq(sessions::user_id));
        let mine = sessions::user_id.eq(user.0).and(sessions::account_id.eq(account.0));
        let mut connection = self.connection().await?;
        let row = sessions::table
            .inner_join(users::table)
            .inner_join(accounts::table)
            .inner_join(members::table.on(membership))
            .filter(sessions::id.eq(id.0).and(mine).and(standing(now)))
            .select((AccountRow::as_select(), UserRow::as_select(), members::role))
            .first::<(AccountRow, UserRow, String)>(&mut connection)
            .await
            .optional()?;
        row.map(|(account, user, role)| {
            let role = named("members.role", &role)?;
            Ok(SessionHolder { account: account.try_into()?, user: user.into(), role })
        })
        .transpose()
    }

    /// Puts the next refresh token in the place of the one that was presented. An older one of a session that
    /// stands was copied: the session ends.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn rotate_session(
        &self,
        id: SessionId,
        presented: Uuid,
        next: Uuid,
        expires_at: DateTime<Utc>,
        now: DateTime<Utc>,
    ) -> Result<Rotation, StoreError> {
        let mut connection = self.connection().await?;
        (*connection)
            .transaction(async |connection: &mut AsyncPgConnection| {
                let newest = sessions::id.eq(id.0).and(sessions::refresh_id.eq(presented));
                let rotated = diesel::update(sessions::table.filter(newest.and(standing(now))))
                    .set((
                        sessions::refresh_id.eq(next),
                        sessions::last_used_at.eq(now),
                        sessions::expires_at.eq(expires_at),
                    ))
                    .returning(sessions::account_id)
                    .get_result::<Uuid>(connection)
                    .await
                    .optional()?;
                if let Some(account) = rotated {
                    let account = accounts::table.find(account);
                    diesel::update(account).set(accounts::last_active_at.eq(now)).execute(connection).await?;
                    return Ok(Rotation::Rotated);
                }
                end_stolen(connection, id, now).await
            })
            .await
    }

    /// The sessions of a person that stand, the newest first.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn list_sessions(
        &self,
        user: UserId,
        now: DateTime<Utc>,
    ) -> Result<Vec<SessionItem>, StoreError> {
        let mut connection = self.connection().await?;
        Ok(sessions::table
            .filter(sessions::user_id.eq(user.0).and(standing(now)))
            .order((sessions::created_at.desc(), sessions::id.desc()))
            .select(SessionItem::as_select())
            .load(&mut connection)
            .await?)
    }

    /// Ends a session of a person; false where they have no such session that stands.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn revoke_session(
        &self,
        user: UserId,
        id: SessionId,
        now: DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        let mut connection = self.connection().await?;
        let mine = sessions::id.eq(id.0).and(sessions::user_id.eq(user.0));
        let ended = diesel::update(sessions::table.filter(mine.and(standing(now))))
            .set(sessions::revoked_at.eq(now))
            .execute(&mut connection)
            .await?;
        Ok(ended == 1)
    }
}

/// The session was asked for with a refresh token that is not its newest.
async fn end_stolen(
    connection: &mut AsyncPgConnection,
    id: SessionId,
    now: DateTime<Utc>,
) -> Result<Rotation, StoreError> {
    let ended = diesel::update(sessions::table.filter(sessions::id.eq(id.0).and(standing(now))))
        .set(sessions::revoked_at.eq(now))
        .returning((sessions::account_id, sessions::user_id))
        .get_result::<(Uuid, Uuid)>(connection)
        .await
        .optional()?;
    let Some((account, user)) = ended else { return Ok(Rotation::Gone) };
    let entry = AuditEntry {
        account_id: Some(AccountId(account)),
        actor: Actor::System,
        action: "session.revoked",
        object: id.to_string(),
        details: json!({"reason": "an old refresh token was used", "user_id": user}),
    };
    record(connection, entry, now).await?;
    Ok(Rotation::Reused)
}

/// Ends the sessions of a person, all but `kept`.
pub(crate) async fn revoke_all(
    connection: &mut AsyncPgConnection,
    user: UserId,
    kept: Option<SessionId>,
    now: DateTime<Utc>,
) -> QueryResult<()> {
    // No session has the nil UUID.
    let kept = kept.map_or(Uuid::nil(), |id| id.0);
    let others = sessions::user_id.eq(user.0).and(sessions::id.ne(kept)).and(sessions::revoked_at.is_null());
    diesel::update(sessions::table.filter(others))
        .set(sessions::revoked_at.eq(now))
        .execute(connection)
        .await?;
    Ok(())
}

/// Ends the sessions in an account: of one person, or of all.
pub(crate) async fn revoke_in_account(
    connection: &mut AsyncPgConnection,
    account: AccountId,
    user: Option<UserId>,
    now: DateTime<Utc>,
) -> QueryResult<()> {
    let mut statement = diesel::update(sessions::table)
        .set(sessions::revoked_at.eq(now))
        .filter(sessions::account_id.eq(account.0))
        .filter(sessions::revoked_at.is_null())
        .into_boxed();
    if let Some(user) = user {
        statement = statement.filter(sessions::user_id.eq(user.0));
    }
    statement.execute(connection).await?;
    Ok(())
}
