//! Objects in an S3-compatible store: sources and results.
//!
//! [`ObjectKey`] is the only place that formats a key. Bodies stream: memory stays bounded whatever the
//! size of an object. Every failure says whether another try may succeed ([`BlobError::Unavailable`]).

mod client;
mod config;
mod error;
mod key;
mod object;
mod transfer;

pub use client::Blob;
pub use config::{Config, StaticKeys};
pub use error::BlobError;
pub use key::ObjectKey;
pub use object::Object;
