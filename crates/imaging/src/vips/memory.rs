#![allow(unsafe_code, reason = "rs-vips has no regions and no profile check, so this calls libvips")]

use rs_vips::enums::{BandFormat, Interpretation};
use rs_vips::voption::{Setter, VOption};
use rs_vips::{Vips, VipsImage, bindings};

use super::failed;
use crate::ImagingError;
use crate::pixels::{Layout, Pixels};

/// Blocks every loader that libvips itself calls untrusted (ImageMagick, PDF, SVG, …), as the environment
/// variable `VIPS_BLOCK_UNTRUSTED` does.
pub(super) fn block_untrusted() {
    // SAFETY: takes a flag by value; libvips has been initialised by the only caller.
    unsafe { bindings::vips_block_untrusted_set(1) }
}

/// Whether `profile` can be read and describes images like `image`. libvips' own transform quietly takes
/// another profile where this says no.
pub(super) fn profile_fits(image: &VipsImage, profile: &[u8]) -> bool {
    let length = profile.len();
    // SAFETY: the image is alive for the call and `profile` holds `length` bytes that are only read.
    let fits = unsafe {
        bindings::vips_icc_is_compatible_profile(image.as_mut_ptr(), profile.as_ptr().cast(), length)
    };
    Vips::error_clear();
    fits != 0
}

/// Rows that are computed at once.
const STRIP: i32 = 16;

/// Evaluates `image` from top to bottom and shows each row of 8-bit samples; no more than a few rows are held
/// at a time. `Err(Ok(text))` is libvips' own failure, `Err(Err(_))` that of `visit`.
pub(super) fn each_row<E>(
    image: &VipsImage,
    mut visit: impl FnMut(&[u8]) -> Result<(), E>,
) -> Result<(), Result<String, E>> {
    let (width, height) = (image.get_width(), image.get_height());
    let length = usize::try_from(width * image.get_bands()).unwrap_or(0);
    let region = Region::new(image);
    for top in (0..height).step_by(STRIP as usize) {
        let strip = bindings::VipsRect { left: 0, top, width, height: STRIP.min(height - top) };
        // SAFETY: the region is alive, and the strip lies within its image.
        if region.0.is_null() || unsafe { bindings::vips_region_prepare(region.0, &raw const strip) } != 0 {
            let text = Vips::error_buffer().unwrap_or_default();
            Vips::error_clear();
            return Err(Ok(text.trim().replace('\n', "; ")));
        }
        for y in 0..strip.height {
            // SAFETY: a prepared region holds at least the strip: its pixel (left, top) is `valid`'s, samples of
            // 8 bits follow each other along the row, and rows are `bpl` bytes apart.
            let row = unsafe {
                let region = &*region.0;
                let right = usize::try_from(strip.left - region.valid.left).unwrap_or(0);
                let down = usize::try_from(top + y - region.valid.top).unwrap_or(0);
                let stride = usize::try_from(region.bpl).unwrap_or(0);
                let bands = usize::try_from(image.get_bands()).unwrap_or(0);
                std::slice::from_raw_parts(region.data.add(down * stride + right * bands), length)
            };
            visit(row).map_err(Err)?;
        }
    }
    Ok(())
}

/// A part of an image, given back on drop.
struct Region(*mut bindings::VipsRegion);

impl Region {
    fn new(image: &VipsImage) -> Self {
        // SAFETY: the image is alive; the region holds a reference of its own to it.
        Self(unsafe { bindings::vips_region_new(image.as_mut_ptr()) })
    }
}

impl Drop for Region {
    fn drop(&mut self) {
        if !self.0.is_null() {
            // SAFETY: the region was made by `new` and is given back once.
            unsafe { bindings::g_object_unref(self.0.cast()) };
        }
    }
}

/// `pixels` as an sRGB image of libvips, copied.
pub(super) fn from_pixels(pixels: &Pixels) -> Result<VipsImage, ImagingError> {
    let edge = |pixels: u32| i32::try_from(pixels).unwrap_or(i32::MAX);
    let (bands, interpretation) = match pixels.layout() {
        Layout::Grey => (1, Interpretation::BW),
        Layout::Rgb => (3, Interpretation::Srgb),
        Layout::Rgba => (4, Interpretation::Srgb),
    };
    VipsImage::new_from_memory_copy(
        pixels.data(),
        edge(pixels.width()),
        edge(pixels.height()),
        bands,
        BandFormat::Uchar,
    )
    .and_then(|image| image.copy_with_opts(VOption::new().set("interpretation", interpretation as i32)))
    .map_err(failed("taking over pixels"))
}
