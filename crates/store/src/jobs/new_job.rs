use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use domain::credits::Funds;
use domain::{
    AccountId, ApiKeyId, BillingMonth, ImageId, JobClass, JobId, JobState, OutputOptions, SourceId,
};

use super::job::Live;
use crate::convert::json_map;
use crate::schema::jobs;
use crate::sources::NewSource;

/// A job that does not exist yet. Its source's object is stored already.
#[derive(Debug, Clone)]
pub struct NewJob {
    /// Its identity; the message names it.
    pub id: JobId,
    /// The owner.
    pub account_id: AccountId,
    /// The key it was sent with.
    pub api_key_id: Option<ApiKeyId>,
    /// What it works on.
    pub source: NewSource,
    /// What it makes; holds the parameters.
    pub image_id: ImageId,
    /// What is asked for beyond that.
    pub options: OutputOptions,
    /// The queue it waits in.
    pub class: JobClass,
    /// Whether the result is kept until it is deleted.
    pub storage_commit: bool,
    /// Whether the source is kept with the result.
    pub keep_original: bool,
    /// The name that the file came with.
    pub original_filename: String,
    /// Where the source was downloaded from.
    pub src_url: Option<String>,
    /// What the caller says that it is for: the site in analytics.
    pub site: Option<String>,
    /// Whether it is compressed harder than asked, because of load.
    pub adaptive: bool,
    /// What the owner may spend.
    pub funds: Funds,
    /// What happens where that is not enough.
    pub when_exhausted: WhenExhausted,
    /// Headers that continue the caller's trace.
    pub trace_context: BTreeMap<String, String>,
}

/// What becomes of work that there are not enough credits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WhenExhausted {
    /// It is refused, and leaves nothing behind.
    Refuse,
    /// It waits for credits.
    Pause,
}

/// Inserts the job as a queued one; false where a live job for the same image is in the way.
pub(super) async fn insert(
    connection: &AsyncPgConnection,
    new: &NewJob,
    source: SourceId,
    now: DateTime<Utc>,
) -> QueryResult<bool> {
    let values = (
        jobs::id.eq(new.id.0),
        jobs::account_id.eq(new.account_id.0),
        jobs::api_key_id.eq(new.api_key_id.map(|key| key.0)),
        jobs::source_id.eq(source.0),
        jobs::image_id.eq(new.image_id.to_string()),
        jobs::class.eq(new.class.as_str()),
        jobs::state.eq(JobState::Queued.as_str()),
        jobs::attempt.eq(0),
        jobs::storage_commit.eq(new.storage_commit),
        jobs::keep_original.eq(new.keep_original),
        jobs::original_filename.eq(new.original_filename.as_str()),
        jobs::src_url.eq(new.src_url.as_deref()),
        jobs::reserved_month.eq(BillingMonth::containing(now).first_day()),
        jobs::trace_context.eq(json_map(&new.trace_context)),
        jobs::options.eq(serde_json::json!(new.options)),
        jobs::created_at.eq(now),
        jobs::enqueued_at.eq(now),
        jobs::site.eq(new.site.as_deref()),
        jobs::adaptive.eq(new.adaptive),
    );
    let inserted = diesel::insert_into(jobs::table)
        .values(values)
        .on_conflict((jobs::account_id, jobs::image_id))
        .filter_target(Live)
        .do_nothing()
        .execute(&mut &*connection)
        .await?;
    Ok(inserted == 1)
}
