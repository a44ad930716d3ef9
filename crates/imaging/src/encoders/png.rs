use domain::OutputFormat;
use oxipng::{BitDepth, ColorType, Options, RawImage, StripChunks};

use super::Settings;
use crate::ImagingError;
use crate::pixels::{Layout, Pixels};
use crate::request::Effort;

/// PNG through oxipng: lossless for every visible pixel, with palette and bit-depth reductions. The colour
/// of fully transparent pixels may change.
pub(super) fn encode(pixels: &Pixels, settings: &Settings<'_>) -> Result<Vec<u8>, ImagingError> {
    let colour = match pixels.layout() {
        Layout::Grey => ColorType::Grayscale { transparent_shade: None },
        Layout::Rgb => ColorType::RGB { transparent_color: None },
        Layout::Rgba => ColorType::RGBA,
    };
    let raw = RawImage::new(pixels.width(), pixels.height(), colour, BitDepth::Eight, pixels.data().to_vec())
        .map_err(failed)?;
    raw.create_optimized_png(&options(settings.effort)).map_err(failed)
}

pub(super) fn options(effort: Effort) -> Options {
    // Level 1 takes 0.32 s a megapixel of a graphic, level 4 1.2 s for 3 % fewer bytes (CODECS); photos take
    // several times as long, and a caller waits.
    let level = if effort == Effort::Background { 4 } else { 1 };
    Options { optimize_alpha: true, strip: StripChunks::All, ..Options::from_preset(level) }
}

#[allow(clippy::needless_pass_by_value, reason = "an argument of map_err")]
pub(super) fn failed(error: oxipng::PngError) -> ImagingError {
    ImagingError::encode(OutputFormat::Png, error.to_string())
}
