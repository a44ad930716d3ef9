use std::io::{BufRead, Cursor, Seek};

use domain::limits::{MAX_FRAMES, MAX_INPUT_EDGE, MAX_INPUT_PIXELS};
use domain::{Rejection, SourceFormat};

use crate::error::{InspectError, invalid, too_large, unsupported};
use crate::sniff::{Identity, SNIFF_BYTES, identify};
use crate::stream::Stream;
use crate::{avif, bmp, gif, jpeg, png, tiff, webp};

/// What a file says about itself, checked against its own structure and the published limits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Header {
    /// The format of the bytes.
    pub format: SourceFormat,
    /// Width in pixels as stored, before `orientation` is applied. For GIF the canvas grown to hold every
    /// frame; for AVIF after the file's own rotation (`irot`), which decoders apply, and before its crop
    /// (`clap`), since what is cut away is decoded first.
    pub width: u32,
    /// Height in pixels, of the same kind as `width`.
    pub height: u32,
    /// Frames that a decoder shows, at least 1. An APNG counts as its still image, a TIFF as its first
    /// page.
    pub frames: u32,
    /// Whether any pixel may be transparent, as far as the header tells.
    pub has_alpha: bool,
    /// EXIF orientation, 1..=8; 1 where it is absent or invalid, and always 1 for GIF, AVIF and BMP.
    pub orientation: u8,
}

impl Header {
    /// Pixels of all frames: width × height × frames.
    #[must_use]
    pub fn pixels(&self) -> u64 {
        u64::from(self.width).saturating_mul(u64::from(self.height)).saturating_mul(u64::from(self.frames))
    }

    /// Width and height once `orientation` is applied: 5 to 8 swap them.
    #[must_use]
    pub const fn upright_size(&self) -> (u32, u32) {
        match self.orientation {
            5..=8 => (self.height, self.width),
            _ => (self.width, self.height),
        }
    }
}

/// The whole check before any decoder sees the bytes: format, structure, size and frames. Reads
/// sequentially and seeks; never holds more of the file than one metadata block (at most 8 MiB).
///
/// # Errors
/// [`InspectError::Rejected`] with `unsupported_format`, `invalid_image` or `image_too_large` and a
/// message that names what is wrong and the limit; [`InspectError::Io`] if the reader fails.
pub fn inspect<R: BufRead + Seek>(reader: &mut R) -> Result<Header, InspectError> {
    let mut stream = Stream::open(reader)?;
    let prefix = stream.vec(stream.len().min(SNIFF_BYTES as u64))?;
    stream.seek(0)?;
    match admit(&prefix)? {
        SourceFormat::Jpeg => jpeg::inspect(&mut stream),
        SourceFormat::Png => png::inspect(&mut stream),
        SourceFormat::WebP => webp::inspect(&mut stream),
        SourceFormat::Gif => gif::inspect(&mut stream),
        SourceFormat::Avif => avif::inspect(&mut stream),
        SourceFormat::Tiff => tiff::inspect(&mut stream),
        SourceFormat::Bmp => bmp::inspect(&mut stream),
    }
}

/// [`inspect`] for bytes in memory.
///
/// # Errors
/// The rejections of [`inspect`].
pub fn inspect_bytes(bytes: &[u8]) -> Result<Header, Rejection> {
    inspect(&mut Cursor::new(bytes)).map_err(|error| match error {
        InspectError::Rejected(rejection) => rejection,
        InspectError::Io(error) => invalid(format!("the image cannot be read: {error}")),
    })
}

fn admit(prefix: &[u8]) -> Result<SourceFormat, Rejection> {
    const SEND: &str = "send JPEG, PNG, WebP, GIF, AVIF, TIFF or BMP";
    match identify(prefix) {
        Identity::Supported(format) => Ok(format),
        Identity::Refused(name) => Err(unsupported(format!("{name} is not supported; {SEND}"))),
        Identity::DamagedPng => {
            Err(invalid("the PNG signature is damaged, as by a file transfer in text mode"))
        }
        Identity::Unknown if prefix.is_empty() => Err(unsupported("the file is empty")),
        Identity::Unknown => Err(unsupported(format!("not a supported image; {SEND}"))),
    }
}

/// Checks a declared size against the published limits; callers apply it before they read on.
pub(crate) fn check_size(width: u32, height: u32, frames: u32) -> Result<(), Rejection> {
    if width == 0 || height == 0 {
        return Err(invalid(format!("the image is {width}x{height} pixels: it has no area")));
    }
    if width > MAX_INPUT_EDGE || height > MAX_INPUT_EDGE {
        return Err(too_large(format!("{width}x{height} exceeds {MAX_INPUT_EDGE}x{MAX_INPUT_EDGE} pixels")));
    }
    check_frames(frames)?;
    // No overflow: both edges are at most 10,000 and there are at most 1,000 frames.
    let pixels = u64::from(width) * u64::from(height) * u64::from(frames);
    if pixels > MAX_INPUT_PIXELS {
        return Err(too_large(format!(
            "{frames} frames of {width}x{height} are {pixels} pixels and exceed {MAX_INPUT_PIXELS} pixels"
        )));
    }
    Ok(())
}

/// Checks the number of frames alone, for a scan that has not seen the last one yet.
pub(crate) fn check_frames(frames: u32) -> Result<(), Rejection> {
    if frames > MAX_FRAMES {
        return Err(too_large(format!("more than {MAX_FRAMES} frames")));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use domain::ErrorCode;

    use super::*;

    #[test]
    fn sizes_are_checked_in_64_bits() {
        assert!(check_size(10_000, 10_000, 1).is_ok());
        assert!(check_size(1_000, 100, 1_000).is_ok());
        for (width, height, frames) in [
            (10_001, 1, 1),
            (1, 10_001, 1),
            (10_000, 10_000, 2),
            (u32::MAX, u32::MAX, u32::MAX),
            (1, 1, 1_001),
        ] {
            let error = check_size(width, height, frames).unwrap_err();
            assert_eq!(error.code, ErrorCode::ImageTooLarge, "{width}x{height}x{frames}");
        }
        assert_eq!(check_size(0, 5, 1).unwrap_err().code, ErrorCode::InvalidImage);
        assert_eq!(
            check_size(65_535, 65_535, 1).unwrap_err().message,
            "65535x65535 exceeds 10000x10000 pixels"
        );
    }

    #[test]
    fn upright_size_swaps_for_quarter_turns() {
        for orientation in 1..=8 {
            let header = Header {
                format: SourceFormat::Jpeg,
                width: 3,
                height: 2,
                frames: 1,
                has_alpha: false,
                orientation,
            };
            let expected = if orientation >= 5 { (2, 3) } else { (3, 2) };
            assert_eq!(header.upright_size(), expected, "{orientation}");
        }
    }

    #[test]
    fn refusals_say_what_to_do() {
        assert_eq!(inspect_bytes(b"").unwrap_err().message, "the file is empty");
        let error = inspect_bytes(b"hello").unwrap_err();
        assert_eq!(error.code, ErrorCode::UnsupportedFormat);
        assert_eq!(error.message, "not a supported image; send JPEG, PNG, WebP, GIF, AVIF, TIFF or BMP");
        let error = inspect_bytes(b"<svg xmlns='http://www.w3.org/2000/svg'/>").unwrap_err();
        assert_eq!(error.code, ErrorCode::UnsupportedFormat);
        assert!(error.message.starts_with("SVG is not supported"), "{}", error.message);
    }
}
