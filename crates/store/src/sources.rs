use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use domain::{AccountId, ImageId, Sha256Hash, SourceFormat, SourceId};
use uuid::Uuid;

use crate::convert::{digest, named, number, storable};
use crate::schema::{jobs, results, sources};
use crate::statement::Fixed;
use crate::{Store, StoreError};

/// A source whose object is stored. Where the account has the same bytes already, the older row stays and
/// this `id` and `object_key` are not used.
#[derive(Debug, Clone)]
pub struct NewSource {
    /// Its identity, if the bytes are new.
    pub id: SourceId,
    /// SHA-256 of the bytes.
    pub sha256: Sha256Hash,
    /// Size in bytes, at least 1.
    pub byte_size: u64,
    /// What the bytes are.
    pub format: SourceFormat,
    /// Pixels.
    pub width: u32,
    /// Pixels.
    pub height: u32,
    /// At least 1.
    pub frames: u32,
    /// Key of the object in the bucket.
    pub object_key: String,
}

/// A stored source image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// Its identity.
    pub id: SourceId,
    /// The owner.
    pub account_id: AccountId,
    /// SHA-256 of the bytes.
    pub sha256: Sha256Hash,
    /// Size in bytes.
    pub byte_size: u64,
    /// What the bytes are.
    pub format: SourceFormat,
    /// Pixels.
    pub width: u32,
    /// Pixels.
    pub height: u32,
    /// Frames of an animation, otherwise 1.
    pub frames: u32,
    /// Key of the object in the bucket.
    pub object_key: String,
    /// When it first came in.
    pub created_at: DateTime<Utc>,
    /// When a job last asked for it.
    pub last_used_at: DateTime<Utc>,
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = sources, check_for_backend(diesel::pg::Pg))]
pub(crate) struct SourceRow {
    id: Uuid,
    account_id: Uuid,
    sha256: Vec<u8>,
    byte_size: i64,
    format: String,
    width: i32,
    height: i32,
    frames: i32,
    object_key: String,
    created_at: DateTime<Utc>,
    last_used_at: DateTime<Utc>,
}

impl TryFrom<SourceRow> for Source {
    type Error = StoreError;

    fn try_from(row: SourceRow) -> Result<Self, StoreError> {
        Ok(Self {
            id: SourceId(row.id),
            account_id: AccountId(row.account_id),
            sha256: digest("sources.sha256", row.sha256)?,
            byte_size: number("sources.byte_size", row.byte_size)?,
            format: named("sources.format", &row.format)?,
            width: number("sources.width", row.width)?,
            height: number("sources.height", row.height)?,
            frames: number("sources.frames", row.frames)?,
            object_key: row.object_key,
            created_at: row.created_at,
            last_used_at: row.last_used_at,
        })
    }
}

/// Inserts the source, or marks the one with the same bytes as used; the identity of the row there is now.
pub(crate) async fn upsert(
    connection: &AsyncPgConnection,
    account: AccountId,
    new: &NewSource,
    now: DateTime<Utc>,
) -> Result<SourceId, StoreError> {
    storable("object_key", &new.object_key)?;
    let values = (
        sources::id.eq(new.id.0),
        sources::account_id.eq(account.0),
        sources::sha256.eq(new.sha256.0.to_vec()),
        sources::byte_size.eq(number::<_, i64>("byte_size", new.byte_size)?),
        sources::format.eq(new.format.as_str()),
        sources::width.eq(number::<_, i32>("width", new.width)?),
        sources::height.eq(number::<_, i32>("height", new.height)?),
        sources::frames.eq(number::<_, i32>("frames", new.frames)?),
        sources::object_key.eq(new.object_key.as_str()),
        sources::created_at.eq(now),
        sources::last_used_at.eq(now),
    );
    let upsert = diesel::insert_into(sources::table)
        .values(values)
        .on_conflict((sources::account_id, sources::sha256))
        .do_update()
        .set(sources::last_used_at.eq(now))
        .returning(sources::id);
    Ok(SourceId(Fixed(upsert).get_result(&mut &*connection).await?))
}

impl Store {
    /// The source that the account keeps with a saved result, and the name that it came with; none where the result
    /// is not the account's, or no original was kept.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn kept_original(
        &self,
        account: AccountId,
        image: &ImageId,
    ) -> Result<Option<(Source, String)>, StoreError> {
        let mut connection = self.connection().await?;
        let row = results::table
            .find(image.to_string())
            .inner_join(sources::table)
            .inner_join(jobs::table)
            .filter(
                results::account_id.eq(account.0).and(results::storage_commit).and(results::keep_original),
            )
            .select((SourceRow::as_select(), jobs::original_filename))
            .first::<(SourceRow, String)>(&mut connection)
            .await
            .optional()?;
        row.map(|(source, name)| Ok((source.try_into()?, name))).transpose()
    }
}
