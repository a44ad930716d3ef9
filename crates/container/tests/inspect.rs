//! Each rule of `inspect`, on files made for it.
#![allow(clippy::unwrap_used, clippy::panic, reason = "functions that only tests call may panic")]

mod samples;

use container::{Header, inspect_bytes, sniff};
use domain::{ErrorCode, SourceFormat};
use samples::*;

#[track_caller]
fn refused(bytes: &[u8], code: ErrorCode, part: &str) {
    let error = inspect_bytes(bytes).unwrap_err();
    assert_eq!(error.code, code, "{error}");
    assert!(error.message.contains(part), "{}", error.message);
}

#[track_caller]
fn accepted(bytes: &[u8]) -> Header {
    inspect_bytes(bytes).unwrap_or_else(|error| panic!("{error}"))
}

use ErrorCode::{ImageTooLarge, InvalidImage, UnsupportedFormat};

#[test]
fn ordinary_files_pass_and_are_described() {
    let cases = [
        (jpeg(), SourceFormat::Jpeg, (33, 17), 1, false),
        (png(), SourceFormat::Png, (33, 17), 1, true),
        (webp(), SourceFormat::WebP, (33, 17), 1, true),
        (gif(), SourceFormat::Gif, (20, 10), 3, true),
        (bmp(), SourceFormat::Bmp, (33, 17), 1, false),
        (tiff(8, 8, 1, TIFF_PIXELS), SourceFormat::Tiff, (8, 8), 1, false),
        (big_tiff(), SourceFormat::Tiff, (8, 8), 1, false),
        (avif(Avif::default()), SourceFormat::Avif, (300, 200), 1, false),
    ];
    for (bytes, format, size, frames, has_alpha) in cases {
        let header = accepted(&bytes);
        assert_eq!(header.format, format);
        assert_eq!(sniff(&bytes), Some(format));
        assert_eq!((header.width, header.height), size, "{format}");
        assert_eq!((header.frames, header.has_alpha), (frames, has_alpha), "{format}");
        assert_eq!(header.pixels(), u64::from(size.0 * size.1 * frames));
    }
}

#[test]
fn every_file_cut_short_is_refused() {
    let tiff = tiff(8, 8, 1, TIFF_PIXELS);
    for bytes in [jpeg(), png(), webp(), gif(), bmp(), tiff, big_tiff(), avif(Avif::default())] {
        let format = sniff(&bytes);
        // A GIF may lack its trailer (the last byte), so it is cut one byte earlier.
        for missing in 2..bytes.len().min(60) {
            let error = inspect_bytes(&bytes[..bytes.len() - missing]).unwrap_err();
            assert!(matches!(error.code, InvalidImage | UnsupportedFormat), "{format:?} −{missing}: {error}");
        }
    }
    let gif = gif();
    assert_eq!(accepted(&gif[..gif.len() - 1]), accepted(&gif));
}

#[test]
fn png_chunks_keep_to_their_rules() {
    let (data, end) = (chunk(b"IDAT", &[0; 20]), chunk(b"IEND", b""));
    let with = |extra: Vec<u8>| png_of(&[ihdr(4, 4), extra, data.clone(), end.clone()]);
    accepted(&with(Vec::new()));
    accepted(&[with(Vec::new()), b"PK\x03\x04 a ZIP behind it".to_vec()].concat());
    accepted(&with(chunk(b"acTL", &[0xff; 8])));
    accepted(&with(chunk(b"tEXt", b"a\0b").repeat(900)));
    refused(&with(chunk(b"tEXt", b"a\0b").repeat(1_000)), InvalidImage, "more than 1000 chunks");
    refused(&with(chunk(b"tEXt", &vec![0; (8 << 20) + 1])), InvalidImage, "exceeds 8388608");
    refused(&with(b"\x7f\xff\xff\xfftEXt".to_vec()), InvalidImage, "declares 2147483647 bytes");
    refused(&with(chunk(b"ABCD", b"")), InvalidImage, "unknown critical chunk");
    refused(&with(chunk(b"a\0cd", b"")), InvalidImage, "four letters");
    refused(&with(ihdr(4, 4)), InvalidImage, "IHDR");
    refused(&png_of(&[data.clone(), end.clone()]), InvalidImage, "IHDR");
    refused(&png_of(&[ihdr(4, 4), end.clone()]), InvalidImage, "no image data");
    refused(&png_of(&[ihdr(4, 4), data.clone()]), InvalidImage, "truncated");
    let many = png_of(&[ihdr(4, 4), chunk(b"IDAT", &[0; 2]).repeat(2_000), end.clone()]);
    accepted(&many);
    for position in [20, 50] {
        let mut wrong = with(Vec::new());
        wrong[position] ^= 1;
        refused(&wrong, InvalidImage, "checksum");
    }
    let strange = chunk(b"IHDR", &[0, 0, 0, 4, 0, 0, 0, 4, 3, 2, 0, 0, 0]);
    refused(&png_of(&[strange, data.clone(), end.clone()]), InvalidImage, "colour type 2 with 3 bits");
    refused(&png_of(&[ihdr(0, 16), data.clone(), end.clone()]), InvalidImage, "0x16");
    accepted(&png_of(&[ihdr(10_000, 10_000), data.clone(), end.clone()]));
    let huge = png_of(&[ihdr(65_535, 65_535)]);
    refused(&huge, ImageTooLarge, "65535x65535 exceeds 10000x10000 pixels");
    assert_eq!(accepted(&with(chunk(b"eXIf", &exif(6)))).upright_size(), (4, 4));
    assert_eq!(accepted(&with(chunk(b"eXIf", &exif(6)))).orientation, 6);
    refused(&[b"\x89PNG\n\x1a\n".to_vec(), ihdr(4, 4)].concat(), InvalidImage, "signature is damaged");
}

#[test]
fn jpeg_markers_keep_to_their_rules() {
    let good = jpeg();
    let frame_at = good.windows(2).position(|pair| pair == [0xff, 0xc0]).unwrap();
    for orientation in 0..=9 {
        let app1 = segment(0xe1, &[b"Exif\0\0".to_vec(), exif(orientation)].concat());
        let header = accepted(&insert(&good, 2, &app1));
        let expected = if (1..=8).contains(&orientation) { orientation } else { 1 };
        assert_eq!(u16::from(header.orientation), expected);
        assert_eq!(header.upright_size(), if expected > 4 { (17, 33) } else { (33, 17) });
    }
    for (marker, name) in [(0xc3, "lossless"), (0xc9, "arithmetic coding"), (0xc5, "hierarchical")] {
        let mut variant = good.clone();
        variant[frame_at + 1] = marker;
        refused(&variant, InvalidImage, &format!("unsupported JPEG variant: {name}"));
    }
    let patched = |offset: usize, bytes: &[u8]| {
        let mut file = good.clone();
        file[frame_at + offset..frame_at + offset + bytes.len()].copy_from_slice(bytes);
        file
    };
    refused(&patched(4, &[12]), InvalidImage, "unsupported JPEG variant: 12 bits");
    refused(&patched(5, &[0, 0, 0, 0]), InvalidImage, "no area");
    refused(&patched(5, &[0xff, 0xdc, 0xff, 0xdc]), ImageTooLarge, "65500x65500 exceeds");
    refused(&patched(9, &[2]), InvalidImage, "2 components");
    refused(&patched(11, &[0]), InvalidImage, "sampling factors");
    accepted(&[good.clone(), good.clone()].concat());
    refused(&[&good[..2], &good].concat(), InvalidImage, "second JPEG");
    refused(b"\xff\xd8\xff\xd9", InvalidImage, "no frame header");
    let scan = segment(0xda, &[1, 1, 0, 0, 63, 0]);
    let frame = segment(0xc2, &[8, 0, 8, 0, 8, 1, 1, 0x11, 0]);
    let scans =
        |count| [b"\xff\xd8".to_vec(), frame.clone(), scan.repeat(count), b"\xff\xd9".to_vec()].concat();
    accepted(&scans(100));
    refused(&scans(101), InvalidImage, "too many scans");
    refused(&scans(0), InvalidImage, "no image data");
}

#[test]
fn gif_blocks_keep_to_their_rules() {
    let screen = |w: u16, h: u16| {
        [&b"GIF89a"[..], &w.to_le_bytes(), &h.to_le_bytes(), &[0x80, 0, 0, 0, 0, 0, 255, 255, 255]].concat()
    };
    let frame = |x: u16, y: u16, w: u16, h: u16| {
        let edges = [x, y, w, h].map(u16::to_le_bytes).concat();
        [&[0x2c][..], &edges, &[0, 2, 2, 0x44, 1, 0]].concat()
    };
    let file = |parts: &[Vec<u8>]| [parts.concat(), vec![0x3b]].concat();
    assert!(!accepted(&file(&[screen(1, 1), frame(0, 0, 1, 1)])).has_alpha);
    let grown = accepted(&file(&[screen(4, 4), frame(0, 0, 4, 4), frame(6, 7, 2, 2)]));
    assert_eq!((grown.width, grown.height, grown.frames), (8, 9, 2));
    let outside = file(&[screen(1, 1), frame(65_000, 65_000, 500, 500)]);
    refused(&outside, ImageTooLarge, "65500x65500 exceeds");
    refused(&file(&[screen(65_535, 8_191)]), ImageTooLarge, "exceeds");
    accepted(&file(&[screen(1, 1), frame(0, 0, 1, 1).repeat(1_000)]));
    refused(&file(&[screen(1, 1), frame(0, 0, 1, 1).repeat(1_001)]), ImageTooLarge, "1000 frames");
    let animation = file(&[screen(4_000, 4_000), frame(0, 0, 1, 1).repeat(7)]);
    refused(&animation, ImageTooLarge, "7 frames of 4000x4000");
    refused(&file(&[screen(0, 4), frame(0, 0, 1, 1)]), InvalidImage, "0x4");
    refused(&file(&[screen(4, 4), frame(0, 0, 0, 1)]), InvalidImage, "0x1");
    refused(&file(&[screen(4, 4)]), InvalidImage, "no frame");
    refused(&file(&[screen(4, 4), vec![0x99]]), InvalidImage, "unknown block 0x99");
    refused(&file(&[screen(4, 4), vec![0x21, 0x2a, 0]]), InvalidImage, "unknown extension 0x2a");
    refused(b"GIF89a/*\0\0\0\0*/=1;//", UnsupportedFormat, "begins like a GIF");
}

#[test]
fn webp_chunks_keep_to_their_rules() {
    let still = webp();
    let image = still[12..].to_vec();
    accepted(&webp_of(&[canvas(0x10, 33, 17), image.clone()]));
    refused(&webp_of(&[canvas(0x10, 34, 17), image.clone()]), InvalidImage, "declares 34x17");
    refused(&webp_of(&[canvas(2, 16_383, 16_383)]), ImageTooLarge, "16383x16383");
    refused(&webp_of(&[canvas(2, 33, 17)]), InvalidImage, "no frame");
    refused(&webp_of(&[canvas(0, 33, 17)]), InvalidImage, "no image data");
    refused(&webp_of(&[riff_chunk(b"EXIF", b"x")]), InvalidImage, "does not begin");
    let mut lie = still.clone();
    lie[4] ^= 0x40;
    refused(&lie, InvalidImage, "declares");
    let frame = |x: u8, width: u8| {
        let head = vec![x, 0, 0, 0, 0, 0, width - 1, 0, 0, 16, 0, 0, 10, 0, 0, 0];
        riff_chunk(b"ANMF", &[head, image.clone()].concat())
    };
    let animation = |frames: Vec<u8>| webp_of(&[canvas(0x12, 33, 17), riff_chunk(b"ANIM", &[0; 6]), frames]);
    assert_eq!(accepted(&animation(frame(0, 33).repeat(4))).frames, 4);
    refused(&animation(frame(1, 33)), InvalidImage, "leaves the canvas");
    refused(&animation(frame(0, 32)), InvalidImage, "its data is 33x17");
    let tiny = riff_chunk(b"VP8L", &[0x2f, 0, 0, 0, 0]);
    let tiny = riff_chunk(b"ANMF", &[vec![0; 16], tiny].concat());
    let head = [canvas(2, 1, 1), riff_chunk(b"ANIM", &[0; 6])].concat();
    accepted(&webp_of(&[head.clone(), tiny.repeat(1_000)]));
    refused(&webp_of(&[head, tiny.repeat(1_001)]), ImageTooLarge, "1000 frames");
    let oriented = webp_of(&[canvas(0x18, 33, 17), image.clone(), riff_chunk(b"EXIF", &exif(8))]);
    assert_eq!(accepted(&oriented).upright_size(), (17, 33));
}

#[test]
fn avif_items_keep_to_their_rules() {
    let default = Avif::default();
    let turned = accepted(&avif(Avif { quarter_turns: 1, ..default }));
    assert_eq!((turned.width, turned.height, turned.orientation), (200, 300, 1));
    refused(&avif(Avif { brand: b"avis", ..default }), UnsupportedFormat, "animated AVIF");
    refused(&avif(Avif { brand: b"heic", ..default }), UnsupportedFormat, "HEIC (HEVC)");
    refused(&avif(Avif { codec: b"hvc1", ..default }), UnsupportedFormat, "HEVC");
    refused(&avif(Avif { codec: b"zzzz", ..default }), UnsupportedFormat, "type zzzz");
    let lie = avif(Avif { declared: (16_384, 16_384), ..default });
    refused(&lie, ImageTooLarge, "16384x16384 exceeds");
    refused(&avif(Avif { coded: (16_384, 16_384), ..default }), ImageTooLarge, "16384x16384 exceeds");
    refused(&avif(Avif { coded: (301, 200), ..default }), InvalidImage, "its AV1 data is 301x200");
    refused(&avif(Avif { declared: (0, 200), ..default }), InvalidImage, "no area");
    accepted(&avif(Avif { has_layers: true, coded: (150, 100), ..default }));
    // Decoding takes the memory of the larger one, whatever is shown of it.
    let lie = avif(Avif { has_layers: true, declared: (1, 1), coded: (10_000, 10_000), ..default });
    refused(&lie, InvalidImage, "its AV1 data is 10000x10000");
    // … and of the whole before it is cropped.
    let cropped = Avif { declared: (10_000, 9_000), coded: (10_000, 9_000), crop: Some((1, 1)), ..default };
    assert_eq!(accepted(&avif(cropped)).pixels(), 90_000_000);
    let turned = accepted(&avif(Avif { quarter_turns: 3, ..cropped }));
    assert_eq!((turned.width, turned.height), (9_000, 10_000));
    refused(b"\0\0\0\x10ftypavif\0\0\0\0", InvalidImage, "no items");
}

#[test]
fn tiff_directories_keep_to_their_rules() {
    refused(&tiff(60_000, 60_000, 1, TIFF_PIXELS), ImageTooLarge, "60000x60000 exceeds");
    refused(&tiff(u32::MAX, u32::MAX, 1, TIFF_PIXELS), ImageTooLarge, "exceeds");
    refused(&tiff(8, 8, 65_535, TIFF_PIXELS), ImageTooLarge, "65535 samples");
    refused(&tiff(8, 8, 1, TIFF_PIXELS + 1), InvalidImage, "outside the file");
    refused(&tiff(8, 8, 1, 0), InvalidImage, "outside the file");
    refused(&tiff(8, 9, 1, TIFF_PIXELS), InvalidImage, "truncated");
    refused(&tiff(0, 8, 1, TIFF_PIXELS), InvalidImage, "no area");
    refused(b"II*\0\xff\xff\xff\x7f", InvalidImage, "truncated");
    accepted(&tiled_tiff((1, 1), (256, 256)));
    accepted(&tiled_tiff((3_000, 100), (3_008, 1_024)));
    // A tile is decoded as a whole, however little of it the page shows.
    refused(&tiled_tiff((1, 1), (10_000, 10_000)), InvalidImage, "tiles of 10000x10000");
    refused(&tiled_tiff((3_000, 100), (3_008, 2_048)), InvalidImage, "tiles of 3008x2048");
}

#[test]
fn bmp_headers_keep_to_their_rules() {
    let good = bmp();
    let patched = |at: usize, bytes: &[u8]| {
        let mut file = good.clone();
        file[at..at + bytes.len()].copy_from_slice(bytes);
        file
    };
    accepted(&patched(22, &(-17_i32).to_le_bytes()));
    refused(&patched(22, &i32::MIN.to_le_bytes()), ImageTooLarge, "2147483648");
    refused(&patched(18, &(-1_i32).to_le_bytes()), InvalidImage, "negative width");
    refused(&patched(18, &65_535_u32.to_le_bytes()), ImageTooLarge, "65535x17");
    refused(&patched(14, &[66]), InvalidImage, "header has 66 bytes");
    refused(&patched(28, &[5]), InvalidImage, "5 bits per pixel");
    refused(&patched(30, &[4]), InvalidImage, "compression 4");
    refused(&patched(34, &u32::MAX.to_le_bytes()), InvalidImage, "declares");
    refused(&patched(10, &u32::MAX.to_le_bytes()), InvalidImage, "pixels at");
    refused(&patched(22, &18_u32.to_le_bytes()), InvalidImage, "truncated");
}
