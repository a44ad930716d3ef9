use super::{Attack, INVALID, TOO_LARGE, attack};

/// Offsets of the fields that are overwritten.
const WIDTH: usize = 18;
const HEIGHT: usize = 22;
const BITS: usize = 28;
const COMPRESSION: usize = 30;

pub(super) fn attacks() -> Vec<Attack> {
    let good = crate::images::bmp(16, 16, 21);
    let patched = |at: usize, value: &[u8]| {
        let mut file = good.clone();
        file.splice(at..at + value.len(), value.iter().copied());
        file
    };
    vec![
        attack("T21", "65535_wide.bmp", TOO_LARGE, patched(WIDTH, &65_535_u32.to_le_bytes())),
        attack("T21", "negative_width.bmp", INVALID, patched(WIDTH, &(-16_i32).to_le_bytes())),
        attack("T21", "smallest_height.bmp", TOO_LARGE, patched(HEIGHT, &i32::MIN.to_le_bytes())),
        attack("T21", "more_rows_than_bytes.bmp", INVALID, patched(HEIGHT, &9_999_u32.to_le_bytes())),
        attack("T21", "5_bits.bmp", INVALID, patched(BITS, &[5, 0])),
        attack("T21", "jpeg_inside.bmp", INVALID, patched(COMPRESSION, &[4, 0, 0, 0])),
        attack("T21", "4294967295_colours.bmp", INVALID, runs(u32::MAX, &[0, 1])),
        attack("T21", "jump_outside.bmp", INVALID, runs(2, &[0, 2, 255, 255, 4, 1, 0, 1])),
        attack("T21", "run_outside.bmp", INVALID, runs(2, &[255, 1, 255, 1, 255, 1])),
    ]
}

/// 4x2 pixels of 8 bits, run-length coded in `data`.
fn runs(colours: u32, data: &[u8]) -> Vec<u8> {
    let at = 14 + 40 + 8;
    let mut out = b"BM".to_vec();
    out.extend((at + data.len() as u32).to_le_bytes());
    out.extend([0; 4]);
    out.extend(at.to_le_bytes());
    for field in [40, 4, 2, 1 | 8 << 16, 1, data.len() as u32, 0, 0, colours, 0] {
        out.extend(field.to_le_bytes());
    }
    out.extend([0, 0, 0, 0, 255, 255, 255, 0]);
    out.extend(data);
    out
}
