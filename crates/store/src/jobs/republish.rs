use std::collections::HashMap;

use chrono::{DateTime, Utc};
use diesel::dsl::{exists, not};
use diesel::prelude::*;
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl};
use domain::{JobId, JobState};
use uuid::Uuid;

use super::job::{Job, JobRow, Unfinished};
use crate::outbox::NewRow;
use crate::schema::{jobs, outbox, sources};
use crate::sources::{Source, SourceRow};
use crate::{OutgoingMessage, Store, StoreError};

impl Store {
    /// Writes a new message for up to `limit` jobs that nobody would touch otherwise (RELIABILITY D7): the
    /// last message is older than `queued_before` and gone from the outbox, and the job is queued or its
    /// holder's lease is over. Several may run at once; each job goes to one of them. The jobs.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn republish_stuck<M>(
        &self,
        now: DateTime<Utc>,
        queued_before: DateTime<Utc>,
        limit: u32,
        make: M,
    ) -> Result<Vec<JobId>, StoreError>
    where
        M: Fn(&Job, &Source) -> OutgoingMessage + Send + Sync,
    {
        let mut connection = self.connection().await?;
        (*connection)
            .transaction(async |connection: &mut AsyncPgConnection| {
                let stuck = lock_stuck(connection, now, queued_before, limit).await?;
                if stuck.is_empty() {
                    return Ok(Vec::new());
                }
                let ids: Vec<Uuid> = stuck.iter().map(|row| row.id).collect();
                let messages = messages(connection, stuck, &make, now).await?;
                diesel::insert_into(outbox::table).values(messages).execute(connection).await?;
                diesel::update(jobs::table.filter(jobs::id.eq_any(&ids)))
                    .set(jobs::enqueued_at.eq(now))
                    .execute(connection)
                    .await?;
                Ok(ids.into_iter().map(JobId).collect())
            })
            .await
    }
}

async fn lock_stuck(
    connection: &mut AsyncPgConnection,
    now: DateTime<Utc>,
    queued_before: DateTime<Utc>,
    limit: u32,
) -> QueryResult<Vec<JobRow>> {
    let abandoned = jobs::state.eq(JobState::Queued.as_str()).or(jobs::lease_until.lt(now));
    let message = outbox::table.filter(outbox::job_id.eq(jobs::id.nullable()));
    jobs::table
        .filter(Unfinished)
        .filter(jobs::enqueued_at.lt(queued_before))
        .filter(abandoned)
        .filter(not(exists(message)))
        .order(jobs::enqueued_at)
        .limit(i64::from(limit))
        .for_no_key_update()
        .skip_locked()
        .select(JobRow::as_select())
        .load(connection)
        .await
}

/// A message for each job.
pub(super) async fn messages(
    connection: &mut AsyncPgConnection,
    jobs: Vec<JobRow>,
    make: &(impl Fn(&Job, &Source) -> OutgoingMessage + Send + Sync),
    now: DateTime<Utc>,
) -> Result<Vec<NewRow>, StoreError> {
    let wanted: Vec<Uuid> = jobs.iter().map(|row| row.source_id).collect();
    let rows: Vec<(Uuid, SourceRow)> = sources::table
        .filter(sources::id.eq_any(wanted))
        .select((sources::id, SourceRow::as_select()))
        .load(connection)
        .await?;
    let found: HashMap<Uuid, SourceRow> = rows.into_iter().collect();
    let found = found
        .into_iter()
        .map(|(id, row)| Ok((id, Source::try_from(row)?)))
        .collect::<Result<HashMap<_, _>, StoreError>>()?;
    jobs.into_iter()
        .map(|row| {
            let job = Job::try_from(row)?;
            let source =
                found.get(&job.source_id.0).ok_or(StoreError::Corrupt { what: "a job without a source" })?;
            Ok(NewRow::new(make(&job, source), now))
        })
        .collect()
}
