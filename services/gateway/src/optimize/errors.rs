//! Errors of this route that say more than a code: limits, plans and what to do.

use domain::plan::Dimension;
use domain::{ErrorCode, JobId, JobState};
use web::{ApiCaller, ApiError};

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

/// Where the job can be looked at.
pub(crate) fn status_url(job: JobId) -> String {
    format!("/api/v1/jobs/{job}")
}
