use std::path::PathBuf;
use std::time::Duration;

use domain::{ErrorCode, Rejection, Sha256Hash};

use crate::SandboxError;

/// One image to optimize.
#[derive(Debug, Clone)]
pub struct Work {
    /// The source, a file on disc. Its path must be Unicode.
    pub source: PathBuf,
    /// Where the result goes; made or overwritten. Its path must be Unicode. Best inside a
    /// [`Pool::job_dir`](crate::Pool::job_dir), because a failed job may leave a part of it.
    pub result: PathBuf,
    /// What to make of the source.
    pub request: imaging::Request,
    /// Pixels of the source as its header states them, all frames counted: words the refusal when the
    /// time is up.
    pub pixels: u64,
    /// Bytes of memory that the job is expected to need (`imaging::memory_budget_bytes`).
    pub memory_bytes: u64,
    /// Whether an earlier attempt may have ended a child: then the job runs with no other beside it and
    /// with half the time and half the address space (RELIABILITY D11).
    pub solo: bool,
}

/// A result on disc.
#[derive(Debug, Clone)]
pub struct Done {
    /// What the codec did.
    pub report: imaging::Report,
    /// Bytes of the result.
    pub size: u64,
    /// SHA-256 of the result, computed in the child.
    pub sha256: Sha256Hash,
    /// Time inside the codec.
    pub codec: Duration,
    /// Most resident memory of the child during the job in bytes, where the kernel tells.
    pub peak_rss_bytes: Option<u64>,
}

/// Why there is no result.
#[derive(Debug, Clone, thiserror::Error)]
pub enum Verdict {
    /// The codec refused the image.
    #[error(transparent)]
    Rejected(Rejection),
    /// The child died on the image: by a signal, an abort, a panic or a limit. Says something about the
    /// image and nothing about the service.
    #[error("the codec process died: {0}")]
    Crashed(Rejection),
    /// The time was up and the child was killed.
    #[error("the codec process was stopped: {0}")]
    TimedOut(Rejection),
    /// The fault is ours and may pass: no child could be started, the disc is full.
    #[error(transparent)]
    Broken(#[from] SandboxError),
}

/// From here on a timeout is blamed on the size of the image and not on its content.
const LARGE_PIXELS: u64 = 50_000_000;

pub(crate) fn crashed() -> Verdict {
    let message = "the image cannot be decoded: the decoder stopped on it";
    Verdict::Crashed(Rejection::new(ErrorCode::InvalidImage, message))
}

pub(crate) fn timed_out(pixels: u64, limit: Duration) -> Verdict {
    let seconds = limit.as_secs_f64();
    Verdict::TimedOut(if pixels > LARGE_PIXELS {
        let message = format!(
            "the image has {pixels} pixels and could not be processed within {seconds} seconds; \
             send a smaller one"
        );
        Rejection::new(ErrorCode::ImageTooLarge, message)
    } else {
        let message = format!("the image could not be decoded and encoded within {seconds} seconds");
        Rejection::new(ErrorCode::InvalidImage, message)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(pixels: u64) -> ErrorCode {
        match timed_out(pixels, Duration::from_millis(2_500)) {
            Verdict::TimedOut(rejection) => {
                assert!(rejection.message.contains("within 2.5 seconds"), "{rejection}");
                rejection.code
            }
            other => panic!("{other}"),
        }
    }

    #[test]
    fn a_timeout_blames_the_size_only_of_large_images() {
        assert_eq!(code(50_000_000), ErrorCode::InvalidImage);
        assert_eq!(code(50_000_001), ErrorCode::ImageTooLarge);
    }
}
