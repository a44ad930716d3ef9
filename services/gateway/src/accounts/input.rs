//! What people type, checked.

use std::fmt::Display;

use actix_web::HttpRequest;
use actix_web::web::Payload;
use auth::{AuthError, SecretToken};
use bytes::{Bytes, BytesMut};
use domain::{ErrorCode, Rejection};
use futures_util::StreamExt;
use serde::de::DeserializeOwned;
use web::ApiError;

use crate::app::App;
use crate::body::{BodyFault, GuardedBody};

/// Longest e-mail address (RFC 5321).
pub(crate) const MAX_EMAIL: usize = 254;
/// Largest JSON body of these routes in bytes.
const MAX_BODY: u64 = 16_000;

/// Reads a small JSON body; unknown members are refused by the types themselves.
pub(crate) async fn json<T: DeserializeOwned>(
    app: &App,
    request: &HttpRequest,
    payload: Payload,
) -> Result<T, ApiError> {
    json_up_to(MAX_BODY, app, request, payload).await
}

/// The same for a body of at most `most` bytes.
pub(crate) async fn json_up_to<T: DeserializeOwned>(
    most: u64,
    app: &App,
    request: &HttpRequest,
    payload: Payload,
) -> Result<T, ApiError> {
    let body = body(most, app, request, payload).await?;
    serde_json::from_slice(&body).map_err(|error| refused(format!("The body is not as expected: {error}.")))
}

/// Reads a body of at most `most` bytes as it is.
pub(crate) async fn body(
    most: u64,
    app: &App,
    request: &HttpRequest,
    payload: Payload,
) -> Result<Bytes, ApiError> {
    if request.headers().contains_key(actix_web::http::header::CONTENT_ENCODING) {
        let message = "Compressed request bodies are not accepted.";
        return Err(ApiError::new(ErrorCode::UnsupportedEncoding, message));
    }
    let mut body = BytesMut::new();
    let mut guarded = GuardedBody::new(payload, most, &app.upload);
    while let Some(chunk) = guarded.next().await {
        let chunk = chunk.map_err(|error| match BodyFault::within(&error) {
            Some(BodyFault::TooLarge { .. }) => refused(format!("The body may have at most {most} bytes.")),
            Some(BodyFault::TooSlow) => {
                ApiError::new(ErrorCode::RequestTimeout, "The request body did not arrive in time.")
            }
            None => refused("The request body ended early.".to_owned()),
        })?;
        body.extend_from_slice(&chunk);
    }
    Ok(body.freeze())
}

/// Reads the query; unknown members are refused by the types themselves.
pub(crate) fn query<T: DeserializeOwned>(request: &HttpRequest) -> Result<T, ApiError> {
    serde_urlencoded::from_str(request.query_string())
        .map_err(|error| refused(format!("The query is not as expected: {error}.")))
}

fn refused(message: String) -> ApiError {
    Rejection::new(ErrorCode::InvalidRequest, message).into()
}

/// Enough to catch typing mistakes; only a message to the address proves it.
pub(crate) fn email(given: &str) -> Result<String, Rejection> {
    let email = given.trim().to_lowercase();
    let plausible = email.len() <= MAX_EMAIL
        && !email.chars().any(|c| c.is_control() || c.is_whitespace())
        && email.split_once('@').is_some_and(|(name, host)| {
            !name.is_empty() && !host.is_empty() && !host.contains('@') && !host.starts_with('.')
        });
    if plausible { Ok(email) } else { Err(Rejection::invalid("email", "`email` is not an e-mail address.")) }
}

/// A line of at most `max` characters, without the space around it.
pub(crate) fn line(field: &'static str, given: &str, max: usize) -> Result<String, Rejection> {
    let text = given.trim();
    if text.chars().count() > max || text.chars().any(char::is_control) {
        let message = format!("`{field}` may have at most {max} characters and no control characters.");
        return Err(Rejection::invalid(field, message));
    }
    Ok(text.to_owned())
}

/// A secret that was mailed; one answer for every one that does not work.
pub(crate) fn secret(given: &str) -> Result<SecretToken, Rejection> {
    SecretToken::parse(given).map_err(|_| bad_secret())
}

/// The same words whether the secret is malformed, unknown, used or too old.
pub(crate) fn bad_secret() -> Rejection {
    Rejection::invalid("token", "`token` is unknown, used or too old; ask for a new one.")
}

/// Hashes a new password away from the threads that serve.
pub(crate) async fn hash_password(field: &'static str, password: String) -> Result<String, ApiError> {
    let hashed = tokio::task::spawn_blocking(move || auth::hash_password(&password)).await;
    hashed.map_err(ApiError::internal)?.map_err(|error| match error {
        AuthError::PasswordLength => Rejection::invalid(field, format!("`{field}`: {error}.")).into(),
        other => ApiError::internal(other),
    })
}

/// Compares a password; the same work whether or not there is a hash.
pub(crate) async fn verify_password(password: String, stored: Option<String>) -> Result<bool, ApiError> {
    tokio::task::spawn_blocking(move || auth::verify_password(&password, stored.as_deref()))
        .await
        .map_err(ApiError::internal)
}

/// An id in a path: a malformed one names nothing.
pub(crate) fn id<T: std::str::FromStr>(given: &str) -> Result<T, ApiError>
where
    T::Err: Display,
{
    given.parse().map_err(|_| ApiError::not_found())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_lowered_and_line_breaks_refused() {
        assert_eq!(email(" You@Example.COM ").unwrap(), "you@example.com");
        for bad in ["", "you", "@example.com", "you@", "a@b@c", "you@.com", "you@example.com\r\nBcc: x@y.z"] {
            assert!(email(bad).is_err(), "{bad:?}");
        }
        assert!(email(&format!("{}@example.com", "x".repeat(250))).is_err());
    }

    #[test]
    fn lines_have_no_control_characters() {
        assert_eq!(line("name", " Ann ", 10).unwrap(), "Ann");
        assert!(line("name", "a\nb", 10).is_err() && line("name", "eleven chars", 10).is_err());
    }
}
