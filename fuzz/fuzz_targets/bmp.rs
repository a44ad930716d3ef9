//! BMP: the inspection, then the decoder behind it.
//!
//! The decoder of `crates/imaging` is private to it and links libvips; this target calls the same decoder of
//! the `image` crate with the same limits.
#![no_main]

use std::io::Cursor;

use checks::{check_inspection, repaired};
use domain::SourceFormat;
use domain::limits::{MAX_INPUT_EDGE, MAX_INPUT_PIXELS};
use image::codecs::bmp::BmpDecoder;
use image::{ColorType, ImageDecoder, Limits};
use libfuzzer_sys::fuzz_target;

/// Largest picture that is decoded here, in pixels: a run-length coded BMP of some bytes may declare the
/// largest size there is, and filling that with zeros finds nothing.
const MAX_DECODED_PIXELS: u64 = 1 << 20;

fuzz_target!(|bytes: &[u8]| {
    check(bytes);
    check(&repaired(SourceFormat::Bmp, bytes));
});

fn check(bytes: &[u8]) {
    let header = check_inspection(bytes).filter(|header| header.format == SourceFormat::Bmp);
    let Some(header) = header.filter(|header| header.pixels() <= MAX_DECODED_PIXELS) else { return };
    let Ok(mut decoder) = BmpDecoder::new(Cursor::new(bytes)) else { return };
    let mut limits = Limits::no_limits();
    limits.max_image_width = Some(MAX_INPUT_EDGE);
    limits.max_image_height = Some(MAX_INPUT_EDGE);
    limits.max_alloc = Some(MAX_INPUT_PIXELS * 4);
    // Memory is admitted by the header's size: the decoder must not see a larger one.
    assert_eq!(decoder.dimensions(), (header.width, header.height));
    if decoder.set_limits(limits).is_err() {
        return;
    }
    let channels = match decoder.color_type() {
        ColorType::L8 => 1,
        ColorType::Rgb8 => 3,
        ColorType::Rgba8 => 4,
        other => panic!("unexpected colour type {other:?}"),
    };
    assert_eq!(decoder.total_bytes(), header.pixels() * channels);
    let mut pixels = vec![0; decoder.total_bytes() as usize];
    // Damage inside the pixels is the decoder's to refuse.
    let _ = decoder.read_image(&mut pixels);
}
