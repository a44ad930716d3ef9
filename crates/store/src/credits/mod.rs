//! Credits: set aside before work, settled or released after it, charged where the amount is not known
//! before.
//!
//! Whoever changes an account's buckets holds all of them: [`Buckets::lock`] takes the rows of one month and
//! of the top-ups in the order of their key. Before it come the locks of jobs and of what the transaction
//! inserts, after it those of results and of the account.

mod buckets;
mod cache_hit;
mod reservation;
mod rows;
mod settle;
mod topups;
mod usage;

pub(crate) use buckets::{Buckets, METERED};
pub use cache_hit::CacheHit;
pub(crate) use reservation::{Reservation, Reservations};
pub(crate) use rows::ensure;
pub(crate) use settle::{Bill, Made, settle};
pub use topups::{Granted, NewTopup, Topup, TopupSource};
pub use usage::{KindUsage, Totals, Usage};
