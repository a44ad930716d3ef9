//! Image work: decode → orient → colour → resize → encode.
//!
//! [`start`] once per process, then [`optimize`] for every image. A source is inspected in pure Rust
//! ([`container::inspect_bytes`]) before any decoder sees it; `vips` is the only room with libvips in it,
//! and `encoders` holds one file per output format. Decoders work on hostile bytes and may abort the
//! process (RELIABILITY F4): call this crate in a disposable child process.

mod analysis;
mod animation;
mod bmp;
mod budget;
mod candidates;
mod choose;
mod config;
mod encoders;
mod error;
mod exif;
mod finish;
mod fit;
mod frame;
mod job;
mod judge;
mod optimize;
mod orient;
mod pixels;
mod placeholder;
mod polish;
mod quality;
mod request;
mod resample;
mod sample;
mod search;
mod still;
mod vips;

pub use budget::memory_budget_bytes;
pub use config::{AvifEncoder, CodecConfig, Floors, start};
pub use error::ImagingError;
pub use optimize::optimize;
pub use request::{Effort, Encoded, Report, Request};
