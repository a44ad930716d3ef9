//! Sign-up.

use actix_web::web::{Data, Payload};
use actix_web::{HttpRequest, HttpResponse};
use auth::SecretToken;
use domain::{ErrorCode, Role};
use serde::Deserialize;
use store::letters::{self, Link};
use store::{EmailPurpose, NewEmailToken, NewSignUp, StoreError, User};
use utoipa::ToSchema;
use web::ApiError;

use super::tokens::SessionToken;
use super::{attempts, input, tokens};
use crate::app::App;

/// E-mail and password.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Credentials {
    /// E-mail address; upper and lower case are the same.
    #[schema(example = "you@example.com")]
    email: String,
    /// 10–200 characters.
    #[schema(example = "correct horse battery", min_length = 10, max_length = 200)]
    password: String,
}

/// Make an account in the free tier. A link that confirms the address is mailed.
#[utoipa::path(
    post, path = "/api/auth/signup", tag = "Account", operation_id = "signUp", request_body = Credentials,
    responses(
        (status = 201, description = "The account and a session", body = SessionToken),
        (status = 400, description = "Bad e-mail or password", body = web::ErrorBody),
        (status = 409, description = "The address has an account", body = web::ErrorBody),
        (status = 429, description = "Too many attempts", body = web::ErrorBody),
    ),
    security(()),
)]
pub(crate) async fn sign_up(
    request: HttpRequest,
    payload: Payload,
    app: Data<App>,
) -> Result<HttpResponse, ApiError> {
    attempts::count(&app, &request).await?;
    let given: Credentials = input::json(&app, &request, payload).await?;
    let email = input::email(&given.email)?;
    let password_hash = input::hash_password("password", given.password).await?;
    let new = NewSignUp { email: email.clone(), password_hash, verification: verification(&app, &email) };
    let (account, id) = app.store.sign_up(new, app.clock.now()).await.map_err(|error| match error {
        StoreError::AlreadyExists { .. } => ApiError::new(
            ErrorCode::AlreadyExists,
            "This e-mail address has an account already; log in instead.",
        ),
        other => other.into(),
    })?;
    let user = User { id, email, password_hash: None, email_verified_at: None };
    let session = tokens::begin(&app, &request, user, account, Role::Owner).await?;
    Ok(HttpResponse::Created().json(session))
}

/// A fresh link that proves an address.
pub(super) fn verification(app: &App, email: &str) -> NewEmailToken {
    let token = SecretToken::generate(&mut rand::rng());
    let link = Link { base: &app.base_url, token: token.expose() };
    NewEmailToken {
        purpose: EmailPurpose::VerifyEmail,
        hash: token.hash(),
        mail: letters::verify_email(email, link),
    }
}
