use std::time::Duration;

use lapin::uri::AMQPUri;
use settings::{Reader, Seconds, Secret};

use crate::BusError;

const EXAMPLE_URL: &str = "amqp://guest:guest@127.0.0.1:5672/%2f";

/// How to reach the broker.
#[derive(Debug, Clone)]
pub struct Config {
    /// `amqp://` or `amqps://` URL with user, password and virtual host.
    pub url: Secret,
    /// First part of every exchange and queue name: `a-z`, `0-9`, `.`, `-`, `_`; 1 to 64 characters.
    pub namespace: String,
    /// Interval of heartbeats; a peer silent for two intervals is gone (RELIABILITY D12: 10 s).
    pub heartbeat: Duration,
    /// How long one publish waits for the broker's confirm.
    pub confirm_timeout: Duration,
    /// Messages a job queue holds before it refuses more (a soft limit of the broker).
    pub max_queue_length: u32,
}

impl Config {
    /// A configuration with the defaults.
    pub fn new(url: Secret, namespace: impl Into<String>) -> Self {
        Self {
            url,
            namespace: namespace.into(),
            heartbeat: Duration::from_secs(10),
            confirm_timeout: Duration::from_secs(5),
            max_queue_length: 100_000,
        }
    }

    /// Reads `AMQP_URL`, `AMQP_NAMESPACE`, `AMQP_CONFIRM_TIMEOUT_SECONDS` and `AMQP_MAX_QUEUE_LENGTH`.
    pub fn read(reader: &mut Reader) -> Self {
        let url =
            reader.required("AMQP_URL", EXAMPLE_URL, "RabbitMQ: amqp[s]://user:password@host:port/vhost");
        let namespace = reader.or(
            "AMQP_NAMESPACE",
            "optimagio".to_owned(),
            "First part of every exchange and queue name",
        );
        let config = Self::new(url, namespace);
        let Seconds(confirm_timeout) = reader.or(
            "AMQP_CONFIRM_TIMEOUT_SECONDS",
            Seconds(config.confirm_timeout),
            "How long a publish waits for RabbitMQ's confirm",
        );
        let max_queue_length = reader.or(
            "AMQP_MAX_QUEUE_LENGTH",
            config.max_queue_length,
            "Messages a job queue holds before it refuses more; an existing queue keeps its value and refuses another",
        );
        if let Err(error) = config.uri() {
            reader.fail("AMQP_URL", error.to_string());
        }
        if !valid_namespace(&config.namespace) {
            reader.fail("AMQP_NAMESPACE", "must be 1 to 64 characters of a-z, 0-9, '.', '-' and '_'");
        }
        if confirm_timeout.is_zero() {
            reader.fail("AMQP_CONFIRM_TIMEOUT_SECONDS", "must be more than 0");
        }
        Self { confirm_timeout, max_queue_length, ..config }
    }

    pub(crate) fn uri(&self) -> Result<AMQPUri, BusError> {
        let mut uri: AMQPUri = self.url.expose().parse().map_err(BusError::Url)?;
        uri.query.heartbeat = Some(u16::try_from(self.heartbeat.as_secs()).unwrap_or(u16::MAX));
        Ok(uri)
    }
}

fn valid_namespace(name: &str) -> bool {
    let allowed = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b".-_".contains(&b);
    (1..=64).contains(&name.len()) && name.bytes().all(allowed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_are_the_documented_ones() {
        let mut reader = Reader::from_pairs([("AMQP_URL", EXAMPLE_URL)]);
        let config = Config::read(&mut reader);
        assert!(reader.finish().is_ok());
        assert_eq!(config.namespace, "optimagio");
        assert_eq!((config.heartbeat, config.confirm_timeout).0, Duration::from_secs(10));
        assert_eq!(config.confirm_timeout, Duration::from_secs(5));
        assert_eq!(config.uri().unwrap().query.heartbeat, Some(10));
    }

    #[test]
    fn mistakes_are_named_and_the_password_is_not_shown() {
        let pairs = [
            ("AMQP_URL", "http://me:hunter2@host"),
            ("AMQP_NAMESPACE", "Not Allowed"),
            ("AMQP_CONFIRM_TIMEOUT_SECONDS", "0"),
        ];
        let mut reader = Reader::from_pairs(pairs);
        Config::read(&mut reader);
        let errors = reader.finish().unwrap_err();
        let names: Vec<_> = errors.0.iter().map(|error| error.name).collect();
        assert_eq!(names, ["AMQP_URL", "AMQP_NAMESPACE", "AMQP_CONFIRM_TIMEOUT_SECONDS"]);
        assert!(!errors.to_string().contains("hunter2"), "{errors}");
    }
}
