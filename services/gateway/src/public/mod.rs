//! What anyone may ask: formats and plans.

mod formats;
mod pricing;

use actix_web::web::{self as actix, ServiceConfig};

pub(crate) use formats::__path_formats;
pub(crate) use pricing::__path_pricing;

/// Adds the routes.
pub(crate) fn routes(service: &mut ServiceConfig) {
    service
        .service(actix::resource("/public/formats").get(formats::formats))
        .service(actix::resource("/public/pricing").get(pricing::pricing));
}
