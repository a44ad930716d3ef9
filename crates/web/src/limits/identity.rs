use actix_web::HttpMessage;
use actix_web::dev::ServiceRequest;
use auth::Credential;
use domain::AccountId;

use super::Family;
use crate::caller::{ApiCaller, Authenticator, credential};

/// Who is asking, as far as limits care.
pub(crate) enum Identity {
    /// The holder of an API key that works.
    Key(ApiCaller),
    /// Nobody in particular, who may optimize in the name of an account.
    Anonymous(ApiCaller),
    /// The holder of a session token with a good signature.
    Session,
    /// Somebody with credentials that are wrong.
    Bad,
    /// Nobody in particular: no credentials, or a database that cannot say.
    Unknown,
}

/// The caller that was found on the way in, so that the handler's extractor need not ask again.
#[derive(Clone)]
pub(crate) struct Known(pub(crate) ApiCaller);

impl Identity {
    /// Looks at the request's credentials.
    pub(crate) async fn of(request: &ServiceRequest, family: Family, authenticator: &Authenticator) -> Self {
        let headers = request.headers();
        if !headers.contains_key("x-api-key") && !headers.contains_key("authorization") {
            if family != Family::Work {
                return Self::Unknown;
            }
            return match authenticator.anonymous_caller().await {
                Ok(Some(caller)) => {
                    request.extensions_mut().insert(Known(caller.clone()));
                    Self::Anonymous(caller)
                }
                Ok(None) | Err(_) => Self::Unknown,
            };
        }
        match credential(headers) {
            Ok(Credential::ApiKey(key)) => match authenticator.key_caller(&key).await {
                Ok(caller) => {
                    request.extensions_mut().insert(Known(caller.clone()));
                    Self::Key(caller)
                }
                Err(error) if error.code() == domain::ErrorCode::Unauthorized => Self::Bad,
                // The extractor will find the same, and answer it.
                Err(_) => Self::Unknown,
            },
            Ok(Credential::Session(token)) if authenticator.is_session_signed(&token) => Self::Session,
            Ok(Credential::Session(_)) => Self::Bad,
            Err(error) if error.code() == domain::ErrorCode::Unauthorized => Self::Bad,
            Err(_) => Self::Unknown,
        }
    }

    /// The account and key whose use is counted.
    pub(crate) fn counted(&self) -> Option<(AccountId, domain::ApiKeyId)> {
        match self {
            Self::Key(caller) => Some((caller.account_id, caller.key_id?)),
            _ => None,
        }
    }
}
