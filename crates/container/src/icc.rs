//! How each format stores a colour profile.

/// What becomes of a colour profile: it changes how the pixels look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Icc<'a> {
    /// The file's own goes.
    #[default]
    Drop,
    /// The file's own stays.
    Keep,
    /// This one takes its place. GIF and AVIF ignore it.
    Put(&'a [u8]),
}

/// Profile bytes of one JPEG segment: 65,533 less prefix, number and count (ICC.1:2022, B.4).
const SEGMENT_BYTES: usize = 65_519;

/// Bytes of a stored block of deflate (RFC 1951, section 3.2.4).
const BLOCK_BYTES: usize = 65_535;

/// The payloads of the APP2 segments that hold `profile`, without their prefix; none where it is too large.
pub(crate) fn jpeg_segments(profile: &[u8]) -> Option<Vec<Vec<u8>>> {
    let pieces = profile.chunks(SEGMENT_BYTES);
    let count = u8::try_from(pieces.len()).ok()?;
    Some((1..=count).zip(pieces).map(|(number, piece)| [&[number, count], piece].concat()).collect())
}

/// The payload of an iCCP chunk: a name, the method of compression, and a zlib stream, which stores the profile
/// as it is: profiles that pages use are smaller than a kilobyte.
pub(crate) fn png_payload(profile: &[u8]) -> Vec<u8> {
    let mut out = b"ICC Profile\0\0\x78\x01".to_vec();
    let mut blocks = profile.chunks(BLOCK_BYTES).peekable();
    while let Some(block) = blocks.next() {
        let length = u16::try_from(block.len()).unwrap_or(u16::MAX);
        out.push(u8::from(blocks.peek().is_none()));
        out.extend_from_slice(&length.to_le_bytes());
        out.extend_from_slice(&(!length).to_le_bytes());
        out.extend_from_slice(block);
    }
    out.extend_from_slice(&adler32(profile).to_be_bytes());
    out
}

/// The checksum of zlib (RFC 1950, section 8.2).
fn adler32(bytes: &[u8]) -> u32 {
    const MODULUS: u32 = 65_521;
    let (low, high) = bytes.iter().fold((1, 0), |(low, high), byte| {
        let low = (low + u32::from(*byte)) % MODULUS;
        (low, (high + low) % MODULUS)
    });
    high << 16 | low
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_checksum_is_that_of_zlib() {
        assert_eq!(adler32(b"Wikipedia"), 0x11e6_0398);
    }

    #[test]
    fn large_profiles_are_split_and_too_large_ones_refused() {
        let segments = jpeg_segments(&vec![7; SEGMENT_BYTES + 5]).unwrap();
        assert_eq!((segments[0][..2].to_vec(), segments[1].len()), (vec![1, 2], 7));
        assert!(jpeg_segments(&vec![0; SEGMENT_BYTES * 256]).is_none());
        assert_eq!(png_payload(&vec![7; BLOCK_BYTES + 5]).len(), 15 + BLOCK_BYTES + 5 + 10 + 4);
    }
}
