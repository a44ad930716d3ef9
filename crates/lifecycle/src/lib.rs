//! How a process ends: signals, draining and deadlines (RELIABILITY D19).
//!
//! A service makes one [`Shutdown`], lets it listen for signals, spawns its long-running work as
//! [`Tasks`] and awaits [`Shutdown::drain`] as its last act. Nothing happens until a signal (or
//! [`Shutdown::trigger`]) arrives; then the phases follow each other:
//!
//! 1. readiness is off, everything is still served, for `SHUTDOWN_GRACE_SECONDS`: load balancers notice;
//! 2. `soft` is cancelled: servers stop accepting, consumers stop taking, what is in flight goes on;
//! 3. when all tasks have ended, or `SHUTDOWN_DEADLINE_SECONDS` after the signal, it is over: `hard` is
//!    cancelled, tasks get [`HARD_GRACE`] to give their work back, and what is left is dropped.
//!
//! A second signal goes to the third phase at once.

mod config;
mod error;
mod program;
mod readiness;
mod shutdown;
mod signals;
mod tasks;

pub use config::Config;
pub use error::LifecycleError;
pub use program::{chain, program};
pub use readiness::{Readiness, ReadyState};
pub use shutdown::{Drained, HARD_GRACE, Shutdown};
pub use tasks::Tasks;
