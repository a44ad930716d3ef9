//! Reads the body of an optimize request: multipart, urlencoded or JSON.

use actix_multipart::{Field, Multipart, MultipartError};
use actix_web::HttpRequest;
use actix_web::error::PayloadError;
use actix_web::http::header::{self, HeaderMap};
use bytes::{Bytes, BytesMut};
use domain::{ErrorCode, Rejection};
use futures_util::{Stream, StreamExt};

use super::fields::{Fields, MAX_VALUE_BYTES, OptimizeRequest};
use super::filename;
use super::shared::SharedBody;
use super::spool::{Spool, SpoolError, Spooled};
use crate::body::{BodyFault, GuardedBody};
use crate::config::UploadLimits;

/// Most parts of a multipart body: every field and its alias, and the image.
const MAX_PARTS: usize = 32;
/// Largest urlencoded or JSON body: a few short fields and a URL.
const MAX_FORM_BYTES: u64 = 64_000;

/// What came in.
pub(crate) struct Intake {
    pub(crate) request: OptimizeRequest,
    pub(crate) upload: Option<Upload>,
}

/// A received file.
pub(crate) struct Upload {
    pub(crate) spooled: Spooled,
    pub(crate) filename: String,
}

/// Why a body was not taken.
#[derive(Debug, thiserror::Error)]
pub(crate) enum IntakeError {
    /// The caller's fault, in words for the caller.
    #[error(transparent)]
    Rejected(#[from] Rejection),
    /// The whole body is over the route's cap.
    #[error("the body has {received} bytes")]
    BodyTooLarge { received: u64 },
    /// The file is over the plan's limit.
    #[error("the file has {received} bytes")]
    FileTooLarge { received: u64 },
    /// Too slow, or never complete.
    #[error("the body did not arrive in time")]
    TooSlow,
    /// The upload could not be kept.
    #[error("cannot keep the upload")]
    Disc(#[source] std::io::Error),
}

impl From<SpoolError> for IntakeError {
    fn from(error: SpoolError) -> Self {
        match error {
            SpoolError::TooLarge { received, .. } => Self::FileTooLarge { received },
            SpoolError::Disc(source) => Self::Disc(source),
        }
    }
}

impl From<BodyFault> for IntakeError {
    fn from(fault: BodyFault) -> Self {
        match fault {
            BodyFault::TooLarge { received } => Self::BodyTooLarge { received },
            BodyFault::TooSlow => Self::TooSlow,
        }
    }
}

/// Reads and checks the body; `max_file_bytes` is the plan's limit.
pub(crate) async fn read(
    request: &HttpRequest,
    body: SharedBody,
    limits: &UploadLimits,
    max_file_bytes: u64,
) -> Result<Intake, IntakeError> {
    let headers = request.headers();
    refuse_encoding(headers)?;
    if let Some(length) = content_length(headers)
        && length > limits.body_bytes
    {
        return Err(IntakeError::BodyTooLarge { received: length });
    }
    match media_type(headers).as_str() {
        "multipart/form-data" => {
            let guarded = GuardedBody::new(body, limits.body_bytes, limits);
            read_multipart(Multipart::new(headers, guarded), limits, max_file_bytes).await
        }
        "application/x-www-form-urlencoded" => {
            let bytes = read_form(body, limits).await?;
            let pairs: Vec<(String, String)> = serde_urlencoded::from_bytes(&bytes)
                .map_err(|_| Rejection::new(ErrorCode::InvalidRequest, "The form body cannot be parsed."))?;
            from_pairs(pairs)
        }
        "application/json" => {
            let bytes = read_form(body, limits).await?;
            from_pairs(json_pairs(&bytes)?)
        }
        _ => Err(Rejection::field(
            ErrorCode::InvalidRequest,
            "Content-Type",
            "Send multipart/form-data with the file in `image`, or `url` as multipart/form-data, \
             application/x-www-form-urlencoded or application/json.",
        )
        .into()),
    }
}

fn refuse_encoding(headers: &HeaderMap) -> Result<(), Rejection> {
    let plain = |coding: &header::HeaderValue| coding.as_bytes().eq_ignore_ascii_case(b"identity");
    if headers.get_all(header::CONTENT_ENCODING).all(plain) {
        return Ok(());
    }
    Err(Rejection::field(
        ErrorCode::UnsupportedEncoding,
        "Content-Encoding",
        "Compressed request bodies are not accepted; send the body without Content-Encoding.",
    ))
}

fn content_length(headers: &HeaderMap) -> Option<u64> {
    headers.get(header::CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

/// Lower-case type and subtype without parameters.
fn media_type(headers: &HeaderMap) -> String {
    headers
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.split(';').next())
        .map(|value| value.trim().to_ascii_lowercase())
        .unwrap_or_default()
}

async fn read_multipart(
    mut parts: Multipart,
    limits: &UploadLimits,
    max_file_bytes: u64,
) -> Result<Intake, IntakeError> {
    let mut fields = Fields::default();
    let mut upload = None;
    let mut count = 0;
    while let Some(part) = parts.next().await {
        let mut part = part.map_err(multipart_error)?;
        count += 1;
        if count > MAX_PARTS {
            return Err(invalid_multipart(format!("The body has more than {MAX_PARTS} parts.")).into());
        }
        let name = part.name().unwrap_or_default().to_owned();
        if name == "image" {
            if upload.is_some() {
                return Err(Rejection::field(
                    ErrorCode::TooManyFiles,
                    "image",
                    "This route takes one `image`; send several to /api/v1/optimize/batch.",
                )
                .into());
            }
            upload = Some(read_file(&mut part, limits, max_file_bytes).await?);
        } else {
            Fields::canonical(&name)?;
            let value = read_value(&mut part, &name).await?;
            fields.set(&name, value)?;
        }
    }
    let request = fields.check(upload.is_some())?;
    Ok(Intake { request, upload })
}

async fn read_file(
    part: &mut Field,
    limits: &UploadLimits,
    max_file_bytes: u64,
) -> Result<Upload, IntakeError> {
    let given = part.content_disposition().and_then(|disposition| disposition.get_filename());
    let filename = filename::from_upload(given.unwrap_or_default());
    let mut spool = Spool::new(max_file_bytes, &limits.temp_dir);
    while let Some(chunk) = part.next().await {
        spool.write(&chunk.map_err(multipart_error)?)?;
    }
    Ok(Upload { spooled: spool.finish()?, filename })
}

async fn read_value(part: &mut Field, name: &str) -> Result<String, IntakeError> {
    let mut value = BytesMut::new();
    while let Some(chunk) = part.next().await {
        value.extend_from_slice(&chunk.map_err(multipart_error)?);
        if value.len() > MAX_VALUE_BYTES {
            let shown: String = name.chars().filter(|c| !c.is_control()).take(64).collect();
            let message = format!("`{shown}` is longer than {MAX_VALUE_BYTES} bytes.");
            return Err(Rejection::invalid(shown, message).into());
        }
    }
    String::from_utf8(value.to_vec())
        .map_err(|_| invalid_multipart(format!("`{name}` is not UTF-8 text.")).into())
}

async fn read_form(
    body: impl Stream<Item = Result<Bytes, PayloadError>>,
    limits: &UploadLimits,
) -> Result<Bytes, IntakeError> {
    let mut body = GuardedBody::new(body, MAX_FORM_BYTES.min(limits.body_bytes), limits);
    let mut bytes = BytesMut::new();
    while let Some(chunk) = body.next().await {
        let chunk = chunk.map_err(|error| match BodyFault::within(&error) {
            Some(BodyFault::TooLarge { .. }) => Rejection::new(
                ErrorCode::InvalidRequest,
                format!("A form or JSON body may have at most {MAX_FORM_BYTES} bytes."),
            )
            .into(),
            Some(fault) => fault.into(),
            None => IntakeError::Rejected(Rejection::new(
                ErrorCode::InvalidRequest,
                "The request body ended early or cannot be read.",
            )),
        })?;
        bytes.extend_from_slice(&chunk);
    }
    Ok(bytes.freeze())
}

/// The members of a flat JSON object as text. Numbers and booleans may be sent as such.
fn json_pairs(bytes: &[u8]) -> Result<Vec<(String, String)>, Rejection> {
    use serde_json::Value;
    let object: serde_json::Map<String, Value> = serde_json::from_slice(bytes).map_err(|error| {
        Rejection::new(ErrorCode::InvalidRequest, format!("The body must be a JSON object: {error}."))
    })?;
    object
        .into_iter()
        .filter(|(_, value)| !value.is_null())
        .map(|(name, value)| match value {
            Value::String(text) => Ok((name, text)),
            Value::Bool(flag) => Ok((name, flag.to_string())),
            Value::Number(number) => Ok((name, number.to_string())),
            Value::Null | Value::Array(_) | Value::Object(_) => {
                let message = format!("`{name}` must be text, a number or a boolean.");
                Err(Rejection::invalid(name, message))
            }
        })
        .collect()
}

fn from_pairs(pairs: Vec<(String, String)>) -> Result<Intake, IntakeError> {
    let mut fields = Fields::default();
    for (name, value) in pairs {
        fields.set(&name, value)?;
    }
    let request = fields.check(false)?;
    Ok(Intake { request, upload: None })
}

fn invalid_multipart(message: impl Into<String>) -> Rejection {
    Rejection::new(ErrorCode::InvalidMultipart, message)
}

fn multipart_error(error: MultipartError) -> IntakeError {
    if let MultipartError::Payload(payload) = &error
        && let Some(fault) = BodyFault::within(payload)
    {
        return fault.into();
    }
    invalid_multipart(format!("The multipart body cannot be read: {error}.")).into()
}
