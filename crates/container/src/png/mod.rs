//! PNG (W3C PNG, third edition): the chunk walk and the removal of ancillary chunks.

mod header;
mod rewrite;

pub(crate) use header::inspect;
pub(crate) use rewrite::{read_exif, rewrite};

/// Length of the signature in bytes.
const SIGNATURE_BYTES: usize = 8;
