//! Rate limits of every request: one call to the limiter decides by address, account and key together.
//!
//! Layer 1 is the address: a cap for each family of routes, and closer ones for callers without credentials or with
//! wrong ones. Layer 3 is the API key: its share of the account's rate, and whatever else the plan limits. Layer 2,
//! the account's results in a fixed minute, is only shown here: it is taken where work begins, because an answer
//! from the cache costs none, and it never refuses ([`Gate::take_result_slot`]).

mod checks;
mod config;
mod family;
mod gate;
mod headers;
mod identity;
mod middleware;
mod refusal;
mod slots;
mod tally;

pub use checks::key_subject;
pub use config::{AnonymousWork, EdgeConfig};
pub use family::Family;
pub use gate::{BlockEntered, Gate};
pub(crate) use headers::write as write_headers;
pub(crate) use identity::Known;
pub use middleware::limit;
pub use slots::{ResultSlot, SlotWait};
pub use tally::{DayCount, Tally};
