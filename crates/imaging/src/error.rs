use domain::{ErrorCode, OutputFormat, Rejection, SourceFormat};

/// Why an image could not be optimised.
#[derive(Debug, thiserror::Error)]
pub enum ImagingError {
    /// The inspection refused the source before any decoder saw it.
    #[error(transparent)]
    Refused(#[from] Rejection),
    /// A decoder refused the source.
    #[error("the {} file cannot be decoded: {detail}", format.display_name())]
    Decode {
        /// The format of the source.
        format: SourceFormat,
        /// The decoder's own words; for the log only.
        detail: String,
    },
    /// The result would have more pixels than its format can hold within a child's memory.
    #[error("{pixels} pixels exceed the {limit} of {}", format.as_source().display_name())]
    ResultTooLarge {
        /// The format of the result.
        format: OutputFormat,
        /// Pixels of the result.
        pixels: u64,
        /// Most pixels of this format.
        limit: u64,
    },
    /// No encoding is as small as was asked for.
    #[error("no result fits into {limit} bytes; the smallest has {smallest}")]
    TargetTooSmall {
        /// The smallest size reached, bytes.
        smallest: usize,
        /// What was asked for, bytes.
        limit: usize,
    },
    /// libvips could not be initialised.
    #[error("libvips cannot be started: {0}")]
    Start(String),
    /// [`crate::start`] was not called.
    #[error("imaging::start must be called before optimize")]
    NotStarted,
    /// An image operation failed on an image that had been decoded.
    #[error("{operation} failed: {detail}")]
    Process {
        /// What was being done.
        operation: &'static str,
        /// The library's own words.
        detail: String,
    },
    /// An encoder failed.
    #[error("the {} encoder failed: {detail}", format.as_source().display_name())]
    Encode {
        /// The format of the result.
        format: OutputFormat,
        /// The library's own words.
        detail: String,
    },
    /// Our own result could not be rewritten without metadata.
    #[error("the encoded {} cannot be cleaned", format.as_source().display_name())]
    Clean {
        /// The format of the result.
        format: OutputFormat,
        /// What the container rewriter said.
        source: Rejection,
    },
}

impl ImagingError {
    /// What the owner of the image is told: the image's fault keeps its own code, ours is
    /// `processing_failed` without detail.
    #[must_use]
    pub fn rejection(&self) -> Rejection {
        match self {
            Self::Refused(rejection) => rejection.clone(),
            Self::Decode { format, .. } => Rejection::new(
                ErrorCode::InvalidImage,
                format!(
                    "The {} file cannot be decoded: it is damaged, cut off or of an unsupported variant.",
                    format.display_name()
                ),
            ),
            Self::ResultTooLarge { format, pixels, limit } => Rejection::field(
                ErrorCode::ImageTooLarge,
                "format",
                format!(
                    "An {} result may have at most {limit} pixels, not {pixels}; ask for a smaller width or \
                     height, or for another format.",
                    format.as_source().display_name()
                ),
            ),
            Self::TargetTooSmall { smallest, limit } => Rejection::field(
                ErrorCode::InvalidRequest,
                "target_bytes",
                format!(
                    "No result fits into {limit} bytes; the smallest of this size has about {smallest}. Ask for \
                     more bytes, or for a smaller width or height."
                ),
            ),
            Self::Start(_)
            | Self::NotStarted
            | Self::Process { .. }
            | Self::Encode { .. }
            | Self::Clean { .. } => Rejection::new(
                ErrorCode::ProcessingFailed,
                "The image could not be processed. Try again later.",
            ),
        }
    }

    pub(crate) fn encode(format: OutputFormat, detail: impl Into<String>) -> Self {
        Self::Encode { format, detail: detail.into() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bad_image_is_the_callers_fault_and_a_bad_encoder_ours() {
        let decode = ImagingError::Decode { format: SourceFormat::Png, detail: "libpng: bad CRC".into() };
        assert_eq!(decode.rejection().code, ErrorCode::InvalidImage);
        assert!(!decode.rejection().message.contains("libpng"));
        let encode = ImagingError::encode(OutputFormat::Avif, "out of memory");
        assert_eq!(encode.rejection().code, ErrorCode::ProcessingFailed);
        assert!(!encode.rejection().message.contains("memory"));
    }
}
