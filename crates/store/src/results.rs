use chrono::{DateTime, Utc};
use diesel::dsl::IsNull;
use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use domain::{AccountId, ImageId, OutputFormat, Placeholder, Sha256Hash};
use uuid::Uuid;

use crate::convert::{digest, named, number};
use crate::schema::{jobs, results, sources};
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
    /// What to show until it is there; none in results of earlier versions.
    pub placeholder: Option<Placeholder>,
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
    placeholder: Option<serde_json::Value>,
    reason: Option<String>,
    storage_commit: bool,
    keep_original: bool,
    processed_at: DateTime<Utc>,
    expires_at: Option<DateTime<Utc>>,
}

/// Not yet to be deleted at `now`.
#[diesel::dsl::auto_type(no_type_alias)]
pub(crate) fn unexpired(now: DateTime<Utc>) -> _ {
    let never: IsNull<results::expires_at> = results::expires_at.is_null();
    never.or(results::expires_at.gt(now))
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
        // One that cannot be read is none: it is made anew with the result.
        placeholder: row.placeholder.and_then(|value| serde_json::from_value(value).ok()),
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
}
