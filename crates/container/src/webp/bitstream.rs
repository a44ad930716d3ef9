use crate::cursor::Cursor;

/// Bytes of a VP8 or VP8L chunk that [`size`] needs.
pub(super) const HEAD_BYTES: usize = 10;

/// What a VP8 or VP8L bitstream says about itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Bitstream {
    pub(super) width: u32,
    pub(super) height: u32,
    pub(super) has_alpha: bool,
}

/// Reads the first bytes of a bitstream chunk: a VP8 key frame (RFC 6386 section 9.1) or a VP8L header
/// (RFC 9649 section 3.4). `None` if it is neither.
pub(super) fn size(kind: [u8; 4], head: &[u8]) -> Option<Bitstream> {
    match &kind {
        b"VP8 " => vp8(head),
        b"VP8L" => vp8l(head),
        _ => None,
    }
}

fn vp8(head: &[u8]) -> Option<Bitstream> {
    let mut cursor = Cursor::new(head);
    let [tag, _, _] = cursor.array()?;
    let is_key_frame = tag & 1 == 0;
    if !is_key_frame || cursor.take(3)? != b"\x9d\x01\x2a" {
        return None;
    }
    // The two upper bits of each edge are a scale that decoders ignore.
    let [width, height] = [cursor.array()?, cursor.array()?].map(|edge| u16::from_le_bytes(edge) & 0x3fff);
    Some(Bitstream { width: width.into(), height: height.into(), has_alpha: false })
}

fn vp8l(head: &[u8]) -> Option<Bitstream> {
    let mut cursor = Cursor::new(head);
    if cursor.u8()? != 0x2f {
        return None;
    }
    let bits = cursor.le32()?;
    let version = bits >> 29;
    (version == 0).then_some(Bitstream {
        width: (bits & 0x3fff) + 1,
        height: ((bits >> 14) & 0x3fff) + 1,
        has_alpha: bits & (1 << 28) != 0,
    })
}
