//! WebP (RFC 9649): the RIFF walk and the removal of metadata chunks.

mod bitstream;
mod header;
mod rewrite;

pub(crate) use header::inspect;
pub(crate) use rewrite::{read_exif, rewrite};

/// Flags of VP8X, RFC 9649 section 2.7.1.
const HAS_ANIMATION: u8 = 0x02;
const HAS_EXIF: u8 = 0x08;
const HAS_ALPHA: u8 = 0x10;
const HAS_ICC: u8 = 0x20;

/// Bytes of a VP8X payload.
const CANVAS_BYTES: usize = 10;
/// Bytes of an ANMF payload in front of its chunks.
const FRAME_HEAD_BYTES: usize = 16;

/// A 24-bit little-endian number.
const fn u24([a, b, c]: [u8; 3]) -> u32 {
    u32::from_le_bytes([a, b, c, 0])
}
