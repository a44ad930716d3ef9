/// A zlib stream (RFC 1950) of `count` zeros, at least 1, about a hundred and sixtieth of their size: one block
/// of fixed Huffman codes (RFC 1951 section 3.2.6) that repeats the first zero. No compressor is needed, and a
/// bomb of 200 MB is made at once.
pub(super) fn zeros(count: usize) -> Vec<u8> {
    const LONGEST: usize = 258;
    let mut bits = Bits { bytes: vec![0x78, 0x01], used: 8 };
    // The last block, fixed codes.
    bits.push(0b110, 3);
    // Literal 0; a repetition of 258 bytes from distance 1; end of block.
    let (literal, longest, end) = ((0b0011_0000, 8), (0b1_1000_1010_0000, 13), (0, 7));
    for _ in 0..=(count - 1) % LONGEST {
        bits.push(literal.0, literal.1);
    }
    for _ in 0..(count - 1) / LONGEST {
        bits.push(longest.0, longest.1);
    }
    bits.push(end.0, end.1);
    let mut bytes = bits.bytes;
    // Adler-32: both sums begin with 1 and 0, zeros change the second only.
    let second = (count % 65_521) as u32;
    bytes.extend((second << 16 | 1).to_be_bytes());
    bytes
}

/// A zlib stream of `data` without compression, up to 65,535 bytes.
pub(super) fn stored(data: &[u8]) -> Vec<u8> {
    let length = data.len() as u16;
    let (mut a, mut b) = (1_u32, 0_u32);
    for byte in data {
        a = (a + u32::from(*byte)) % 65_521;
        b = (b + a) % 65_521;
    }
    let mut out = vec![0x78, 0x01, 1];
    out.extend(length.to_le_bytes());
    out.extend((!length).to_le_bytes());
    out.extend(data);
    out.extend((b << 16 | a).to_be_bytes());
    out
}

/// Fills bytes from their lowest bit on. Codes are given as they are written in the RFC, the first bit highest.
struct Bits {
    bytes: Vec<u8>,
    /// Bits used of the last byte.
    used: u32,
}

impl Bits {
    fn push(&mut self, code: u32, length: u32) {
        for at in (0..length).rev() {
            if self.used == 8 {
                self.bytes.push(0);
                self.used = 0;
            }
            if let Some(last) = self.bytes.last_mut() {
                *last |= ((code >> at & 1) as u8) << self.used;
            }
            self.used += 1;
        }
    }
}
