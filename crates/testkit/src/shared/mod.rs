//! One test's isolated part of the servers that all tests share.

mod broker;
mod bucket;
mod database;
mod redis;
mod servers;

pub use broker::{TestBroker, broker};
pub use bucket::{TestBucket, bucket, create_bucket};
pub(crate) use database::migrate;
pub use database::{TestDatabase, database};
pub use redis::{TestRedis, redis};
