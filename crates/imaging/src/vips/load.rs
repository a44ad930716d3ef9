use domain::SourceFormat;
use rs_vips::VipsImage;
use rs_vips::enums::{Access, FailOn};
use rs_vips::voption::{Setter, VOption};

use super::{detail, modules};
use crate::ImagingError;

/// Which frames of a source are wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Frames {
    /// The first, or the still image.
    First,
    /// All, one below the other.
    All,
}

/// By what factor a JPEG is decoded smaller: the largest of libjpeg's that leaves twice the wanted size for the
/// resizing in linear light.
pub(super) fn shrink(natural: (u32, u32), target: (u32, u32)) -> i32 {
    let leaves_enough = |factor: &i32| {
        let factor = u32::try_from(*factor).unwrap_or(1);
        natural.0 / factor >= target.0.saturating_mul(2) && natural.1 / factor >= target.1.saturating_mul(2)
    };
    [8, 4, 2].into_iter().find(leaves_enough).unwrap_or(1)
}

/// Opens a JPEG to be decoded smaller by one of libjpeg's factors.
pub(super) fn open_shrunk(source: &[u8], factor: i32) -> Result<VipsImage, ImagingError> {
    VipsImage::jpegload_buffer_with_opts(source, strict().set("shrink", factor))
        .map_err(|error| ImagingError::Decode { format: SourceFormat::Jpeg, detail: detail(&error) })
}

/// Opens `source` with the one loader of `format`. Pixels are decoded later, row by row, and never
/// through a temporary file (RELIABILITY F5). A TIFF gives its first page only (RELIABILITY F7).
///
/// # Errors
/// [`ImagingError::Decode`] if the header is not readable. BMP has no libvips loader (RELIABILITY F6).
pub(super) fn open(source: &[u8], format: SourceFormat, frames: Frames) -> Result<VipsImage, ImagingError> {
    let n = if frames == Frames::All { -1 } else { 1 };
    let image = match format {
        SourceFormat::Jpeg => VipsImage::jpegload_buffer_with_opts(source, strict()),
        SourceFormat::Png => VipsImage::pngload_buffer_with_opts(source, strict()),
        SourceFormat::WebP => VipsImage::webpload_buffer_with_opts(source, strict().set("n", n)),
        SourceFormat::Gif => VipsImage::gifload_buffer_with_opts(source, strict().set("n", n)),
        SourceFormat::Avif => {
            modules::load_heif();
            VipsImage::heifload_buffer_with_opts(source, strict())
        }
        SourceFormat::Tiff => VipsImage::tiffload_buffer_with_opts(source, strict().set("page", 0)),
        SourceFormat::Bmp => {
            return Err(ImagingError::Decode { format, detail: "libvips has no BMP loader".into() });
        }
    };
    image.map_err(|error| ImagingError::Decode { format, detail: detail(&error) })
}

/// Cut-off files are errors, files with mere warnings are not (RELIABILITY D14).
fn strict<'a>() -> VOption<'a> {
    VOption::new()
        .set("fail_on", FailOn::Truncated as i32)
        .set("access", Access::Sequential as i32)
        .set("memory", true)
}
