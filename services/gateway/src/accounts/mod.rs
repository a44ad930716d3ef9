//! Sign-up, log-in and API keys: enough to get a key over HTTP.

mod attempts;
mod keys;
mod session;

use actix_web::HttpRequest;
use actix_web::web::{self as actix, Payload, ServiceConfig};
use bytes::BytesMut;
use domain::{ErrorCode, Rejection};
use futures_util::StreamExt;
use serde::de::DeserializeOwned;
use web::ApiError;

use crate::app::App;
use crate::body::{BodyFault, GuardedBody};

pub(crate) use keys::{__path_create, __path_list, __path_revoke};
pub(crate) use session::{__path_log_in, __path_sign_up};

/// Largest JSON body of these routes in bytes.
const MAX_BODY: u64 = 16_000;

/// Adds the routes.
pub(crate) fn routes(service: &mut ServiceConfig) {
    service
        .service(actix::resource("/api/auth/signup").post(session::sign_up))
        .service(actix::resource("/api/auth/login").post(session::log_in))
        .service(actix::resource("/api/my/keys").get(keys::list).post(keys::create))
        .service(actix::resource("/api/my/keys/{id}").delete(keys::revoke));
}

/// Reads a small JSON body; unknown members are refused by the types themselves.
async fn json<T: DeserializeOwned>(
    app: &App,
    request: &HttpRequest,
    payload: Payload,
) -> Result<T, ApiError> {
    if request.headers().contains_key(actix_web::http::header::CONTENT_ENCODING) {
        let message = "Compressed request bodies are not accepted.";
        return Err(ApiError::new(ErrorCode::UnsupportedEncoding, message));
    }
    let refused = |message: String| ApiError::from(Rejection::new(ErrorCode::InvalidRequest, message));
    let mut body = BytesMut::new();
    let mut guarded = GuardedBody::new(payload, MAX_BODY, &app.upload);
    while let Some(chunk) = guarded.next().await {
        let chunk = chunk.map_err(|error| match BodyFault::within(&error) {
            Some(BodyFault::TooLarge { .. }) => {
                refused(format!("The body may have at most {MAX_BODY} bytes."))
            }
            Some(BodyFault::TooSlow) => {
                ApiError::new(ErrorCode::RequestTimeout, "The request body did not arrive in time.")
            }
            None => refused("The request body ended early.".to_owned()),
        })?;
        body.extend_from_slice(&chunk);
    }
    serde_json::from_slice(&body).map_err(|error| refused(format!("The body is not as expected: {error}.")))
}
