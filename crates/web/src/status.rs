use actix_web::http::StatusCode;
use domain::ErrorCode;

/// The one table from error code to HTTP status. A test pins every row.
#[must_use]
pub const fn status_of(code: ErrorCode) -> StatusCode {
    use ErrorCode as C;
    match code {
        C::InvalidRequest
        | C::InvalidMultipart
        | C::UnsupportedEncoding
        | C::TooManyFiles
        | C::UnsupportedFormat
        | C::InvalidImage
        | C::ImageTooLarge
        | C::ConflictingOptions
        | C::InvalidUrl
        | C::UnsupportedScheme
        | C::UrlNotAllowed
        | C::TooManyRedirects
        | C::SourceTooLarge
        | C::SourceTimeout
        | C::SourceHttpError
        | C::SourceTlsError
        | C::SourceInvalid
        | C::AmbiguousCredentials
        | C::InvalidRelativePath
        | C::InvalidSha256
        | C::ChecksumMismatch => StatusCode::BAD_REQUEST,
        C::Unauthorized => StatusCode::UNAUTHORIZED,
        C::MonthlyQuotaExceeded | C::BandwidthQuotaExceeded | C::StorageCapReached => {
            StatusCode::PAYMENT_REQUIRED
        }
        C::AccountSuspended | C::KeySuspended | C::Forbidden | C::IntentRequired | C::CrossSiteBlocked => {
            StatusCode::FORBIDDEN
        }
        C::NotFound => StatusCode::NOT_FOUND,
        C::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
        C::RequestTimeout => StatusCode::REQUEST_TIMEOUT,
        C::IdempotencyConflict
        | C::IdempotencyInProgress
        | C::BatchFinalized
        | C::TotalFilesMismatch
        | C::BatchNotComplete
        | C::PartialBatchResultsUnavailable
        | C::NoDownloadableImages
        | C::IntentUsed
        | C::KeyLimitReached
        | C::SeatLimitReached
        | C::AlreadyExists => StatusCode::CONFLICT,
        C::FileSizeExceeded | C::ArchiveTooLarge => StatusCode::PAYLOAD_TOO_LARGE,
        C::RateLimitExceeded
        | C::DailyLimitExceeded
        | C::ConcurrencyLimitExceeded
        | C::TemporarilyBlocked
        | C::DownloadLimitExceeded
        | C::AuditConcurrencyExceeded => StatusCode::TOO_MANY_REQUESTS,
        C::ProcessingFailed | C::InternalError => StatusCode::INTERNAL_SERVER_ERROR,
        C::Overloaded
        | C::WorkerPoolSaturated
        | C::QueueUnavailable
        | C::StorageUnavailable
        | C::DatabaseUnavailable
        | C::RateLimiterUnavailable
        | C::PaymentsNotConfigured => StatusCode::SERVICE_UNAVAILABLE,
    }
}

/// `type` of a problem document: one that draft-ietf-httpapi-ratelimit-headers registers where it fits, our page of
/// codes otherwise.
pub(crate) fn problem_type(code: ErrorCode) -> String {
    const REGISTERED: &str = "https://iana.org/assignments/http-problem-types";
    use ErrorCode as C;
    match code {
        C::RateLimitExceeded | C::DailyLimitExceeded | C::ConcurrencyLimitExceeded => {
            format!("{REGISTERED}#quota-exceeded")
        }
        C::TemporarilyBlocked => format!("{REGISTERED}#abnormal-usage-detected"),
        C::Overloaded | C::WorkerPoolSaturated => format!("{REGISTERED}#temporary-reduced-capacity"),
        other => format!("/docs/errors#{other}"),
    }
}

/// A short, fixed title of the code: `title` of a problem document.
#[must_use]
pub fn title_of(code: ErrorCode) -> String {
    let words = code.as_str().replace('_', " ");
    let mut letters = words.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_the_published_one() {
        let rows: Vec<_> =
            ErrorCode::ALL.iter().map(|code| format!("{} {code}", status_of(*code).as_u16())).collect();
        insta::assert_snapshot!(rows.join("\n"));
    }
}
