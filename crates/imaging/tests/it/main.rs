//! The whole pipeline on generated images: every input with every output, and what may go wrong.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "clippy permits these in tests but not in the functions that tests share"
)]

mod animations;
mod chart;
mod colour;
mod fits;
mod formats;
mod geometry;
mod graphics;
mod hostile;
mod linking;
mod metadata;
mod never_larger;
mod picture;
mod planted;
mod quality;
mod shots;
