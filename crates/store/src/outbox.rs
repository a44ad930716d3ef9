//! Messages that must reach the broker (RELIABILITY D5, D6). A row is written with what it announces, and
//! deleted when the broker has confirmed it.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_types::BigInt;
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl};
use domain::JobId;
use futures_util::{StreamExt, stream};
use serde_json::Value;
use uuid::Uuid;

use crate::convert::{json_map, text_map, without_nul};
use crate::schema::outbox;
use crate::{Store, StoreError};

/// A message to be published.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutgoingMessage {
    /// The exchange.
    pub exchange: String,
    /// The routing key.
    pub routing_key: String,
    /// What consumers recognise a repetition by.
    pub message_id: String,
    /// Text headers, e.g. the trace context.
    pub headers: BTreeMap<String, String>,
    /// The encoded message.
    pub body: Vec<u8>,
    /// The job it is about.
    pub job_id: Option<JobId>,
}

/// A message that waits to be published.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutboxRow {
    /// Position in the outbox.
    pub id: i64,
    /// What to publish.
    pub message: OutgoingMessage,
    /// When it was written.
    pub created_at: DateTime<Utc>,
}

/// What a sweep did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct SweepReport {
    /// Rows that were published and deleted.
    pub published: usize,
    /// Rows that were tried and stay.
    pub kept: usize,
}

/// How many rows of one sweep are with the broker at the same time.
const SWEEP_CONCURRENCY: usize = 32;

/// A row of `outbox` to insert.
#[derive(Insertable)]
// `DEFAULT` in the place of NULL would make another statement, and so one that is prepared for every call.
#[diesel(table_name = outbox, treat_none_as_default_value = false)]
pub(crate) struct NewRow {
    job_id: Option<Uuid>,
    exchange: String,
    routing_key: String,
    message_id: String,
    headers: Value,
    body: Vec<u8>,
    created_at: DateTime<Utc>,
}

impl NewRow {
    pub(crate) fn new(message: OutgoingMessage, now: DateTime<Utc>) -> Self {
        Self {
            job_id: message.job_id.map(|job| job.0),
            exchange: without_nul(&message.exchange),
            routing_key: without_nul(&message.routing_key),
            message_id: without_nul(&message.message_id),
            headers: json_map(&message.headers),
            body: message.body,
            created_at: now,
        }
    }
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = outbox, check_for_backend(diesel::pg::Pg))]
struct Row {
    id: i64,
    job_id: Option<Uuid>,
    exchange: String,
    routing_key: String,
    message_id: String,
    headers: Value,
    body: Vec<u8>,
    created_at: DateTime<Utc>,
}

impl TryFrom<Row> for OutboxRow {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self, StoreError> {
        let message = OutgoingMessage {
            exchange: row.exchange,
            routing_key: row.routing_key,
            message_id: row.message_id,
            headers: text_map("outbox.headers", row.headers)?,
            body: row.body,
            job_id: row.job_id.map(JobId),
        };
        Ok(Self { id: row.id, message, created_at: row.created_at })
    }
}

#[derive(QueryableByName)]
struct Depth {
    #[diesel(sql_type = BigInt)]
    depth: i64,
}

impl Store {
    /// Deletes rows whose messages the broker has confirmed; how many there were.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn delete_outbox(&self, ids: &[i64]) -> Result<usize, StoreError> {
        let mut connection = self.connection().await?;
        Ok(delete(&mut connection, ids).await?)
    }

    /// Takes up to `limit` rows written before `older_than` that no other sweep holds, hands each to
    /// `publish`, and deletes those for which it answers true (the broker has confirmed). `publish` must
    /// come to an end by itself: the rows are locked meanwhile. A row is published again if this process
    /// dies before the deletion is committed.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn sweep_outbox<P, F>(
        &self,
        limit: u32,
        older_than: DateTime<Utc>,
        publish: P,
    ) -> Result<SweepReport, StoreError>
    where
        P: Fn(OutboxRow) -> F + Send + Sync,
        F: Future<Output = bool> + Send,
    {
        let mut connection = self.connection().await?;
        (*connection)
            .transaction(async |connection: &mut AsyncPgConnection| {
                let rows = lock_rows(connection, limit, older_than).await?;
                let tried = rows.len();
                let confirmed = publish_all(rows, &publish).await;
                if !confirmed.is_empty() {
                    delete(connection, &confirmed).await?;
                }
                Ok(SweepReport { published: confirmed.len(), kept: tried - confirmed.len() })
            })
            .await
    }

    /// How many messages wait, counted up to `cap`.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn outbox_depth(&self, cap: i64) -> Result<i64, StoreError> {
        let mut connection = self.connection().await?;
        let counted: Depth =
            diesel::sql_query("SELECT count(*) AS depth FROM (SELECT FROM outbox LIMIT $1) AS waiting")
                .bind::<BigInt, _>(cap)
                .get_result(&mut connection)
                .await?;
        Ok(counted.depth)
    }
}

async fn lock_rows(
    connection: &mut AsyncPgConnection,
    limit: u32,
    older_than: DateTime<Utc>,
) -> Result<Vec<OutboxRow>, StoreError> {
    let rows = outbox::table
        .filter(outbox::created_at.lt(older_than))
        .order(outbox::id)
        .limit(i64::from(limit))
        .for_update()
        .skip_locked()
        .select(Row::as_select())
        .load(connection)
        .await?;
    rows.into_iter().map(OutboxRow::try_from).collect()
}

async fn publish_all<P, F>(rows: Vec<OutboxRow>, publish: &P) -> Vec<i64>
where
    P: Fn(OutboxRow) -> F + Send + Sync,
    F: Future<Output = bool> + Send,
{
    let attempts = rows.into_iter().map(|row| {
        let id = row.id;
        let confirmed = publish(row);
        async move { confirmed.await.then_some(id) }
    });
    stream::iter(attempts).buffer_unordered(SWEEP_CONCURRENCY).filter_map(std::future::ready).collect().await
}

async fn delete(connection: &mut AsyncPgConnection, ids: &[i64]) -> QueryResult<usize> {
    diesel::delete(outbox::table.filter(outbox::id.eq_any(ids))).execute(connection).await
}
