use std::time::Duration;

use domain::{ErrorCode, Rejection};

use crate::{FetchError, InvalidAnswer, Phase};

impl FetchError {
    /// The refusal in the caller's words: a code of the closed list and a message that names the field and
    /// the limit, never a resolved address.
    #[must_use]
    pub fn rejection(&self) -> Rejection {
        let (code, message) = match self {
            Self::InvalidUrl(fault) => (ErrorCode::InvalidUrl, format!("`url` is not valid: {fault}.")),
            Self::UnsupportedScheme => (
                ErrorCode::UnsupportedScheme,
                "`url` must begin with http:// or https://, and so must every redirect.".to_owned(),
            ),
            Self::NotAllowed(refusal) => {
                (ErrorCode::UrlNotAllowed, format!("`url` may not be fetched: {refusal}."))
            }
            Self::TooManyRedirects { limit } => {
                (ErrorCode::TooManyRedirects, format!("`url` redirects more than {limit} times."))
            }
            Self::TooLarge { limit_bytes } => (
                ErrorCode::SourceTooLarge,
                format!("The file behind `url` is larger than {limit_bytes} bytes."),
            ),
            Self::Timeout { phase, limit } => (ErrorCode::SourceTimeout, too_slow(*phase, *limit)),
            Self::Unreachable(_) => {
                (ErrorCode::SourceTimeout, "The host of `url` does not exist or does not answer.".to_owned())
            }
            Self::Status(status) => (
                ErrorCode::SourceHttpError,
                format!("The host of `url` answered with status {status} instead of 200."),
            ),
            Self::Tls(_) => (
                ErrorCode::SourceTlsError,
                "The host of `url` has no valid certificate for its name or does not speak TLS 1.2 or later."
                    .to_owned(),
            ),
            Self::Invalid(answer) => (ErrorCode::SourceInvalid, invalid(answer)),
            Self::ResolverSetup(_) | Self::CertificateSetup(_) => {
                return Rejection::new(ErrorCode::InternalError, "Sources cannot be fetched at the moment.");
            }
        };
        Rejection::field(code, "url", message)
    }
}

fn too_slow(phase: Phase, limit: Duration) -> String {
    let seconds = limit.as_secs_f64();
    match phase {
        Phase::Resolve => format!("The host name of `url` was not resolved within {seconds} s."),
        Phase::Connect => format!("The host of `url` did not accept a connection within {seconds} s."),
        Phase::Handshake => format!("The host of `url` did not finish its TLS handshake within {seconds} s."),
        Phase::Head => format!("The host of `url` did not answer within {seconds} s."),
        Phase::Rate => format!("The host of `url` sent too little in {seconds} s."),
        Phase::Total => format!("The file behind `url` did not arrive within {seconds} s."),
    }
}

fn invalid(answer: &InvalidAnswer) -> String {
    match answer {
        InvalidAnswer::ContentEncoding => {
            "The host of `url` sent a Content-Encoding; only unencoded files are accepted.".to_owned()
        }
        other => format!("The host of `url` sent an answer that is not valid: {other}."),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Refusal, UrlFault};

    #[test]
    fn every_error_has_its_code_and_names_the_field() {
        let second = Duration::from_secs(1);
        let io = || std::io::Error::other("connect to 10.1.2.3:80 failed");
        let table = [
            (FetchError::InvalidUrl(UrlFault::TooLong), ErrorCode::InvalidUrl, "2048"),
            (FetchError::UnsupportedScheme, ErrorCode::UnsupportedScheme, "https://"),
            (FetchError::NotAllowed(Refusal::Address), ErrorCode::UrlNotAllowed, "public"),
            (FetchError::TooManyRedirects { limit: 5 }, ErrorCode::TooManyRedirects, "5"),
            (FetchError::TooLarge { limit_bytes: 50_000_000 }, ErrorCode::SourceTooLarge, "50000000"),
            (FetchError::Timeout { phase: Phase::Rate, limit: second }, ErrorCode::SourceTimeout, "1 s"),
            (FetchError::Unreachable(io().into()), ErrorCode::SourceTimeout, "does not answer"),
            (FetchError::Status(404), ErrorCode::SourceHttpError, "404"),
            (FetchError::Tls(io()), ErrorCode::SourceTlsError, "certificate"),
            (FetchError::Invalid(InvalidAnswer::ContentEncoding), ErrorCode::SourceInvalid, "Encoding"),
            (FetchError::Invalid(InvalidAnswer::Location), ErrorCode::SourceInvalid, "redirects"),
        ];
        for (error, code, limit) in table {
            let rejection = error.rejection();
            assert_eq!(rejection.code, code);
            assert_eq!(rejection.field.as_deref(), Some("url"));
            assert!(rejection.message.contains("`url`"), "{}", rejection.message);
            assert!(rejection.message.contains(limit), "{}", rejection.message);
            assert!(!rejection.message.contains("10.1.2.3"), "{}", rejection.message);
        }
    }

    #[test]
    fn only_a_status_has_an_upstream_status() {
        assert_eq!(FetchError::Status(403).upstream_status(), Some(403));
        assert_eq!(FetchError::UnsupportedScheme.upstream_status(), None);
    }
}
