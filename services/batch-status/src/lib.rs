//! Status of jobs, on replicas of its own: readers that poll do not slow down uploads.

mod app;
mod config;
mod jobs;

pub use app::{BatchStatus, BatchStatusError};
pub use config::Config;
