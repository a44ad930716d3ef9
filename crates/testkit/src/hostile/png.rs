use super::zlib::{stored, zeros};
use super::{ACCEPTED, Attack, INVALID, PAYLOAD, TOO_LARGE, attack};
use crate::images::png_rgb;

const SIGNATURE: &[u8] = b"\x89PNG\r\n\x1a\n";
const MEGABYTE: usize = 1 << 20;

/// Bit depth and colour type.
const BITS: (u8, u8) = (1, 0);
const GREY: (u8, u8) = (8, 0);
const RGBA: (u8, u8) = (8, 6);

pub(super) fn attacks() -> Vec<Attack> {
    [sizes(), bombs(), damage(), luggage()].concat()
}

/// T2 to T5: the size.
fn sizes() -> Vec<Attack> {
    let declared = |width, height, kind| file(ihdr(width, height, kind), &[], &zeros(50));
    vec![
        attack("T2", "65535x65535.png", TOO_LARGE, declared(65_535, 65_535, RGBA)),
        attack("T3", "2147483647x1.png", TOO_LARGE, declared(i32::MAX as u32, 1, GREY)),
        attack("T3", "100000x1.png", TOO_LARGE, black(100_000, 1)),
        attack("T4", "30000x30000.png", TOO_LARGE, black(30_000, 30_000)),
        attack("T4", "10001x10000.png", TOO_LARGE, black(10_001, 10_000)),
        attack("T5", "0x16.png", INVALID, declared(0, 16, GREY)),
    ]
}

/// The largest picture that must be accepted (T4): 10,000x10,000 black pixels in 80 kB. It takes as long as a
/// picture may, so it is none of the [`attacks`](super::attacks).
#[must_use]
pub fn largest_png() -> Vec<u8> {
    black(10_000, 10_000)
}

fn black(width: u32, height: u32) -> Vec<u8> {
    let row = (width as usize).div_ceil(8) + 1;
    file(ihdr(width, height, BITS), &[], &zeros(row * height as usize))
}

/// T6 and T7: chunks that take memory.
fn bombs() -> Vec<Attack> {
    let text = |kind: &[u8; 4], head: &[u8], payload: &[u8]| small(&chunk(kind, &[head, payload].concat()));
    let bomb = zeros(64 * MEGABYTE);
    let lying = |kind: &[u8; 4]| small(&[&[0x7f, 0xff, 0xff, 0xff][..], kind].concat());
    vec![
        attack("T6", "endless_text.png", INVALID, lying(b"tEXt")),
        attack("T6", "endless_ztxt.png", INVALID, lying(b"zTXt")),
        attack("T6", "endless_itxt.png", INVALID, lying(b"iTXt")),
        attack("T7", "ztxt_bomb.png", ACCEPTED, text(b"zTXt", b"Comment\0\0", &bomb)),
        attack("T7", "itxt_bomb.png", ACCEPTED, text(b"iTXt", b"Comment\0\x01\0\0\0", &bomb)),
        attack("T7", "iccp_bomb.png", ACCEPTED, text(b"iCCP", b"profile\0\0", &bomb)),
        attack("T7", "20000_texts.png", INVALID, small(&chunk(b"tEXt", b"a\0b").repeat(20_000))),
        attack("T7", "900_ztxt_bombs.png", ACCEPTED, {
            let one = chunk(b"zTXt", &[&b"a\0\0"[..], &zeros(MEGABYTE / 2)].concat());
            small(&one.repeat(900))
        }),
    ]
}

/// T8, T11 and T13: pixel data, checksums and counts.
fn damage() -> Vec<Attack> {
    let good = png_rgb(64, 64, 8);
    let mut checksum = good.clone();
    if let Some(byte) = checksum.get_mut(29) {
        *byte ^= 1;
    }
    let mut pixels = good.clone();
    let middle = pixels.len() / 2;
    if let Some(byte) = pixels.get_mut(middle) {
        *byte ^= 1;
    }
    let frames = chunk(b"acTL", &[0xff; 8]);
    vec![
        attack("T8", "200_mb_too_many.png", ACCEPTED, file(ihdr(16, 16, GREY), &[], &zeros(200 * MEGABYTE))),
        attack("T8", "data_ends_early.png", INVALID, file(ihdr(16, 16, GREY), &[], &zeros(100))),
        attack("T8", "bad_header_checksum.png", INVALID, checksum),
        attack("T8", "bad_data_checksum.png", INVALID, pixels),
        attack("T8", "no_zlib.png", INVALID, file(ihdr(16, 16, GREY), &[], b"no zlib stream at all")),
        attack("T8", "sent_as_text.png", INVALID, {
            let rest = good.get(SIGNATURE.len()..).unwrap_or_default();
            [b"\x89PNG\n\x1a\n", rest].concat()
        }),
        attack("T11", "4294967295_frames.png", ACCEPTED, small(&frames)),
        attack("T13", "cut.png", INVALID, good.get(..good.len() / 2).unwrap_or_default().to_vec()),
    ]
}

/// T16, T18, T27 and T28: metadata that bites or carries something, behind or beside good pixels.
fn luggage() -> Vec<Attack> {
    let text = |keyword: &str, text: &str| small(&chunk(b"tEXt", format!("{keyword}\0{text}").as_bytes()));
    let zip = [b"PK\x03\x04", PAYLOAD.as_bytes()].concat();
    let plain = small(&[]);
    // A directory without entries whose next one is itself.
    let loops = chunk(b"eXIf", b"II*\0\x08\0\0\0\0\0\x08\0\0\0");
    vec![
        attack("T16", "exif_loop.png", ACCEPTED, small(&loops)),
        attack("T18", "profile_is_text.png", ACCEPTED, {
            small(&chunk(b"iCCP", &[b"profile\0\0".to_vec(), stored(&[7; 500])].concat()))
        }),
        attack("T27", "with_html.png", ACCEPTED, text("Comment", PAYLOAD)),
        attack(
            "T27",
            "with_php.png",
            ACCEPTED,
            text("Copyright", &format!("<?php system($_GET['c']); ?>{PAYLOAD}")),
        ),
        attack("T27", "with_zip.png", ACCEPTED, [plain, zip].concat()),
        attack("T28", "profile_of_passwd.png", ACCEPTED, text("profile", "/etc/passwd")),
    ]
}

/// 16x16 black pixels with `chunks` before their data.
fn small(chunks: &[u8]) -> Vec<u8> {
    file(ihdr(16, 16, GREY), chunks, &zeros(16 * 17))
}

fn file(header: Vec<u8>, chunks: &[u8], data: &[u8]) -> Vec<u8> {
    [SIGNATURE, &header, chunks, &chunk(b"IDAT", data), &chunk(b"IEND", b"")].concat()
}

fn ihdr(width: u32, height: u32, (depth, colour): (u8, u8)) -> Vec<u8> {
    chunk(b"IHDR", &[&width.to_be_bytes()[..], &height.to_be_bytes(), &[depth, colour, 0, 0, 0]].concat())
}

fn chunk(kind: &[u8; 4], payload: &[u8]) -> Vec<u8> {
    let checked = [&kind[..], payload].concat();
    let checksum = crc32fast::hash(&checked).to_be_bytes();
    [&(payload.len() as u32).to_be_bytes()[..], &checked, &checksum].concat()
}
