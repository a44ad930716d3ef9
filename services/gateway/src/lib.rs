//! The public face of Optimagio: takes images by upload or URL, answers with results, and keeps accounts.

mod accounts;
mod admin;
mod app;
mod body;
mod config;
mod docs;
mod forward;
mod health;
mod images;
mod intents;
mod limits;
mod metrics;
mod optimize;
mod outgoing;
mod payments;
mod public;
mod publish;
mod relay;
mod resume;
mod routes;
mod team;
mod usage;
mod waiters;

pub use app::{App, Gateway, GatewayError};
pub use config::{Config, Contact, UploadLimits};
pub use docs::ApiDoc;
pub use metrics::GatewayMetrics;
pub use payments::PaymentsConfig;
pub use waiters::{Waiter, Waiters};

use blob::BlobError;
use domain::ErrorCode;
use web::ApiError;

/// What a failure of the object store means to a caller.
fn storage_error(error: BlobError) -> ApiError {
    match error {
        BlobError::Unavailable { .. } => {
            ApiError::unavailable(ErrorCode::StorageUnavailable, 5).caused_by(error)
        }
        // The row says that it exists, so its absence is our fault and looks like expiry to the caller.
        BlobError::Missing => ApiError::not_found(),
        other => ApiError::internal(other),
    }
}
