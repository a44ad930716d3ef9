//! Passing requests on to batch-status, so that one base URL serves everything.

use actix_web::http::StatusCode;
use actix_web::http::header::HeaderName;
use actix_web::web::Data;
use actix_web::{HttpMessage, HttpRequest, HttpResponse};
use domain::ErrorCode;
use futures_util::TryStreamExt;
use web::{ApiError, RequestId};

use crate::app::App;

/// Request headers that travel on; everything else is ours to decide.
const REQUEST_HEADERS: [&str; 6] =
    ["x-api-key", "authorization", "accept", "last-event-id", "if-none-match", "range"];
/// Response headers that travel back.
const RESPONSE_HEADERS: [&str; 9] = [
    "content-type",
    "content-length",
    "content-disposition",
    "content-range",
    "cache-control",
    "etag",
    "retry-after",
    "www-authenticate",
    "x-accel-buffering",
];

/// Look at a job.
#[utoipa::path(
    get, path = "/api/v1/jobs/{job_id}", tag = "Jobs", operation_id = "getJob",
    params(("job_id" = String, Path, description = "Id of the job")),
    responses(
        (status = 200, description = "Where the job stands", body = web::JobView),
        (status = 401, description = "Missing or invalid API key", body = web::ErrorBody),
        (status = 404, description = "Unknown, or not yours", body = web::ErrorBody),
        (status = 503, description = "Status unavailable", body = web::ErrorBody),
    ),
    security(("api_key" = []), ("bearer" = [])),
)]
pub(crate) async fn get_job(request: HttpRequest, app: Data<App>) -> Result<HttpResponse, ApiError> {
    to_batch_status(&request, &app).await
}

async fn to_batch_status(request: &HttpRequest, app: &App) -> Result<HttpResponse, ApiError> {
    let url = format!("{}{}", app.batch_status_url, request.uri());
    let mut onward = app.client.get(url);
    for name in REQUEST_HEADERS {
        for value in request.headers().get_all(name) {
            onward = onward.header(name, value.as_bytes());
        }
    }
    if let Some(id) = request.extensions().get::<RequestId>() {
        onward = onward.header("x-request-id", id.as_str());
    }
    for (name, value) in telemetry::inject() {
        onward = onward.header(name, value);
    }
    let answer = onward
        .send()
        .await
        .map_err(|error| ApiError::unavailable(ErrorCode::Overloaded, 2).caused_by(error.without_url()))?;
    let status = StatusCode::from_u16(answer.status().as_u16()).map_err(ApiError::internal)?;
    let mut response = HttpResponse::build(status);
    for name in RESPONSE_HEADERS {
        if let Some(value) = answer.headers().get(name) {
            response.insert_header((HeaderName::from_static(name), value.as_bytes()));
        }
    }
    Ok(response.streaming(answer.bytes_stream().map_err(|error| std::io::Error::other(error.without_url()))))
}
