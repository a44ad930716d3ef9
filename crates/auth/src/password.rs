use std::ops::RangeInclusive;

use argon2::password_hash::{PasswordHasher, PasswordVerifier, SaltString};
use argon2::{Algorithm, Argon2, Params, PasswordHash, Version};

use crate::AuthError;

/// How many characters a password may have. The upper bound only keeps requests small.
pub const PASSWORD_CHARS: RangeInclusive<usize> = 10..=200;

/// Memory in KiB, passes and lanes: the first argon2id setting of the OWASP Password Storage Cheat Sheet.
const MEMORY_KIB: u32 = 19 * 1024;
const PASSES: u32 = 2;
const LANES: u32 = 1;
const SALT_BYTES: usize = 16;

/// What is verified where there is no account: zeros in the form of a hash with the parameters above, so
/// that the answer takes as long as for a real account. It could never let anybody in: the answer is
/// `false` whatever the comparison says.
const NOBODY: &str =
    "$argon2id$v=19$m=19456,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

/// Hashes a new password with argon2id (19 MiB, 2 passes, 1 lane) and a random salt, as a PHC string.
///
/// This takes tens of milliseconds and 19 MiB: run it on `spawn_blocking`, never on an async thread.
///
/// # Errors
/// [`AuthError::PasswordLength`] outside [`PASSWORD_CHARS`]; [`AuthError::PasswordHash`] if the library
/// fails.
pub fn hash_password(password: &str) -> Result<String, AuthError> {
    if !PASSWORD_CHARS.contains(&password.chars().count()) {
        return Err(AuthError::PasswordLength);
    }
    let salt =
        SaltString::encode_b64(&rand::random::<[u8; SALT_BYTES]>()).map_err(AuthError::PasswordHash)?;
    let hash = hasher()?.hash_password(password.as_bytes(), &salt).map_err(AuthError::PasswordHash)?;
    Ok(hash.to_string())
}

/// Whether `password` is the one behind `stored`, a PHC string of [`hash_password`].
///
/// Without an account (`None`), or with a stored text that is no hash, the same work is done and the
/// answer is `false`: the time taken tells nobody which accounts exist. A password of a length that no
/// account can have is refused at once, with or without an account.
///
/// As slow as [`hash_password`]: run it on `spawn_blocking`.
#[must_use]
pub fn verify_password(password: &str, stored: Option<&str>) -> bool {
    if !PASSWORD_CHARS.contains(&password.chars().count()) {
        return false;
    }
    let account = stored.and_then(|text| PasswordHash::new(text).ok());
    let known = account.is_some();
    let (Some(hash), Ok(hasher)) = (account.or_else(|| PasswordHash::new(NOBODY).ok()), hasher()) else {
        return false;
    };
    hasher.verify_password(password.as_bytes(), &hash).is_ok() && known
}

fn hasher() -> Result<Argon2<'static>, AuthError> {
    let params = Params::new(MEMORY_KIB, PASSES, LANES, None)
        .map_err(|error| AuthError::PasswordHash(error.into()))?;
    Ok(Argon2::new(Algorithm::Argon2id, Version::V0x13, params))
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::*;

    #[test]
    fn a_password_verifies_against_its_own_hash_only() {
        let hash = hash_password("correct horse").unwrap();
        assert!(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{hash}");
        assert!(verify_password("correct horse", Some(&hash)));
        assert!(!verify_password("correct horsf", Some(&hash)));
        assert_ne!(hash, hash_password("correct horse").unwrap(), "the salt is random");
    }

    #[test]
    fn lengths_are_counted_in_characters() {
        assert!(matches!(hash_password("ninechars"), Err(AuthError::PasswordLength)));
        assert!(matches!(hash_password(&"x".repeat(201)), Err(AuthError::PasswordLength)));
        assert!(hash_password(&"é".repeat(200)).is_ok());
        assert!(!verify_password("short", None));
    }

    #[test]
    fn nobody_is_a_hash_of_the_same_cost_and_never_matches() {
        let nobody = PasswordHash::new(NOBODY).unwrap();
        let real = hash_password("correct horse").unwrap();
        let real = PasswordHash::new(&real).unwrap();
        assert_eq!(nobody.params, real.params);
        assert_eq!(nobody.algorithm, real.algorithm);
        assert_eq!(nobody.hash.unwrap().len(), real.hash.unwrap().len());
        assert!(!verify_password("correct horse", None));
        assert!(!verify_password("correct horse", Some("not a hash")));
    }

    /// Compares the shortest of many alternating runs, and stops as soon as they agree: another process
    /// may have the processor in between. Without the work, one would be thousands of times shorter.
    #[test]
    fn an_unknown_account_takes_as_long_as_a_known_one() {
        let hash = hash_password("correct horse").unwrap();
        let time = |stored: Option<&str>| {
            let start = Instant::now();
            assert!(!verify_password("wrong password", stored));
            start.elapsed()
        };
        let (mut known, mut unknown) = (Duration::MAX, Duration::MAX);
        let agree = (0..100).any(|_| {
            known = known.min(time(Some(&hash)));
            unknown = unknown.min(time(None));
            (0.7..1.4).contains(&(unknown.as_secs_f64() / known.as_secs_f64()))
        });
        assert!(agree, "known {known:?}, unknown {unknown:?}");
    }
}
