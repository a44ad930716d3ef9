use std::io::Cursor;

use domain::SourceFormat;
use domain::limits::{MAX_INPUT_EDGE, MAX_INPUT_PIXELS};
use image::codecs::bmp::BmpDecoder;
use image::{ColorType, ImageDecoder, Limits};

use crate::ImagingError;
use crate::pixels::{Layout, Pixels};

/// Decodes a BMP in pure Rust: libvips reads BMP only through an untrusted loader (RELIABILITY F6).
pub(crate) fn decode(source: &[u8]) -> Result<Pixels, ImagingError> {
    let failed = |detail: String| ImagingError::Decode { format: SourceFormat::Bmp, detail };
    let mut decoder = BmpDecoder::new(Cursor::new(source)).map_err(|error| failed(error.to_string()))?;
    let mut limits = Limits::no_limits();
    limits.max_image_width = Some(MAX_INPUT_EDGE);
    limits.max_image_height = Some(MAX_INPUT_EDGE);
    limits.max_alloc = Some(MAX_INPUT_PIXELS * 4);
    decoder.set_limits(limits).map_err(|error| failed(error.to_string()))?;
    let (width, height) = decoder.dimensions();
    let layout = match decoder.color_type() {
        ColorType::L8 => Layout::Grey,
        ColorType::Rgb8 => Layout::Rgb,
        ColorType::Rgba8 => Layout::Rgba,
        other => return Err(failed(format!("unexpected colour type {other:?}"))),
    };
    let size = usize::try_from(decoder.total_bytes()).map_err(|error| failed(error.to_string()))?;
    let mut data = vec![0; size];
    decoder.read_image(&mut data).map_err(|error| failed(error.to_string()))?;
    Pixels::new(width, height, layout, data)
}
