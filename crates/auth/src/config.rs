use chrono::TimeDelta;
use settings::{Reader, Secret};

use crate::session::decode_secret;

/// Settings of session tokens.
#[derive(Debug, Clone)]
pub struct Config {
    /// The HMAC key in hexadecimal, at least 32 bytes.
    pub jwt_secret: Secret,
    /// How long an access token lives.
    pub access_token_lifetime: TimeDelta,
    /// How long a refresh token lives.
    pub refresh_token_lifetime: TimeDelta,
}

impl Config {
    /// Reads `JWT_SECRET`, `ACCESS_TOKEN_MINUTES` and `REFRESH_TOKEN_DAYS`.
    pub fn read(reader: &mut Reader) -> Self {
        let jwt_secret: Secret = reader.required(
            "JWT_SECRET",
            "0000000000000000000000000000000000000000000000000000000000000000",
            "Key that signs session tokens: at least 32 random bytes in hexadecimal (openssl rand -hex 32)",
        );
        let minutes: u16 =
            reader.or("ACCESS_TOKEN_MINUTES", 15, "Life of an access token in minutes, 1 to 60");
        let days: u16 = reader.or("REFRESH_TOKEN_DAYS", 30, "Life of a refresh token in days, 1 to 365");
        if let Err(error) = decode_secret(&jwt_secret) {
            reader.fail("JWT_SECRET", error.to_string());
        }
        if !(1..=60).contains(&minutes) {
            reader.fail("ACCESS_TOKEN_MINUTES", "must be from 1 to 60");
        }
        if !(1..=365).contains(&days) {
            reader.fail("REFRESH_TOKEN_DAYS", "must be from 1 to 365");
        }
        Self {
            jwt_secret,
            access_token_lifetime: TimeDelta::minutes(i64::from(minutes)),
            refresh_token_lifetime: TimeDelta::days(i64::from(days)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_weak_key_and_an_odd_lifetime_are_named_but_not_shown() {
        for weak in ["abcd", "not hexadecimal, but long enough to be taken for a key of 32 bytes"] {
            let mut reader = Reader::from_pairs([
                ("JWT_SECRET", weak),
                ("ACCESS_TOKEN_MINUTES", "0"),
                ("REFRESH_TOKEN_DAYS", "0"),
            ]);
            Config::read(&mut reader);
            let errors = reader.finish().unwrap_err().to_string();
            for name in ["JWT_SECRET: ", "ACCESS_TOKEN_MINUTES: ", "REFRESH_TOKEN_DAYS: "] {
                assert!(errors.contains(name), "{errors}");
            }
            assert!(!errors.contains(weak), "{errors}");
        }
    }

    #[test]
    fn a_key_is_required_once() {
        let mut reader = Reader::from_pairs(Vec::<(String, String)>::new());
        let config = Config::read(&mut reader);
        assert_eq!(config.access_token_lifetime, TimeDelta::minutes(15));
        assert_eq!(config.refresh_token_lifetime, TimeDelta::days(30));
        assert_eq!(reader.finish().unwrap_err().0.len(), 1);
    }
}
