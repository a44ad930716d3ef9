//! Credits on top of plans: bought at a payment provider, or granted by an administrator.

mod checkout;
mod config;
mod signature;
mod webhook;

use actix_web::web::{self as actix, ServiceConfig};
use domain::ErrorCode;
use web::ApiError;

pub(crate) use checkout::{__path_start, start};
pub use config::PaymentsConfig;
pub(crate) use webhook::{__path_take, take};

/// Adds the routes.
pub(crate) fn routes(service: &mut ServiceConfig) {
    service
        .service(actix::resource("/api/my/topups/checkout").post(start))
        .service(actix::resource("/api/payments/webhook").post(take));
}

fn not_configured() -> ApiError {
    ApiError::new(
        ErrorCode::PaymentsNotConfigured,
        "This installation sells no credits. Ask its administrator to grant some.",
    )
}
