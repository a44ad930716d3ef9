use std::fmt::{self, Display};
use std::str::FromStr;
use std::time::Duration;

use redis::IntoConnectionInfo;
use settings::{Reader, Secret};

use crate::{DEFAULT_COOLDOWNS, DEFAULT_DECAY, DEFAULT_THRESHOLDS, Escalation};

/// The longest cool-down and decay: 31 days.
const LONGEST_SECONDS: u64 = 31 * 86_400;

/// Settings of the limiter.
#[derive(Debug, Clone)]
pub struct Config {
    /// Where Redis is; the URL may hold a password.
    pub redis_url: Secret,
    /// Put before every key, so that several installations can share one Redis.
    pub key_prefix: String,
    /// How long one answer of Redis is waited for: 1 to 200 ms.
    pub timeout: Duration,
    /// How many processes share the limits while Redis is away, 1 to 10 000: each gives its part, rounded up.
    pub nodes: u32,
    /// How repeated violations are answered; that for keys, so up to tier 5.
    pub escalation: Escalation,
}

impl Config {
    /// Reads `REDIS_URL`, `REDIS_KEY_PREFIX`, `LIMITER_TIMEOUT_MS`, `LIMITER_NODES` and those of the
    /// escalation: `ESCALATION_THRESHOLDS`, `ESCALATION_COOLDOWNS_SECONDS`, `ESCALATION_DECAY_SECONDS`.
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
        let nodes = reader.or(
            "LIMITER_NODES",
            1,
            "Gateways that share the rate limits while Redis is away, 1 to 10000; each gives its part",
        );
        if redis_url.expose().into_connection_info().is_err() {
            reader.fail("REDIS_URL", "is not a URL of the form redis://host:port/database");
        }
        if !(1..=200).contains(&milliseconds) {
            reader.fail("LIMITER_TIMEOUT_MS", "must be from 1 to 200");
        }
        if !(1..=10_000).contains(&nodes) {
            reader.fail("LIMITER_NODES", "must be from 1 to 10000");
        }
        let timeout = Duration::from_millis(milliseconds);
        Self { redis_url, key_prefix, timeout, nodes, escalation: read_escalation(reader) }
    }
}

fn read_escalation(reader: &mut Reader) -> Escalation {
    let thresholds: List<4> = reader.or(
        "ESCALATION_THRESHOLDS",
        List(DEFAULT_THRESHOLDS.map(u64::from)),
        "Violations of rate limits at which tiers 2, 3, 4 and 5 begin, ascending",
    );
    let cooldowns: List<3> = reader.or(
        "ESCALATION_COOLDOWNS_SECONDS",
        List(DEFAULT_COOLDOWNS.map(|cooldown| cooldown.as_secs())),
        "How long tiers 2, 3 and 4 block, in seconds, up to 31 days",
    );
    let decay: u64 = reader.or(
        "ESCALATION_DECAY_SECONDS",
        DEFAULT_DECAY.as_secs(),
        "One violation is forgiven each time this many seconds pass, up to 31 days",
    );
    let ascending = thresholds.0.windows(2).all(|pair| pair[0] < pair[1]);
    if thresholds.0[0] == 0 || thresholds.0[3] > u64::from(u32::MAX) || !ascending {
        reader.fail("ESCALATION_THRESHOLDS", "must be 4 ascending numbers, 1 or more");
    }
    if !cooldowns.0.iter().all(|seconds| (1..=LONGEST_SECONDS).contains(seconds)) {
        reader.fail("ESCALATION_COOLDOWNS_SECONDS", "must be 3 numbers from 1 to 2678400");
    }
    if !(1..=LONGEST_SECONDS).contains(&decay) {
        reader.fail("ESCALATION_DECAY_SECONDS", "must be from 1 to 2678400");
    }
    Escalation {
        thresholds: thresholds.0.map(|violations| u32::try_from(violations).unwrap_or(u32::MAX)),
        cooldowns: cooldowns.0.map(Duration::from_secs),
        decay: Duration::from_secs(decay),
        ..Escalation::default()
    }
}

/// Whole numbers between commas.
struct List<const N: usize>([u64; N]);

impl<const N: usize> FromStr for List<N> {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let numbers = text.split(',').map(|number| number.trim().parse()).collect::<Result<Vec<u64>, _>>();
        let numbers = numbers.ok().and_then(|numbers| numbers.try_into().ok());
        numbers.map(Self).ok_or_else(|| format!("must be {N} whole numbers between commas"))
    }
}

impl<const N: usize> Display for List<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let numbers: Vec<String> = self.0.iter().map(u64::to_string).collect();
        f.write_str(&numbers.join(","))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mistakes_are_named_and_the_password_is_not_shown() {
        let pairs = [
            ("REDIS_URL", "http://user:hunter2@host"),
            ("LIMITER_TIMEOUT_MS", "0"),
            ("LIMITER_NODES", "0"),
            ("ESCALATION_THRESHOLDS", "20,20,30,40"),
            ("ESCALATION_COOLDOWNS_SECONDS", "1,2"),
            ("ESCALATION_DECAY_SECONDS", "0"),
        ];
        let mut reader = Reader::from_pairs(pairs);
        let config = Config::read(&mut reader);
        let errors = reader.finish().unwrap_err().to_string();
        for (name, _) in pairs {
            assert!(errors.contains(&format!("{name}: ")), "{name} in {errors}");
        }
        assert!(!format!("{errors}{config:?}").contains("hunter2"));
    }

    #[test]
    fn defaults_need_only_the_url() {
        let mut reader = Reader::from_pairs([("REDIS_URL", "redis://localhost:6379/0")]);
        let config = Config::read(&mut reader);
        let shown: Vec<_> = reader.variables().iter().map(|variable| variable.value.clone()).collect();
        assert!(reader.finish().is_ok());
        assert_eq!((config.key_prefix.as_str(), config.timeout.as_millis()), ("optimagio:", 50));
        assert_eq!((config.nodes, config.escalation), (1, Escalation::default()));
        assert_eq!(shown[4..], ["20,50,100,200", "300,3600,86400", "60"]);
    }

    #[test]
    fn an_escalation_is_read() {
        let pairs = [
            ("REDIS_URL", "redis://localhost:6379/0"),
            ("ESCALATION_THRESHOLDS", "1, 2,3,4"),
            ("ESCALATION_COOLDOWNS_SECONDS", "5,6,7"),
            ("ESCALATION_DECAY_SECONDS", "8"),
        ];
        let mut reader = Reader::from_pairs(pairs);
        let escalation = Config::read(&mut reader).escalation;
        assert!(reader.finish().is_ok());
        assert_eq!(escalation.thresholds, [1, 2, 3, 4]);
        assert_eq!(escalation.cooldowns, [5, 6, 7].map(Duration::from_secs));
        assert_eq!((escalation.decay, escalation.max_tier), (Duration::from_secs(8), HIGHEST));
    }

    const HIGHEST: u8 = crate::HIGHEST_TIER;
}
