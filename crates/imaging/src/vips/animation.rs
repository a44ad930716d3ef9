use domain::{OutputFormat, SourceFormat};
use rs_vips::VipsImage;
use rs_vips::voption::{Setter, VOption};

use super::load::{Frames, open};
use super::{colour, detail, failed, resize};
use crate::ImagingError;
use crate::request::Effort;

/// The formats that can be animated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum AnimationFormat {
    /// GIF through cgif, with frame-difference optimisation.
    Gif,
    /// WebP.
    WebP,
}

impl From<AnimationFormat> for OutputFormat {
    fn from(format: AnimationFormat) -> Self {
        match format {
            AnimationFormat::Gif => Self::Gif,
            AnimationFormat::WebP => Self::WebP,
        }
    }
}

/// A decoded animation: all frames in memory, delays and loop count kept.
pub(crate) struct Animation {
    image: VipsImage,
    size: (u32, u32),
    frames: u32,
    profile_needed: bool,
    profile_broken: bool,
}

impl Animation {
    /// Decodes every frame of `source`, turns it upright and fits it to the size that `target` names.
    pub(crate) fn decode(
        source: &[u8],
        format: SourceFormat,
        orientation: u8,
        target: impl FnOnce((u32, u32)) -> (u32, u32),
    ) -> Result<Self, ImagingError> {
        let decode = |error: rs_vips::error::Error| ImagingError::Decode { format, detail: detail(&error) };
        let strip = open(source, format, Frames::All)?.copy_memory().map_err(decode)?;
        let colour::Coloured { image, profile_needed, profile_broken } = colour::to_srgb(strip)?;
        let strip = image.copy_memory().map_err(decode)?;
        let page_height = strip.get_page_height().max(1);
        let frames = (strip.get_height() / page_height).max(1);
        let page = |index: i32| {
            let page = strip.extract_area(0, index * page_height, strip.get_width(), page_height);
            page.and_then(|page| turn(page, orientation)).map_err(failed("cutting out a frame"))
        };
        let first = page(0)?;
        let natural = (edge(first.get_width()), edge(first.get_height()));
        let size = target(natural);
        let image = if size == natural && orientation == 1 {
            strip
        } else {
            let pages =
                (0..frames).map(|index| resize::resize(page(index)?, size)).collect::<Result<Vec<_>, _>>()?;
            join(&pages, size.1)?
        };
        Ok(Self { image, size, frames: edge(frames), profile_needed, profile_broken })
    }

    /// Width and height of one frame in pixels.
    pub(crate) const fn size(&self) -> (u32, u32) {
        self.size
    }

    /// Number of frames.
    pub(crate) const fn frames(&self) -> u32 {
        self.frames
    }

    /// Whether the source needs its own colour profile to look right.
    pub(crate) const fn profile_needed(&self) -> bool {
        self.profile_needed
    }

    /// Whether the source's colour profile was broken and ignored.
    pub(crate) const fn profile_broken(&self) -> bool {
        self.profile_broken
    }

    /// Encodes all frames. `quality` (0–100) is WebP's; GIF has none. Metadata survives libvips' own
    /// `strip` in 8.14.1 (RELIABILITY F1): the caller removes it from the file.
    pub(crate) fn encode(
        &self,
        format: AnimationFormat,
        quality: f32,
        effort: Effort,
    ) -> Result<Vec<u8>, ImagingError> {
        let thorough = effort == Effort::Background;
        let saved = match format {
            AnimationFormat::Gif => self.image.gifsave_buffer_with_opts(
                VOption::new().set("effort", if thorough { 8 } else { 5 }).set("strip", true),
            ),
            AnimationFormat::WebP => self.image.webpsave_buffer_with_opts(
                VOption::new()
                    .set("Q", whole(quality))
                    .set("effort", if thorough { 6 } else { 4 })
                    .set("mixed", true)
                    .set("strip", true),
            ),
        };
        saved.map_err(|error| ImagingError::encode(format.into(), detail(&error)))
    }
}

/// A still image as a GIF.
pub(crate) fn still_gif(pixels: &crate::pixels::Pixels, effort: Effort) -> Result<Vec<u8>, ImagingError> {
    let image = super::memory::from_pixels(&pixels.without_grey())?;
    let size = (pixels.width(), pixels.height());
    let still = Animation { image, size, frames: 1, profile_needed: false, profile_broken: false };
    still.encode(AnimationFormat::Gif, 0.0, effort)
}

/// libvips takes whole qualities, 0–100.
#[allow(clippy::cast_possible_truncation, reason = "clamped before the cast")]
fn whole(quality: f32) -> i32 {
    quality.round().clamp(0.0, 100.0) as i32
}

fn turn(page: VipsImage, orientation: u8) -> rs_vips::Result<VipsImage> {
    if orientation == 1 { Ok(page) } else { page.autorot() }
}

/// One frame below the other, each evaluated now so that the frames' common ancestor is read in order.
fn join(pages: &[VipsImage], page_height: u32) -> Result<VipsImage, ImagingError> {
    let failed = failed("joining frames");
    let joined = VipsImage::arrayjoin_with_opts(pages, VOption::new().set("across", 1)).map_err(&failed)?;
    let mut joined = joined.copy_memory().map_err(&failed)?;
    joined.set_int("page-height", i32::try_from(page_height).unwrap_or(i32::MAX)).map_err(&failed)?;
    Ok(joined)
}

fn edge(pixels: i32) -> u32 {
    u32::try_from(pixels).unwrap_or(0)
}
