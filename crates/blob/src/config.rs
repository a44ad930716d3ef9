use std::time::Duration;

use settings::{Reader, Seconds, Secret};

/// How to reach the object store.
#[derive(Debug, Clone)]
pub struct Config {
    /// URL of an S3-compatible server; `None` is AWS itself.
    pub endpoint: Option<String>,
    /// The region that requests are signed for.
    pub region: String,
    /// The one bucket of sources and results.
    pub bucket: String,
    /// A fixed pair of keys; `None` asks the AWS default chain (environment, profile, instance role).
    pub keys: Option<StaticKeys>,
    /// `http://host/bucket/key` instead of `http://bucket.host/key`.
    pub path_style: bool,
    /// The limit of a whole operation with all its attempts; a body adds one second for each MB.
    pub timeout: Duration,
    /// Attempts of an operation, at least 1; each has its equal part of `timeout`.
    pub attempts: u32,
}

/// A fixed pair of keys.
#[derive(Debug, Clone)]
pub struct StaticKeys {
    /// The public half.
    pub access_key_id: String,
    /// The secret half.
    pub secret_access_key: Secret,
}

impl Config {
    /// Reads `S3_ENDPOINT`, `S3_REGION`, `S3_BUCKET`, `S3_ACCESS_KEY_ID`, `S3_SECRET_ACCESS_KEY`,
    /// `S3_PATH_STYLE`, `S3_TIMEOUT_SECONDS` and `S3_ATTEMPTS`.
    pub fn read(reader: &mut Reader) -> Self {
        let endpoint: Option<String> =
            reader.optional("S3_ENDPOINT", "URL of the S3-compatible server; empty is AWS");
        let path_style = endpoint.is_some();
        let Seconds(timeout) = reader.or(
            "S3_TIMEOUT_SECONDS",
            Seconds(Duration::from_secs(5)),
            "Limit of one operation with all its attempts; a body adds one second for each MB",
        );
        let config = Self {
            region: reader.or("S3_REGION", "us-east-1".to_owned(), "Region that requests are signed for"),
            bucket: reader.required("S3_BUCKET", "optimagio", "Bucket of sources and results"),
            keys: read_keys(reader),
            path_style: reader.or(
                "S3_PATH_STYLE",
                path_style,
                "Bucket in the path; the default with S3_ENDPOINT",
            ),
            attempts: reader.or("S3_ATTEMPTS", 2, "Attempts of one operation"),
            endpoint,
            timeout,
        };
        if timeout.is_zero() {
            reader.fail("S3_TIMEOUT_SECONDS", "must be more than 0");
        }
        if config.attempts == 0 {
            reader.fail("S3_ATTEMPTS", "must be at least 1");
        }
        if config.endpoint.as_ref().is_some_and(|url| !is_http(url)) {
            reader.fail("S3_ENDPOINT", "must begin with http:// or https://");
        }
        config
    }
}

fn is_http(url: &str) -> bool {
    url.starts_with("http://") || url.starts_with("https://")
}

fn read_keys(reader: &mut Reader) -> Option<StaticKeys> {
    let id = reader.optional("S3_ACCESS_KEY_ID", "Access key; without it the AWS default chain decides");
    let secret = reader.optional("S3_SECRET_ACCESS_KEY", "Secret of the access key");
    match (id, secret) {
        (Some(access_key_id), Some(secret_access_key)) => {
            Some(StaticKeys { access_key_id, secret_access_key })
        }
        (None, None) => None,
        (Some(_), None) => {
            reader.fail("S3_SECRET_ACCESS_KEY", "is missing beside S3_ACCESS_KEY_ID");
            None
        }
        (None, Some(_)) => {
            reader.fail("S3_ACCESS_KEY_ID", "is missing beside S3_SECRET_ACCESS_KEY");
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_endpoint_means_path_style_unless_told_otherwise() {
        let pairs = [("S3_BUCKET", "b"), ("S3_ENDPOINT", "http://localhost:9000")];
        assert!(Config::read(&mut Reader::from_pairs(pairs)).path_style);
        assert!(!Config::read(&mut Reader::from_pairs([("S3_BUCKET", "b")])).path_style);
        let told = [("S3_BUCKET", "b"), ("S3_ENDPOINT", "http://h"), ("S3_PATH_STYLE", "false")];
        assert!(!Config::read(&mut Reader::from_pairs(told)).path_style);
    }

    #[test]
    fn half_a_pair_of_keys_and_other_mistakes_are_named() {
        let pairs = [("S3_ENDPOINT", "minio:9000"), ("S3_ACCESS_KEY_ID", "id"), ("S3_ATTEMPTS", "0")];
        let mut reader = Reader::from_pairs(pairs);
        let config = Config::read(&mut reader);
        assert!(config.keys.is_none());
        let errors = reader.finish().unwrap_err();
        let names: Vec<_> = errors.0.iter().map(|error| error.name).collect();
        assert_eq!(names, ["S3_BUCKET", "S3_SECRET_ACCESS_KEY", "S3_ATTEMPTS", "S3_ENDPOINT"]);
    }
}
