use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, Utc};
use diesel::expression::ValidGrouping;
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::query_builder::{AstPass, QueryFragment, QueryId};
use diesel::sql_types::Bool;
use domain::{
    AccountId, ApiKeyId, BillingMonth, ErrorCode, ImageId, JobClass, JobId, JobState, OutputOptions, SourceId,
};
use serde_json::Value;
use uuid::Uuid;

use crate::StoreError;
use crate::convert::{named, number, text_map};
use crate::schema::jobs;

/// One piece of work.
#[derive(Debug, Clone, PartialEq)]
pub struct Job {
    /// Its identity.
    pub id: JobId,
    /// The owner.
    pub account_id: AccountId,
    /// The key it was sent with.
    pub api_key_id: Option<ApiKeyId>,
    /// What it works on.
    pub source_id: SourceId,
    /// What it makes; holds the parameters.
    pub image_id: ImageId,
    /// The queue it waits in.
    pub class: JobClass,
    /// Where it stands.
    pub state: JobState,
    /// How often it was claimed; the newest claim's fencing token.
    pub attempt: u32,
    /// How many of these claims were given back because a server of ours was down.
    pub releases: u32,
    /// Until when the holder is believed to be alive.
    pub lease_until: Option<DateTime<Utc>>,
    /// Whether the result is kept until it is deleted.
    pub storage_commit: bool,
    /// Whether the source is kept with the result.
    pub keep_original: bool,
    /// The name that the file came with.
    pub original_filename: String,
    /// Where the source was downloaded from.
    pub src_url: Option<String>,
    /// The month that pays, fixed when the job was accepted.
    pub reserved_month: BillingMonth,
    /// Headers that continue the caller's trace.
    pub trace_context: BTreeMap<String, String>,
    /// What is asked for beyond the image id's parameters.
    pub options: OutputOptions,
    /// Why it failed.
    pub error_code: Option<ErrorCode>,
    /// What the owner is told about it.
    pub error_message: Option<String>,
    /// The field of the request that it is about.
    pub error_field: Option<String>,
    /// What took how long, as the worker reported it.
    pub timings: Option<Value>,
    /// When it was accepted.
    pub created_at: DateTime<Utc>,
    /// When a message was last written for it.
    pub enqueued_at: DateTime<Utc>,
    /// What the caller said that it is for.
    pub site: Option<String>,
    /// Whether it is compressed harder than asked, because of load.
    pub adaptive: bool,
    /// Whether the result was to be kept, and the Storage Library was full.
    pub commit_refused: bool,
    /// When it was last claimed.
    pub started_at: Option<DateTime<Utc>>,
    /// When it ended.
    pub finished_at: Option<DateTime<Utc>>,
}

impl Job {
    /// Claims that may speak against the image: an outage of ours is no attempt (RELIABILITY D10).
    #[must_use]
    pub const fn counted_attempts(&self) -> u32 {
        self.attempt.saturating_sub(self.releases)
    }
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = jobs, check_for_backend(Pg))]
pub(crate) struct JobRow {
    pub(crate) id: Uuid,
    account_id: Uuid,
    api_key_id: Option<Uuid>,
    pub(crate) source_id: Uuid,
    image_id: String,
    class: String,
    state: String,
    attempt: i32,
    releases: i32,
    lease_until: Option<DateTime<Utc>>,
    storage_commit: bool,
    keep_original: bool,
    original_filename: String,
    src_url: Option<String>,
    reserved_month: NaiveDate,
    trace_context: Value,
    options: Value,
    error_code: Option<String>,
    error_message: Option<String>,
    error_field: Option<String>,
    timings: Option<Value>,
    created_at: DateTime<Utc>,
    enqueued_at: DateTime<Utc>,
    started_at: Option<DateTime<Utc>>,
    finished_at: Option<DateTime<Utc>>,
    site: Option<String>,
    adaptive: bool,
    commit_refused: bool,
}

impl TryFrom<JobRow> for Job {
    type Error = StoreError;

    fn try_from(row: JobRow) -> Result<Self, StoreError> {
        Ok(Self {
            id: JobId(row.id),
            account_id: AccountId(row.account_id),
            api_key_id: row.api_key_id.map(ApiKeyId),
            source_id: SourceId(row.source_id),
            image_id: named("jobs.image_id", &row.image_id)?,
            class: named("jobs.class", &row.class)?,
            state: named("jobs.state", &row.state)?,
            attempt: number("jobs.attempt", row.attempt)?,
            releases: number("jobs.releases", row.releases)?,
            lease_until: row.lease_until,
            storage_commit: row.storage_commit,
            keep_original: row.keep_original,
            original_filename: row.original_filename,
            src_url: row.src_url,
            reserved_month: BillingMonth::of_date(row.reserved_month),
            trace_context: text_map("jobs.trace_context", row.trace_context)?,
            options: serde_json::from_value(row.options)
                .map_err(|_| StoreError::Corrupt { what: "jobs.options" })?,
            error_code: row.error_code.map(|code| named("jobs.error_code", &code)).transpose()?,
            error_message: row.error_message,
            error_field: row.error_field,
            timings: row.timings,
            created_at: row.created_at,
            enqueued_at: row.enqueued_at,
            started_at: row.started_at,
            finished_at: row.finished_at,
            site: row.site,
            adaptive: row.adaptive,
            commit_refused: row.commit_refused,
        })
    }
}

/// Declares a condition on `jobs.state`. Literals and not binds: the planner must see that the condition of
/// the partial indexes holds. A node of its own and not `sql()`, whose statements are prepared anew for every
/// call.
macro_rules! state_is {
    ($(#[$doc:meta])* $name:ident, $condition:literal) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, QueryId, ValidGrouping)]
        pub(crate) struct $name;

        impl Expression for $name {
            type SqlType = Bool;
        }

        impl AppearsOnTable<jobs::table> for $name {}
        impl SelectableExpression<jobs::table> for $name {}

        impl QueryFragment<Pg> for $name {
            fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
                out.push_sql($condition);
                Ok(())
            }
        }
    };
}

state_is!(
    /// Waits for a worker or is with one (`jobs_unfinished`). What such a job costs is set aside.
    Unfinished,
    "state IN ('queued', 'processing')"
);
state_is!(
    /// Neither completed nor failed (`jobs_live_image`): a paused job keeps the place of its image too.
    Live,
    "state IN ('queued', 'processing', 'quota_paused')"
);
state_is!(
    /// Waits for credits (`jobs_paused`).
    Paused,
    "state = 'quota_paused'"
);
