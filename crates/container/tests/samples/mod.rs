//! Files made for the tests, byte by byte or with the `image` crate.
#![allow(dead_code, unreachable_pub, missing_docs, reason = "shared by several test binaries")]

use std::io::Cursor;

use image::{DynamicImage, ImageFormat, RgbaImage};

/// A picture with an edge of noise and real transparency.
pub fn picture(width: u32, height: u32) -> DynamicImage {
    let mut seed = 1_u32;
    DynamicImage::ImageRgba8(RgbaImage::from_fn(width, height, |x, y| {
        seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        image::Rgba([x as u8, y as u8, (seed >> 24) as u8, if (x + y) % 5 == 0 { 0 } else { 255 }])
    }))
}

pub fn encode(picture: &DynamicImage, format: ImageFormat) -> Vec<u8> {
    let mut out = Cursor::new(Vec::new());
    let picture = match format {
        ImageFormat::Jpeg => DynamicImage::ImageRgb8(picture.to_rgb8()),
        _ => picture.clone(),
    };
    picture.write_to(&mut out, format).unwrap();
    out.into_inner()
}

pub fn jpeg() -> Vec<u8> {
    encode(&picture(33, 17), ImageFormat::Jpeg)
}

pub fn png() -> Vec<u8> {
    encode(&picture(33, 17), ImageFormat::Png)
}

pub fn webp() -> Vec<u8> {
    encode(&picture(33, 17), ImageFormat::WebP)
}

/// Three frames.
pub fn gif() -> Vec<u8> {
    let mut out = Vec::new();
    {
        let mut encoder = image::codecs::gif::GifEncoder::new(&mut out);
        encoder.set_repeat(image::codecs::gif::Repeat::Infinite).unwrap();
        for _ in 0..3 {
            encoder.encode_frame(image::Frame::new(picture(20, 10).to_rgba8())).unwrap();
        }
    }
    out
}

pub fn bmp() -> Vec<u8> {
    encode(&DynamicImage::ImageRgb8(picture(33, 17).to_rgb8()), ImageFormat::Bmp)
}

/// Little-endian, one uncompressed strip of 8-bit grey.
pub fn tiff(width: u32, height: u32, samples: u32, strip_offset: u32) -> Vec<u8> {
    tiff_of(&[
        (256, width),
        (257, height),
        (258, 8),
        (259, 1),
        (262, 1),
        (273, strip_offset),
        (277, samples),
        (278, height),
        (279, 64),
    ])
}

/// One directory of numbers, and 64 bytes behind it.
fn tiff_of(entries: &[(u16, u32); 9]) -> Vec<u8> {
    let mut out = b"II*\0\x08\0\0\0".to_vec();
    out.extend((entries.len() as u16).to_le_bytes());
    for (tag, value) in entries {
        out.extend(tag.to_le_bytes());
        out.extend(4_u16.to_le_bytes());
        out.extend(1_u32.to_le_bytes());
        out.extend(value.to_le_bytes());
    }
    out.extend([0; 4]);
    assert_eq!(out.len(), 122);
    out.extend([127; 64]);
    out
}

/// Where [`tiff`] has its pixels.
pub const TIFF_PIXELS: u32 = 122;

/// Little-endian, one tile of 8-bit grey that is said to be deflated.
pub fn tiled_tiff(page: (u32, u32), tile: (u32, u32)) -> Vec<u8> {
    let entries: [(u16, u32); 9] = [
        (256, page.0),
        (257, page.1),
        (258, 8),
        (259, 8),
        (262, 1),
        (322, tile.0),
        (323, tile.1),
        (324, TIFF_PIXELS),
        (325, 64),
    ];
    tiff_of(&entries)
}

/// Little-endian BigTIFF of 8x8 grey pixels.
pub fn big_tiff() -> Vec<u8> {
    let mut out = b"II+\0\x08\0\0\0".to_vec();
    out.extend(16_u64.to_le_bytes());
    let entries: [(u16, u64); 8] =
        [(256, 8), (257, 8), (258, 8), (259, 1), (262, 1), (273, 192), (278, 8), (279, 64)];
    out.extend((entries.len() as u64).to_le_bytes());
    for (tag, value) in entries {
        out.extend(tag.to_le_bytes());
        out.extend(16_u16.to_le_bytes());
        out.extend(1_u64.to_le_bytes());
        out.extend(value.to_le_bytes());
    }
    out.extend([0; 8]);
    assert_eq!(out.len(), 192);
    out.extend([127; 64]);
    out
}

/// A PNG chunk with its checksum.
pub fn chunk(kind: &[u8; 4], payload: &[u8]) -> Vec<u8> {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(kind);
    hasher.update(payload);
    let length = (payload.len() as u32).to_be_bytes();
    [&length[..], kind, payload, &hasher.finalize().to_be_bytes()].concat()
}

/// A PNG header chunk: 8-bit grey.
pub fn ihdr(width: u32, height: u32) -> Vec<u8> {
    chunk(b"IHDR", &[&width.to_be_bytes()[..], &height.to_be_bytes(), &[8, 0, 0, 0, 0]].concat())
}

/// A PNG from its chunks.
pub fn png_of(chunks: &[Vec<u8>]) -> Vec<u8> {
    [b"\x89PNG\r\n\x1a\n".to_vec(), chunks.concat()].concat()
}

/// `bytes` with `inserted` at `at`.
pub fn insert(bytes: &[u8], at: usize, inserted: &[u8]) -> Vec<u8> {
    [&bytes[..at], inserted, &bytes[at..]].concat()
}

/// A JPEG segment.
pub fn segment(marker: u8, payload: &[u8]) -> Vec<u8> {
    let length = (payload.len() as u16 + 2).to_be_bytes();
    [&[0xff, marker][..], &length, payload].concat()
}

/// A RIFF chunk, padded.
pub fn riff_chunk(kind: &[u8; 4], payload: &[u8]) -> Vec<u8> {
    let pad = vec![0; payload.len() % 2];
    [&kind[..], &(payload.len() as u32).to_le_bytes(), payload, &pad].concat()
}

/// A WebP file from its chunks.
pub fn webp_of(chunks: &[Vec<u8>]) -> Vec<u8> {
    let body = chunks.concat();
    [&b"RIFF"[..], &(body.len() as u32 + 4).to_le_bytes(), b"WEBP", &body].concat()
}

/// VP8X.
pub fn canvas(flags: u8, width: u32, height: u32) -> Vec<u8> {
    let edge = |edge: u32| (edge - 1).to_le_bytes()[..3].to_vec();
    riff_chunk(b"VP8X", &[vec![flags, 0, 0, 0], edge(width), edge(height)].concat())
}

/// A little-endian EXIF payload with an orientation, a camera's name and nothing else.
pub fn exif(orientation: u16) -> Vec<u8> {
    let mut out = b"II*\0\x08\0\0\0\x02\0".to_vec();
    out.extend(b"\x0f\x01\x02\0\x0a\0\0\0\x26\0\0\0");
    out.extend(b"\x12\x01\x03\0\x01\0\0\0");
    out.extend(u32::from(orientation).to_le_bytes());
    out.extend([0; 4]);
    assert_eq!(out.len(), 38);
    out.extend(b"CameraInc\0");
    out
}

/// An ISO base media box.
pub fn iso_box(kind: &[u8; 4], payload: &[u8]) -> Vec<u8> {
    [&(payload.len() as u32 + 8).to_be_bytes()[..], kind, payload].concat()
}

/// What an AVIF of [`avif`] looks like.
#[derive(Clone, Copy)]
pub struct Avif<'a> {
    pub brand: &'a [u8; 4],
    pub codec: &'a [u8; 4],
    pub declared: (u32, u32),
    pub coded: (u32, u32),
    pub quarter_turns: u8,
    /// What `clap` leaves of the picture.
    pub crop: Option<(u32, u32)>,
    /// Whether the item says that it has layers (`a1lx`).
    pub has_layers: bool,
    pub exif: &'a [u8],
}

impl Default for Avif<'_> {
    fn default() -> Self {
        Self {
            brand: b"avif",
            codec: b"av01",
            declared: (300, 200),
            coded: (300, 200),
            quarter_turns: 0,
            crop: None,
            has_layers: false,
            exif: b"",
        }
    }
}

/// An AV1 sequence header of a still picture, 9 bytes.
pub fn av1_sequence(width: u32, height: u32) -> Vec<u8> {
    let (w, h) = (width - 1, height - 1);
    let bits = format!("000{}{}00000{:04b}{:04b}{w:015b}{h:015b}", 1, 1, 14, 14);
    let byte = |bits: &[u8]| bits.iter().enumerate().fold(0, |all, (at, bit)| all | (bit - b'0') << (7 - at));
    let bytes: Vec<u8> = bits.as_bytes().chunks(8).map(byte).collect();
    [&[0x0a, bytes.len() as u8][..], &bytes].concat()
}

/// An AVIF whose AV1 data ends behind its sequence header.
pub fn avif(wanted: Avif<'_>) -> Vec<u8> {
    let Avif { brand, codec, declared, coded, quarter_turns, crop, has_layers, exif } = wanted;
    let sequence = av1_sequence(coded.0, coded.1);
    let full = |payload: &[u8]| [&[0; 4][..], payload].concat();
    let infe =
        |id: u8, kind: &[u8; 4]| iso_box(b"infe", &[&[2, 0, 0, 0, 0, id, 0, 0][..], kind, &[0]].concat());
    let ispe = full(&[declared.0.to_be_bytes(), declared.1.to_be_bytes()].concat());
    let layers = if has_layers { b"a1lx" } else { b"free" };
    let (crop, (crop_width, crop_height)) =
        (if crop.is_some() { b"clap" } else { b"free" }, crop.unwrap_or((1, 1)));
    let clap = [crop_width, 1, crop_height, 1, 0, 1, 0, 1].map(u32::to_be_bytes).concat();
    let ipco = [
        iso_box(b"ispe", &ispe),
        iso_box(b"av1C", &[0x81, 0, 0, 0]),
        iso_box(b"irot", &[quarter_turns]),
        iso_box(layers, &[0; 7]),
        iso_box(crop, &clap),
    ];
    let exif_item = [&[0; 4][..], exif].concat();
    let meta = |data_at: u32| {
        let extent = |id: u8, at: u32, length: usize| {
            [&[0, id, 0, 0, 0, 1][..], &at.to_be_bytes(), &(length as u32).to_be_bytes()].concat()
        };
        let exif_at = data_at + sequence.len() as u32;
        let iloc = [
            vec![0, 0, 0, 0, 0x44, 0, 0, 2],
            extent(1, data_at, sequence.len()),
            extent(2, exif_at, exif_item.len()),
        ];
        let iprp = [
            iso_box(b"ipco", &ipco.concat()),
            iso_box(b"ipma", &full(&[0, 0, 0, 1, 0, 1, 5, 1, 0x82, 0x83, 4, 0x85])),
        ];
        let infos = [infe(1, codec), infe(2, if exif.is_empty() { b"free" } else { b"Exif" })].concat();
        let boxes = [
            iso_box(b"pitm", &full(&[0, 1])),
            iso_box(b"iinf", &full(&[&[0, 2][..], &infos].concat())),
            iso_box(b"iloc", &iloc.concat()),
            iso_box(b"iprp", &iprp.concat()),
        ];
        iso_box(b"meta", &full(&boxes.concat()))
    };
    let ftyp = iso_box(b"ftyp", &[&brand[..], &[0; 4], brand, b"mif1"].concat());
    let data_at = (ftyp.len() + meta(0).len() + 8) as u32;
    [ftyp, meta(data_at), iso_box(b"mdat", &[sequence.clone(), exif_item.clone()].concat())].concat()
}
