use std::time::Duration;

use redis::IntoConnectionInfo;
use settings::{Reader, Secret};

/// Settings of the limiter.
#[derive(Debug, Clone)]
pub struct Config {
    /// Where Redis is; the URL may hold a password.
    pub redis_url: Secret,
    /// Put before every key, so that several installations can share one Redis.
    pub key_prefix: String,
    /// How long one answer of Redis is waited for.
    pub timeout: Duration,
}

impl Config {
    /// Reads `REDIS_URL`, `REDIS_KEY_PREFIX` and `LIMITER_TIMEOUT_MS`.
    pub fn read(reader: &mut Reader) -> Self {
        let redis_url: Secret = reader.required(
            "REDIS_URL",
            "redis://localhost:6379/0",
            "Redis that holds the rate limits, redis://[user:password@]host:port/database",
        );
        let key_prefix =
            reader.or("REDIS_KEY_PREFIX", "optimagio:".to_owned(), "Put before every key in Redis");
        let milliseconds: u64 = reader.or(
            "LIMITER_TIMEOUT_MS",
            50,
            "Longest wait for Redis in milliseconds, 1 to 200, before the limits of this process decide",
        );
        if redis_url.expose().into_connection_info().is_err() {
            reader.fail("REDIS_URL", "is not a URL of the form redis://host:port/database");
        }
        if !(1..=200).contains(&milliseconds) {
            reader.fail("LIMITER_TIMEOUT_MS", "must be from 1 to 200");
        }
        Self { redis_url, key_prefix, timeout: Duration::from_millis(milliseconds) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mistakes_are_named_and_the_password_is_not_shown() {
        let pairs = [("REDIS_URL", "http://user:hunter2@host"), ("LIMITER_TIMEOUT_MS", "0")];
        let mut reader = Reader::from_pairs(pairs);
        let config = Config::read(&mut reader);
        let errors = reader.finish().unwrap_err().to_string();
        assert!(errors.contains("REDIS_URL: ") && errors.contains("LIMITER_TIMEOUT_MS: "), "{errors}");
        assert!(!format!("{errors}{config:?}").contains("hunter2"));
    }

    #[test]
    fn defaults_need_only_the_url() {
        let mut reader = Reader::from_pairs([("REDIS_URL", "redis://localhost:6379/0")]);
        let config = Config::read(&mut reader);
        assert!(reader.finish().is_ok());
        assert_eq!((config.key_prefix.as_str(), config.timeout.as_millis()), ("optimagio:", 50));
    }
}
