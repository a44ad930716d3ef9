use std::fs::{self, File};
use std::io::BufReader;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use container::{Header, InspectError};
use domain::{ErrorCode, OptimizeParams, OutputOptions, Rejection};
use imaging::Effort;
use sandbox::{Done, Pool, Verdict, Work};
use tempfile::TempDir;

use super::naming::Target;
use super::outcome::{Outcome, Written};
use super::publish::{Rules, publish};

/// One image with all that is known before it is decoded.
#[derive(Debug, Clone)]
pub(super) struct Item {
    pub(super) path: PathBuf,
    pub(super) params: OptimizeParams,
    pub(super) options: OutputOptions,
    pub(super) effort: Effort,
    pub(super) target: Target,
}

/// Optimizes one image and puts the result in its place.
pub(super) async fn convert(pool: Pool, item: Item, rules: Arc<Rules>) -> Outcome {
    let original_size = fs::metadata(&item.path).ok().map(|found| found.len());
    let result = attempt(&pool, &item, &rules).await;
    Outcome { path: item.path, original_size, result }
}

async fn attempt(pool: &Pool, item: &Item, rules: &Arc<Rules>) -> Result<Written, Rejection> {
    item.options.check(&item.params)?;
    if let Some(format) = item.params.format.fixed() {
        rules.check(&item.target.path(format))?;
    }
    let job_dir = pool.job_dir().map_err(|error| ours(&error))?;
    let source = item.path.clone();
    let (header, job_dir) = blocking(move || prepare(&source, job_dir)).await?;
    let work = Work {
        source: job_dir.path().join(SOURCE),
        result: job_dir.path().join("result"),
        request: imaging::Request { params: item.params, options: item.options, effort: item.effort },
        pixels: header.pixels(),
        memory_bytes: imaging::memory_budget_bytes(header.pixels(), header.format),
        solo: false,
    };
    let result = work.result.clone();
    let Done { report, size, .. } = pool.run(work).await.map_err(blame)?;
    let (path, rules) = (item.target.path(report.format), Arc::clone(rules));
    let target = path.clone();
    blocking(move || {
        let published = publish(&result, &target, &rules);
        drop(job_dir);
        published
    })
    .await?;
    Ok(Written { path, size, report })
}

const SOURCE: &str = "source";

/// Checks the header and copies the file to where the codec may read it: a file that changes meanwhile,
/// or whose name is no Unicode, does no harm then.
fn prepare(source: &Path, job_dir: TempDir) -> Result<(Header, TempDir), Rejection> {
    let unreadable =
        |error: std::io::Error| Rejection::new(ErrorCode::InvalidRequest, format!("cannot be read: {error}"));
    let copy = job_dir.path().join(SOURCE);
    fs::copy(source, &copy).map_err(unreadable)?;
    let mut reader = BufReader::new(File::open(&copy).map_err(unreadable)?);
    let header = container::inspect(&mut reader).map_err(|error| match error {
        InspectError::Rejected(rejection) => rejection,
        InspectError::Io(error) => unreadable(error),
    })?;
    Ok((header, job_dir))
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Rejection> + Send + 'static,
) -> Result<T, Rejection> {
    tokio::task::spawn_blocking(work).await.unwrap_or_else(|error| Err(ours(&error)))
}

fn blame(verdict: Verdict) -> Rejection {
    match verdict {
        Verdict::Rejected(rejection) | Verdict::Crashed(rejection) | Verdict::TimedOut(rejection) => {
            rejection
        }
        Verdict::Broken(error) => ours(&error),
    }
}

fn ours(error: &dyn std::error::Error) -> Rejection {
    Rejection::new(ErrorCode::InternalError, error.to_string())
}
