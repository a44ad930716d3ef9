use domain::{ErrorCode, Rejection};

/// Why [`inspect`](crate::inspect) gave no header.
#[derive(Debug, thiserror::Error)]
pub enum InspectError {
    /// The file is at fault: `unsupported_format`, `invalid_image` or `image_too_large`.
    #[error(transparent)]
    Rejected(#[from] Rejection),
    /// The reader is at fault; the file may be fine.
    #[error("cannot read the image: {0}")]
    Io(#[from] std::io::Error),
}

/// The bytes claim a format and do not keep to it.
pub(crate) fn invalid(message: impl Into<String>) -> Rejection {
    Rejection::new(ErrorCode::InvalidImage, message)
}

/// The image is larger than the published limits.
pub(crate) fn too_large(message: impl Into<String>) -> Rejection {
    Rejection::new(ErrorCode::ImageTooLarge, message)
}

/// Not one of the formats that may come in.
pub(crate) fn unsupported(message: impl Into<String>) -> Rejection {
    Rejection::new(ErrorCode::UnsupportedFormat, message)
}

/// The file is shorter than its own structure says.
pub(crate) fn truncated() -> Rejection {
    invalid("the file is truncated: it ends before the image does")
}
