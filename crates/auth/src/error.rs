/// Why a password or a session token is not accepted. Callers answer every token failure with the same
/// body (RELIABILITY R18); the variants are for logs and tests.
#[derive(Debug, thiserror::Error)]
pub enum AuthError {
    /// The signing key is not hexadecimal or shorter than 32 bytes.
    #[error("the session signing key must be at least 32 bytes, written in hexadecimal")]
    WeakSecret,
    /// The password has too few or too many characters.
    #[error("a password must have from {} to {} characters", crate::PASSWORD_CHARS.start(), crate::PASSWORD_CHARS.end())]
    PasswordLength,
    /// The password could not be hashed.
    #[error("the password could not be hashed: {0}")]
    PasswordHash(argon2::password_hash::Error),
    /// The session token could not be signed.
    #[error("the session token could not be signed")]
    Sign(#[source] jsonwebtoken::errors::Error),
    /// Not a JWT, a bad signature, or a claim that is missing or of the wrong type.
    #[error("the session token cannot be verified")]
    Unverified(#[source] jsonwebtoken::errors::Error),
    /// The header is anything but `{"typ":"JWT","alg":"HS256"}`.
    #[error("the session token has an unexpected header")]
    Header,
    /// Another kind of token, or one for somebody else.
    #[error("the session token has an unexpected {0}")]
    Claim(&'static str),
    /// `nbf` or `iat` lies in the future.
    #[error("the session token is not valid yet")]
    NotYetValid,
    /// `exp` is over.
    #[error("the session token has expired")]
    Expired,
    /// `exp` is further away than any token that was issued here.
    #[error("the session token claims too long a life")]
    LivesTooLong,
}
