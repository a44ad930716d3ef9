//! Sign-up, log-in, sessions, passwords and API keys.

pub(crate) mod access_requests;
mod attempts;
pub(crate) mod email;
pub(crate) mod input;
pub(crate) mod keys;
pub(crate) mod log_in;
pub(crate) mod me;
pub(crate) mod sign_up;
pub(crate) mod tokens;

use actix_web::web::{self as actix, ServiceConfig};

use crate::{admin, intents, team};

pub(crate) use attempts::count as count_attempt;

/// Adds the routes, with those of teams, intents and operators.
pub(crate) fn routes(service: &mut ServiceConfig) {
    service
        .service(actix::resource("/api/auth/signup").post(sign_up::sign_up))
        .service(actix::resource("/api/auth/login").post(log_in::log_in))
        .service(actix::resource("/api/auth/refresh").post(log_in::refresh))
        .service(actix::resource("/api/auth/logout").post(log_in::log_out))
        .service(actix::resource("/api/auth/switch").post(log_in::switch))
        .service(actix::resource("/api/auth/verify-email").post(email::verify))
        .service(actix::resource("/api/auth/resend-verification").post(email::resend))
        .service(actix::resource("/api/auth/forgot-password").post(email::forgot))
        .service(actix::resource("/api/auth/reset-password").post(email::reset))
        .service(actix::resource("/api/auth/password").post(me::change_password))
        .service(actix::resource("/api/my/sessions").get(me::sessions))
        .service(actix::resource("/api/my/sessions/{id}").delete(me::revoke_session))
        .service(actix::resource("/api/my/accounts").get(me::accounts))
        .service(actix::resource("/api/my/account/close").post(me::close))
        .service(actix::resource("/api/my/keys").get(keys::list).post(keys::create))
        .service(actix::resource("/api/my/keys/{id}").delete(keys::revoke).patch(keys::change))
        .service(actix::resource("/api/access-requests").post(access_requests::ask))
        .configure(team::routes)
        .configure(intents::routes)
        .configure(admin::routes);
}
