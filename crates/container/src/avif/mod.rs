//! AVIF (AV1 Image File Format on HEIF, ISO/IEC 23008-12, and ISO/IEC 14496-12): the boxes that describe
//! items, the check of the primary one, and the removal of metadata items.

mod av1;
mod boxes;
mod grid;
mod header;
mod items;
mod properties;
mod rewrite;

pub(crate) use header::inspect;
pub(crate) use rewrite::{read_exif, rewrite};

/// Most boxes on a file's top level.
const MAX_BOXES: u32 = 1_000;
