//! An S3 server for development and tests: `s3s` speaks the protocol, `s3s-fs` keeps objects as files.

mod server;

pub use server::{Keys, Server, TcpDelay, create_bucket};
