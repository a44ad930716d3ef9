//! The limiter against a real Redis and without one. What both engines promise is tested with both, by a
//! clock that the test moves.
#![cfg(test)]

mod clock;
mod concurrency;
mod engines;
mod escalation;
mod leases;
mod model;
mod outage;
mod proxy;
mod rules;
mod tiers;
