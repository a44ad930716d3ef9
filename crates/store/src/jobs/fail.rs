use chrono::{DateTime, NaiveDate, Utc};
use diesel::prelude::*;
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl};
use domain::{AccountId, BillingMonth, JobId, JobState, Rejection};
use futures_util::future::{try_join, try_join3};
use serde_json::json;
use uuid::Uuid;

use super::job::Live;
use crate::convert::{number, without_nul};
use crate::credits::{Buckets, Reservations};
use crate::events::NewEvent;
use crate::outbox::NewRow;
use crate::schema::{events, jobs, outbox};
use crate::{OutgoingMessage, Store, StoreError};

impl Store {
    /// Ends a job with an error, and gives back what it has set aside. `attempt` is the holder's fencing
    /// token; without one any job that has not ended is (for who has no claim: the dead-letter consumer, the
    /// operator). The message's row in the outbox; none where the job has ended before or the claim is not
    /// the newest any more.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn fail_job(
        &self,
        id: JobId,
        attempt: Option<u32>,
        rejection: &Rejection,
        event: OutgoingMessage,
        now: DateTime<Utc>,
    ) -> Result<Option<i64>, StoreError> {
        let attempt = attempt.map(|attempt| number::<_, i32>("attempt", attempt)).transpose()?;
        // A NUL must not keep a job from ending.
        let rejection = Rejection {
            code: rejection.code,
            message: without_nul(&rejection.message),
            field: rejection.field.as_deref().map(without_nul),
        };
        let mut connection = self.connection().await?;
        (*connection)
            .transaction(async |connection: &mut AsyncPgConnection| {
                let Some((account, month)) = end_with_error(connection, id, attempt, &rejection, now).await?
                else {
                    return Ok(None);
                };
                let payload = json!({ "error_code": rejection.code.as_str(), "message": rejection.message });
                let happened = NewEvent::new(account, "job.failed", payload, now).of_job(id);
                let shared = &*connection;
                let release = release(shared, id, account, month);
                let (.., outbox_id) = try_join3(
                    release,
                    async {
                        let insert = diesel::insert_into(events::table).values(happened);
                        Ok(insert.execute(&mut &*shared).await?)
                    },
                    async {
                        let insert = diesel::insert_into(outbox::table).values(NewRow::new(event, now));
                        Ok(insert.returning(outbox::id).get_result::<i64>(&mut &*shared).await?)
                    },
                )
                .await?;
                Ok(Some(outbox_id))
            })
            .await
    }

    /// Gives a job back so that it can be claimed again; false where the claim is not the newest any more.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn release_job(&self, id: JobId, attempt: u32, now: DateTime<Utc>) -> Result<bool, StoreError> {
        let attempt: i32 = number("attempt", attempt)?;
        let mut connection = self.connection().await?;
        let mine = jobs::table.find(id.0).filter(jobs::attempt.eq(attempt));
        let changed = diesel::update(mine.filter(jobs::state.eq(JobState::Processing.as_str())))
            .set((
                jobs::state.eq(JobState::Queued.as_str()),
                jobs::releases.eq(jobs::releases + 1),
                jobs::lease_until.eq(None::<DateTime<Utc>>),
                jobs::enqueued_at.eq(now),
            ))
            .execute(&mut connection)
            .await?;
        Ok(changed == 1)
    }
}

async fn end_with_error(
    connection: &mut AsyncPgConnection,
    id: JobId,
    attempt: Option<i32>,
    rejection: &Rejection,
    now: DateTime<Utc>,
) -> QueryResult<Option<(AccountId, BillingMonth)>> {
    let mut ending = diesel::update(jobs::table)
        .filter(jobs::id.eq(id.0))
        .filter(Live)
        .set((
            jobs::state.eq(JobState::Failed.as_str()),
            jobs::lease_until.eq(None::<DateTime<Utc>>),
            jobs::error_code.eq(rejection.code.as_str()),
            jobs::error_message.eq(&rejection.message),
            jobs::error_field.eq(&rejection.field),
            jobs::finished_at.eq(now),
        ))
        .into_boxed();
    if let Some(attempt) = attempt {
        ending = ending.filter(jobs::attempt.eq(attempt).and(jobs::state.eq(JobState::Processing.as_str())));
    }
    let ended: Option<(Uuid, NaiveDate)> =
        ending.returning((jobs::account_id, jobs::reserved_month)).get_result(connection).await.optional()?;
    Ok(ended.map(|(account, month)| (AccountId(account), BillingMonth::of_date(month))))
}

/// Gives back what an ended job has set aside. Its row is held, and has been read: a job that was paused a
/// moment ago may have reserved since.
async fn release(
    connection: &AsyncPgConnection,
    job: JobId,
    account: AccountId,
    month: BillingMonth,
) -> Result<(), StoreError> {
    let reserved = Reservations::of(connection, job).await?;
    if reserved.is_empty() {
        return Ok(());
    }
    let mut buckets = Buckets::lock(connection, account.0, month).await?;
    for (kind, split) in reserved {
        buckets.move_reserved(kind, split, -1)?;
    }
    try_join(buckets.write(connection), Reservations::delete(connection, job)).await?;
    Ok(())
}
