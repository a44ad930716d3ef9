use chrono::{DateTime, Utc};
use diesel::dsl::{IsNull, case_when};
use diesel::prelude::*;
use diesel::sql_types::{Bool, Nullable, Timestamptz};
use diesel::upsert::excluded;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use domain::{AccountId, ApiKeyId, ImageId, OutputFormat, Sha256Hash};
use serde_json::json;
use uuid::Uuid;

use crate::convert::{digest, named, number, without_nul};
use crate::events::NewEvent;
use crate::jobs::{Completion, Ended};
use crate::schema::{events, jobs, results, sources};
use crate::{Store, StoreError};

/// A result that exists, with what it was made from.
#[derive(Debug, Clone, PartialEq)]
pub struct StoredResult {
    /// The image id.
    pub image_id: String,
    /// The owner.
    pub account_id: AccountId,
    /// Key of the object in the bucket.
    pub object_key: String,
    /// SHA-256 of the bytes.
    pub sha256: Sha256Hash,
    /// Size in bytes.
    pub byte_size: u64,
    /// What it is.
    pub format: OutputFormat,
    /// Pixels.
    pub width: u32,
    /// Pixels.
    pub height: u32,
    /// What wrote it.
    pub encoder: String,
    /// The encoder's quality setting, where it has one.
    pub quality: Option<f32>,
    /// The SSIMULACRA2 score, where it was measured.
    pub score: Option<f32>,
    /// Why nothing was gained, e.g. `already_optimal`.
    pub reason: Option<String>,
    /// Whether it is kept until it is deleted.
    pub storage_commit: bool,
    /// Whether the source is kept with it.
    pub keep_original: bool,
    /// When it was made.
    pub processed_at: DateTime<Utc>,
    /// When it may be deleted; never by itself where there is none.
    pub expires_at: Option<DateTime<Utc>>,
    /// Size of the source in bytes.
    pub original_size: u64,
    /// The name that the source came with.
    pub original_filename: String,
    /// Where the source was downloaded from.
    pub src_url: Option<String>,
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = results, check_for_backend(diesel::pg::Pg))]
struct ResultRow {
    image_id: String,
    account_id: Uuid,
    object_key: String,
    sha256: Vec<u8>,
    byte_size: i64,
    format: String,
    width: i32,
    height: i32,
    encoder: String,
    quality: Option<f32>,
    score: Option<f32>,
    reason: Option<String>,
    storage_commit: bool,
    keep_original: bool,
    processed_at: DateTime<Utc>,
    expires_at: Option<DateTime<Utc>>,
}

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
    reason: Option<String>,
    storage_commit: bool,
    keep_original: bool,
    processed_at: DateTime<Utc>,
    expires_at: Option<DateTime<Utc>>,
}

impl NewResult {
    pub(crate) fn new(ended: &Ended, made: &Completion, now: DateTime<Utc>) -> Result<Self, StoreError> {
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
            reason: made.reason.as_deref().map(without_nul),
            storage_commit: ended.storage_commit,
            keep_original: ended.keep_original,
            processed_at: now,
            expires_at: if ended.storage_commit { None } else { made.expires_at },
        })
    }
}

/// Not yet to be deleted at `now`.
#[diesel::dsl::auto_type(no_type_alias)]
pub(crate) fn unexpired(now: DateTime<Utc>) -> _ {
    let never: IsNull<results::expires_at> = results::expires_at.is_null();
    never.or(results::expires_at.gt(now))
}

/// Inserts the result, or puts it in the place of an older one with the same image id. A wish to keep the
/// older one stays in force.
pub(crate) async fn replace(connection: &AsyncPgConnection, new: NewResult) -> QueryResult<usize> {
    let never = None::<DateTime<Utc>>.into_sql::<Nullable<Timestamptz>>();
    let kept = || results::storage_commit.or(excluded(results::storage_commit));
    diesel::insert_into(results::table)
        .values(new)
        .on_conflict(results::image_id)
        .do_update()
        .set((
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
            results::reason.eq(excluded(results::reason)),
            results::storage_commit.eq(kept()),
            results::keep_original.eq(results::keep_original.or(excluded(results::keep_original))),
            results::processed_at.eq(excluded(results::processed_at)),
            results::expires_at.eq(case_when(kept(), never).otherwise(excluded(results::expires_at))),
        ))
        .execute(&mut &*connection)
        .await
}

type Joined = (ResultRow, i64, String, Option<String>);

fn stored((row, original_size, original_filename, src_url): Joined) -> Result<StoredResult, StoreError> {
    Ok(StoredResult {
        image_id: row.image_id,
        account_id: AccountId(row.account_id),
        object_key: row.object_key,
        sha256: digest("results.sha256", row.sha256)?,
        byte_size: number("results.byte_size", row.byte_size)?,
        format: named("results.format", &row.format)?,
        width: number("results.width", row.width)?,
        height: number("results.height", row.height)?,
        encoder: row.encoder,
        quality: row.quality,
        score: row.score,
        reason: row.reason,
        storage_commit: row.storage_commit,
        keep_original: row.keep_original,
        processed_at: row.processed_at,
        expires_at: row.expires_at,
        original_size: number("sources.byte_size", original_size)?,
        original_filename,
        src_url,
    })
}

/// The unexpired result with this id.
pub(crate) async fn find(
    connection: &AsyncPgConnection,
    image_id: &str,
    now: DateTime<Utc>,
) -> Result<Option<StoredResult>, StoreError> {
    let rows = results::table
        .find(image_id)
        .inner_join(sources::table)
        .inner_join(jobs::table)
        .filter(unexpired(now))
        .select((ResultRow::as_select(), sources::byte_size, jobs::original_filename, jobs::src_url))
        .load::<Joined>(&mut &*connection)
        .await?;
    rows.into_iter().next().map(stored).transpose()
}

impl Store {
    /// The account's result with this id, if it has not expired.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn live_result(
        &self,
        account: AccountId,
        image: &ImageId,
        now: DateTime<Utc>,
    ) -> Result<Option<StoredResult>, StoreError> {
        Ok(self.image(&image.to_string(), now).await?.filter(|result| result.account_id == account))
    }

    /// The result with this id, whoever owns it, if it has not expired: the id is a capability.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn image(
        &self,
        image_id: &str,
        now: DateTime<Utc>,
    ) -> Result<Option<StoredResult>, StoreError> {
        if image_id.contains('\0') {
            return Ok(None);
        }
        let connection = self.connection().await?;
        find(&connection, image_id, now).await
    }

    /// Keeps a result until it is deleted, and with `keep_original` its source too; false where there is
    /// no such result.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn commit_result(&self, image: &ImageId, keep_original: bool) -> Result<bool, StoreError> {
        let mut connection = self.connection().await?;
        let changed = diesel::update(results::table.find(image.to_string()))
            .set((
                results::storage_commit.eq(true),
                results::keep_original.eq(results::keep_original.or(keep_original.into_sql::<Bool>())),
                results::expires_at.eq(None::<DateTime<Utc>>),
            ))
            .execute(&mut connection)
            .await?;
        Ok(changed == 1)
    }

    /// Records that `bytes` of an existing result were handed out without work (RELIABILITY D4).
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn record_cache_hit(
        &self,
        account: AccountId,
        key: Option<ApiKeyId>,
        image: &ImageId,
        bytes: u64,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        let payload = json!({
            "image_id": image.to_string(),
            "api_key_id": key.map(|key| key.to_string()),
            "bytes": bytes,
        });
        let mut connection = self.connection().await?;
        diesel::insert_into(events::table)
            .values(NewEvent::new(account, "result.cached", payload, now))
            .execute(&mut connection)
            .await?;
        Ok(())
    }
}
