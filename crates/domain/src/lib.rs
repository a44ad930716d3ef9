//! The nouns of Optimagio and the rules that need no I/O: identifiers, plans, image parameters, the
//! image-id grammar, the job state machine and the closed list of error codes.
//!
//! Nothing in this crate reads a clock, the environment, a file or the network; time arrives as an
//! argument ([`Clock`]) so that every rule can be tested without waiting.

mod account;
mod clock;
pub mod credits;
mod error_code;
mod format;
mod ids;
mod image_id;
mod job;
pub mod limits;
mod month;
mod named;
mod options;
mod params;
mod placeholder;
pub mod plan;
mod rejection;
mod sha;
mod tier;

pub use account::{AccountState, Role};
pub use clock::{Clock, ManualClock, SystemClock};
pub use error_code::ErrorCode;
pub use format::{OutputFormat, SourceFormat};
pub use ids::{AccountId, ApiKeyId, JobId, SessionId, SourceId, UserId};
pub use image_id::{ContentTag, ImageId, ImageIdError, ImageIdSecret};
pub use job::{JobClass, JobEvent, JobState, MAX_ATTEMPTS, TransitionError};
pub use month::BillingMonth;
pub use options::{
    Colour, Fit, FormatSet, Gravity, OptionsTag, OutputOptions, Quality, Score, Target, TargetBytes,
};
pub use params::{Compression, Edge, OptimizeParams, RequestedFormat};
pub use placeholder::Placeholder;
pub use rejection::Rejection;
pub use sha::Sha256Hash;
pub use tier::Tier;
