//! The Storage Library: which results are kept until they are deleted, and what they take.
//!
//! `accounts.stored_bytes` is the sum of the kept results and of the sources kept with them, each source once.
//! Whoever changes what is kept holds the result's row first, and then the account's.

use chrono::{DateTime, Utc};
use diesel::dsl::exists;
use diesel::prelude::*;
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl};
use domain::ImageId;
use uuid::Uuid;

use crate::alerts::{self, Alerts};
use crate::convert::number;
use crate::schema::{accounts, results, sources};
use crate::statement::Fixed;
use crate::{Store, StoreError};

/// What became of the wish to keep a result.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CommitOutcome {
    /// It is kept until it is deleted, and its source with it where that was asked.
    Committed,
    /// The Storage Library has no room for it; nothing has changed.
    CapReached {
        /// Bytes in the Storage Library.
        used: u64,
        /// The most there may be, in bytes.
        cap: u64,
    },
    /// There is no such result.
    Missing,
}

/// A result as it is now.
#[derive(Debug, Clone, Copy, Queryable)]
pub(crate) struct Held {
    account_id: Uuid,
    source_id: Uuid,
    byte_size: i64,
    source_bytes: i64,
    storage_commit: bool,
    keep_original: bool,
}

/// What a result is to become.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Wish {
    pub(crate) storage_commit: bool,
    pub(crate) keep_original: bool,
    pub(crate) result_bytes: u64,
    pub(crate) source_bytes: u64,
    pub(crate) source_id: Uuid,
}

/// What there was room for. The account's row is held where its bytes may have changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Place {
    pub(crate) storage_commit: bool,
    pub(crate) keep_original: bool,
    /// There was no room for what was wished.
    pub(crate) refused: bool,
    /// Bytes in the Storage Library before; not read where nothing is kept.
    pub(crate) before: u64,
    /// Bytes in it now.
    pub(crate) after: u64,
}

/// The result with this id, held until the transaction ends.
pub(crate) async fn held(connection: &AsyncPgConnection, image_id: &str) -> Result<Option<Held>, StoreError> {
    let source_bytes = sources::table
        .filter(sources::id.eq(results::source_id))
        .select(sources::byte_size)
        .single_value()
        .assume_not_null();
    let rows = results::table
        .find(image_id)
        .for_update()
        .select((
            results::account_id,
            results::source_id,
            results::byte_size,
            source_bytes,
            results::storage_commit,
            results::keep_original,
        ))
        .load::<Held>(&mut &*connection)
        .await?;
    Ok(rows.into_iter().next())
}

/// Decides what is kept, and changes the account's bytes accordingly. What was kept stays kept: only what is
/// added can find the Storage Library full. An image id names one source, so both states of a result have the
/// same.
pub(crate) async fn find_place(
    connection: &AsyncPgConnection,
    account: Uuid,
    image_id: &str,
    held: Option<Held>,
    wish: &Wish,
    cap: Option<u64>,
) -> Result<Place, StoreError> {
    let was_kept = held.is_some_and(|held| held.storage_commit);
    let had_original = held.is_some_and(|held| held.keep_original);
    let keep_original = wish.keep_original || had_original;
    if !wish.storage_commit && !was_kept {
        return Ok(Place { keep_original, ..Place::default() });
    }
    let stored: i64 = accounts::table
        .find(account)
        .for_no_key_update()
        .select(accounts::stored_bytes)
        .first(&mut &*connection)
        .await?;
    let original = match keeps_original(connection, account, wish.source_id, image_id).await? {
        true => 0,
        false => wish.source_bytes,
    };
    let taken = |bytes: u64, with_original: bool| if with_original { bytes + original } else { bytes };
    let before: u64 = number("accounts.stored_bytes", stored)?;
    let freed = match held {
        Some(held) if was_kept => taken(number("results.byte_size", held.byte_size)?, had_original),
        _ => 0,
    };
    let rest = before.saturating_sub(freed);
    let wanted = rest + taken(wish.result_bytes, keep_original);
    let fits = wanted <= before || cap.is_none_or(|cap| wanted <= cap);
    let place = if fits {
        Place { storage_commit: true, keep_original, refused: false, before, after: wanted }
    } else if was_kept {
        let after = rest + taken(wish.result_bytes, had_original);
        Place { storage_commit: true, keep_original: had_original, refused: true, before, after }
    } else {
        Place { storage_commit: false, keep_original: false, refused: true, before, after: before }
    };
    if place.after != before {
        let write =
            diesel::update(accounts::table.find(account))
                .set(accounts::stored_bytes.eq(number::<_, i64>("stored_bytes", place.after)?));
        Fixed(write).execute(&mut &*connection).await?;
    }
    Ok(place)
}

/// Whether another kept result keeps the source.
async fn keeps_original(
    connection: &AsyncPgConnection,
    account: Uuid,
    source: Uuid,
    image_id: &str,
) -> QueryResult<bool> {
    let others = results::table
        .filter(results::source_id.eq(source))
        .filter(results::account_id.eq(account))
        .filter(results::storage_commit)
        .filter(results::keep_original)
        .filter(results::image_id.ne(image_id));
    diesel::select(exists(others)).get_result(&mut &*connection).await
}

impl Store {
    /// Keeps a result until it is deleted, and with `keep_original` its source too, where the Storage Library
    /// has room for what that adds. `cap` is the most it may hold, in bytes.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn commit_result(
        &self,
        image: &ImageId,
        keep_original: bool,
        cap: Option<u64>,
        now: DateTime<Utc>,
    ) -> Result<CommitOutcome, StoreError> {
        let image_id = image.to_string();
        let mut connection = self.connection().await?;
        (*connection)
            .transaction(async |connection: &mut AsyncPgConnection| {
                commit(connection, &image_id, keep_original, cap, self.alerts(), now).await
            })
            .await
    }
}

async fn commit(
    connection: &AsyncPgConnection,
    image_id: &str,
    keep_original: bool,
    cap: Option<u64>,
    alerts: &Alerts,
    now: DateTime<Utc>,
) -> Result<CommitOutcome, StoreError> {
    let Some(held) = held(connection, image_id).await? else { return Ok(CommitOutcome::Missing) };
    let wish = Wish {
        storage_commit: true,
        keep_original,
        result_bytes: number("results.byte_size", held.byte_size)?,
        source_bytes: number("sources.byte_size", held.source_bytes)?,
        source_id: held.source_id,
    };
    let place = find_place(connection, held.account_id, image_id, Some(held), &wish, cap).await?;
    if place.refused {
        return Ok(CommitOutcome::CapReached { used: place.before, cap: cap.unwrap_or(u64::MAX) });
    }
    let keep = diesel::update(results::table.find(image_id)).set((
        results::storage_commit.eq(true),
        results::keep_original.eq(place.keep_original),
        results::expires_at.eq(None::<DateTime<Utc>>),
    ));
    Fixed(keep).execute(&mut &*connection).await?;
    let passed = alerts.of_storage(&place, cap, now).collect();
    alerts::raise(connection, alerts, held.account_id, passed, now).await?;
    Ok(CommitOutcome::Committed)
}
