use rand::Rng;

use crate::{TestBroker, TestBucket, TestDatabase, TestRedis, broker, bucket, database, redis};

/// Fresh isolated resources and the variables under which the services find them.
///
/// Keep it as long as the services run: the database goes with it.
#[derive(Debug)]
pub struct TestSettings {
    /// The database.
    pub database: TestDatabase,
    /// The broker's namespace.
    pub broker: TestBroker,
    /// The Redis key prefix.
    pub redis: TestRedis,
    /// The bucket.
    pub bucket: TestBucket,
    pairs: Vec<(String, String)>,
}

/// A database, a namespace, a key prefix and a bucket, fresh secrets, and every listener on a port that the
/// system picks.
///
/// # Panics
/// If the tests run without `scripts/test`, or a server refuses.
pub async fn settings() -> TestSettings {
    let mut settings = TestSettings {
        database: database().await,
        broker: broker(),
        redis: redis(),
        bucket: bucket().await,
        pairs: Vec::new(),
    };
    settings.fill();
    settings
}

impl TestSettings {
    /// Names and values, for `settings::Reader::from_pairs` or a child's environment.
    #[must_use]
    pub fn pairs(&self) -> Vec<(String, String)> {
        self.pairs.clone()
    }

    /// The value of one variable.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.pairs.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// Adds or replaces one variable.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<String>) -> Self {
        self.set(name, value.into());
        self
    }

    fn set(&mut self, name: &str, value: String) {
        self.pairs.retain(|(known, _)| known != name);
        self.pairs.push((name.to_owned(), value));
    }

    fn fill(&mut self) {
        let listen = "127.0.0.1:0";
        for (name, value) in [
            ("DATABASE_URL", self.database.url.clone()),
            ("AMQP_URL", self.broker.url.clone()),
            ("AMQP_NAMESPACE", self.broker.namespace.clone()),
            ("REDIS_URL", self.redis.url.clone()),
            ("REDIS_KEY_PREFIX", self.redis.prefix.clone()),
            ("S3_ENDPOINT", self.bucket.endpoint.clone()),
            ("S3_REGION", self.bucket.region.clone()),
            ("S3_BUCKET", self.bucket.bucket.clone()),
            ("S3_ACCESS_KEY_ID", self.bucket.access_key_id.clone()),
            ("S3_SECRET_ACCESS_KEY", self.bucket.secret_access_key.clone()),
            ("IMAGE_ID_SECRET", secret()),
            ("JWT_SECRET", secret()),
            ("GATEWAY_LISTEN", listen.to_owned()),
            ("GATEWAY_METRICS_LISTEN", listen.to_owned()),
            ("WORKER_METRICS_LISTEN", listen.to_owned()),
            ("BATCH_STATUS_LISTEN", listen.to_owned()),
            ("BATCH_STATUS_METRICS_LISTEN", listen.to_owned()),
        ] {
            self.set(name, value);
        }
    }
}

/// 256 random bits as 64 hexadecimal digits.
fn secret() -> String {
    hex::encode(rand::rng().random::<[u8; 32]>())
}
