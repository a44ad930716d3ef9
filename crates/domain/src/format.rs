use std::fmt;
use std::str::FromStr;

/// What may come in. Decided from the bytes, never from a name or a declared type.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SourceFormat {
    /// JPEG, baseline or progressive.
    Jpeg,
    /// PNG; an APNG is read as its still image.
    Png,
    /// WebP, lossy, lossless or animated.
    WebP,
    /// GIF, still or animated.
    Gif,
    /// AVIF still image (`av01` items).
    Avif,
    /// TIFF, first page.
    Tiff,
    /// Windows bitmap.
    Bmp,
}

impl SourceFormat {
    /// Every input format.
    pub const ALL: [Self; 7] =
        [Self::Jpeg, Self::Png, Self::WebP, Self::Gif, Self::Avif, Self::Tiff, Self::Bmp];

    /// Lower-case name, as stored and sent.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Jpeg => "jpeg",
            Self::Png => "png",
            Self::WebP => "webp",
            Self::Gif => "gif",
            Self::Avif => "avif",
            Self::Tiff => "tiff",
            Self::Bmp => "bmp",
        }
    }

    /// Name as written for people: `JPEG`, `WebP`.
    #[must_use]
    pub const fn display_name(self) -> &'static str {
        match self {
            Self::Jpeg => "JPEG",
            Self::Png => "PNG",
            Self::WebP => "WebP",
            Self::Gif => "GIF",
            Self::Avif => "AVIF",
            Self::Tiff => "TIFF",
            Self::Bmp => "BMP",
        }
    }

    /// The registered media type.
    #[must_use]
    pub const fn mime_type(self) -> &'static str {
        match self {
            Self::Jpeg => "image/jpeg",
            Self::Png => "image/png",
            Self::WebP => "image/webp",
            Self::Gif => "image/gif",
            Self::Avif => "image/avif",
            Self::Tiff => "image/tiff",
            Self::Bmp => "image/bmp",
        }
    }

    /// The same format as an output, if we write it (TIFF and BMP are only read).
    #[must_use]
    pub const fn as_output(self) -> Option<OutputFormat> {
        match self {
            Self::Jpeg => Some(OutputFormat::Jpeg),
            Self::Png => Some(OutputFormat::Png),
            Self::WebP => Some(OutputFormat::WebP),
            Self::Gif => Some(OutputFormat::Gif),
            Self::Avif => Some(OutputFormat::Avif),
            Self::Tiff | Self::Bmp => None,
        }
    }
}

impl fmt::Display for SourceFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for SourceFormat {
    type Err = UnknownFormat;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .into_iter()
            .find(|format| format.as_str() == text)
            .ok_or_else(|| UnknownFormat(text.to_owned()))
    }
}

/// What goes out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum OutputFormat {
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

impl OutputFormat {
    /// Every output format, in the order of the published list.
    pub const ALL: [Self; 5] = [Self::Jpeg, Self::Png, Self::WebP, Self::Gif, Self::Avif];

    /// Lower-case name; also the file extension's canonical form and the segment of an image id.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        self.as_source().as_str()
    }

    /// Whether results have no place for a colour profile: GIF has none that viewers read, and our AVIF says
    /// by its own numbers that it is sRGB.
    #[must_use]
    pub const fn is_srgb_only(self) -> bool {
        matches!(self, Self::Gif | Self::Avif)
    }

    /// File name extension without the dot.
    #[must_use]
    pub const fn extension(self) -> &'static str {
        match self {
            Self::Jpeg => "jpg",
            other => other.as_str(),
        }
    }

    /// The registered media type.
    #[must_use]
    pub const fn mime_type(self) -> &'static str {
        self.as_source().mime_type()
    }

    /// The same format as an input.
    #[must_use]
    pub const fn as_source(self) -> SourceFormat {
        match self {
            Self::Jpeg => SourceFormat::Jpeg,
            Self::Png => SourceFormat::Png,
            Self::WebP => SourceFormat::WebP,
            Self::Gif => SourceFormat::Gif,
            Self::Avif => SourceFormat::Avif,
        }
    }
}

impl fmt::Display for OutputFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for OutputFormat {
    type Err = UnknownFormat;

    /// Parses the lower-case name; `jpg` is an alias of `jpeg`.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text == "jpg" {
            return Ok(Self::Jpeg);
        }
        Self::ALL
            .into_iter()
            .find(|format| format.as_str() == text)
            .ok_or_else(|| UnknownFormat(text.to_owned()))
    }
}

/// A text that names no format.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unknown format {0:?}")]
pub struct UnknownFormat(pub String);
