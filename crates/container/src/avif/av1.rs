//! The size that an AV1 bitstream declares in its sequence header (AV1 specification section 5.5).

use crate::cursor::Cursor;

/// Bytes of an item's data that are searched for the sequence header, which comes first.
pub(super) const HEAD_BYTES: u64 = 4_096;

/// `obu_type` of a sequence header.
const SEQUENCE_HEADER: u8 = 1;

/// Greatest frame width and height of the stream; `None` if no sequence header is found.
pub(super) fn max_frame_size(data: &[u8]) -> Option<(u32, u32)> {
    let mut cursor = Cursor::new(data);
    loop {
        let header = cursor.u8()?;
        if header & 0x04 != 0 {
            cursor.u8()?;
        }
        let length = if header & 0x02 == 0 { cursor.rest().len() } else { leb128(&mut cursor)? };
        if (header >> 3) & 15 == SEQUENCE_HEADER {
            let available = length.min(cursor.rest().len());
            return sequence_header(&mut Bits { data: cursor.take(available)?, position: 0 });
        }
        cursor.take(length)?;
    }
}

/// Section 4.10.5: seven bits a byte, the lowest first, at most eight bytes.
fn leb128(cursor: &mut Cursor<'_>) -> Option<usize> {
    let mut value = 0_u64;
    for shift in (0..56).step_by(7) {
        let byte = cursor.u8()?;
        value |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return usize::try_from(value).ok();
        }
    }
    None
}

fn sequence_header(bits: &mut Bits<'_>) -> Option<(u32, u32)> {
    let _profile = bits.read(3)?;
    let _still_picture = bits.read(1)?;
    let is_reduced = bits.flag()?;
    if is_reduced {
        bits.read(5)?;
    } else {
        operating_points(bits)?;
    }
    let width_bits = bits.read(4)? + 1;
    let height_bits = bits.read(4)? + 1;
    Some((bits.read(width_bits)? + 1, bits.read(height_bits)? + 1))
}

/// Everything between the flags of a full sequence header and its frame size.
fn operating_points(bits: &mut Bits<'_>) -> Option<()> {
    let mut delay_bits = None;
    if bits.flag()? {
        bits.read(32)?;
        bits.read(32)?;
        if bits.flag()? {
            bits.skip_uvlc()?;
        }
        if bits.flag()? {
            delay_bits = Some(bits.read(5)? + 1);
            bits.read(32)?;
            bits.read(10)?;
        }
    }
    let has_display_delay = bits.flag()?;
    for _ in 0..=bits.read(5)? {
        bits.read(12)?;
        if bits.read(5)? > 7 {
            bits.read(1)?;
        }
        if let Some(delay_bits) = delay_bits
            && bits.flag()?
        {
            bits.read(delay_bits)?;
            bits.read(delay_bits)?;
            bits.read(1)?;
        }
        if has_display_delay && bits.flag()? {
            bits.read(4)?;
        }
    }
    Some(())
}

/// Reads bits, the highest of a byte first.
struct Bits<'a> {
    data: &'a [u8],
    position: usize,
}

impl Bits<'_> {
    /// The next `count` bits, 0..=32.
    fn read(&mut self, count: u32) -> Option<u32> {
        let mut value = 0_u32;
        for _ in 0..count {
            let byte = self.data.get(self.position / 8)?;
            value = (value << 1) | u32::from((byte >> (7 - self.position % 8)) & 1);
            self.position += 1;
        }
        Some(value)
    }

    fn flag(&mut self) -> Option<bool> {
        self.read(1).map(|bit| bit == 1)
    }

    /// Section 4.10.3: as many bits behind the first 1 as there are zeros before it.
    fn skip_uvlc(&mut self) -> Option<()> {
        let mut zeros = 0_u32;
        while !self.flag()? {
            zeros += 1;
        }
        if zeros < 32 {
            self.read(zeros)?;
        }
        Some(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reduced_header_gives_its_size() {
        // Temporal delimiter, then a sequence header: profile 0, still, reduced, level 0, 9 and 8 bits.
        let bits = format!("{:03b}{}{}{:05b}{:04b}{:04b}{:09b}{:08b}", 0, 1, 1, 0, 8, 7, 299, 199);
        let mut data = vec![0x12, 0x00, 0x0a, bits.len().div_ceil(8) as u8];
        data.extend(
            bits.as_bytes().chunks(8).map(|byte| {
                byte.iter().enumerate().fold(0, |all, (at, bit)| all | ((bit - b'0') << (7 - at)))
            }),
        );
        assert_eq!(max_frame_size(&data), Some((300, 200)));
        for end in 0..data.len() {
            assert_eq!(max_frame_size(&data[..end]), None, "cut at {end}");
        }
    }
}
