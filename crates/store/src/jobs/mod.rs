//! Jobs: accepted in one transaction with everything that belongs to them, claimed by one worker at a time,
//! ended once. The attempt number is the fencing token (RELIABILITY D1): whoever holds an older one
//! changes nothing. What a job costs is set aside before it may be claimed, and settled when it ends (D2).

mod accept;
mod claim;
mod complete;
mod fail;
mod job;
mod join;
mod new_job;
mod read;
mod republish;
mod resume;

pub use accept::Accepted;
pub use claim::{Claim, ClaimedJob};
pub use complete::Completion;
pub(crate) use complete::Ended;
pub use job::Job;
pub use new_job::{NewJob, WhenExhausted};
