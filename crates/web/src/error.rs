use std::fmt;

use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderName, HeaderValue};
use actix_web::{HttpResponse, ResponseError};
use auth::CredentialError;
use domain::{ErrorCode, Rejection};
use serde_json::{Map, Value};
use store::StoreError;

use crate::body::{ErrorBody, Problem};
use crate::status::{problem_type, status_of, title_of};

/// An error on its way to a response. Handlers return it with `?`; the `observe` middleware adds the request
/// id, chooses between the plain body and a problem document, and logs faults of ours once.
pub struct ApiError {
    code: ErrorCode,
    message: String,
    field: Option<String>,
    members: Map<String, Value>,
    headers: Vec<(HeaderName, HeaderValue)>,
    source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

impl ApiError {
    /// An error with a code and a message for a person.
    pub fn new(code: ErrorCode, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
            field: None,
            members: Map::new(),
            headers: Vec::new(),
            source: None,
        }
    }

    /// Something that is not there, or not the caller's: the same words for both.
    #[must_use]
    pub fn not_found() -> Self {
        Self::new(ErrorCode::NotFound, "Nothing was found at this address, or it has expired.")
    }

    /// Missing or wrong credentials: one body and one set of headers for every cause.
    #[must_use]
    pub fn unauthorized() -> Self {
        Self::new(
            ErrorCode::Unauthorized,
            "Send a valid API key as `X-API-Key: opt_…` or `Authorization: Bearer opt_…`.",
        )
        .header(header::WWW_AUTHENTICATE, "Bearer realm=\"optimagio\"")
    }

    /// A dependency that is down for now.
    #[must_use]
    pub fn unavailable(code: ErrorCode, retry_after_seconds: u32) -> Self {
        let message = match code {
            ErrorCode::DatabaseUnavailable => "The database is not available at the moment.",
            ErrorCode::StorageUnavailable => "The object storage is not available at the moment.",
            ErrorCode::QueueUnavailable => "The job queue is not available at the moment.",
            ErrorCode::WorkerPoolSaturated => {
                "No worker was free in time; the job goes on and a repeat finds it."
            }
            _ => "The service cannot take this request at the moment.",
        };
        Self::new(code, format!("{message} Try again in {retry_after_seconds} seconds."))
            .retry_after(retry_after_seconds)
    }

    /// A fault of ours. The source is logged, never sent.
    pub fn internal(source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        let mut error = Self::new(
            ErrorCode::InternalError,
            "Something went wrong on our side. Quote the request id when you report it.",
        );
        error.source = Some(source.into());
        error
    }

    /// Adds a member to the body.
    #[must_use]
    pub fn member(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.members.insert(name.to_owned(), value.into());
        self
    }

    /// Adds a response header; a value that is no header value is left out.
    #[must_use]
    pub fn header(mut self, name: HeaderName, value: &str) -> Self {
        if let Ok(value) = HeaderValue::from_str(value) {
            self.headers.push((name, value));
        }
        self
    }

    /// Adds `Retry-After` and the body's `retry_after_seconds`.
    #[must_use]
    pub fn retry_after(self, seconds: u32) -> Self {
        self.header(header::RETRY_AFTER, &seconds.to_string()).member("retry_after_seconds", seconds)
    }

    /// Keeps the cause for the log.
    #[must_use]
    pub fn caused_by(mut self, source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        self.source = Some(source.into());
        self
    }

    /// The code.
    #[must_use]
    pub const fn code(&self) -> ErrorCode {
        self.code
    }

    /// The plain body without a request id, for tests of what callers read.
    #[cfg(test)]
    pub(crate) fn body(&self) -> Value {
        serde_json::json!({ "error": self.code.as_str(), "message": self.message, "members": self.members })
    }

    /// The response, as a problem document when `problem` is set.
    #[must_use]
    pub fn render(&self, problem: bool, request_id: Option<&str>) -> HttpResponse {
        let status = status_of(self.code);
        let plain = ErrorBody {
            error: self.code.as_str().to_owned(),
            message: self.message.clone(),
            field: self.field.clone(),
            request_id: request_id.map(str::to_owned),
            members: self.members.clone(),
        };
        let mut response = HttpResponse::build(status);
        for (name, value) in &self.headers {
            response.insert_header((name.clone(), value.clone()));
        }
        response.insert_header((header::CACHE_CONTROL, "no-store"));
        if !problem {
            return response.json(plain);
        }
        let document = Problem {
            kind: problem_type(self.code),
            title: title_of(self.code),
            status: status.as_u16(),
            detail: self.message.clone(),
            instance: request_id.map(|id| format!("urn:request:{id}")),
            plain,
        };
        response
            .content_type("application/problem+json")
            .body(serde_json::to_string(&document).unwrap_or_else(|_| String::from("{\"status\":500}")))
    }
}

impl fmt::Debug for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ApiError")
            .field("code", &self.code)
            .field("message", &self.message)
            .field("source", &self.source)
            .finish_non_exhaustive()
    }
}

impl fmt::Display for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code, self.message)?;
        let mut cause = self.source.as_deref().map(|source| source as &dyn std::error::Error);
        while let Some(error) = cause {
            write!(f, ": {error}")?;
            cause = error.source();
        }
        Ok(())
    }
}

impl ResponseError for ApiError {
    fn status_code(&self) -> StatusCode {
        status_of(self.code)
    }

    fn error_response(&self) -> HttpResponse {
        self.render(false, None)
    }
}

impl From<Rejection> for ApiError {
    fn from(rejection: Rejection) -> Self {
        let mut error = Self::new(rejection.code, rejection.message);
        error.field = rejection.field;
        error
    }
}

impl From<StoreError> for ApiError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Unavailable { .. } => {
                Self::unavailable(ErrorCode::DatabaseUnavailable, 2).caused_by(error)
            }
            StoreError::InvalidText { what } => {
                Rejection::invalid(what, format!("`{what}` must not hold a NUL character.")).into()
            }
            other => Self::internal(other),
        }
    }
}

impl From<CredentialError> for ApiError {
    fn from(error: CredentialError) -> Self {
        match error {
            CredentialError::Ambiguous => Self::new(
                ErrorCode::AmbiguousCredentials,
                "X-API-Key and Authorization carry different credentials; send one of them.",
            ),
            CredentialError::Malformed => Self::unauthorized(),
        }
    }
}
