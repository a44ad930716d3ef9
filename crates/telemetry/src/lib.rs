//! What a process tells about itself: logs, traces and metrics.
//!
//! [`init`] sets up logs (JSON or text, on standard error) and traces (OTLP over HTTP) once for a process;
//! the [`Guard`] it returns sends what is left when it is dropped. [`inject`] and [`set_parent`] carry a
//! trace through message headers. [`Metrics`] is a registry that is passed to whoever counts something.
//!
//! Keys, tokens, signed URLs and file names never go into a field, a span name or a label.

mod config;
mod error;
mod export;
mod init;
mod json;
mod metrics;
mod propagation;

pub use config::{Config, LogFormat};
pub use error::TelemetryError;
pub use init::{Guard, init};
pub use metrics::{DURATION_BUCKETS, Metrics, PREFIX, render};
pub use propagation::{inject, set_parent};
