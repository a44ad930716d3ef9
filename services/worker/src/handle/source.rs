use std::path::PathBuf;
use std::time::{Duration, Instant};

use blob::BlobError;
use chrono::{DateTime, Utc};
use contracts::JobMessage;
use domain::{ErrorCode, Rejection};
use tempfile::TempDir;

use super::work::{Ended, transient};
use crate::app::Worker;

/// A job's source on the local disc.
pub(super) struct Source {
    /// The job's own directory; gone when dropped.
    pub(super) directory: TempDir,
    pub(super) path: PathBuf,
    /// When the job came out of its queue.
    pub(super) asked_at: DateTime<Utc>,
    /// How long the reading took.
    pub(super) took: Duration,
}

/// Reads the source that a message names.
pub(super) async fn fetch(worker: &Worker, message: &JobMessage) -> Result<Source, Ended> {
    let (asked_at, started) = (worker.clock.now(), Instant::now());
    let directory =
        worker.pool.job_dir().map_err(|error| transient("there is no directory for the job", &error))?;
    let path = directory.path().join("source");
    match worker.blob.get_to_file(&message.source_key, &path).await {
        Ok(_) => Ok(Source { directory, path, asked_at, took: started.elapsed() }),
        Err(BlobError::Missing) => {
            let message = "The source image is gone; send it again. Nothing was charged.";
            Err(Ended::Refused(Rejection::new(ErrorCode::ProcessingFailed, message)))
        }
        Err(error) => Err(transient("the source could not be read", &error)),
    }
}
