//! What was used: exactly one row for a completed job, in the month that reserved it (RELIABILITY R24), and
//! one for each result that was handed out without work.

use chrono::{DateTime, NaiveDate, Utc};
use diesel::prelude::*;
use uuid::Uuid;

use crate::StoreError;
use crate::convert::number;
use crate::credits::Bill;
use crate::schema::ledger;

/// A row of `ledger` to insert; a second one for the same job violates the unique index.
#[derive(Insertable)]
// `DEFAULT` in the place of NULL would make another statement, and so one that is prepared for every call.
#[diesel(table_name = ledger, treat_none_as_default_value = false)]
pub(crate) struct NewEntry {
    job_id: Option<Uuid>,
    account_id: Uuid,
    api_key_id: Option<Uuid>,
    month: NaiveDate,
    images: i32,
    source_bytes: i64,
    result_bytes: i64,
    created_at: DateTime<Utc>,
    kind: &'static str,
    topup_images: i64,
    topup_source_bytes: i64,
    topup_result_bytes: i64,
    overage_images: i64,
    overage_source_bytes: i64,
    overage_result_bytes: i64,
    site: Option<String>,
}

/// Whose use it is, and when.
pub(crate) struct Use {
    /// The job that made the result; none for one that existed.
    pub(crate) job_id: Option<Uuid>,
    pub(crate) account_id: Uuid,
    pub(crate) api_key_id: Option<Uuid>,
    /// First day of the month that pays.
    pub(crate) month: NaiveDate,
    pub(crate) site: Option<String>,
    pub(crate) now: DateTime<Utc>,
}

impl NewEntry {
    pub(crate) fn new(of: Use, bill: &Bill) -> Result<Self, StoreError> {
        let credits = |amount: u64| number::<_, i64>("credits", amount);
        Ok(Self {
            kind: if of.job_id.is_some() { "result" } else { "cached" },
            job_id: of.job_id,
            account_id: of.account_id,
            api_key_id: of.api_key_id,
            month: of.month,
            images: number("images", bill.images.total())?,
            source_bytes: credits(bill.source_bytes.total())?,
            result_bytes: credits(bill.result_bytes.total())?,
            created_at: of.now,
            topup_images: credits(bill.images.topup)?,
            topup_source_bytes: credits(bill.source_bytes.topup)?,
            topup_result_bytes: credits(bill.result_bytes.topup)?,
            overage_images: credits(bill.images.overage)?,
            overage_source_bytes: credits(bill.source_bytes.overage)?,
            overage_result_bytes: credits(bill.result_bytes.overage)?,
            site: of.site,
        })
    }
}
