//! Disposable child processes that run the codec, so that a hostile image can end a child and never the
//! service (RELIABILITY F4, D13).
//!
//! The parent's half is a [`Pool`]: it admits jobs by slots and by a memory budget, hands each to a warm
//! child, kills the child at the wall-clock deadline and replaces every child that died, hung or grew
//! old. The child's half is [`child_main`]: it limits itself first (resource limits, system calls, death
//! with its parent) and then answers one job after the other. Both halves speak length-prefixed JSON over
//! the child's stdin and stdout; image bytes travel in files.

mod admission;
mod child;
mod config;
mod confine;
mod error;
mod launcher;
mod lease;
mod memory;
mod pool;
mod protocol;
mod run;
mod scratch;
mod serve;
mod syscalls;
mod work;

pub use config::Config;
pub use error::SandboxError;
pub use launcher::{CHILD_COMMAND, Launcher};
pub use pool::Pool;
pub use protocol::Refusal;
pub use serve::{child_main, serve};
pub use work::{Done, Verdict, Work};
