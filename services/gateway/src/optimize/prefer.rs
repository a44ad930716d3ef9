//! The `Prefer` request header (RFC 7240), as far as it concerns waiting.

use std::time::Duration;

use actix_web::http::header::HeaderMap;

/// What the caller prefers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Prefer {
    /// `respond-async`: answer 202 with a job where the wait is over.
    pub(crate) respond_async: bool,
    /// `wait=N`: the longest wait.
    pub(crate) wait: Option<Duration>,
}

impl Prefer {
    /// Reads the header; unknown preferences are ignored, as the RFC asks.
    pub(crate) fn of(headers: &HeaderMap) -> Self {
        let mut found = Self::default();
        let preferences = headers
            .get_all("prefer")
            .filter_map(|value| value.to_str().ok())
            .flat_map(|value| value.split([',', ';']))
            .map(str::trim);
        for preference in preferences {
            if preference.eq_ignore_ascii_case("respond-async") {
                found.respond_async = true;
            } else if let Some((name, value)) = preference.split_once('=')
                && name.trim().eq_ignore_ascii_case("wait")
            {
                found.wait = value.trim().trim_matches('"').parse().ok().map(Duration::from_secs);
            }
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use actix_web::http::header::{HeaderName, HeaderValue};

    use super::*;

    #[test]
    fn both_preferences_are_read_and_others_ignored() {
        let mut headers = HeaderMap::new();
        let name = HeaderName::from_static("prefer");
        headers.append(name.clone(), HeaderValue::from_static("return=minimal, respond-async"));
        headers.append(name, HeaderValue::from_static("wait=3"));
        let prefer = Prefer::of(&headers);
        assert!(prefer.respond_async);
        assert_eq!(prefer.wait, Some(Duration::from_secs(3)));
        assert_eq!(Prefer::of(&HeaderMap::new()), Prefer::default());
    }
}
