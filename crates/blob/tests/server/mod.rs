//! A bucket of its own on the real server for each test.
#![allow(
    dead_code,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "shared by several test files; tests fail by panicking"
)]

use std::time::Duration;

use blob::{Blob, Config, ObjectKey, StaticKeys};
use domain::{AccountId, Sha256Hash};
use testkit::TestBucket;

/// The configuration of `bucket`.
pub(crate) fn config_of(bucket: TestBucket) -> Config {
    Config {
        endpoint: Some(bucket.endpoint),
        region: bucket.region,
        bucket: bucket.bucket,
        keys: Some(StaticKeys {
            access_key_id: bucket.access_key_id,
            secret_access_key: bucket.secret_access_key.into(),
        }),
        path_style: true,
        timeout: Duration::from_secs(5),
        attempts: 2,
    }
}

/// The configuration of a new, empty bucket.
pub(crate) async fn config() -> Config {
    config_of(testkit::bucket().await)
}

/// A new, empty bucket.
pub(crate) async fn bucket() -> Blob {
    Blob::connect(&config().await).await
}

pub(crate) fn source(bytes: &[u8]) -> ObjectKey {
    ObjectKey::Source { account: AccountId(uuid::Uuid::nil()), sha256: Sha256Hash::of(bytes) }
}
