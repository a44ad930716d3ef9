//! The bytes to optimize, received or downloaded, with their checked header.

use std::time::{Duration, Instant};

use container::Header;
use domain::limits::MAX_URL_SOURCE_BYTES;
use fetch::FetchError;
use tokio::sync::OnceCell;
use web::ApiError;

use super::errors;
use super::fields::Origin;
use super::filename;
use super::intake::{Intake, Upload};
use super::spool::{HeaderError, Spool, Spooled};
use crate::app::App;

/// A complete source whose header has passed every check.
pub(crate) struct Source {
    pub(crate) spooled: Spooled,
    pub(crate) header: Header,
    pub(crate) filename: String,
    pub(crate) src_url: Option<String>,
    /// How long the download took; zero for an upload.
    pub(crate) fetched_in: Duration,
    /// Whether it is in the object store already.
    pub(crate) stored: OnceCell<()>,
}

/// Takes the upload, or downloads the URL, and checks the header. `max_file_bytes` is the account's limit.
pub(crate) async fn obtain(app: &App, max_file_bytes: u64, intake: Intake) -> Result<Source, ApiError> {
    let started = Instant::now();
    let (upload, src_url) = match (intake.upload, intake.request.origin) {
        (Some(upload), _) => (upload, None),
        (None, Origin::Url(url)) => (download(app, max_file_bytes, &url).await?, Some(url)),
        (None, Origin::Upload) => {
            return Err(ApiError::internal("an upload without a file passed the checks"));
        }
    };
    let fetched_in = if src_url.is_some() { started.elapsed() } else { Duration::ZERO };
    let spooled = upload.spooled;
    let (spooled, header) = tokio::task::spawn_blocking(move || {
        let header = spooled.inspect();
        (spooled, header)
    })
    .await
    .map_err(ApiError::internal)?;
    let header = header.map_err(|error| match error {
        HeaderError::Rejected(rejection) => ApiError::from(rejection),
        HeaderError::Disc(source) => errors::disc(source),
    })?;
    Ok(Source { spooled, header, filename: upload.filename, src_url, fetched_in, stored: OnceCell::new() })
}

async fn download(app: &App, max_file_bytes: u64, url: &str) -> Result<Upload, ApiError> {
    let limit = max_file_bytes.min(MAX_URL_SOURCE_BYTES);
    let mut download = app.fetcher.get(url, limit).await.map_err(refused)?;
    let filename = filename::from_upload(download.file_name.as_deref().unwrap_or_default());
    let mut spool = Spool::new(limit, &app.upload.temp_dir);
    while let Some(chunk) = download.next_chunk().await.map_err(refused)? {
        spool.write(&chunk).map_err(|error| errors::disc(std::io::Error::other(error)))?;
    }
    let spooled = spool.finish().map_err(|error| errors::disc(std::io::Error::other(error)))?;
    Ok(Upload { spooled, filename })
}

fn refused(error: FetchError) -> ApiError {
    let status = error.upstream_status();
    let refusal = ApiError::from(error.rejection());
    match status {
        Some(status) => refusal.member("upstream_status", status),
        None => refusal,
    }
}
