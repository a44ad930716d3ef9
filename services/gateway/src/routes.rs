use actix_web::web::{self as actix, ServiceConfig};

use crate::{accounts, docs, forward, images, optimize, payments, public, usage};

/// Every route of the gateway.
pub(crate) fn all(service: &mut ServiceConfig) {
    service
        .service(actix::resource("/api/optimize").post(optimize::optimize))
        .service(actix::resource("/api/images/{id}").get(images::get).head(images::get))
        .service(actix::resource("/api/images/{id}/original").get(images::original))
        .service(actix::resource("/api/v1/jobs/{job_id}").get(forward::get_job))
        .configure(accounts::routes)
        .configure(usage::routes)
        .configure(payments::routes)
        .configure(public::routes)
        .configure(web::health_routes)
        .configure(docs::routes);
}
