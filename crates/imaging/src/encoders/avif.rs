use avif_serialize::Aviffy;
use avif_serialize::constants::{ColorPrimaries, MatrixCoefficients, TransferCharacteristics};

use super::Settings;
use super::yuv::{BIT_DEPTH, Planes};
use crate::ImagingError;
use crate::pixels::Pixels;

/// Quality that alpha is encoded at, at least: edges of cut-outs show errors sooner than photos do.
const MIN_ALPHA_QUALITY: f32 = 80.0;

/// AVIF with alpha as an auxiliary item; `av1` makes the AV1 key frames.
pub(super) fn encode(
    pixels: &Pixels,
    settings: &Settings<'_>,
    av1: fn(&Planes, &Settings<'_>) -> Result<Vec<u8>, ImagingError>,
) -> Result<Vec<u8>, ImagingError> {
    let colour = av1(&Planes::colour(pixels), settings)?;
    let alpha_settings = Settings { quality: settings.quality.max(MIN_ALPHA_QUALITY), ..*settings };
    let alpha = Planes::alpha(pixels).map(|planes| av1(&planes, &alpha_settings)).transpose()?;
    let mut container = Aviffy::new();
    if let Some(exif) = settings.exif {
        // An Exif item starts with the offset of its TIFF structure (ISO/IEC 23008-12, A.2.1). Given with it,
        // the item becomes one extent, which the metadata rewriter can replace in place.
        container.set_exif([&[0; 4], exif].concat());
    }
    let file = container
        .set_color_primaries(ColorPrimaries::Bt709)
        .set_transfer_characteristics(TransferCharacteristics::Srgb)
        .set_matrix_coefficients(MatrixCoefficients::Bt601)
        .set_full_color_range(true)
        .to_vec(
            without_temporal_delimiter(&colour),
            alpha.as_deref().map(without_temporal_delimiter),
            pixels.width(),
            pixels.height(),
            BIT_DEPTH,
        );
    Ok(file)
}

/// An AV1 image item holds no temporal delimiter (AV1 in ISOBMFF, section 2.4); encoders write one first.
fn without_temporal_delimiter(obus: &[u8]) -> &[u8] {
    obus.strip_prefix(&[0x12, 0x00]).unwrap_or(obus)
}
