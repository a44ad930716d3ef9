//! Jobs: accepted in one transaction with everything that belongs to them, claimed by one worker at a time,
//! ended once. The attempt number is the fencing token (RELIABILITY D1): whoever holds an older one
//! changes nothing.

mod accept;
mod claim;
mod finish;
mod job;
mod read;
mod republish;

pub use accept::{Accepted, NewJob};
pub use claim::{Claim, ClaimedJob};
pub use finish::Completion;
pub(crate) use finish::Ended;
pub use job::Job;
