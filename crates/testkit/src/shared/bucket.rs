use aws_sdk_s3::Client;
use aws_sdk_s3::config::{BehaviorVersion, Credentials, Region};
use aws_sdk_s3::error::DisplayErrorContext;

use super::servers::{unique, variable};
use crate::or_fail::OrFail;

/// A bucket of one test, and the keys to it.
#[derive(Debug, Clone)]
pub struct TestBucket {
    /// `http://host:port`
    pub endpoint: String,
    /// The bucket's name.
    pub bucket: String,
    /// The region that requests are signed for.
    pub region: String,
    /// The access key id.
    pub access_key_id: String,
    /// The secret access key.
    pub secret_access_key: String,
}

/// A fresh, empty bucket on the shared S3 server.
///
/// # Panics
/// If the tests run without `scripts/test`, or the server refuses.
pub async fn bucket() -> TestBucket {
    let bucket = TestBucket {
        endpoint: variable("TEST_S3_ENDPOINT"),
        bucket: format!("test-{}", unique()),
        region: variable("TEST_S3_REGION"),
        access_key_id: variable("TEST_S3_ACCESS_KEY_ID"),
        secret_access_key: variable("TEST_S3_SECRET_ACCESS_KEY"),
    };
    create_bucket(&bucket).await;
    bucket
}

/// Creates the bucket that `bucket` names.
///
/// # Panics
/// If the server cannot be reached or refuses.
pub async fn create_bucket(bucket: &TestBucket) {
    let keys = Credentials::new(&bucket.access_key_id, &bucket.secret_access_key, None, None, "testkit");
    let config = aws_sdk_s3::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .endpoint_url(&bucket.endpoint)
        .region(Region::new(bucket.region.clone()))
        .credentials_provider(keys)
        .force_path_style(true)
        .build();
    Client::from_conf(config)
        .create_bucket()
        .bucket(&bucket.bucket)
        .send()
        .await
        .map_err(|error| DisplayErrorContext(error).to_string())
        .or_fail(format_args!("cannot create bucket {} at {}", bucket.bucket, bucket.endpoint));
}
