use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::upsert::excluded;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use uuid::Uuid;

use crate::StoreError;
use crate::convert::{number, without_nul};
use crate::jobs::{Completion, Ended};
use crate::library::Place;
use crate::schema::results;
use crate::statement::Fixed;

/// A row of `results` to insert.
#[derive(Insertable)]
// `DEFAULT` in the place of NULL would make another statement, and so one that is prepared for every call.
#[diesel(table_name = results, treat_none_as_default_value = false)]
pub(crate) struct NewResult {
    image_id: String,
    account_id: Uuid,
    job_id: Uuid,
    source_id: Uuid,
    object_key: String,
    sha256: Vec<u8>,
    byte_size: i64,
    format: &'static str,
    width: i32,
    height: i32,
    encoder: String,
    quality: Option<f32>,
    score: Option<f32>,
    placeholder: Option<serde_json::Value>,
    reason: Option<String>,
    storage_commit: bool,
    keep_original: bool,
    processed_at: DateTime<Utc>,
    expires_at: Option<DateTime<Utc>>,
}

impl NewResult {
    pub(crate) fn new(
        ended: &Ended,
        made: &Completion,
        place: &Place,
        now: DateTime<Utc>,
    ) -> Result<Self, StoreError> {
        Ok(Self {
            image_id: ended.image_id.clone(),
            account_id: ended.account_id,
            job_id: ended.job_id,
            source_id: ended.source_id,
            object_key: made.object_key.clone(),
            sha256: made.sha256.0.to_vec(),
            byte_size: number("byte_size", made.byte_size)?,
            format: made.format.as_str(),
            width: number("width", made.width)?,
            height: number("height", made.height)?,
            encoder: without_nul(&made.encoder),
            quality: made.quality,
            score: made.score,
            placeholder: made
                .placeholder
                .as_ref()
                .and_then(|placeholder| serde_json::to_value(placeholder).ok()),
            reason: made.reason.as_deref().map(without_nul),
            storage_commit: place.storage_commit,
            keep_original: place.keep_original,
            processed_at: now,
            expires_at: if place.storage_commit { None } else { made.expires_at },
        })
    }
}

/// Inserts the result, or puts it in the place of an older one with the same image id, which the transaction
/// holds.
pub(crate) async fn replace(connection: &AsyncPgConnection, new: NewResult) -> QueryResult<usize> {
    let upsert =
        diesel::insert_into(results::table).values(new).on_conflict(results::image_id).do_update().set((
            results::job_id.eq(excluded(results::job_id)),
            results::source_id.eq(excluded(results::source_id)),
            results::object_key.eq(excluded(results::object_key)),
            results::sha256.eq(excluded(results::sha256)),
            results::byte_size.eq(excluded(results::byte_size)),
            results::format.eq(excluded(results::format)),
            results::width.eq(excluded(results::width)),
            results::height.eq(excluded(results::height)),
            results::encoder.eq(excluded(results::encoder)),
            results::quality.eq(excluded(results::quality)),
            results::score.eq(excluded(results::score)),
            results::placeholder.eq(excluded(results::placeholder)),
            results::reason.eq(excluded(results::reason)),
            results::storage_commit.eq(excluded(results::storage_commit)),
            results::keep_original.eq(excluded(results::keep_original)),
            results::processed_at.eq(excluded(results::processed_at)),
            results::expires_at.eq(excluded(results::expires_at)),
        ));
    Fixed(upsert).execute(&mut &*connection).await
}
