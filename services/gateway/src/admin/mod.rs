//! What operators of the service do over HTTP. Every act is in the audit log.

pub(crate) mod accounts;
pub(crate) mod blocks;
pub(crate) mod keys;
pub(crate) mod logs;
pub(crate) mod topups;

use actix_web::web::{self as actix, ServiceConfig};

/// Rows of one answer.
const MAX_ROWS: u32 = 200;
const DEFAULT_ROWS: u32 = 50;

/// Adds the routes.
pub(crate) fn routes(service: &mut ServiceConfig) {
    service
        .service(actix::resource("/api/admin/accounts").get(accounts::list))
        .service(actix::resource("/api/admin/accounts/{id}").get(accounts::show).patch(accounts::change))
        .service(actix::resource("/api/admin/keys/{id}/suspend").post(keys::suspend))
        .service(actix::resource("/api/admin/keys/{id}/reactivate").post(keys::reactivate))
        .service(actix::resource("/api/admin/accounts/{id}/topups").get(topups::list).post(topups::grant))
        .service(actix::resource("/api/admin/blocks").get(blocks::list))
        .service(actix::resource("/api/admin/blocks/{label}").delete(blocks::lift))
        .service(actix::resource("/api/admin/audit-log").get(logs::audit_log))
        .service(actix::resource("/api/admin/access-requests").get(logs::access_requests))
        .service(actix::resource("/api/admin/access-requests/{id}/handled").post(logs::handled));
}

fn rows(asked: Option<u32>) -> u32 {
    asked.unwrap_or(DEFAULT_ROWS).clamp(1, MAX_ROWS)
}
