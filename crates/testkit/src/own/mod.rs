//! Whole servers of one test, which it may stop, kill and start again.
//!
//! They run through `scripts/servers` on free ports with their data in a temporary directory, and end with
//! the value. Tests that use them have `outage` in their name, so that they run one at a time.

mod server;

use crate::or_fail::OrFail;
use crate::{TestBroker, TestBucket, TestRedis, create_bucket, shared::migrate};
use server::Process;

/// The keys that a private S3 server accepts (the defaults of `scripts/servers`).
const S3_KEYS: (&str, &str) = ("optimagio", "optimagio-secret");

macro_rules! control {
    ($server:ident) => {
        impl $server {
            /// Asks the server to end, and waits for it.
            ///
            /// # Panics
            /// If it does not.
            pub async fn stop(&self) {
                self.process.run("stop").await;
            }

            /// SIGKILL.
            ///
            /// # Panics
            /// If the process survives.
            pub async fn kill(&self) {
                self.process.run("kill").await;
            }

            /// Starts it again on the same port with the same data, and waits until it answers.
            ///
            /// # Panics
            /// If it does not answer in a minute.
            pub async fn start_again(&self) {
                self.process.run("start").await;
            }

            /// `127.0.0.1:port`, for a [`crate::FaultProxy`].
            #[must_use]
            pub fn address(&self) -> String {
                format!("127.0.0.1:{}", self.process.port())
            }
        }
    };
}

/// A private PostgreSQL.
#[derive(Debug)]
pub struct Postgres {
    process: Process,
}

/// A private Redis.
#[derive(Debug)]
pub struct Redis {
    process: Process,
}

/// A private RabbitMQ.
#[derive(Debug)]
pub struct RabbitMq {
    process: Process,
}

/// A private S3 server.
#[derive(Debug)]
pub struct S3 {
    process: Process,
}

control!(Postgres);
control!(Redis);
control!(RabbitMq);
control!(S3);

impl Postgres {
    /// Starts one with a migrated database.
    ///
    /// # Panics
    /// If it does not answer in a minute.
    pub async fn start() -> Self {
        let server = Self { process: Process::start("postgres").await };
        migrate(&server.url()).await.or_fail("cannot migrate the private database");
        server
    }

    /// `postgres://…` of the migrated database.
    #[must_use]
    pub fn url(&self) -> String {
        format!("postgres://postgres@{}/postgres", self.address())
    }
}

impl Redis {
    /// Starts one.
    ///
    /// # Panics
    /// If it does not answer in a minute.
    pub async fn start() -> Self {
        Self { process: Process::start("redis").await }
    }

    /// Its address, and a prefix like the shared server's.
    #[must_use]
    pub fn redis(&self) -> TestRedis {
        TestRedis { url: format!("redis://{}", self.address()), prefix: "test:".to_owned() }
    }
}

impl RabbitMq {
    /// Starts one; it takes about eight seconds.
    ///
    /// # Panics
    /// If it does not answer in a minute.
    pub async fn start() -> Self {
        Self { process: Process::start("rabbitmq").await }
    }

    /// Its address, and a namespace like the shared server's.
    #[must_use]
    pub fn broker(&self) -> TestBroker {
        TestBroker { url: format!("amqp://guest:guest@{}/%2f", self.address()), namespace: "test".to_owned() }
    }
}

impl S3 {
    /// Starts one with an empty bucket.
    ///
    /// # Panics
    /// If it does not answer in a minute.
    pub async fn start() -> Self {
        let server = Self { process: Process::start("s3").await };
        create_bucket(&server.bucket()).await;
        server
    }

    /// The bucket.
    #[must_use]
    pub fn bucket(&self) -> TestBucket {
        TestBucket {
            endpoint: format!("http://{}", self.address()),
            bucket: "test".to_owned(),
            region: "us-east-1".to_owned(),
            access_key_id: S3_KEYS.0.to_owned(),
            secret_access_key: S3_KEYS.1.to_owned(),
        }
    }
}
