use std::error::Error;
use std::io;

use aws_sdk_s3::error::{DisplayErrorContext, ProvideErrorMetadata, SdkError};
use aws_sdk_s3::operation::RequestId;

type Source = Box<dyn Error + Send + Sync>;

/// What can go wrong with the object store.
#[derive(Debug, thiserror::Error)]
pub enum BlobError {
    /// The store cannot be reached, is too slow, overloaded or broken: another try may succeed.
    #[error("the object store is unavailable: {source}")]
    Unavailable {
        /// The cause with its own causes.
        source: Source,
    },
    /// There is no such object, or no such bucket.
    #[error("there is no such object")]
    Missing,
    /// The range is empty or begins behind the object's end.
    #[error("the range holds no byte of the object")]
    Range,
    /// A file on the local disc cannot be read or written.
    #[error("local file: {source}")]
    File {
        /// The cause.
        #[from]
        source: io::Error,
    },
    /// The store refused, for instance the credentials: another try will not succeed.
    #[error("the object store refused: {source}")]
    Other {
        /// The cause with its own causes.
        source: Source,
    },
}

impl BlobError {
    pub(crate) fn unavailable(source: impl Into<Source>) -> Self {
        Self::Unavailable { source: source.into() }
    }
}

/// The whole chain as one line: the SDK's own `Display` says "service error" and no more.
#[derive(Debug, thiserror::Error)]
#[error("{}", DisplayErrorContext(&**.0))]
struct Chain(#[source] Source);

impl<E, R> From<SdkError<E, R>> for BlobError
where
    E: ProvideErrorMetadata + Error + Send + Sync + 'static,
    R: std::fmt::Debug + Status + Send + Sync + 'static,
    SdkError<E, R>: RequestId,
{
    fn from(error: SdkError<E, R>) -> Self {
        let verdict = verdict(&error);
        let source: Source = Box::new(Chain(Box::new(error)));
        match verdict {
            Verdict::Missing => Self::Missing,
            Verdict::Range => Self::Range,
            Verdict::Unavailable => Self::Unavailable { source },
            Verdict::Other => Self::Other { source },
        }
    }
}

/// The HTTP status of a raw answer.
pub(crate) trait Status {
    fn status(&self) -> u16;
}

impl Status for aws_sdk_s3::config::http::HttpResponse {
    fn status(&self) -> u16 {
        self.status().as_u16()
    }
}

enum Verdict {
    Missing,
    Range,
    Unavailable,
    Other,
}

fn verdict<E, R>(error: &SdkError<E, R>) -> Verdict
where
    E: ProvideErrorMetadata,
    R: Status,
{
    match error {
        SdkError::TimeoutError(_) | SdkError::ResponseError(_) => Verdict::Unavailable,
        SdkError::DispatchFailure(failure) if failure.is_user() => Verdict::Other,
        SdkError::DispatchFailure(_) => Verdict::Unavailable,
        SdkError::ServiceError(answer) => of_answer(answer.raw().status(), answer.err().code()),
        _ => Verdict::Other,
    }
}

fn of_answer(status: u16, code: Option<&str>) -> Verdict {
    match (status, code) {
        (_, Some("SlowDown" | "RequestTimeout" | "InternalError" | "ServiceUnavailable")) => {
            Verdict::Unavailable
        }
        (404, _) => Verdict::Missing,
        (416, _) => Verdict::Range,
        (408 | 429 | 500.., _) => Verdict::Unavailable,
        _ => Verdict::Other,
    }
}
