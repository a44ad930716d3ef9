use domain::{Gravity, SourceFormat};
use rs_vips::VipsImage;
use rs_vips::enums::Interesting;
use rs_vips::voption::{Setter, VOption};

use super::load::{Frames, open, open_shrunk, shrink};
use super::{colour, failed, memory, resize};
use crate::pixels::{Layout, Pixels};
use crate::{ImagingError, resample};

/// A decoded still image.
pub(crate) struct Decoded {
    /// 8-bit sRGB, as stored: not yet upright.
    pub(crate) pixels: Pixels,
    /// Width and height in pixels before any resizing.
    pub(crate) natural: (u32, u32),
    /// The colour profile that the pixels are in, where it was to stay; sRGB otherwise.
    pub(crate) profile: Option<Vec<u8>>,
    /// Whether the source needs its own colour profile to look right.
    pub(crate) profile_needed: bool,
    /// Whether the source's colour profile was broken and ignored.
    pub(crate) profile_broken: bool,
}

/// What is to become of a decoded picture.
pub(crate) struct Wanted<'a> {
    /// Whether an RGB profile stays instead of being applied.
    pub(crate) profile: bool,
    /// The size for a natural size.
    pub(crate) target: &'a dyn Fn((u32, u32)) -> (u32, u32),
}

/// Decodes the first frame of `source` and fits it to the wanted size.
/// The rows of large pictures stream through the resizer: they are never held in full size unless that is the
/// result.
pub(crate) fn decode_still(
    source: &[u8],
    format: SourceFormat,
    wanted: &Wanted<'_>,
) -> Result<Decoded, ImagingError> {
    let image = open(source, format, Frames::First)?;
    let natural = size(&image);
    let target = (wanted.target)(natural);
    let factor = if format == SourceFormat::Jpeg { shrink(natural, target) } else { 1 };
    let image = if factor > 1 { open_shrunk(source, factor)? } else { image };
    // A file whose samples are no picture (two bands of radar data, say) is an unsupported variant.
    let coloured = colour::to_srgb(image, wanted.profile)
        .map_err(|error| ImagingError::Decode { format, detail: error.to_string() })?;
    let decoded = size(&coloured.image);
    let here = u64::from(decoded.0) * u64::from(decoded.1) <= resample::MOST_PIXELS;
    let image = if here { coloured.image } else { resize::resize(coloured.image, target)? };
    // Evaluation runs the decoder, and nothing else in the chain can fail on pixels.
    let pixels = evaluate(&image, |detail| ImagingError::Decode { format, detail })?;
    let resized = (pixels.width(), pixels.height()) == target;
    let pixels = if resized { pixels } else { resample::resample(&pixels, target)? };
    Ok(Decoded {
        pixels,
        natural,
        profile: coloured.profile,
        profile_needed: coloured.profile_needed,
        profile_broken: coloured.profile_broken,
    })
}

/// Decodes a file of ours row by row, as 8-bit sRGB.
pub(crate) fn each_row(
    file: &[u8],
    format: SourceFormat,
    mut visit: impl FnMut(Layout, &[u8]) -> Result<(), ImagingError>,
) -> Result<(), ImagingError> {
    let image = colour::to_srgb(open(file, format, Frames::First)?, false)?.image;
    let layout = if image.get_bands() == 4 { Layout::Rgba } else { Layout::Rgb };
    memory::each_row(&image, |row| visit(layout, row)).map_err(|failure| match failure {
        Ok(detail) => ImagingError::Decode { format, detail },
        Err(error) => error,
    })
}

/// Resizes pixels that another decoder made.
pub(crate) fn resize_pixels(pixels: &Pixels, target: (u32, u32)) -> Result<Pixels, ImagingError> {
    let image = memory::from_pixels(&pixels.without_grey())?;
    evaluate(&resize::resize(image, target)?, |detail| ImagingError::Process {
        operation: "resizing",
        detail,
    })
}

/// The part of `size` that draws the eye, or where most is going on.
pub(crate) fn cut_to_interest(
    pixels: &Pixels,
    (width, height): (u32, u32),
    gravity: Gravity,
) -> Result<Pixels, ImagingError> {
    let edge = |pixels: u32| i32::try_from(pixels).unwrap_or(i32::MAX);
    let interest = if gravity == Gravity::Entropy { Interesting::Entropy } else { Interesting::Attention };
    let options = VOption::new().set("interesting", interest as i32);
    let image = memory::from_pixels(&pixels.without_grey())?;
    let part = image.smartcrop_with_opts(edge(width), edge(height), options).map_err(failed("cutting"))?;
    evaluate(&part, |detail| ImagingError::Process { operation: "cutting", detail })
}

fn evaluate(image: &VipsImage, failed: impl Fn(String) -> ImagingError) -> Result<Pixels, ImagingError> {
    let data = memory::write_out(image).map_err(failed)?;
    let layout = if image.get_bands() == 4 { Layout::Rgba } else { Layout::Rgb };
    let (width, height) = size(image);
    Pixels::new(width, height, layout, data)
}

fn size(image: &VipsImage) -> (u32, u32) {
    let edge = |pixels: i32| u32::try_from(pixels).unwrap_or(0);
    (edge(image.get_width()), edge(image.get_height()))
}
