//! GIF (CompuServe, version 89a): the block walk and the removal of comments and applications' data.

mod header;
mod rewrite;

pub(crate) use header::inspect;
pub(crate) use rewrite::rewrite;

/// Block introducers and extension labels, GIF89a appendix A.
const IMAGE: u8 = 0x2c;
const EXTENSION: u8 = 0x21;
const TRAILER: u8 = 0x3b;
const GRAPHIC_CONTROL: u8 = 0xf9;
const PLAIN_TEXT: u8 = 0x01;
const APPLICATION: u8 = 0xff;
const COMMENT: u8 = 0xfe;

/// Bytes of the colour table that a packed field announces: bit 7 says whether, bits 0 to 2 how large.
const fn colour_table_bytes(packed: u8) -> usize {
    if packed & 0x80 == 0 { 0 } else { 3 << ((packed & 7) + 1) }
}
