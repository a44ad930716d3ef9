//! Real servers for tests and for development on one machine.
//!
//! Each test gets a database, a broker namespace, a key prefix and a bucket of its own on the servers that
//! `scripts/test` starts ([`database`], [`broker`], [`redis`], [`bucket`], or all of them with
//! [`settings`]), whole servers that it may stop and kill ([`own`]), a network that it may break
//! ([`FaultProxy`]), generated pictures ([`images`]) and files that attack their decoder ([`hostile`]).
//!
//! Functions panic where a test cannot go on: a missing server is a failure, never a skip.

mod fault_proxy;
pub mod hostile;
pub mod images;
mod or_fail;
pub mod own;
mod project;
pub mod s3;
mod shared;
mod test_settings;
mod wait_until;

pub use fault_proxy::{FaultProxy, Link};
pub use shared::{
    TestBroker, TestBucket, TestDatabase, TestRedis, broker, bucket, create_bucket, database, redis,
};
pub use test_settings::{TestSettings, settings};
pub use wait_until::wait_until;
