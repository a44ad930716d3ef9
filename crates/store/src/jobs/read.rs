use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use domain::{AccountId, ImageId, JobId};
use futures_util::future::try_join;

use super::job::{Job, JobRow};
use crate::schema::jobs;
use crate::{Store, StoreError, StoredResult, results};

impl Store {
    /// The job, whoever owns it.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn job(&self, id: JobId) -> Result<Option<Job>, StoreError> {
        let mut connection = self.connection().await?;
        jobs::table
            .find(id.0)
            .select(JobRow::as_select())
            .first(&mut connection)
            .await
            .optional()?
            .map(Job::try_from)
            .transpose()
    }

    /// The job and its account's unexpired result for `image`, in one round trip.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn job_and_result(
        &self,
        id: JobId,
        image: &ImageId,
        now: DateTime<Utc>,
    ) -> Result<Option<(Job, Option<StoredResult>)>, StoreError> {
        let connection = self.connection().await?;
        let image_id = image.to_string();
        let job = jobs::table.find(id.0).select(JobRow::as_select());
        let (row, result) = try_join(
            async { Ok::<_, StoreError>(job.load::<JobRow>(&mut &*connection).await?) },
            results::find(&connection, &image_id, now),
        )
        .await?;
        let Some(row) = row.into_iter().next() else { return Ok(None) };
        let job = Job::try_from(row)?;
        let result = result.filter(|result| result.account_id == job.account_id);
        Ok(Some((job, result)))
    }

    /// The job, if the account owns it.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn job_of_account(&self, account: AccountId, id: JobId) -> Result<Option<Job>, StoreError> {
        Ok(self.job(id).await?.filter(|job| job.account_id == account))
    }
}
