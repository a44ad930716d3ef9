use domain::SourceFormat;

/// The EXIF that goes into the result.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct KeptExif {
    /// The payload with its orientation reset; none if it was not asked for, absent or broken.
    pub(crate) payload: Option<Vec<u8>>,
    /// Whether it was asked for and present but could not be used.
    pub(crate) broken: bool,
}

impl KeptExif {
    /// The EXIF of `source`.
    pub(crate) fn of(source: &[u8], format: SourceFormat) -> Self {
        let Some(found) = container::read_exif(format, source) else { return Self::default() };
        let payload = container::upright_exif(&found);
        Self { broken: payload.is_none(), payload }
    }
}
