//! The description of the API: `/openapi.json`, the page at `/docs` and the list of error codes.

use std::fmt::Write;

use actix_web::HttpResponse;
use actix_web::http::header;
use actix_web::web::{self as actix, ServiceConfig};
use domain::ErrorCode;
use utoipa::openapi::security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::{Modify, OpenApi};
use utoipa_swagger_ui::SwaggerUi;

use crate::{accounts, admin, forward, images, intents, optimize, payments, public, team, usage};

/// Every documented route of the gateway.
#[derive(OpenApi)]
#[openapi(
    info(
        title = "Optimagio API",
        description = "The smallest file at a stated visual quality: send an image by upload or URL and get its smaller twin.",
        license(name = "Apache-2.0", identifier = "Apache-2.0"),
    ),
    paths(
        optimize::optimize,
        images::get,
        images::original,
        forward::get_job,
        accounts::sign_up::sign_up,
        accounts::log_in::log_in,
        accounts::log_in::refresh,
        accounts::log_in::log_out,
        accounts::log_in::switch,
        accounts::email::verify,
        accounts::email::resend,
        accounts::email::forgot,
        accounts::email::reset,
        accounts::me::change_password,
        accounts::me::sessions,
        accounts::me::revoke_session,
        accounts::me::accounts,
        accounts::me::close,
        accounts::keys::create,
        accounts::keys::list,
        accounts::keys::change,
        accounts::keys::revoke,
        accounts::access_requests::ask,
        intents::mint,
        team::members::team,
        team::members::change_role,
        team::members::remove,
        team::invitations::invite,
        team::invitations::resend,
        team::invitations::revoke,
        team::accept::accept,
        admin::accounts::list,
        admin::accounts::show,
        admin::accounts::change,
        admin::keys::suspend,
        admin::keys::reactivate,
        admin::logs::audit_log,
        admin::logs::access_requests,
        admin::logs::handled,
        usage::by_key,
        usage::by_session,
        usage::quota,
        usage::credits,
        usage::estimate,
        usage::own,
        usage::of_all,
        payments::start,
        payments::take,
        admin::blocks::list,
        admin::blocks::lift,
        admin::topups::grant,
        admin::topups::list,
        public::formats,
        public::pricing,
        health,
        live,
        ready,
    ),
    components(schemas(web::ErrorBody, web::Problem)),
    modifiers(&Security),
    tags(
        (name = "Optimize", description = "Make images smaller"),
        (name = "Images", description = "Read results"),
        (name = "Jobs", description = "Work that takes longer"),
        (name = "Account", description = "Sign-up, sessions and API keys"),
        (name = "Team", description = "Members of an account, and invitations"),
        (name = "Admin", description = "For operators of the service; every act is in the audit log"),
        (name = "Usage", description = "Limits, credits and what was used"),
        (name = "Credits", description = "Credits on top of a plan"),
        (name = "Public", description = "Formats, plans and health; no credentials"),
    ),
)]
pub struct ApiDoc;

struct Security;

impl Modify for Security {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        let components = document.components.get_or_insert_with(Default::default);
        let header = SecurityScheme::ApiKey(ApiKey::Header(ApiKeyValue::new("X-API-Key")));
        components.add_security_scheme("api_key", header);
        let bearer =
            HttpBuilder::new().scheme(HttpAuthScheme::Bearer).description(Some("An API key")).build();
        components.add_security_scheme("bearer", SecurityScheme::Http(bearer));
        let session = HttpBuilder::new()
            .scheme(HttpAuthScheme::Bearer)
            .bearer_format("JWT")
            .description(Some("A dashboard session"))
            .build();
        components.add_security_scheme("session", SecurityScheme::Http(session));
    }
}

/// Whether the service answers.
#[utoipa::path(get, path = "/api/health", tag = "Public", operation_id = "health", responses((status = 200, description = "`{\"status\":\"ok\",…}`")), security(()))]
#[allow(dead_code, reason = "describes a route of the web crate")]
fn health() {}

/// Whether the process is alive; looks at no dependency.
#[utoipa::path(get, path = "/api/healthz/live", tag = "Public", operation_id = "live", responses((status = 200, description = "Alive")), security(()))]
#[allow(dead_code, reason = "describes a route of the web crate")]
fn live() {}

/// Whether traffic should be sent here.
#[utoipa::path(get, path = "/api/healthz/ready", tag = "Public", operation_id = "ready", responses((status = 200, description = "Ready"), (status = 503, description = "Draining, overloaded or without its database")), security(()))]
#[allow(dead_code, reason = "describes a route of the web crate")]
fn ready() {}

/// Adds the routes.
pub(crate) fn routes(service: &mut ServiceConfig) {
    service
        .service(actix::resource("/docs").get(to_docs))
        .service(actix::resource("/docs/errors").get(errors))
        .service(SwaggerUi::new("/docs/{_:.*}").url("/openapi.json", ApiDoc::openapi()));
}

async fn to_docs() -> HttpResponse {
    HttpResponse::PermanentRedirect().insert_header((header::LOCATION, "/docs/")).finish()
}

/// The page that `type` of a problem document points to.
async fn errors() -> HttpResponse {
    let mut page = String::from(
        "<!doctype html><html lang=en><meta charset=utf-8><title>Error codes</title>\
         <style>body{font:16px/1.5 system-ui;max-width:60rem;margin:2rem auto;padding:0 1rem}\
         td,th{text-align:left;padding:.3rem 1rem .3rem 0;vertical-align:top}</style>\
         <h1>Error codes</h1><p>The member <code>error</code> of an error body, and its HTTP status.</p>\
         <table><tr><th>Code<th>Status<th>Meaning",
    );
    for code in ErrorCode::ALL {
        // Writing to a String cannot fail.
        let _ = write!(
            page,
            "<tr id=\"{code}\"><td><code>{code}</code><td>{}<td>{}",
            web::status_of(*code).as_u16(),
            code.meaning()
        );
    }
    page.push_str("</table>");
    HttpResponse::Ok().content_type("text/html; charset=utf-8").body(page)
}
