use super::servers::{unique, variable};

/// A key prefix of one test on the shared Redis.
#[derive(Debug, Clone)]
pub struct TestRedis {
    /// `redis://…`
    pub url: String,
    /// The prefix of every key of this test, ending in a colon.
    pub prefix: String,
}

/// A fresh key prefix on the shared Redis; the server itself is not contacted.
///
/// # Panics
/// If the tests run without `scripts/test`.
#[must_use]
pub fn redis() -> TestRedis {
    TestRedis { url: variable("TEST_REDIS_URL"), prefix: format!("test:{}:", unique()) }
}
