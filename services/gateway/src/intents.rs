//! Action intents: leave for one mutation. A page asks for one when a person presses the button, and sends it with
//! the mutation; a forged request from another site has none.

use std::str::FromStr;

use actix_web::web::{self as actix, Data, Payload, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse};
use auth::SecretToken;
use chrono::TimeDelta;
use domain::{ErrorCode, Rejection};
use serde::{Deserialize, Serialize};
use store::{IntentUse, NewIntent};
use utoipa::ToSchema;
use web::{ApiError, SessionCaller};

use crate::accounts::input;
use crate::accounts::tokens::time;
use crate::app::App;

/// The header that carries an intent.
pub(crate) const HEADER: &str = "x-action-intent";
/// How long an intent can be used.
const LIFETIME: TimeDelta = TimeDelta::minutes(5);
/// Longest name of an object in characters.
const MAX_OBJECT: usize = 200;

/// Mutations that take an intent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Action {
    /// Removing a member of the team; the object is the member's user id.
    TeamRemove,
    /// Closing the account; the object is its id.
    AccountClose,
}

impl Action {
    const ALL: [Self; 2] = [Self::TeamRemove, Self::AccountClose];

    const fn as_str(self) -> &'static str {
        match self {
            Self::TeamRemove => "team.remove",
            Self::AccountClose => "account.close",
        }
    }
}

impl FromStr for Action {
    type Err = Rejection;

    fn from_str(text: &str) -> Result<Self, Rejection> {
        Self::ALL.into_iter().find(|one| one.as_str() == text).ok_or_else(|| {
            let known: Vec<_> = Self::ALL.iter().map(|one| one.as_str()).collect();
            Rejection::invalid("action", format!("`action` must be one of {}.", known.join(", ")))
        })
    }
}

/// What is to be done, and to what.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct MintIntent {
    /// `team.remove` or `account.close`.
    #[schema(example = "team.remove")]
    action: String,
    /// The id of what it is done to.
    object: String,
}

/// Leave for one mutation.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Intent {
    /// Send it as `X-Action-Intent`, once.
    intent: String,
    /// For this.
    action: &'static str,
    /// To this.
    object: String,
    /// Until then, RFC 3339.
    expires_at: String,
}

/// Adds the route.
pub(crate) fn routes(service: &mut ServiceConfig) {
    service.service(actix::resource("/api/my/intents").post(mint));
}

/// Ask for leave to do something to an object, once and within five minutes.
#[utoipa::path(
    post, path = "/api/my/intents", tag = "Account", operation_id = "createIntent", request_body = MintIntent,
    responses(
        (status = 201, description = "The intent", body = Intent),
        (status = 400, description = "No such action", body = web::ErrorBody),
        (status = 401, description = "No session", body = web::ErrorBody),
    ),
    security(("session" = [])),
)]
pub(crate) async fn mint(
    caller: SessionCaller,
    request: HttpRequest,
    payload: Payload,
    app: Data<App>,
) -> Result<HttpResponse, ApiError> {
    let given: MintIntent = input::json(&app, &request, payload).await?;
    let action: Action = given.action.parse()?;
    let object = input::line("object", &given.object, MAX_OBJECT)?;
    let token = SecretToken::generate(&mut rand::rng());
    let now = app.clock.now();
    let new = intent(&caller, &token, action, &object);
    app.store.mint_intent(&new, now + LIFETIME, now).await?;
    Ok(HttpResponse::Created().json(Intent {
        intent: token.expose().to_owned(),
        action: action.as_str(),
        object,
        expires_at: time(now + LIFETIME),
    }))
}

/// Uses up the request's intent for `action` on `object`. Call it last before the mutation.
///
/// # Errors
/// `intent_required` without one that permits this, `intent_used` where it was used before.
pub(crate) async fn require(
    app: &App,
    caller: &SessionCaller,
    request: &HttpRequest,
    action: Action,
    object: &str,
) -> Result<(), ApiError> {
    let missing = || {
        let message = format!(
            "This takes a fresh intent: POST /api/my/intents with action \"{}\" and this object, and send it as \
             X-Action-Intent.",
            action.as_str()
        );
        ApiError::new(ErrorCode::IntentRequired, message)
    };
    let given = request.headers().get(HEADER).and_then(|value| value.to_str().ok());
    let token = given.and_then(|text| SecretToken::parse(text).ok()).ok_or_else(missing)?;
    let asked = intent(caller, &token, action, object);
    match app.store.use_intent(&asked, app.clock.now()).await? {
        IntentUse::Admitted => Ok(()),
        IntentUse::Used => Err(ApiError::new(
            ErrorCode::IntentUsed,
            "This intent was used before; ask for another one if you mean to do it again.",
        )),
        IntentUse::Refused => Err(missing()),
    }
}

fn intent(caller: &SessionCaller, token: &SecretToken, action: Action, object: &str) -> NewIntent {
    NewIntent {
        hash: token.hash(),
        user_id: caller.user.id,
        account_id: caller.account.id,
        action: action.as_str().to_owned(),
        object: object.to_owned(),
    }
}
