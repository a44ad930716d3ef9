//! What was used: exactly one row for a completed job, in the month that reserved it (RELIABILITY R24).

use chrono::{DateTime, NaiveDate, Utc};
use diesel::prelude::*;
use uuid::Uuid;

use crate::schema::ledger;

/// A row of `ledger` to insert; a second one for the same job violates the unique index.
#[derive(Insertable)]
#[diesel(table_name = ledger)]
pub(crate) struct NewEntry {
    pub(crate) job_id: Uuid,
    pub(crate) account_id: Uuid,
    pub(crate) api_key_id: Option<Uuid>,
    pub(crate) month: NaiveDate,
    pub(crate) images: i32,
    pub(crate) source_bytes: i64,
    pub(crate) result_bytes: i64,
    pub(crate) created_at: DateTime<Utc>,
}
