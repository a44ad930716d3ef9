use domain::{Colour, Gravity, OutputFormat, SourceFormat};
use rs_vips::VipsImage;
use rs_vips::enums::{Extend, Interesting};
use rs_vips::voption::{Setter, VOption};

use super::load::{Frames, open};
use super::{colour, detail, failed, resize};
use crate::ImagingError;
use crate::frame::{Frame, Window, place};
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

/// How frames are cut and surrounded.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Shape {
    /// What stays in view.
    pub(crate) gravity: Gravity,
    /// What lies around; nothing if no colour was asked for.
    pub(crate) background: Option<Colour>,
}

impl Shape {
    /// Cuts or surrounds all resized frames alike. What draws the eye is looked for in the first frame: a
    /// window that moves would shake the picture.
    fn window(self, pages: Vec<VipsImage>, frame: Frame) -> Result<Vec<VipsImage>, ImagingError> {
        match frame.window {
            Window::Whole => Ok(pages),
            Window::Cut(part) => {
                let (left, top) = match (self.gravity, pages.first()) {
                    (Gravity::Attention | Gravity::Entropy, Some(first)) => {
                        interest(first, part, self.gravity)?
                    }
                    (gravity, _) => place(frame.scale, part, gravity),
                };
                let cut = |page: VipsImage| {
                    page.extract_area(signed(left), signed(top), signed(part.0), signed(part.1))
                };
                pages.into_iter().map(cut).collect::<Result<_, _>>().map_err(failed("cutting frames"))
            }
            Window::Surround(canvas) => {
                let (left, top) = place(canvas, frame.scale, self.gravity);
                pages.into_iter().map(|page| self.surround(page, (left, top), canvas)).collect()
            }
        }
    }

    fn surround(
        self,
        page: VipsImage,
        (left, top): (u32, u32),
        canvas: (u32, u32),
    ) -> Result<VipsImage, ImagingError> {
        let failed = failed("surrounding frames");
        let behind = match self.background {
            Some(Colour([red, green, blue])) => vec![red, green, blue, u8::MAX],
            None if page.hasalpha() => vec![0; 4],
            None => vec![u8::MAX; 4],
        };
        let behind: Vec<f64> = behind.into_iter().map(f64::from).take(bands(&page)).collect();
        let options =
            VOption::new().set("extend", Extend::Background as i32).set("background", behind.as_slice());
        page.embed_with_opts(signed(left), signed(top), signed(canvas.0), signed(canvas.1), options)
            .map_err(&failed)
    }
}

/// Upper left corner of the most interesting part of a frame.
fn interest(first: &VipsImage, part: (u32, u32), gravity: Gravity) -> Result<(u32, u32), ImagingError> {
    let interest = if gravity == Gravity::Entropy { Interesting::Entropy } else { Interesting::Attention };
    let options = VOption::new().set("interesting", interest as i32);
    let cut = first
        .smartcrop_with_opts(signed(part.0), signed(part.1), options)
        .map_err(failed("looking for the subject"))?;
    // The part remembers where it was cut out, as a negative offset.
    let offset = |offset: i32| u32::try_from(-offset).unwrap_or(0);
    Ok((offset(cut.get_xoffset()), offset(cut.get_yoffset())))
}

fn bands(page: &VipsImage) -> usize {
    usize::try_from(page.get_bands()).unwrap_or(3)
}

fn signed(pixels: u32) -> i32 {
    i32::try_from(pixels).unwrap_or(i32::MAX)
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
    /// Decodes every frame of `source`, turns it upright and gives it the frame that `plan` names for its size.
    pub(crate) fn decode(
        source: &[u8],
        format: SourceFormat,
        orientation: u8,
        shape: Shape,
        plan: impl FnOnce((u32, u32)) -> Frame,
    ) -> Result<Self, ImagingError> {
        let decode = |error: rs_vips::error::Error| ImagingError::Decode { format, detail: detail(&error) };
        let strip = open(source, format, Frames::All)?.copy_memory().map_err(decode)?;
        let colour::Coloured { image, profile_needed, profile_broken, .. } = colour::to_srgb(strip, false)?;
        let strip = image.copy_memory().map_err(decode)?;
        let page_height = strip.get_page_height().max(1);
        let frames = (strip.get_height() / page_height).max(1);
        let page = |index: i32| {
            let page = strip.extract_area(0, index * page_height, strip.get_width(), page_height);
            page.and_then(|page| turn(page, orientation)).map_err(failed("cutting out a frame"))
        };
        let first = page(0)?;
        let natural = (edge(first.get_width()), edge(first.get_height()));
        let frame = plan(natural);
        let image = if frame.scale == natural && frame.window == Window::Whole && orientation == 1 {
            strip
        } else {
            let mut pages = Vec::new();
            for index in 0..frames {
                pages.push(resize::resize(page(index)?, frame.scale)?);
            }
            let pages = shape.window(pages, frame)?;
            let height = pages.first().map_or(1, |page| edge(page.get_height()));
            join(&pages, height)?
        };
        let size = (edge(image.get_width()), edge(image.get_page_height()));
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

    /// Encodes all frames. `quality` (0–100) is WebP's, none is lossless; GIF has none. Metadata survives libvips' own
    /// `strip` in 8.14.1 (RELIABILITY F1): the caller removes it from the file.
    pub(crate) fn encode(
        &self,
        format: AnimationFormat,
        quality: Option<f32>,
        effort: Effort,
    ) -> Result<Vec<u8>, ImagingError> {
        let thorough = effort == Effort::Background;
        let saved = match format {
            AnimationFormat::Gif => self.image.gifsave_buffer_with_opts(
                VOption::new().set("effort", if thorough { 8 } else { 5 }).set("strip", true),
            ),
            AnimationFormat::WebP => self.image.webpsave_buffer_with_opts(
                VOption::new()
                    .set("Q", whole(quality.unwrap_or(75.0)))
                    .set("lossless", quality.is_none())
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
    still.encode(AnimationFormat::Gif, None, effort)
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
