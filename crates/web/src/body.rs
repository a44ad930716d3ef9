use serde::Serialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;

/// The body of every error, `application/json`.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ErrorBody {
    /// A code of the closed list.
    #[schema(example = "invalid_request")]
    pub error: String,
    /// What is wrong, which limit applies and what to do.
    pub message: String,
    /// The request field at fault, where there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
    /// The id of the request, as in the `X-Request-Id` header.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
    /// Members that only some codes have: `limit`, `used`, `retry_after_seconds`, ….
    #[serde(flatten)]
    #[schema(value_type = Object, additional_properties)]
    pub members: Map<String, Value>,
}

/// The same error as RFC 9457 problem details, `application/problem+json`, for clients that accept it.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Problem {
    /// A URI that documents the code: `/docs/errors#{code}`.
    #[serde(rename = "type")]
    pub kind: String,
    /// Short and the same for every occurrence.
    pub title: String,
    /// The HTTP status.
    pub status: u16,
    /// What is wrong this time.
    pub detail: String,
    /// The request: `urn:request:{id}`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub instance: Option<String>,
    /// The members of the plain body.
    #[serde(flatten)]
    pub plain: ErrorBody,
}
