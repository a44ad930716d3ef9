use crate::OutputFormat;

/// A set of output formats.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
pub struct FormatSet(u8);

impl FormatSet {
    /// Every format.
    pub const ALL: Self = Self(0b1_1111);

    /// The set of these formats.
    pub fn of(formats: impl IntoIterator<Item = OutputFormat>) -> Self {
        Self(formats.into_iter().fold(0, |set, format| set | Self::bit(format)))
    }

    /// Whether `format` is in it.
    #[must_use]
    pub const fn contains(self, format: OutputFormat) -> bool {
        self.0 & Self::bit(format) != 0
    }

    /// The set as a number, for fingerprints.
    pub(super) const fn bits(self) -> u8 {
        self.0
    }

    const fn bit(format: OutputFormat) -> u8 {
        match format {
            OutputFormat::Jpeg => 1,
            OutputFormat::Png => 2,
            OutputFormat::WebP => 4,
            OutputFormat::Gif => 8,
            OutputFormat::Avif => 16,
        }
    }
}

impl Default for FormatSet {
    fn default() -> Self {
        Self::ALL
    }
}
