use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use domain::{AccountId, JobId};

use super::job::{Job, JobRow};
use crate::schema::jobs;
use crate::{Store, StoreError};

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

    /// The job, if the account owns it.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn job_of_account(&self, account: AccountId, id: JobId) -> Result<Option<Job>, StoreError> {
        Ok(self.job(id).await?.filter(|job| job.account_id == account))
    }
}
