use std::fmt;
use std::str::FromStr;

use crate::limits::MAX_OUTPUT_EDGE;
use crate::{OutputFormat, SourceFormat};

/// How hard to compress. Each level is a floor of visual quality.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Compression {
    /// We choose: good quality, smallest result.
    #[default]
    Auto,
    /// Compress little: visually lossless.
    Low,
    /// Compress moderately: hard to tell apart.
    Medium,
    /// Compress hard: good web quality.
    Max,
}

impl Compression {
    /// Every level.
    pub const ALL: [Self; 4] = [Self::Auto, Self::Low, Self::Medium, Self::Max];

    /// Lower-case name, as in requests and image ids.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Low => "low",
            Self::Medium => "medium",
            Self::Max => "max",
        }
    }

    /// The next harder level, for work of the free tier under load; the hardest has none.
    #[must_use]
    pub const fn harder(self) -> Option<Self> {
        match self {
            Self::Low => Some(Self::Medium),
            Self::Auto | Self::Medium => Some(Self::Max),
            Self::Max => None,
        }
    }
}

impl fmt::Display for Compression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Compression {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .into_iter()
            .find(|level| level.as_str() == text)
            .ok_or_else(|| format!("must be auto, low, medium or max, not {text:?}"))
    }
}

/// A requested edge of the output: 1–8000 pixels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
#[serde(try_from = "u32", into = "u32")]
pub struct Edge(u32);

impl Edge {
    /// Checks the range.
    ///
    /// # Errors
    /// A message with the permitted range.
    pub fn new(pixels: u32) -> Result<Self, String> {
        if (1..=MAX_OUTPUT_EDGE).contains(&pixels) {
            Ok(Self(pixels))
        } else {
            Err(format!("must be a whole number from 1 to {MAX_OUTPUT_EDGE}, not {pixels}"))
        }
    }

    /// The edge in pixels.
    #[must_use]
    pub const fn pixels(self) -> u32 {
        self.0
    }
}

impl TryFrom<u32> for Edge {
    type Error = String;

    fn try_from(pixels: u32) -> Result<Self, Self::Error> {
        Self::new(pixels)
    }
}

impl From<Edge> for u32 {
    fn from(edge: Edge) -> Self {
        edge.0
    }
}

impl FromStr for Edge {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let plain = !text.is_empty() && text.len() <= 9 && text.bytes().all(|b| b.is_ascii_digit());
        match text.parse::<u32>() {
            Ok(pixels) if plain => Self::new(pixels),
            _ => Err(format!("must be a whole number from 1 to {MAX_OUTPUT_EDGE}, not {text:?}")),
        }
    }
}

/// The format of the result as it was asked for and as the image id states it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RequestedFormat {
    /// The smallest among the formats that keep the image's features.
    Auto,
    /// JPEG.
    Jpeg,
    /// PNG.
    Png,
    /// WebP.
    WebP,
    /// GIF.
    Gif,
    /// AVIF.
    Avif,
}

impl RequestedFormat {
    /// The effective format of a request that names none: the source's own, or `auto` for TIFF and BMP,
    /// which are only read.
    #[must_use]
    pub const fn keep(source: SourceFormat) -> Self {
        match source.as_output() {
            Some(format) => Self::of(format),
            None => Self::Auto,
        }
    }

    /// The same as an output format; `auto` is not one yet.
    #[must_use]
    pub const fn fixed(self) -> Option<OutputFormat> {
        match self {
            Self::Auto => None,
            Self::Jpeg => Some(OutputFormat::Jpeg),
            Self::Png => Some(OutputFormat::Png),
            Self::WebP => Some(OutputFormat::WebP),
            Self::Gif => Some(OutputFormat::Gif),
            Self::Avif => Some(OutputFormat::Avif),
        }
    }

    /// Lower-case name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self.fixed() {
            None => "auto",
            Some(format) => format.as_str(),
        }
    }

    const fn of(format: OutputFormat) -> Self {
        match format {
            OutputFormat::Jpeg => Self::Jpeg,
            OutputFormat::Png => Self::Png,
            OutputFormat::WebP => Self::WebP,
            OutputFormat::Gif => Self::Gif,
            OutputFormat::Avif => Self::Avif,
        }
    }
}

impl From<OutputFormat> for RequestedFormat {
    fn from(format: OutputFormat) -> Self {
        Self::of(format)
    }
}

impl fmt::Display for RequestedFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for RequestedFormat {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text == "auto" {
            return Ok(Self::Auto);
        }
        text.parse::<OutputFormat>()
            .map(Self::from)
            .map_err(|_| format!("must be jpeg, png, webp, gif, avif or auto, not {text:?}"))
    }
}

/// What to make of a source: everything that decides the bytes of the result, and nothing else.
///
/// `width` and `height` are a box to fit inside: the aspect ratio is kept and nothing is enlarged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
pub struct OptimizeParams {
    /// How hard to compress.
    pub compression: Compression,
    /// Greatest width of the result, after orientation.
    pub width: Option<Edge>,
    /// Greatest height of the result, after orientation.
    pub height: Option<Edge>,
    /// The effective requested format.
    pub format: RequestedFormat,
    /// Keep EXIF (orientation reset) where the format can.
    pub keep_exif: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn edges_are_plain_whole_numbers_from_1_to_8000() {
        assert_eq!("8000".parse::<Edge>().map(Edge::pixels), Ok(8000));
        for bad in ["0", "8001", "-1", "+5", "12px", "1.5", "", " 7", "1e3", "99999999999"] {
            assert!(bad.parse::<Edge>().is_err(), "{bad:?} was accepted");
        }
    }

    #[test]
    fn a_format_that_is_only_read_becomes_auto() {
        assert_eq!(RequestedFormat::keep(SourceFormat::Tiff), RequestedFormat::Auto);
        assert_eq!(RequestedFormat::keep(SourceFormat::Bmp), RequestedFormat::Auto);
        assert_eq!(RequestedFormat::keep(SourceFormat::Gif), RequestedFormat::Gif);
    }

    #[test]
    fn jpg_is_jpeg() {
        assert_eq!("jpg".parse(), Ok(RequestedFormat::Jpeg));
        assert!("heic".parse::<RequestedFormat>().is_err());
    }
}
