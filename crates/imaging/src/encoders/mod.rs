//! One file per format. Every encoder takes the same [`Pixels`] and [`Settings`] and gives a finished file
//! without metadata; which one to use, at which quality, is decided elsewhere.

mod aom;
mod avif;
mod jpeg;
mod palette;
mod png;
mod rav1e_av1;
mod webp;
mod yuv;

use domain::OutputFormat;

use crate::pixels::Pixels;
use crate::request::Effort;
use crate::{ImagingError, vips};

pub(crate) use webp::decode as decode_webp;

/// An encoder of still images.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Encoder {
    /// JPEG 4:4:4 progressive.
    Jpegli,
    /// Lossy WebP.
    WebPLossy,
    /// Lossless WebP.
    WebPLossless,
    /// AVIF 10-bit 4:4:4 through libaom.
    Aom,
    /// The same at five times the work.
    AomThorough,
    /// AVIF 10-bit 4:4:4 through rav1e.
    Rav1e,
    /// Lossless WebP of pixels that were made a little more alike.
    WebPNearLossless,
    /// Lossless WebP of pixels that were reduced to a palette.
    WebPPalette,
    /// Lossless PNG.
    Oxipng,
    /// PNG with a palette.
    PngPalette,
    /// GIF, quantised to 256 colours.
    Gif,
}

/// What an encoder may be told.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Settings<'a> {
    /// The encoder's own scale, 0–100; lossless encoders ignore it.
    pub(crate) quality: f32,
    /// How hard it may work.
    pub(crate) effort: Effort,
    /// Whether the result will be scored, so that it may lose what cannot be seen.
    pub(crate) scored: bool,
    /// Threads it may use, at least 1.
    pub(crate) threads: usize,
    /// EXIF for AVIF, to whose finished files no item can be added; the other formats get theirs when they
    /// are cleaned.
    pub(crate) exif: Option<&'a [u8]>,
}

impl Encoder {
    /// What it writes.
    pub(crate) const fn format(self) -> OutputFormat {
        match self {
            Self::Jpegli => OutputFormat::Jpeg,
            Self::WebPLossy | Self::WebPLossless | Self::WebPNearLossless | Self::WebPPalette => {
                OutputFormat::WebP
            }
            Self::Aom | Self::AomThorough | Self::Rav1e => OutputFormat::Avif,
            Self::Oxipng | Self::PngPalette => OutputFormat::Png,
            Self::Gif => OutputFormat::Gif,
        }
    }

    /// Its name in reports.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Jpegli => "jpegli",
            Self::WebPLossy => "libwebp",
            Self::WebPLossless => "libwebp-lossless",
            Self::Aom | Self::AomThorough => "libaom",
            Self::Rav1e => "rav1e",
            Self::WebPNearLossless => "libwebp-near-lossless",
            Self::Oxipng => "oxipng",
            Self::PngPalette => "quantizr+oxipng",
            Self::WebPPalette => "quantizr+libwebp",
            Self::Gif => "cgif",
        }
    }

    /// Whether [`Settings::quality`] means anything to it.
    pub(crate) const fn has_quality(self) -> bool {
        !matches!(self, Self::WebPLossless | Self::Oxipng | Self::Gif)
    }

    /// Whether it keeps every visible pixel as it is.
    pub(crate) const fn is_lossless(self) -> bool {
        matches!(self, Self::WebPLossless | Self::Oxipng)
    }

    /// Encodes one still image.
    pub(crate) fn encode(self, pixels: &Pixels, settings: &Settings<'_>) -> Result<Vec<u8>, ImagingError> {
        match self {
            Self::Jpegli => jpeg::encode(pixels, settings),
            Self::WebPLossy => webp::encode(pixels, settings, webp::Mode::Lossy),
            Self::WebPLossless => webp::encode(pixels, settings, webp::Mode::Lossless),
            Self::WebPNearLossless => webp::encode(pixels, settings, webp::Mode::NearLossless),
            Self::Aom => avif::encode(pixels, settings, aom::encode),
            Self::AomThorough => avif::encode(pixels, settings, aom::encode_thoroughly),
            Self::Rav1e => avif::encode(pixels, settings, rav1e_av1::encode),
            Self::Oxipng => png::encode(pixels, settings),
            Self::PngPalette => palette::png(pixels, settings),
            Self::WebPPalette => palette::webp(pixels, settings),
            Self::Gif => vips::still_gif(pixels, settings.effort),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pixels::Layout;

    const ALL: [Encoder; 11] = [
        Encoder::Jpegli,
        Encoder::WebPLossy,
        Encoder::WebPLossless,
        Encoder::WebPNearLossless,
        Encoder::WebPPalette,
        Encoder::Aom,
        Encoder::AomThorough,
        Encoder::Rav1e,
        Encoder::Oxipng,
        Encoder::PngPalette,
        Encoder::Gif,
    ];

    fn gradient(layout: Layout) -> Pixels {
        let samples = (0..61_u8 * 2).flat_map(|_| (0..61_u8).flat_map(|x| [x * 4, 100, 200, 255 - x]));
        let count = 61 * 122;
        let data = match layout {
            Layout::Rgba => samples.collect(),
            _ => samples.take(count * layout.channels()).collect(),
        };
        Pixels::new(61, 122, layout, data).unwrap()
    }

    /// Odd sizes, every layout, both efforts: the file has the right format and size and can be decoded.
    #[test]
    fn every_encoder_takes_every_layout() {
        crate::start(&crate::CodecConfig::default()).unwrap();
        for encoder in ALL {
            for layout in [Layout::Grey, Layout::Rgb, Layout::Rgba] {
                for effort in [Effort::Interactive, Effort::Background] {
                    let settings = Settings { quality: 70.0, effort, scored: true, threads: 2, exif: None };
                    let file = encoder.encode(&gradient(layout), &settings).unwrap();
                    let header = container::inspect_bytes(&file).unwrap();
                    assert_eq!(header.format, encoder.format().as_source(), "{encoder:?} {layout:?}");
                    assert_eq!((header.width, header.height), (61, 122), "{encoder:?} {layout:?}");
                    let decoded = vips::decode_still(
                        &file,
                        header.format,
                        &vips::Wanted { profile: false, target: &|size| size },
                    )
                    .unwrap();
                    assert_eq!(decoded.natural, (61, 122), "{encoder:?} {layout:?}");
                }
            }
        }
    }
}
