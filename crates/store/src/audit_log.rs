//! Who did what to whom. Rows are written with the change that they tell of, and never change.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use domain::{AccountId, UserId};
use serde_json::Value;
use uuid::Uuid;

use crate::schema::audit_log;
use crate::{Store, StoreError};

/// Who acts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Actor {
    /// A person with a session.
    User(UserId),
    /// Somebody at the command line.
    Operator,
    /// The service itself.
    System,
}

impl Actor {
    const fn name(self) -> &'static str {
        match self {
            Self::User(_) => "user",
            Self::Operator => "operator",
            Self::System => "system",
        }
    }

    pub(crate) const fn user(self) -> Option<Uuid> {
        match self {
            Self::User(user) => Some(user.0),
            Self::Operator | Self::System => None,
        }
    }
}

/// Something that was done.
#[derive(Debug, Clone)]
pub struct AuditEntry {
    /// Whom it is about.
    pub account_id: Option<AccountId>,
    /// Who did it.
    pub actor: Actor,
    /// What: a noun and a participle, `key.suspended`.
    pub action: &'static str,
    /// The id of what it was done to.
    pub object: String,
    /// What else is worth knowing; a JSON object without secrets.
    pub details: Value,
}

/// A row of the log.
#[derive(Debug, Clone, PartialEq, Queryable, Selectable)]
#[diesel(table_name = audit_log, check_for_backend(diesel::pg::Pg))]
pub struct AuditRecord {
    /// Its place in the log.
    pub id: i64,
    /// Whom it is about.
    pub account_id: Option<Uuid>,
    /// Which person did it; none for an operator or the service.
    pub actor_id: Option<Uuid>,
    /// `user`, `operator` or `system`.
    pub actor: String,
    /// What was done.
    pub action: String,
    /// The id of what it was done to.
    pub object: String,
    /// What else is worth knowing.
    pub details: Value,
    /// When.
    pub created_at: DateTime<Utc>,
}

impl Store {
    /// Writes an entry that belongs to no other change.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn audit(&self, entry: AuditEntry, now: DateTime<Utc>) -> Result<(), StoreError> {
        let mut connection = self.connection().await?;
        Ok(record(&mut connection, entry, now).await?)
    }

    /// The newest entries first, of one account or of all; `before` is the id of the last one seen.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn audit_log(
        &self,
        account: Option<AccountId>,
        before: Option<i64>,
        limit: u32,
    ) -> Result<Vec<AuditRecord>, StoreError> {
        let mut connection = self.connection().await?;
        let mut query = audit_log::table
            .order(audit_log::id.desc())
            .limit(i64::from(limit))
            .select(AuditRecord::as_select())
            .into_boxed();
        if let Some(account) = account {
            query = query.filter(audit_log::account_id.eq(account.0));
        }
        if let Some(before) = before {
            query = query.filter(audit_log::id.lt(before));
        }
        Ok(query.load(&mut connection).await?)
    }
}

/// Writes an entry within the transaction of what it tells of.
pub(crate) async fn record(
    connection: &mut AsyncPgConnection,
    entry: AuditEntry,
    now: DateTime<Utc>,
) -> QueryResult<()> {
    let values = (
        audit_log::account_id.eq(entry.account_id.map(|id| id.0)),
        audit_log::actor_id.eq(entry.actor.user()),
        audit_log::actor.eq(entry.actor.name()),
        audit_log::action.eq(entry.action),
        audit_log::object.eq(entry.object),
        audit_log::details.eq(entry.details),
        audit_log::created_at.eq(now),
    );
    diesel::insert_into(audit_log::table).values(values).execute(connection).await?;
    Ok(())
}
