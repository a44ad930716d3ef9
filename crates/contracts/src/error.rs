use std::fmt::Display;
use std::str::FromStr;

use chrono::{DateTime, Utc};

/// Why bytes are not the message they should be. Never worth a retry: the bytes do not change.
#[derive(Debug, thiserror::Error)]
pub enum ContractError {
    /// Not a protobuf message of this type.
    #[error("the message cannot be decoded: {0}")]
    Encoding(#[from] prost::DecodeError),
    /// A field holds no acceptable value.
    #[error("field {field} of the message: {problem}")]
    Field {
        /// The field's name in the proto file.
        field: &'static str,
        /// What is wrong with it.
        problem: String,
    },
}

impl ContractError {
    pub(crate) fn field(field: &'static str, problem: impl Display) -> Self {
        Self::Field { field, problem: problem.to_string() }
    }
}

pub(crate) fn parse<T>(field: &'static str, text: &str) -> Result<T, ContractError>
where
    T: FromStr,
    T::Err: Display,
{
    text.parse().map_err(|error| ContractError::field(field, error))
}

pub(crate) fn instant(field: &'static str, unix_ms: i64) -> Result<DateTime<Utc>, ContractError> {
    DateTime::from_timestamp_millis(unix_ms)
        .ok_or_else(|| ContractError::field(field, format!("{unix_ms} ms is outside the calendar")))
}
