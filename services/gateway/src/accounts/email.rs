//! Links that were mailed: a confirmed address, a new password.

use actix_web::web::{Data, Payload};
use actix_web::{HttpRequest, HttpResponse};
use auth::SecretToken;
use serde::{Deserialize, Serialize};
use store::letters::{self, Link};
use store::{EmailPurpose, NewEmailToken, User};
use tracing::Instrument;
use utoipa::ToSchema;
use web::{ApiError, SessionCaller};

use super::sign_up::verification;
use super::{attempts, input};
use crate::app::App;

/// The secret of a link.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct MailedToken {
    /// As the mail gives it.
    token: String,
}

/// Whose password is forgotten.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ForgotPassword {
    /// The person's address.
    #[schema(example = "you@example.com")]
    email: String,
}

/// A new password.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ResetPassword {
    /// As the mail gives it.
    token: String,
    /// 10–200 characters.
    #[schema(min_length = 10, max_length = 200)]
    password: String,
}

/// What happens next.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct MailNotice {
    /// For a person.
    message: &'static str,
}

/// Confirm an e-mail address.
#[utoipa::path(
    post, path = "/api/auth/verify-email", tag = "Account", operation_id = "verifyEmail", request_body = MailedToken,
    responses(
        (status = 204, description = "The address is confirmed"),
        (status = 400, description = "The token is unknown, used or too old", body = web::ErrorBody),
        (status = 429, description = "Too many attempts", body = web::ErrorBody),
    ),
    security(()),
)]
pub(crate) async fn verify(
    request: HttpRequest,
    payload: Payload,
    app: Data<App>,
) -> Result<HttpResponse, ApiError> {
    attempts::count(&app, &request).await?;
    let given: MailedToken = input::json(&app, &request, payload).await?;
    let token = input::secret(&given.token)?;
    let user = app.store.verify_email(token.hash(), app.clock.now()).await?;
    user.ok_or_else(input::bad_secret)?;
    Ok(HttpResponse::NoContent().finish())
}

/// Mail the link again that confirms the address; at most one a minute.
#[utoipa::path(
    post, path = "/api/auth/resend-verification", tag = "Account", operation_id = "resendVerification",
    responses(
        (status = 202, description = "A mail is on its way, unless the address is confirmed or a mail was just sent", body = MailNotice),
        (status = 401, description = "No session", body = web::ErrorBody),
    ),
    security(("session" = [])),
)]
pub(crate) async fn resend(caller: SessionCaller, app: Data<App>) -> Result<HttpResponse, ApiError> {
    if caller.user.email_verified_at.is_none() {
        let link = verification(&app, &caller.user.email);
        app.store.send_email_token(caller.user.id, link, app.clock.now()).await?;
    }
    let message = "A mail is on its way, unless the address is confirmed or one was sent within a minute.";
    Ok(HttpResponse::Accepted().json(MailNotice { message }))
}

/// Mail a link that sets a new password. The answer is the same for every address.
#[utoipa::path(
    post, path = "/api/auth/forgot-password", tag = "Account", operation_id = "forgotPassword", request_body = ForgotPassword,
    responses(
        (status = 202, description = "A mail is on its way if the address is known", body = MailNotice),
        (status = 400, description = "Not an address", body = web::ErrorBody),
        (status = 429, description = "Too many attempts", body = web::ErrorBody),
    ),
    security(()),
)]
pub(crate) async fn forgot(
    request: HttpRequest,
    payload: Payload,
    app: Data<App>,
) -> Result<HttpResponse, ApiError> {
    attempts::count(&app, &request).await?;
    let given: ForgotPassword = input::json(&app, &request, payload).await?;
    let email = input::email(&given.email)?;
    if let Some(user) = app.store.user_by_email(&email).await? {
        // Behind the answer's back: its time must not tell whether anything was written.
        tokio::spawn(send_reset(app.into_inner().as_ref().clone(), user).in_current_span());
    }
    let message = "If the address belongs to somebody here, a mail with a link is on its way to it.";
    Ok(HttpResponse::Accepted().json(MailNotice { message }))
}

async fn send_reset(app: App, user: User) {
    let token = SecretToken::generate(&mut rand::rng());
    let link = Link { base: &app.base_url, token: token.expose() };
    let mail = letters::reset_password(&user.email, link);
    let new = NewEmailToken { purpose: EmailPurpose::ResetPassword, hash: token.hash(), mail };
    if let Err(error) = app.store.send_email_token(user.id, new, app.clock.now()).await {
        tracing::warn!(%error, "a link for a new password could not be written");
    }
}

/// Set a new password with a mailed link. Every session of the person ends.
#[utoipa::path(
    post, path = "/api/auth/reset-password", tag = "Account", operation_id = "resetPassword", request_body = ResetPassword,
    responses(
        (status = 204, description = "The password is set"),
        (status = 400, description = "The token is unknown, used or too old, or the password is too short", body = web::ErrorBody),
        (status = 429, description = "Too many attempts", body = web::ErrorBody),
    ),
    security(()),
)]
pub(crate) async fn reset(
    request: HttpRequest,
    payload: Payload,
    app: Data<App>,
) -> Result<HttpResponse, ApiError> {
    attempts::count(&app, &request).await?;
    let given: ResetPassword = input::json(&app, &request, payload).await?;
    let token = input::secret(&given.token)?;
    let hash = input::hash_password("password", given.password).await?;
    let user = app.store.reset_password(token.hash(), &hash, app.clock.now()).await?;
    user.ok_or_else(input::bad_secret)?;
    Ok(HttpResponse::NoContent().finish())
}
