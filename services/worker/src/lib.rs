//! Takes jobs from the queues, has each image encoded in a disposable child process, stores the result and
//! commits it with its ledger row and its event in one transaction.

mod app;
mod config;
mod dead_letters;
mod handle;
mod metrics;

pub use app::{Service, Worker, WorkerError, codec_child};
pub use config::Config;
pub use metrics::WorkerMetrics;
pub use sandbox::CHILD_COMMAND as CODEC_CHILD;
