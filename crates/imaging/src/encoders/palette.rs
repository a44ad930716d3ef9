use domain::OutputFormat;
use oxipng::{BitDepth, ColorType, RawImage};
use rgb::RGBA8;

use super::Settings;
use super::png::{failed, options};
use crate::ImagingError;
use crate::pixels::{Layout, Pixels};

/// How far errors are passed on to neighbours: full dithering hides bands in gradients but costs bytes and
/// scores lower in everything else.
const DITHERING: f32 = 0.5;

/// PNG with a palette of at most [`colours`] colours, with alpha: quantised by quantizr, written by oxipng.
pub(super) fn png(pixels: &Pixels, settings: &Settings<'_>) -> Result<Vec<u8>, ImagingError> {
    let Indexed { palette, indexes } = quantise(pixels, settings, OutputFormat::Png)?;
    let colour = ColorType::Indexed { palette };
    RawImage::new(pixels.width(), pixels.height(), colour, BitDepth::Eight, indexes)
        .and_then(|raw| raw.create_optimized_png(&options(settings.effort)))
        .map_err(failed)
}

/// Lossless WebP of the same quantised picture; libwebp finds the palette by itself.
pub(super) fn webp(pixels: &Pixels, settings: &Settings<'_>) -> Result<Vec<u8>, ImagingError> {
    let Indexed { palette, indexes } = quantise(pixels, settings, OutputFormat::WebP)?;
    let colour = |index: u8| palette.get(usize::from(index)).copied().unwrap_or_default();
    let data = indexes.into_iter().map(colour).flat_map(|c| [c.r, c.g, c.b, c.a]).collect();
    let quantised = Pixels::new(pixels.width(), pixels.height(), Layout::Rgba, data)?.simplify();
    super::webp::encode(&quantised, settings, super::webp::Mode::Lossless)
}

/// A picture of at most 256 colours.
struct Indexed {
    palette: Vec<RGBA8>,
    indexes: Vec<u8>,
}

fn quantise(pixels: &Pixels, settings: &Settings<'_>, format: OutputFormat) -> Result<Indexed, ImagingError> {
    let lost = |error: quantizr::Error| ImagingError::encode(format, format!("quantizr: {error:?}"));
    let (width, height) = (pixels.width() as usize, pixels.height() as usize);
    let rgba = rgba(pixels);
    let image = quantizr::Image::new(&rgba, width, height).map_err(lost)?;
    let mut wanted = quantizr::Options::default();
    wanted.set_max_colors(colours(settings.quality)).map_err(lost)?;
    let mut quantized = quantizr::QuantizeResult::quantize(&image, &wanted);
    quantized.set_dithering_level(DITHERING).map_err(lost)?;
    let mut indexes = vec![0; width * height];
    quantized.remap_image(&image, &mut indexes).map_err(lost)?;
    let palette = quantized.get_palette();
    let count = usize::try_from(palette.count).unwrap_or(0);
    let palette = palette.entries.iter().take(count).map(|c| RGBA8::new(c.r, c.g, c.b, c.a)).collect();
    Ok(Indexed { palette, indexes })
}

/// Quality 0–100 to 2–256 colours, so that 12.5 points double them.
#[allow(clippy::cast_possible_truncation, reason = "2 to 256")]
fn colours(quality: f32) -> i32 {
    (quality.clamp(12.5, 100.0) / 12.5).exp2().round() as i32
}

fn rgba(pixels: &Pixels) -> Vec<u8> {
    let data = pixels.data();
    match pixels.layout() {
        Layout::Grey => data.iter().flat_map(|grey| [*grey, *grey, *grey, u8::MAX]).collect(),
        Layout::Rgb => data.as_chunks::<3>().0.iter().flat_map(|[r, g, b]| [*r, *g, *b, u8::MAX]).collect(),
        Layout::Rgba => data.to_vec(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn qualities_double_colours() {
        assert_eq!([0.0, 12.5, 25.0, 50.0, 87.5, 100.0].map(colours), [2, 2, 4, 16, 128, 256]);
    }
}
