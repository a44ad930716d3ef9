//! Errors of this route that say more than a code: limits, plans and what to do.

use domain::plan::Dimension;
use domain::{ErrorCode, JobId, JobState};
use web::{ApiCaller, ApiError, SlotWait};

use super::intake::IntakeError;
use crate::app::App;

/// The response to a body that was not taken.
pub(crate) fn from_intake(error: IntakeError, app: &App, caller: &ApiCaller) -> ApiError {
    let limits = &app.upload;
    match error {
        IntakeError::Rejected(rejection) => rejection.into(),
        IntakeError::BodyTooLarge { received } => too_large(
            format!(
                "Request body of {received} bytes exceeds the limit of {} bytes of this route. \
                 Send larger files to /api/v1/optimize/batch or by URL to /api/v1/optimize/async.",
                limits.body_bytes
            ),
            limits.body_bytes,
            received,
            (app, caller),
        ),
        IntakeError::FileTooLarge { received } => {
            let limit = caller.limits.get(Dimension::FileBytes).unwrap_or(u64::MAX);
            let plan = &app.plans.plan(caller.tier).code;
            let message = format!("File size {received} bytes exceeds {plan} tier limit of {limit} bytes.");
            too_large(message, limit, received, (app, caller))
        }
        IntakeError::TooSlow => ApiError::new(
            ErrorCode::RequestTimeout,
            format!(
                "The request body did not arrive in time: send at least {} bytes a second and all of it within {} seconds.",
                limits.min_bytes_per_second,
                limits.deadline.as_secs()
            ),
        ),
        IntakeError::Disc(source) => disc(source),
    }
}

fn too_large(message: String, limit: u64, used: u64, (app, caller): (&App, &ApiCaller)) -> ApiError {
    ApiError::new(ErrorCode::FileSizeExceeded, message)
        .member("limit", limit)
        .member("used", used)
        .member("current_tier", app.plans.plan(caller.tier).code.as_str())
        .member("next_tier", app.plans.next(caller.tier).map(|plan| plan.code.as_str()))
}

/// The temporary directory is full or broken: nothing that the caller did.
pub(crate) fn disc(source: std::io::Error) -> ApiError {
    ApiError::unavailable(ErrorCode::Overloaded, 10).caused_by(source)
}

/// A job that did not end within the wait. It goes on; a repeat of the request finds its result.
pub(crate) fn still_running(job: JobId, state: JobState, queue_up: bool) -> ApiError {
    let code = match (state, queue_up) {
        (JobState::Queued, false) => ErrorCode::QueueUnavailable,
        (JobState::Queued, true) => ErrorCode::WorkerPoolSaturated,
        _ => ErrorCode::Overloaded,
    };
    ApiError::unavailable(code, 5).member("job_id", job.to_string()).member("status_url", status_url(job))
}

/// The account has had its results of this minute, and the next one is too far away to wait for.
pub(crate) fn minute_is_full(caller: &ApiCaller, wait: SlotWait) -> ApiError {
    let seconds = u32::try_from(wait.retry_after.as_millis().div_ceil(1_000)).unwrap_or(60).max(1);
    let limit = caller.limits.get(Dimension::ResultsPerMinute).unwrap_or_default();
    ApiError::new(
        ErrorCode::Overloaded,
        format!(
            "This minute's {limit} results of the account are used. Try again in {seconds} seconds, send \
             `Prefer: respond-async`, or send a batch."
        ),
    )
    .retry_after(seconds)
}

/// Where the job can be looked at.
pub(crate) fn status_url(job: JobId) -> String {
    format!("/api/v1/jobs/{job}")
}
