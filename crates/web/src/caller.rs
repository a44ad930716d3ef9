use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use actix_web::dev::Payload;
use actix_web::http::header::{self, HeaderMap};
use actix_web::web::Data;
use actix_web::{FromRequest, HttpMessage, HttpRequest};
use auth::{Credential, Sessions};
use chrono::{DateTime, Utc};
use domain::plan::{Limits, PlanCatalogue};
use domain::{AccountId, AccountState, ApiKeyId, Clock, ErrorCode, Role, SessionId, Tier};
use store::Store;
use tracing::Instrument;

use crate::ApiError;
use crate::limits::Known;

/// The holder of a valid API key.
#[derive(Debug, Clone)]
pub struct ApiCaller {
    /// Whose key it is.
    pub account_id: AccountId,
    /// Which key it is; none for a caller without credentials, where the service lets them optimize.
    pub key_id: Option<ApiKeyId>,
    /// The account's tier at this moment.
    pub tier: Tier,
    /// What the account may do at this moment.
    pub limits: Limits,
    /// The key's own rate a minute, in the place of the plan's.
    pub rate_per_minute: Option<u32>,
    /// Whether the account may use operator routes.
    pub is_admin: bool,
}

/// The holder of a valid dashboard session.
#[derive(Debug, Clone)]
pub struct SessionCaller {
    /// The account that the person acts in, as stored at this moment.
    pub account: store::Account,
    /// The person.
    pub user: store::User,
    /// What the person may do in the account.
    pub role: Role,
    /// The log-in.
    pub session_id: SessionId,
}

impl SessionCaller {
    /// Refuses a person whose role is less than `least`.
    ///
    /// # Errors
    /// `forbidden`.
    pub fn require_role(&self, least: Role) -> Result<(), ApiError> {
        if self.role >= least {
            return Ok(());
        }
        let message = format!("This takes the role {least} of the account; yours is {}.", self.role);
        Err(ApiError::new(ErrorCode::Forbidden, message))
    }

    /// Refuses everybody but admins of an account that may use operator routes.
    ///
    /// # Errors
    /// `forbidden`, in the same words for everybody.
    pub fn require_operator(&self) -> Result<(), ApiError> {
        if self.account.is_admin && self.role >= Role::Admin {
            return Ok(());
        }
        Err(ApiError::new(ErrorCode::Forbidden, "This route is for operators of the service."))
    }
}

/// Checks credentials against the store. One instance a service, shared by all threads.
#[derive(Clone)]
pub struct Authenticator {
    /// Accounts and keys.
    pub store: Store,
    /// Issues and verifies session tokens.
    pub sessions: Arc<Sessions>,
    /// What each tier may do.
    pub plans: Arc<PlanCatalogue>,
    /// Address of the account in whose name callers without credentials optimize; none: they may not.
    pub anonymous_account: Option<Arc<str>>,
    /// Decides about expiry.
    pub clock: Arc<dyn Clock>,
}

impl Authenticator {
    async fn api_caller(&self, credential: Credential) -> Result<ApiCaller, ApiError> {
        let key = match credential {
            Credential::ApiKey(key) => key,
            Credential::Session(token) => {
                self.session(&token).await?;
                return Err(ApiError::new(
                    ErrorCode::Forbidden,
                    "This route takes an API key, not a dashboard session.",
                ));
            }
        };
        self.key_caller(&key).await
    }

    /// The caller without credentials, where they may optimize.
    pub(crate) async fn anonymous_caller(&self) -> Result<Option<ApiCaller>, ApiError> {
        let Some(email) = &self.anonymous_account else { return Ok(None) };
        let Some(account) = self.store.account_by_email(email).await? else { return Ok(None) };
        let caller = ApiCaller {
            account_id: account.id,
            key_id: None,
            tier: account.tier,
            limits: self.plans.limits(account.tier, &account.overrides),
            rate_per_minute: None,
            is_admin: false,
        };
        Ok(account.state.may_use().then_some(caller))
    }

    /// Whether a session token is one of ours and not over; whether its session still stands is for the store.
    pub(crate) fn is_session_signed(&self, token: &str) -> bool {
        self.sessions.verify_access(token, self.clock.now()).is_ok()
    }

    /// The holder of `key`.
    pub(crate) async fn key_caller(&self, key: &auth::ApiKey) -> Result<ApiCaller, ApiError> {
        let now = self.clock.now();
        let caller =
            self.store.caller_by_key_hash(key.hash(), now).await?.ok_or_else(ApiError::unauthorized)?;
        refuse_stopped(caller.state)?;
        if caller.is_key_suspended {
            return Err(key_suspended());
        }
        if caller.is_touch_due(now) {
            self.touch(caller.key_id, now);
        }
        Ok(ApiCaller {
            account_id: caller.account_id,
            key_id: Some(caller.key_id),
            tier: caller.tier,
            limits: self.plans.limits(caller.tier, &caller.overrides),
            rate_per_minute: caller.rate_per_minute,
            is_admin: caller.is_admin,
        })
    }

    /// Notes the key's use behind the caller's back: nobody waits for it, and nobody fails without it.
    fn touch(&self, key: ApiKeyId, now: DateTime<Utc>) {
        let store = self.store.clone();
        let noting = async move {
            if let Err(error) = store.touch_api_key(key, now).await {
                tracing::warn!(%error, "the use of an API key could not be noted");
            }
        };
        tokio::spawn(noting.in_current_span());
    }

    async fn session_caller(&self, credential: Credential) -> Result<SessionCaller, ApiError> {
        match credential {
            Credential::Session(token) => self.session(&token).await,
            Credential::ApiKey(key) => {
                let known = self.store.caller_by_key_hash(key.hash(), self.clock.now()).await?;
                known.ok_or_else(ApiError::unauthorized)?;
                Err(ApiError::new(
                    ErrorCode::Forbidden,
                    "This route takes a dashboard session; log in and send its access token.",
                ))
            }
        }
    }

    async fn session(&self, token: &str) -> Result<SessionCaller, ApiError> {
        let now = self.clock.now();
        let session = self.sessions.verify_access(token, now).map_err(|_| ApiError::unauthorized())?;
        let holder = self
            .store
            .session(session.session_id, session.user_id, session.account_id, now)
            .await?
            .ok_or_else(ApiError::unauthorized)?;
        refuse_stopped(holder.account.state)?;
        Ok(SessionCaller {
            account: holder.account,
            user: holder.user,
            role: holder.role,
            session_id: session.session_id,
        })
    }
}

/// Refuses everything in the name of an account that is suspended or archived.
///
/// # Errors
/// `account_suspended`.
pub fn refuse_stopped(state: AccountState) -> Result<(), ApiError> {
    if state.may_use() {
        return Ok(());
    }
    let message = match state {
        AccountState::Archived => {
            "This account is archived. Its owner brings it back by logging in; what an operator put away, support does."
        }
        _ => "This account is suspended. Contact support to have it reactivated.",
    };
    Err(ApiError::new(ErrorCode::AccountSuspended, message))
}

fn key_suspended() -> ApiError {
    ApiError::new(
        ErrorCode::KeySuspended,
        "This API key is suspended. An administrator has to reactivate it; other keys of the account work.",
    )
}

pub(crate) fn credential(headers: &HeaderMap) -> Result<Credential, ApiError> {
    let bytes = |name: &str| headers.get(name).map(header::HeaderValue::as_bytes);
    Credential::from_headers(bytes("x-api-key"), bytes("authorization"))?.ok_or_else(ApiError::unauthorized)
}

fn authenticator(request: &HttpRequest) -> Result<Data<Authenticator>, ApiError> {
    request
        .app_data::<Data<Authenticator>>()
        .cloned()
        .ok_or_else(|| ApiError::internal("the service has no authenticator"))
}

impl FromRequest for ApiCaller {
    type Error = ApiError;
    type Future = Pin<Box<dyn Future<Output = Result<Self, ApiError>>>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        if let Some(Known(caller)) = request.extensions().get::<Known>().cloned() {
            return Box::pin(async move { Ok(caller) });
        }
        let found = credential(request.headers()).and_then(|given| Ok((given, authenticator(request)?)));
        Box::pin(async move {
            let (credential, authenticator) = found?;
            authenticator.api_caller(credential).await
        })
    }
}

impl FromRequest for SessionCaller {
    type Error = ApiError;
    type Future = Pin<Box<dyn Future<Output = Result<Self, ApiError>>>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let found = credential(request.headers()).and_then(|given| Ok((given, authenticator(request)?)));
        Box::pin(async move {
            let (credential, authenticator) = found?;
            authenticator.session_caller(credential).await
        })
    }
}
