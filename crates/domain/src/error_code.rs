use std::fmt;
use std::str::FromStr;

macro_rules! error_codes {
    ($( #[doc = $doc:literal] $variant:ident => $text:literal ),+ $(,)?) => {
        /// The closed list of error codes of the API, of failed jobs and of events. A code never changes
        /// its meaning; only the `web` crate maps one to an HTTP status.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum ErrorCode { $( #[doc = $doc] $variant ),+ }

        impl ErrorCode {
            /// Every code, in the order of the published table.
            pub const ALL: &'static [Self] = &[ $( Self::$variant ),+ ];

            /// The code as it appears in `error` of a response body.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $( Self::$variant => $text ),+ }
            }

            /// What the code means, in one sentence for the documentation.
            #[must_use]
            pub const fn meaning(self) -> &'static str {
                match self { $( Self::$variant => $doc.trim_ascii() ),+ }
            }
        }
    };
}

error_codes! {
    /// A field is missing, malformed or out of range; the body names it in `field`.
    InvalidRequest => "invalid_request",
    /// The multipart body cannot be parsed.
    InvalidMultipart => "invalid_multipart",
    /// The request body carries a `Content-Encoding`.
    UnsupportedEncoding => "unsupported_encoding",
    /// More files than one request may carry.
    TooManyFiles => "too_many_files",
    /// The bytes are not one of the supported input formats.
    UnsupportedFormat => "unsupported_format",
    /// The bytes claim a supported format but cannot be decoded.
    InvalidImage => "invalid_image",
    /// Too many pixels, too long an edge or too many frames.
    ImageTooLarge => "image_too_large",
    /// Two options contradict each other.
    ConflictingOptions => "conflicting_options",
    /// The source URL cannot be parsed or is too long.
    InvalidUrl => "invalid_url",
    /// The source URL is neither `http` nor `https`.
    UnsupportedScheme => "unsupported_scheme",
    /// The source URL points to an address or port that may not be fetched.
    UrlNotAllowed => "url_not_allowed",
    /// The source redirected more often than allowed.
    TooManyRedirects => "too_many_redirects",
    /// The source is larger than may be downloaded.
    SourceTooLarge => "source_too_large",
    /// The source did not answer, or not fast enough.
    SourceTimeout => "source_timeout",
    /// The source answered with another status than 200; the body names it in `upstream_status`.
    SourceHttpError => "source_http_error",
    /// The source's certificate or TLS handshake is not acceptable.
    SourceTlsError => "source_tls_error",
    /// The source's answer is not a plain HTTP body.
    SourceInvalid => "source_invalid",
    /// Two different credentials in one request.
    AmbiguousCredentials => "ambiguous_credentials",
    /// A path of a batch file is absolute, climbs or holds control characters.
    InvalidRelativePath => "invalid_relative_path",
    /// A checksum is not 64 hexadecimal digits.
    InvalidSha256 => "invalid_sha256",
    /// A checksum does not match the bytes received.
    ChecksumMismatch => "checksum_mismatch",
    /// Missing, unknown, malformed, revoked or expired credentials: one body for every cause.
    Unauthorized => "unauthorized",
    /// The month's image credits are used up.
    MonthlyQuotaExceeded => "monthly_quota_exceeded",
    /// The month's result bytes are used up.
    BandwidthQuotaExceeded => "bandwidth_quota_exceeded",
    /// The Storage Library is full.
    StorageCapReached => "storage_cap_reached",
    /// The account is suspended.
    AccountSuspended => "account_suspended",
    /// The API key is suspended.
    KeySuspended => "key_suspended",
    /// The credentials do not permit this.
    Forbidden => "forbidden",
    /// The mutation needs an action intent.
    IntentRequired => "intent_required",
    /// A browser asked from another site.
    CrossSiteBlocked => "cross_site_blocked",
    /// Nothing here, or nothing that belongs to the caller.
    NotFound => "not_found",
    /// The route exists with another method.
    MethodNotAllowed => "method_not_allowed",
    /// The request did not arrive in time.
    RequestTimeout => "request_timeout",
    /// The idempotency key was used with another payload.
    IdempotencyConflict => "idempotency_conflict",
    /// The first request with this idempotency key is still running.
    IdempotencyInProgress => "idempotency_in_progress",
    /// The batch accepts no further files.
    BatchFinalized => "batch_finalized",
    /// The number of files differs from the announced total.
    TotalFilesMismatch => "total_files_mismatch",
    /// The batch is still running.
    BatchNotComplete => "batch_not_complete",
    /// Completed results are missing from storage.
    PartialBatchResultsUnavailable => "partial_batch_results_unavailable",
    /// None of the requested images exists any longer.
    NoDownloadableImages => "no_downloadable_images",
    /// The action intent was used before.
    IntentUsed => "intent_used",
    /// The plan's number of active keys is reached.
    KeyLimitReached => "key_limit_reached",
    /// The plan's number of seats is reached.
    SeatLimitReached => "seat_limit_reached",
    /// Something with this name exists.
    AlreadyExists => "already_exists",
    /// A file or body is larger than permitted.
    FileSizeExceeded => "file_size_exceeded",
    /// The archive would be larger than permitted.
    ArchiveTooLarge => "archive_too_large",
    /// Too many requests in this window.
    RateLimitExceeded => "rate_limit_exceeded",
    /// Too many requests today.
    DailyLimitExceeded => "daily_limit_exceeded",
    /// Too many requests at once.
    ConcurrencyLimitExceeded => "concurrency_limit_exceeded",
    /// Blocked for a while after repeated violations.
    TemporarilyBlocked => "temporarily_blocked",
    /// Too many downloads.
    DownloadLimitExceeded => "download_limit_exceeded",
    /// Too many audits at once.
    AuditConcurrencyExceeded => "audit_concurrency_exceeded",
    /// The work failed on our side after all attempts.
    ProcessingFailed => "processing_failed",
    /// A fault of ours.
    InternalError => "internal_error",
    /// Too much work in flight.
    Overloaded => "overloaded",
    /// No worker took the job in time.
    WorkerPoolSaturated => "worker_pool_saturated",
    /// The message broker is unavailable.
    QueueUnavailable => "queue_unavailable",
    /// The object store is unavailable.
    StorageUnavailable => "storage_unavailable",
    /// The database is unavailable.
    DatabaseUnavailable => "database_unavailable",
    /// The rate limiter is unavailable on a route that must not run without it.
    RateLimiterUnavailable => "rate_limiter_unavailable",
    /// No payment provider is configured.
    PaymentsNotConfigured => "payments_not_configured",
}

impl fmt::Display for ErrorCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for ErrorCode {
    type Err = UnknownErrorCode;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .iter()
            .copied()
            .find(|code| code.as_str() == text)
            .ok_or_else(|| UnknownErrorCode(text.to_owned()))
    }
}

/// A text that is no code of the closed list.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unknown error code {0:?}")]
pub struct UnknownErrorCode(pub String);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_round_trips_and_is_unique() {
        for code in ErrorCode::ALL {
            assert_eq!(code.as_str().parse::<ErrorCode>(), Ok(*code));
        }
        let mut texts: Vec<_> = ErrorCode::ALL.iter().map(|c| c.as_str()).collect();
        texts.sort_unstable();
        texts.dedup();
        assert_eq!(texts.len(), ErrorCode::ALL.len());
    }

    #[test]
    fn unknown_text_is_refused() {
        assert!("teapot".parse::<ErrorCode>().is_err());
    }
}
