//! Typed settings from the environment, and the only reader of it.
//!
//! Every crate owns a `Config` with `fn read(reader: &mut Reader) -> Self`; a service composes them and
//! calls [`Reader::finish`] once, which reports all failures together, each naming its variable. The
//! reader remembers what was asked for, so that `.env.sample` can be compared with the code.

mod reader;
mod secret;
mod size;

pub use reader::{Reader, SettingError, SettingErrors, Variable};
pub use secret::Secret;
pub use size::{ByteSize, Seconds};
