//! RabbitMQ: the topology as data, a publisher that waits for confirms, and consumers whose handler
//! returns an [`Outcome`]. Only this crate acknowledges, delays or dead-letters.
//!
//! What it promises: a publish that returns `Ok` is on disc in a queue; a publish never hangs; a delivery
//! whose handler did not return `Done` comes back or ends in the dead-letter queue; a broken connection is
//! rebuilt with everything on it (RELIABILITY D6, D8, D9, D12). What it does not promise: exactly-once
//! delivery. Handlers are idempotent.
//!
//! Publishing and consuming use two connections: a broker that runs out of disc stops reading from
//! connections that publish, and acknowledgements must not wait behind them.

mod backoff;
mod bus;
mod config;
mod consumer;
mod error;
mod events;
mod headers;
mod link;
mod message;
mod names;
mod publisher;
mod settle;
mod topology;

pub use bus::Bus;
pub use config::Config;
pub use error::BusError;
pub use events::EventSubscription;
pub use message::{Death, Delivery, EventDelivery, Outcome, Outgoing};
pub use names::{Delay, Names};
pub use tokio_util::sync::CancellationToken;
pub use topology::Topology;
