use std::future::Future;
use std::pin::Pin;

use actix_web::dev::Payload;
use actix_web::web::Data;
use actix_web::{FromRequest, HttpRequest};
use domain::ApiKeyId;
use domain::plan::Limits;
use store::Account;
use web::{ApiCaller, ApiError, SessionCaller};

use crate::app::App;

/// The account that asks about itself, by an API key or a session.
pub(crate) struct Subject {
    pub(crate) account: Account,
    /// The key, where it asks by one.
    pub(crate) key: Option<ApiKeyId>,
    pub(crate) limits: Limits,
}

impl Subject {
    /// The holder of a key.
    pub(crate) async fn by_key(app: &App, caller: ApiCaller) -> Result<Self, ApiError> {
        let account = app.store.account(caller.account_id).await?.ok_or_else(ApiError::unauthorized)?;
        Ok(Self { account, key: caller.key_id, limits: caller.limits })
    }

    /// The holder of a session.
    pub(crate) fn by_session(app: &App, caller: SessionCaller) -> Self {
        let limits = app.plans.limits(caller.account.tier, &caller.account.overrides);
        Self { account: caller.account, key: None, limits }
    }
}

/// By whichever credentials the request has.
impl FromRequest for Subject {
    type Error = ApiError;
    type Future = Pin<Box<dyn Future<Output = Result<Self, ApiError>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let by_key = ApiCaller::from_request(request, payload);
        let by_session = SessionCaller::from_request(request, payload);
        let app = request.app_data::<Data<App>>().cloned();
        Box::pin(async move {
            let app = app.ok_or_else(|| ApiError::internal("the service has no application"))?;
            match by_key.await {
                Ok(caller) => Self::by_key(&app, caller).await,
                // Credentials of the other kind.
                Err(error) if error.code() == domain::ErrorCode::Forbidden => {
                    Ok(Self::by_session(&app, by_session.await?))
                }
                Err(error) => Err(error),
            }
        })
    }
}
