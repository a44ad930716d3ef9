use std::time::Duration;

use aws_config::BehaviorVersion;
use aws_config::timeout::TimeoutConfig;
use aws_sdk_s3::Client;
use aws_sdk_s3::config::retry::RetryConfig;
use aws_sdk_s3::config::{
    Builder as S3Config, Credentials, Region, RequestChecksumCalculation, ResponseChecksumValidation,
    RuntimeComponents, SharedHttpClient,
};
use aws_sdk_s3::types::{BucketLocationConstraint, CreateBucketConfiguration};
use aws_smithy_http_client::proxy::ProxyConfig;
use aws_smithy_http_client::tls::Provider;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_smithy_http_client::{Builder, Connector};

use crate::object::non_negative;
use crate::{BlobError, Config, StaticKeys};

const LONGEST_CONNECT: Duration = Duration::from_secs(2);
const FIRST_BACKOFF: Duration = Duration::from_millis(50);
const LONGEST_BACKOFF: Duration = Duration::from_millis(500);
/// The slowest transfer that is waited for.
const BYTES_PER_SECOND: u64 = 1_000_000;

/// One bucket. Clones share the connections.
#[derive(Debug, Clone)]
pub struct Blob {
    pub(crate) client: Client,
    pub(crate) bucket: String,
    timeout: Duration,
    attempts: u32,
    region: Option<String>,
}

impl Blob {
    /// Prepares a client; nothing is sent, so nothing can fail yet. [`Self::ping`] asks the store.
    pub async fn connect(config: &Config) -> Self {
        let mut loader = aws_config::defaults(BehaviorVersion::latest())
            .http_client(http_client())
            .region(Region::new(config.region.clone()));
        if let Some(StaticKeys { access_key_id, secret_access_key }) = &config.keys {
            let secret = secret_access_key.expose();
            loader =
                loader.credentials_provider(Credentials::new(access_key_id, secret, None, None, "settings"));
        }
        let retry = RetryConfig::standard()
            .with_max_attempts(config.attempts)
            .with_initial_backoff(FIRST_BACKOFF)
            .with_max_backoff(LONGEST_BACKOFF);
        // Many S3-compatible servers do not know the checksums that the SDK sends by default.
        let mut builder = S3Config::from(&loader.load().await)
            .force_path_style(config.path_style)
            .request_checksum_calculation(RequestChecksumCalculation::WhenRequired)
            .response_checksum_validation(ResponseChecksumValidation::WhenRequired)
            .retry_config(retry)
            .timeout_config(timeouts(config.timeout, config.attempts, 0));
        builder.set_endpoint_url(config.endpoint.clone());
        Self {
            client: Client::from_conf(builder.build()),
            bucket: config.bucket.clone(),
            timeout: config.timeout,
            attempts: config.attempts,
            region: config.endpoint.is_none().then(|| config.region.clone()),
        }
    }

    /// Whether the store answers and the bucket exists.
    ///
    /// # Errors
    /// [`BlobError::Missing`] without the bucket, others as they come.
    pub async fn ping(&self) -> Result<(), BlobError> {
        self.client.head_bucket().bucket(&self.bucket).send().await?;
        Ok(())
    }

    /// Creates the bucket if it does not exist: for tests and one-machine installations.
    ///
    /// # Errors
    /// As the store says.
    pub async fn ensure_bucket(&self) -> Result<(), BlobError> {
        match self.ping().await {
            Err(BlobError::Missing) => {}
            other => return other,
        }
        let place = self.region.as_deref().filter(|region| *region != "us-east-1").map(|region| {
            let constraint = BucketLocationConstraint::from(region);
            CreateBucketConfiguration::builder().location_constraint(constraint).build()
        });
        let create = self.client.create_bucket().bucket(&self.bucket).set_create_bucket_configuration(place);
        match create.send().await {
            Ok(_) => Ok(()),
            // Somebody else was faster.
            Err(error) => self.ping().await.map_err(|_| error.into()),
        }
    }

    /// Size of an object in bytes; `None` if there is none.
    ///
    /// # Errors
    /// As the store says.
    pub async fn head(&self, key: &str) -> Result<Option<u64>, BlobError> {
        match self.client.head_object().bucket(&self.bucket).key(key).send().await.map_err(BlobError::from) {
            Ok(output) => non_negative(output.content_length()).map(Some),
            Err(BlobError::Missing) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Deletes an object; one that does not exist is no error.
    ///
    /// # Errors
    /// As the store says.
    pub async fn delete(&self, key: &str) -> Result<(), BlobError> {
        match self.client.delete_object().bucket(&self.bucket).key(key).send().await.map_err(BlobError::from)
        {
            Ok(_) | Err(BlobError::Missing) => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// The limits of an operation that sends `bytes`: the SDK's limits include the sending of the body.
    pub(crate) fn limits_for(&self, bytes: u64) -> S3Config {
        S3Config::new().timeout_config(timeouts(self.timeout, self.attempts, bytes))
    }
}

/// The SDK's own client, but with `TCP_NODELAY`: without it the last piece of a body waits for the server's
/// delayed acknowledgement, 40 ms for every other object (measured with aws-smithy-http-client 1.1.11, whose
/// default builder forgets the option).
fn http_client() -> SharedHttpClient {
    Builder::new().build_with_connector_fn(|settings, components| {
        let mut connector = Connector::builder();
        connector.set_connector_settings(settings.cloned());
        connector.set_sleep_impl(components.and_then(RuntimeComponents::sleep_impl));
        connector.set_proxy_config(Some(ProxyConfig::from_env()));
        connector.tls_provider(Provider::Rustls(CryptoMode::AwsLc)).build()
    })
}

fn timeouts(total: Duration, attempts: u32, bytes: u64) -> TimeoutConfig {
    let transfer = Duration::from_secs(bytes / BYTES_PER_SECOND);
    let attempt = total / attempts.max(1);
    // The pauses between attempts come on top of the attempts.
    let pauses = LONGEST_BACKOFF * attempts.saturating_sub(1);
    TimeoutConfig::builder()
        .connect_timeout(attempt.min(LONGEST_CONNECT))
        .operation_attempt_timeout(attempt + transfer)
        .operation_timeout(total + pauses + transfer * attempts)
        .build()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_attempts_fit_into_the_limit() {
        let limits = timeouts(Duration::from_secs(5), 2, 0);
        assert_eq!(limits.operation_attempt_timeout(), Some(Duration::from_millis(2_500)));
        assert_eq!(limits.operation_timeout(), Some(Duration::from_millis(5_500)));
        let upload = timeouts(Duration::from_secs(5), 2, 150_000_000);
        assert_eq!(upload.operation_attempt_timeout(), Some(Duration::from_millis(152_500)));
    }
}
