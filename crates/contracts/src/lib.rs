//! The messages of `proto/` as typed structs: what travels through RabbitMQ.
//!
//! The generated code stays private. A message that decodes holds valid identifiers, a known class and a
//! known error code; everything else is a [`ContractError`] that names the field. Fields are only ever
//! added, and `proto/fixtures/v1` holds encoded messages that must decode forever.

mod error;
mod job;
mod job_ended;
mod wire;

pub use error::ContractError;
pub use job::JobMessage;
pub use job_ended::{JobEndedMessage, Outcome};
