use std::fmt;

use crate::ErrorCode;

/// Why a request or a job was refused, in the words that the caller gets: a code of the closed list, a
/// message that names the field, the limit and what to do, and the field itself where there is one.
///
/// A message never names an internal host, address or path.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, serde::Serialize, serde::Deserialize)]
#[error("{code}: {message}")]
pub struct Rejection {
    /// The code of the closed list.
    #[serde(with = "code_as_text")]
    pub code: ErrorCode,
    /// One or two sentences for a person.
    pub message: String,
    /// The request field at fault.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
}

impl Rejection {
    /// A refusal that concerns no single field.
    pub fn new(code: ErrorCode, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), field: None }
    }

    /// A refusal of one request field.
    pub fn field(code: ErrorCode, field: impl Into<String>, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), field: Some(field.into()) }
    }

    /// An `invalid_request` about `field`.
    pub fn invalid(field: impl Into<String>, message: impl fmt::Display) -> Self {
        Self::field(ErrorCode::InvalidRequest, field, message.to_string())
    }
}

mod code_as_text {
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    use crate::ErrorCode;

    pub(super) fn serialize<S: Serializer>(code: &ErrorCode, out: S) -> Result<S::Ok, S::Error> {
        out.serialize_str(code.as_str())
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(input: D) -> Result<ErrorCode, D::Error> {
        String::deserialize(input)?.parse().map_err(D::Error::custom)
    }
}
