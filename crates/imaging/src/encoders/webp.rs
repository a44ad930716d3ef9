#![allow(unsafe_code, reason = "libwebp is a C library")]

use std::mem::MaybeUninit;
use std::{ffi::c_int, slice};

use domain::OutputFormat;
use libwebp_sys as ffi;

use super::Settings;
use crate::ImagingError;
use crate::pixels::{Layout, Pixels};
use crate::request::Effort;

/// How WebP stores colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mode {
    /// VP8: 4:2:0, lossy. Alpha has fewer levels below the highest qualities.
    Lossy,
    /// VP8L.
    Lossless,
    /// VP8L of pixels whose lowest bits are adjusted to their neighbours': up to five bits at quality 0, none
    /// at 100, in steps of 20.
    NearLossless,
}

/// WebP through libwebp 1.6.
pub(super) fn encode(pixels: &Pixels, settings: &Settings<'_>, mode: Mode) -> Result<Vec<u8>, ImagingError> {
    let config = config(pixels, settings, mode)?;
    let mut picture =
        Picture::import(&pixels.without_grey(), mode != Mode::Lossy || config.use_sharp_yuv != 0)?;
    picture.encode(&config)
}

/// From this many pixels on a caller does not wait for the usual effort: 100 megapixels at method 4 take as
/// long as a child may live.
const LARGE_PIXELS: u64 = 25_000_000;

fn config(pixels: &Pixels, settings: &Settings<'_>, mode: Mode) -> Result<ffi::WebPConfig, ImagingError> {
    let mut config = ffi::WebPConfig::new().map_err(|()| failed("version mismatch"))?;
    let thorough = settings.effort == Effort::Background;
    let large = u64::from(pixels.width()) * u64::from(pixels.height()) > LARGE_PIXELS;
    let method = match (large, thorough) {
        (true, _) => 2,
        (false, true) => 6,
        (false, false) => 4,
    };
    config.thread_level = c_int::from(settings.threads > 1);
    if mode != Mode::Lossy {
        config.lossless = 1;
        // Method and quality are both effort here; 4 and 75 are libwebp's own middle.
        config.method = method;
        config.quality = 75.0;
        if mode == Mode::NearLossless {
            config.near_lossless = whole(settings.quality);
        }
    } else {
        config.quality = settings.quality.clamp(0.0, 100.0);
        config.method = method;
        config.alpha_quality = alpha_quality(settings);
        config.use_sharp_yuv = c_int::from(thorough);
    }
    Ok(config)
}

/// Alpha has 96 levels where a score watches over them, and all 256 at qualities that only a search which
/// missed its floor comes to, or where nothing is scored.
fn alpha_quality(settings: &Settings<'_>) -> c_int {
    if settings.scored && settings.quality < 95.0 { 80 } else { 100 }
}

#[allow(clippy::cast_possible_truncation, reason = "clamped before the cast")]
fn whole(quality: f32) -> c_int {
    quality.round().clamp(0.0, 100.0) as c_int
}

/// Decodes a still WebP of ours with the same library.
pub(crate) fn decode(file: &[u8]) -> Result<Pixels, ImagingError> {
    let mut features = MaybeUninit::<ffi::WebPBitstreamFeatures>::zeroed();
    // SAFETY: `file` holds `len` bytes, and zero is valid for every field of the features.
    let (status, features) = unsafe {
        let status = ffi::WebPGetFeatures(file.as_ptr(), file.len(), features.as_mut_ptr());
        (status, features.assume_init())
    };
    let edge = |edge: c_int| u32::try_from(edge).unwrap_or(0);
    let (width, height) = (edge(features.width), edge(features.height));
    let layout = if features.has_alpha == 0 { Layout::Rgb } else { Layout::Rgba };
    if status != ffi::VP8StatusCode::VP8_STATUS_OK {
        return Err(failed("its own file cannot be read"));
    }
    let stride = width as usize * layout.channels();
    let mut data = vec![0; stride * height as usize];
    let row = c_int::try_from(stride).map_err(|_| failed("the image is too large"))?;
    let decode = if layout == Layout::Rgba { ffi::WebPDecodeRGBAInto } else { ffi::WebPDecodeRGBInto };
    // SAFETY: both buffers are as long as stated, and rows have `row` bytes.
    let done = unsafe { decode(file.as_ptr(), file.len(), data.as_mut_ptr(), data.len(), row) };
    if done.is_null() {
        return Err(failed("its own file cannot be decoded"));
    }
    Pixels::new(width, height, layout, data)
}

/// libwebp's picture, freed on drop.
struct Picture(ffi::WebPPicture);

impl Picture {
    /// Copies `pixels` (RGB or RGBA), as ARGB or as 4:2:0.
    fn import(pixels: &Pixels, argb: bool) -> Result<Self, ImagingError> {
        let edge = |edge: u32| c_int::try_from(edge).map_err(|_| failed("the image is too large"));
        let (width, height) = (edge(pixels.width())?, edge(pixels.height())?);
        let stride = c_int::try_from(pixels.stride()).map_err(|_| failed("the image is too large"))?;
        let mut picture = Self(ffi::WebPPicture::new().map_err(|()| failed("version mismatch"))?);
        picture.0.use_argb = c_int::from(argb);
        picture.0.width = width;
        picture.0.height = height;
        let import = if pixels.has_alpha() { ffi::WebPPictureImportRGBA } else { ffi::WebPPictureImportRGB };
        // SAFETY: the picture is initialised and `pixels` holds `height` rows of `stride` bytes.
        if unsafe { import(&raw mut picture.0, pixels.data().as_ptr(), stride) } == 0 {
            return Err(picture.error());
        }
        Ok(picture)
    }

    fn encode(&mut self, config: &ffi::WebPConfig) -> Result<Vec<u8>, ImagingError> {
        let mut writer = Writer::new();
        self.0.writer = Some(ffi::WebPMemoryWrite);
        self.0.custom_ptr = (&raw mut writer.0).cast();
        // SAFETY: configuration and picture are initialised; `writer` outlives the call.
        let done = unsafe { ffi::WebPEncode(config, &raw mut self.0) };
        self.0.custom_ptr = std::ptr::null_mut();
        if done == 0 { Err(self.error()) } else { Ok(writer.bytes()) }
    }

    fn error(&self) -> ImagingError {
        failed(&format!("{:?}", self.0.error_code))
    }
}

impl Drop for Picture {
    fn drop(&mut self) {
        // SAFETY: the picture was initialised and is freed once.
        unsafe { ffi::WebPPictureFree(&raw mut self.0) };
    }
}

/// libwebp's growing buffer, cleared on drop.
struct Writer(ffi::WebPMemoryWriter);

impl Writer {
    fn new() -> Self {
        let mut writer = MaybeUninit::<ffi::WebPMemoryWriter>::zeroed();
        // SAFETY: `writer` is a valid place; zero is valid for its integers and pointer anyway.
        unsafe {
            ffi::WebPMemoryWriterInit(writer.as_mut_ptr());
            Self(writer.assume_init())
        }
    }

    fn bytes(&self) -> Vec<u8> {
        if self.0.mem.is_null() {
            return Vec::new();
        }
        // SAFETY: the writer holds `size` written bytes at `mem`.
        unsafe { slice::from_raw_parts(self.0.mem, self.0.size) }.to_vec()
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        // SAFETY: the writer was initialised and is cleared once.
        unsafe { ffi::WebPMemoryWriterClear(&raw mut self.0) };
    }
}

fn failed(detail: &str) -> ImagingError {
    ImagingError::encode(OutputFormat::WebP, format!("libwebp: {detail}"))
}
