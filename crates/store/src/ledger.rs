//! What was used: exactly one row for a completed job, in the month that reserved it (RELIABILITY R24).

use chrono::{DateTime, NaiveDate, Utc};
use diesel::prelude::*;
use uuid::Uuid;

use crate::schema::ledger;

/// A row of `ledger` to insert; a second one for the same job violates the unique index.
#[derive(Insertable)]
// `DEFAULT` in the place of NULL would make another statement, and so one that is prepared for every call.
#[diesel(table_name = ledger, treat_none_as_default_value = false)]
pub(crate) struct NewEntry {
    pub(crate) job_id: Option<Uuid>,
    pub(crate) account_id: Uuid,
    pub(crate) api_key_id: Option<Uuid>,
    pub(crate) month: NaiveDate,
    pub(crate) images: i32,
    pub(crate) source_bytes: i64,
    pub(crate) result_bytes: i64,
    pub(crate) created_at: DateTime<Utc>,
}
