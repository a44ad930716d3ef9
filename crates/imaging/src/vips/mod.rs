//! The only room with libvips in it: typed loaders, colour, resizing, and the animation savers.
//!
//! libvips never sniffs here (RELIABILITY F2): the format is known from `container::inspect_bytes`, and
//! the one loader of that format is called. Operations are asked only for options that libvips 8.14 has.

mod animation;
mod colour;
mod load;
mod memory;
mod modules;
mod resize;
mod still;

use rs_vips::Vips;

use crate::ImagingError;

pub(crate) use animation::{Animation, AnimationFormat, Shape, still_gif};
pub(crate) use still::{Decoded, Wanted, cut_to_interest, decode_still, each_row};

/// Starts libvips: untrusted loaders blocked, no operation cache (every image is seen once), `threads`
/// worker threads.
pub(crate) fn start(threads: usize) -> Result<(), ImagingError> {
    Vips::init("optimagio").map_err(|error| ImagingError::Start(error.to_string()))?;
    memory::block_untrusted();
    Vips::cache_set_max(0);
    Vips::concurrency_set(i32::try_from(threads).unwrap_or(i32::MAX));
    Ok(())
}

/// libvips' words about a failure, and an empty error buffer for the next one.
fn detail(error: &rs_vips::error::Error) -> String {
    let text = error.to_string();
    Vips::error_clear();
    text.trim().replace('\n', "; ")
}

/// Maps a failure of an operation on a decoded image.
fn failed(operation: &'static str) -> impl Fn(rs_vips::error::Error) -> ImagingError {
    move |error| ImagingError::Process { operation, detail: detail(&error) }
}
