//! Plans that must be asked for: who asked, and what became of it.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl};
use domain::AccountId;
use serde_json::json;
use uuid::Uuid;

use crate::audit_log::record;
use crate::convert::storable;
use crate::mails::queue;
use crate::schema::access_requests;
use crate::{Actor, AuditEntry, NewMail, Store, StoreError};

/// Somebody who asks for a plan.
#[derive(Clone, PartialEq, Eq)]
pub struct NewAccessRequest {
    /// Their account, where they are logged in.
    pub account_id: Option<AccountId>,
    /// Where to answer.
    pub email: String,
    /// Their name; may be empty.
    pub name: String,
    /// Their company; may be empty.
    pub company: String,
    /// The plan.
    pub plan: String,
    /// What else they say; may be empty.
    pub message: String,
}

/// A request as operators see it.
#[derive(Clone, PartialEq, Eq, Queryable, Selectable)]
#[diesel(table_name = access_requests, check_for_backend(diesel::pg::Pg))]
pub struct AccessRequest {
    /// Its identity.
    pub id: Uuid,
    /// The account that asked.
    pub account_id: Option<Uuid>,
    /// Where to answer.
    pub email: String,
    /// Who asks.
    pub name: String,
    /// For which company.
    pub company: String,
    /// The plan.
    pub plan: String,
    /// What else they say.
    pub message: String,
    /// When.
    pub created_at: DateTime<Utc>,
    /// When an operator had done with it.
    pub handled_at: Option<DateTime<Utc>>,
}

impl std::fmt::Debug for AccessRequest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // What people say about themselves does not belong into a log.
        f.debug_struct("AccessRequest").field("id", &self.id).finish_non_exhaustive()
    }
}

impl Store {
    /// Keeps a request, with the letter that tells of it.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn create_access_request(
        &self,
        new: &NewAccessRequest,
        mail: NewMail,
        now: DateTime<Utc>,
    ) -> Result<Uuid, StoreError> {
        for (what, text) in [
            ("email", &new.email),
            ("name", &new.name),
            ("company", &new.company),
            ("plan", &new.plan),
            ("message", &new.message),
        ] {
            storable(what, text)?;
        }
        let id = Uuid::now_v7();
        let values = (
            access_requests::id.eq(id),
            access_requests::account_id.eq(new.account_id.map(|id| id.0)),
            access_requests::email.eq(&new.email),
            access_requests::name.eq(&new.name),
            access_requests::company.eq(&new.company),
            access_requests::plan.eq(&new.plan),
            access_requests::message.eq(&new.message),
            access_requests::created_at.eq(now),
        );
        let mut connection = self.connection().await?;
        (*connection)
            .transaction(async |connection: &mut AsyncPgConnection| {
                diesel::insert_into(access_requests::table).values(values).execute(connection).await?;
                queue(connection, mail, now).await?;
                Ok(id)
            })
            .await
    }

    /// Requests, those that wait first, then the newest first.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn list_access_requests(
        &self,
        limit: u32,
        offset: u32,
    ) -> Result<Vec<AccessRequest>, StoreError> {
        let mut connection = self.connection().await?;
        Ok(access_requests::table
            .order((access_requests::handled_at.desc().nulls_first(), access_requests::created_at.desc()))
            .limit(i64::from(limit))
            .offset(i64::from(offset))
            .select(AccessRequest::as_select())
            .load(&mut connection)
            .await?)
    }

    /// Notes that an operator has done with a request; false where there is no such request that waits.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn handle_access_request(
        &self,
        id: Uuid,
        actor: Actor,
        now: DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        let mut connection = self.connection().await?;
        (*connection)
            .transaction(async |connection: &mut AsyncPgConnection| {
                let row = access_requests::table.find(id).filter(access_requests::handled_at.is_null());
                let account = diesel::update(row)
                    .set(access_requests::handled_at.eq(now))
                    .returning(access_requests::account_id)
                    .get_result::<Option<Uuid>>(connection)
                    .await
                    .optional()?;
                let Some(account) = account else { return Ok(false) };
                let entry = AuditEntry {
                    account_id: account.map(AccountId),
                    actor,
                    action: "access_request.handled",
                    object: id.to_string(),
                    details: json!({}),
                };
                record(connection, entry, now).await?;
                Ok(true)
            })
            .await
    }
}
