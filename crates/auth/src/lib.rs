//! Who is asking: API keys, passwords and session tokens, without any store.
//!
//! Everything here is a pure function of its arguments (time and randomness included). A caller turns
//! headers into a [`Credential`] first: what is malformed never reaches the database. Then it looks an
//! [`ApiKey`] up by its [`ApiKey::hash`], or asks [`Sessions::verify_access`] about a session token.
//! Keys, tokens and passwords never appear in `Debug` output or in an error message.

mod api_key;
mod config;
mod credential;
mod error;
mod password;
mod secret_token;
mod session;

pub use api_key::{ApiKey, Malformed};
pub use config::Config;
pub use credential::{Credential, CredentialError};
pub use error::AuthError;
pub use password::{PASSWORD_CHARS, hash_password, verify_password};
pub use secret_token::SecretToken;
pub use session::{MAX_TOKEN_BYTES, Refresh, Session, Sessions, Token};
