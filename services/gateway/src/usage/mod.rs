//! What an account may use, has used, and would use: every answer reads the same plans, buckets and ledger.

mod compat;
mod estimate;
mod figures;
mod history;
mod limits;
mod subject;

use actix_web::web::{self as actix, ServiceConfig};

pub(crate) use compat::{__path_credits, __path_quota};
pub(crate) use estimate::__path_estimate;
pub(crate) use history::{__path_of_all, __path_own};
pub(crate) use limits::{__path_by_key, __path_by_session};
pub(crate) use subject::Subject;

/// Adds the routes.
pub(crate) fn routes(service: &mut ServiceConfig) {
    service
        .service(actix::resource("/api/limits").get(limits::by_key))
        .service(actix::resource("/api/my/limits").get(limits::by_session))
        .service(actix::resource("/api/user/usage").get(compat::quota))
        .service(actix::resource("/api/usage").get(compat::credits))
        .service(actix::resource("/api/estimate").post(estimate::estimate))
        .service(actix::resource("/api/my/usage").get(history::own))
        .service(actix::resource("/api/admin/usage").get(history::of_all));
}
