use std::fmt;

use chrono::{DateTime, TimeDelta, Utc};
use domain::{AccountId, SessionId, UserId};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use serde::{Deserialize, Serialize};
use settings::Secret;
use uuid::Uuid;

use crate::{AuthError, Config};

const ISSUER: &str = "optimagio";
const AUDIENCE: &str = "optimagio-api";
/// How far the clocks of two machines may be apart (RELIABILITY T82: at most 30 s).
const LEEWAY: TimeDelta = TimeDelta::seconds(30);
/// RFC 7518, 3.2: an HMAC key has at least the size of the hash.
const SECRET_BYTES: usize = 32;
/// No token of ours is longer than about 400 bytes.
pub const MAX_TOKEN_BYTES: usize = 4096;

/// What a token may be used for; a token of one kind is never accepted as another (RFC 8725, 3.11).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Kind {
    Access,
    Refresh,
}

#[derive(Debug, Serialize, Deserialize)]
struct Claims {
    iss: String,
    aud: String,
    sub: UserId,
    acc: AccountId,
    sid: SessionId,
    typ: Kind,
    iat: i64,
    nbf: i64,
    exp: i64,
    jti: Uuid,
}

/// A signed token and when it ends.
#[derive(Clone)]
pub struct Token {
    /// The JWT in its compact form: a secret.
    pub token: String,
    /// The first instant at which it is no longer valid.
    pub expires_at: DateTime<Utc>,
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Token(redacted, expires at {})", self.expires_at)
    }
}

/// What a valid token says, and what one is made from. Whether the session still stands is for the store to say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Session {
    /// Who has logged in.
    pub user_id: UserId,
    /// The account that they act in.
    pub account_id: AccountId,
    /// The log-in.
    pub session_id: SessionId,
}

/// What a valid refresh token says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Refresh {
    /// Whose session is to go on.
    pub session: Session,
    /// The token's own identity: the store knows which one is the newest of the session.
    pub refresh_id: Uuid,
}

/// Issues and verifies session tokens: JWT (RFC 7519) with HS256 and nothing else (RFC 8725).
pub struct Sessions {
    encoding: EncodingKey,
    decoding: DecodingKey,
    validation: Validation,
    access_lifetime: TimeDelta,
    refresh_lifetime: TimeDelta,
}

impl fmt::Debug for Sessions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Sessions(redacted, access tokens live {})", self.access_lifetime)
    }
}

impl Sessions {
    /// Sessions signed with the configured key.
    ///
    /// # Errors
    /// [`AuthError::WeakSecret`] if the key is not hexadecimal or shorter than 32 bytes.
    pub fn new(config: &Config) -> Result<Self, AuthError> {
        let secret = decode_secret(&config.jwt_secret)?;
        Ok(Self {
            encoding: EncodingKey::from_secret(&secret),
            decoding: DecodingKey::from_secret(&secret),
            validation: signature_only(),
            access_lifetime: config.access_token_lifetime,
            refresh_lifetime: config.refresh_token_lifetime,
        })
    }

    /// A new access token, valid from `now` on.
    ///
    /// # Errors
    /// [`AuthError::Sign`] if the library cannot sign.
    pub fn issue_access(&self, session: Session, now: DateTime<Utc>) -> Result<Token, AuthError> {
        self.issue(Kind::Access, session, Uuid::new_v4(), now)
    }

    /// A new refresh token with the identity `refresh_id`, valid from `now` on.
    ///
    /// # Errors
    /// [`AuthError::Sign`] if the library cannot sign.
    pub fn issue_refresh(
        &self,
        session: Session,
        refresh_id: Uuid,
        now: DateTime<Utc>,
    ) -> Result<Token, AuthError> {
        self.issue(Kind::Refresh, session, refresh_id, now)
    }

    /// The end of a session whose refresh token is issued at `now`.
    #[must_use]
    pub fn session_end(&self, now: DateTime<Utc>) -> DateTime<Utc> {
        now + self.refresh_lifetime
    }

    /// Checks the header, the signature and every claim of an access token at the instant `now`, with a
    /// leeway of 30 s.
    ///
    /// # Errors
    /// [`AuthError`] saying which check failed; to the caller of the API all of them are one answer.
    pub fn verify_access(&self, token: &str, now: DateTime<Utc>) -> Result<Session, AuthError> {
        Ok(self.verify(Kind::Access, token, now)?.session)
    }

    /// Checks a refresh token in the same way.
    ///
    /// # Errors
    /// [`AuthError`] saying which check failed; to the caller of the API all of them are one answer.
    pub fn verify_refresh(&self, token: &str, now: DateTime<Utc>) -> Result<Refresh, AuthError> {
        self.verify(Kind::Refresh, token, now)
    }

    const fn lifetime(&self, kind: Kind) -> TimeDelta {
        match kind {
            Kind::Access => self.access_lifetime,
            Kind::Refresh => self.refresh_lifetime,
        }
    }

    fn issue(&self, kind: Kind, session: Session, jti: Uuid, now: DateTime<Utc>) -> Result<Token, AuthError> {
        let issued = now.timestamp();
        let exp = issued + self.lifetime(kind).num_seconds();
        let claims = Claims {
            iss: ISSUER.to_owned(),
            aud: AUDIENCE.to_owned(),
            sub: session.user_id,
            acc: session.account_id,
            sid: session.session_id,
            typ: kind,
            iat: issued,
            nbf: issued,
            exp,
            jti,
        };
        let token = jsonwebtoken::encode(&header(), &claims, &self.encoding).map_err(AuthError::Sign)?;
        Ok(Token { token, expires_at: instant(exp)? })
    }

    fn verify(&self, kind: Kind, token: &str, now: DateTime<Utc>) -> Result<Refresh, AuthError> {
        if token.len() > MAX_TOKEN_BYTES {
            return Err(AuthError::Header);
        }
        // Every header that names a key (`kid`, `jku`, `jwk`, `x5u`), asks for an extension (`crit`) or
        // another algorithm is refused by comparing with the only header that is ever written here.
        if jsonwebtoken::decode_header(token).map_err(AuthError::Unverified)? != header() {
            return Err(AuthError::Header);
        }
        let claims = jsonwebtoken::decode::<Claims>(token, &self.decoding, &self.validation)
            .map_err(AuthError::Unverified)?
            .claims;
        self.check(kind, &claims, now)
    }

    fn check(&self, kind: Kind, claims: &Claims, now: DateTime<Utc>) -> Result<Refresh, AuthError> {
        for (valid, name) in [
            (claims.iss == ISSUER, "issuer"),
            (claims.aud == AUDIENCE, "audience"),
            (claims.typ == kind, "type"),
        ] {
            if !valid {
                return Err(AuthError::Claim(name));
            }
        }
        let expires_at = instant(claims.exp)?;
        if instant(claims.nbf.max(claims.iat))? > now + LEEWAY {
            return Err(AuthError::NotYetValid);
        }
        if now >= expires_at + LEEWAY {
            return Err(AuthError::Expired);
        }
        if expires_at > now + self.lifetime(kind) + LEEWAY {
            return Err(AuthError::LivesTooLong);
        }
        let session = Session { user_id: claims.sub, account_id: claims.acc, session_id: claims.sid };
        Ok(Refresh { session, refresh_id: claims.jti })
    }
}

/// The key's bytes.
pub(crate) fn decode_secret(secret: &Secret) -> Result<Vec<u8>, AuthError> {
    hex::decode(secret.expose()).ok().filter(|bytes| bytes.len() >= SECRET_BYTES).ok_or(AuthError::WeakSecret)
}

fn header() -> Header {
    Header::new(Algorithm::HS256)
}

/// Only the signature is left to the library: it would compare times with the machine's clock, and it
/// accepts a list of audiences.
fn signature_only() -> Validation {
    let mut validation = Validation::new(Algorithm::HS256);
    validation.required_spec_claims.clear();
    validation.validate_exp = false;
    validation.validate_nbf = false;
    validation.validate_aud = false;
    validation
}

/// Seconds since 1970 up to the year 9999, so that adding a leeway cannot overflow.
fn instant(seconds: i64) -> Result<DateTime<Utc>, AuthError> {
    const END_OF_9999: i64 = 253_402_300_799;
    (0..=END_OF_9999)
        .contains(&seconds)
        .then(|| DateTime::from_timestamp(seconds, 0))
        .flatten()
        .ok_or(AuthError::Claim("time"))
}
