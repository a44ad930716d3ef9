use super::{ACCEPTED, Attack, INVALID, PAYLOAD, TOO_LARGE, attack};
use crate::images::{jpeg_with_exif, photo_jpeg};

const BASELINE: u8 = 0xc0;
const PROGRESSIVE: u8 = 0xc2;

pub(super) fn attacks() -> Vec<Attack> {
    [frames(), scans(), exif(), profiles()].concat()
}

/// T2, T5 and T15: what the frame header says.
fn frames() -> Vec<Attack> {
    let sized = |width, height| still(BASELINE, 8, (width, height), 1);
    let kind = |marker, precision| still(marker, precision, (8, 8), 1);
    vec![
        attack("T2", "65500x65500.jpg", TOO_LARGE, sized(65_500, 65_500)),
        attack("T2", "64250x64250_progressive.jpg", TOO_LARGE, {
            still(PROGRESSIVE, 8, (64_250, 64_250), 10)
        }),
        attack("T5", "0x0.jpg", INVALID, sized(0, 0)),
        attack("T15", "12_bits.jpg", INVALID, kind(0xc1, 12)),
        attack("T15", "lossless.jpg", INVALID, kind(0xc3, 8)),
        attack("T15", "arithmetic.jpg", INVALID, kind(0xc9, 8)),
        attack("T15", "hierarchical.jpg", INVALID, kind(0xc5, 8)),
    ]
}

/// T12 to T14 and T30: scans, and where they end.
fn scans() -> Vec<Attack> {
    let photo = photo_jpeg(200, 150, 12);
    let cut = |kept: usize| photo.get(..kept).unwrap_or_default().to_vec();
    vec![
        attack("T12", "1000_scans.jpg", INVALID, still(PROGRESSIVE, 8, (4_096, 4_096), 1_000)),
        attack("T12", "64_scans.jpg", ACCEPTED, still(PROGRESSIVE, 8, (512, 512), 64)),
        attack("T13", "cut.jpg", INVALID, cut(photo.len() / 2)),
        attack("T13", "only_its_start.jpg", INVALID, cut(3)),
        attack("T14", "no_end.jpg", INVALID, cut(photo.len() - 2)),
        attack("T30", "really_a_jpeg.png", ACCEPTED, photo_jpeg(40, 30, 30)),
        attack("T30", "really_a_jpeg.html", ACCEPTED, photo_jpeg(40, 30, 31)),
    ]
}

/// T16 and T17: EXIF.
fn exif() -> Vec<Attack> {
    let with = |tiff: &[u8]| with_segment(0xe1, &[&b"Exif\0\0"[..], tiff].concat());
    let flood = segment(0xe1, &[&b"Exif\0\0"[..], &[7; 65_000]].concat()).repeat(20);
    let mut all = vec![
        attack("T16", "exif_loop.jpg", ACCEPTED, with(b"II*\0\x08\0\0\0\0\0\x08\0\0\0")),
        attack("T16", "exif_sub_directory_loop.jpg", ACCEPTED, {
            with(b"II*\0\x08\0\0\0\x01\0\x69\x87\x04\0\x01\0\0\0\x08\0\0\0\0\0\0\0")
        }),
        attack("T16", "exif_count_4294967295.jpg", ACCEPTED, {
            with(b"II*\0\x08\0\0\0\x01\0\x0f\x01\x02\0\xff\xff\xff\xff\x08\0\0\0\0\0\0\0")
        }),
        attack("T16", "exif_65535_entries.jpg", ACCEPTED, with(b"II*\0\x08\0\0\0\xff\xff")),
        attack("T16", "exif_flood.jpg", ACCEPTED, insert(&photo_jpeg(40, 30, 16), &flood)),
        attack("T17", "orientation_9.jpg", ACCEPTED, jpeg_with_exif(40, 30, 17, 9)),
    ];
    all.extend((1..=8).map(|orientation| {
        let name = format!("orientation_{orientation}.jpg");
        attack("T17", name, ACCEPTED, jpeg_with_exif(40, 30, 17, orientation))
    }));
    all
}

/// T18 and T27: colour profiles and texts.
fn profiles() -> Vec<Attack> {
    let profile = |number: u8, of: u8, data: &[u8]| {
        with_segment(0xe2, &[&b"ICC_PROFILE\0"[..], &[number, of], data].concat())
    };
    let xmp = format!("http://ns.adobe.com/xap/1.0/\0<x:xmpmeta>{PAYLOAD}</x:xmpmeta>");
    vec![
        attack("T18", "profile_is_text.jpg", ACCEPTED, profile(1, 1, &[7; 500])),
        attack("T18", "profile_size_lies.jpg", ACCEPTED, profile(1, 1, &[0xff; 132])),
        attack("T18", "profile_lacks_chunks.jpg", ACCEPTED, profile(1, 3, &[0; 128])),
        attack("T18", "cmyk_without_profile.jpg", ACCEPTED, cmyk()),
        attack("T27", "with_xmp.jpg", ACCEPTED, with_segment(0xe1, xmp.as_bytes())),
        attack("T27", "with_comment.jpg", ACCEPTED, with_segment(0xfe, PAYLOAD.as_bytes())),
        attack("T27", "with_script_behind.jpg", ACCEPTED, {
            [photo_jpeg(40, 30, 27), PAYLOAD.as_bytes().to_vec()].concat()
        }),
    ]
}

fn with_segment(marker: u8, payload: &[u8]) -> Vec<u8> {
    insert(&photo_jpeg(40, 30, 18), &segment(marker, payload))
}

/// `file` with `segments` behind its first marker.
fn insert(file: &[u8], segments: &[u8]) -> Vec<u8> {
    let (start, rest) = file.split_at(2);
    [start, segments, rest].concat()
}

/// A grey picture whose blocks are all flat. Each scan is so short that its decoder has to make up most of it,
/// the first brings the averages, each further one a coefficient.
fn still(marker: u8, precision: u8, (width, height): (u16, u16), scans: u16) -> Vec<u8> {
    let blocks =
        if width == 0 { 0 } else { usize::from(width.div_ceil(8)) * usize::from(height.div_ceil(8)) };
    // Every code is one bit, 0: no difference, or no coefficient.
    let data = vec![0; blocks.min(4_096).div_ceil(8) + 1];
    let scan = |first: u8, last: u8| [segment(0xda, &[1, 1, 0, first, last, 0]), data.clone()].concat();
    let scans = match marker {
        PROGRESSIVE => (0..scans).flat_map(|at| scan((at % 64) as u8, (at % 64) as u8)).collect(),
        _ => scan(0, 63),
    };
    let size = [height.to_be_bytes(), width.to_be_bytes()].concat();
    let frame = segment(marker, &[&[precision][..], &size, &[1, 1, 0x11, 0]].concat());
    [b"\xff\xd8", &tables()[..], &frame, &scans, b"\xff\xd9"].concat()
}

/// 8x8 pixels of four components, no coefficient in any.
fn cmyk() -> Vec<u8> {
    let components: Vec<u8> = (1..=4).flat_map(|id| [id, 0x11, 0]).collect();
    let frame = segment(BASELINE, &[&[8, 0, 8, 0, 8, 4][..], &components].concat());
    let scan = segment(0xda, &[4, 1, 0, 2, 0, 3, 0, 4, 0, 0, 63, 0]);
    let adobe = segment(0xee, b"Adobe\0\x64\0\0\0\0\0");
    [b"\xff\xd8", &adobe[..], &tables(), &frame, &scan, b"\0\xff\xd9"].concat()
}

/// A quantisation table of ones and two Huffman tables of one code, for category or end of block 0.
fn tables() -> Vec<u8> {
    let code = [&[1][..], &[0; 15], &[0]].concat();
    [
        segment(0xdb, &[&[0][..], &[1; 64]].concat()),
        segment(0xc4, &[&[0x00][..], &code].concat()),
        segment(0xc4, &[&[0x10][..], &code].concat()),
    ]
    .concat()
}

fn segment(marker: u8, payload: &[u8]) -> Vec<u8> {
    let length = (payload.len() as u16 + 2).to_be_bytes();
    [&[0xff, marker][..], &length, payload].concat()
}
