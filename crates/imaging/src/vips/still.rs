use domain::{Gravity, SourceFormat};
use rs_vips::VipsImage;
use rs_vips::enums::Interesting;
use rs_vips::voption::{Setter, VOption};

use super::load::{Frames, open, open_shrunk, shrink};
use super::{colour, failed, memory, resize};
use crate::ImagingError;
use crate::pixels::{Layout, Pixels};
use crate::resample::Resampler;

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

/// Most memory that our own resizer may take beside the result; libvips shrinks in steps what takes more, which are
/// very tall and wide pictures that become very small.
const MOST_RESIZING_BYTES: usize = 32_000_000;

/// Decodes the first frame of `source` and fits it to the wanted size.
/// The rows stream through the resizer: they are never held in full size unless that is the result.
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
    // Evaluation runs the decoder, and nothing else in the chain can fail on pixels.
    let broken = |detail| ImagingError::Decode { format, detail };
    Ok(Decoded {
        pixels: fitted(coloured.image, target, broken)?,
        natural,
        profile: coloured.profile,
        profile_needed: coloured.profile_needed,
        profile_broken: coloured.profile_broken,
    })
}

/// The pixels of `image`, resized while they are decoded.
fn fitted(
    image: VipsImage,
    target: (u32, u32),
    failed: impl Fn(String) -> ImagingError,
) -> Result<Pixels, ImagingError> {
    let from = size(&image);
    if from == target {
        return evaluate(&image, failed);
    }
    if Resampler::needs(layout(&image), from, target) > MOST_RESIZING_BYTES {
        return evaluate(&resize::resize(image, target)?, failed);
    }
    let mut resampler = Resampler::new(layout(&image), from, target);
    memory::each_row(&image, |row| resampler.push(row))
        .map_err(|failure| failure.map_or_else(|error| error, &failed))?;
    resampler.finish()
}

/// Decodes a file of ours row by row, as 8-bit sRGB.
pub(crate) fn each_row(
    file: &[u8],
    format: SourceFormat,
    mut visit: impl FnMut(Layout, &[u8]) -> Result<(), ImagingError>,
) -> Result<(), ImagingError> {
    let image = colour::to_srgb(open(file, format, Frames::First)?, false)?.image;
    let layout = layout(&image);
    memory::each_row(&image, |row| visit(layout, row)).map_err(|failure| {
        failure.map_or_else(|error| error, |detail| ImagingError::Decode { format, detail })
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

/// The pixels of `image`, copied row by row: libvips' own way to memory holds a second copy of all of them.
fn evaluate(image: &VipsImage, failed: impl Fn(String) -> ImagingError) -> Result<Pixels, ImagingError> {
    let (width, height) = size(image);
    let layout = layout(image);
    let mut data = Vec::with_capacity(width as usize * height as usize * layout.channels());
    memory::each_row(image, |row| {
        data.extend_from_slice(row);
        Ok(())
    })
    .map_err(|failure: Result<String, ImagingError>| failure.map_or_else(|error| error, &failed))?;
    Pixels::new(width, height, layout, data)
}

fn layout(image: &VipsImage) -> Layout {
    if image.get_bands() == 4 { Layout::Rgba } else { Layout::Rgb }
}

fn size(image: &VipsImage) -> (u32, u32) {
    let edge = |pixels: i32| u32::try_from(pixels).unwrap_or(0);
    (edge(image.get_width()), edge(image.get_height()))
}
