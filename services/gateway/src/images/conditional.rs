//! Conditional and range requests (RFC 9110 §13 and §14) for one immutable representation.

use actix_web::http::header::{self, HeaderMap, HeaderName};
use domain::Sha256Hash;

/// What of the image to send.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Part {
    /// All of it.
    Whole,
    /// The client has it.
    NotModified,
    /// From `first` to `last`, both included.
    Range {
        /// First byte.
        first: u64,
        /// Last byte.
        last: u64,
    },
    /// A range that lies outside.
    Unsatisfiable,
}

/// A strong validator: the hash of the bytes.
pub(super) fn entity_tag(sha256: &Sha256Hash) -> String {
    format!("\"{sha256}\"")
}

/// Decides by `If-None-Match`, `Range` and `If-Range`. Several ranges are answered with the whole.
pub(super) fn part(headers: &HeaderMap, tag: &str, size: u64) -> Part {
    if let Some(known) = text(headers, header::IF_NONE_MATCH) {
        let matches = known
            .split(',')
            .map(|candidate| candidate.trim().trim_start_matches("W/"))
            .any(|candidate| candidate == "*" || candidate == tag);
        if matches {
            return Part::NotModified;
        }
    }
    let Some(range) = text(headers, header::RANGE) else { return Part::Whole };
    if text(headers, header::IF_RANGE).is_some_and(|validator| validator != tag) {
        return Part::Whole;
    }
    parse_range(range, size)
}

fn parse_range(range: &str, size: u64) -> Part {
    let spec = range.strip_prefix("bytes=").map(str::trim).filter(|spec| !spec.contains(','));
    let Some((first, last)) = spec.and_then(|spec| spec.split_once('-')) else { return Part::Whole };
    let digits = |text: &str| -> Option<u64> {
        (!text.is_empty() && text.bytes().all(|b| b.is_ascii_digit()))
            .then(|| text.parse().unwrap_or(u64::MAX))
    };
    match (digits(first.trim()), digits(last.trim()), first.trim().is_empty(), last.trim().is_empty()) {
        (None, Some(0), true, false) => Part::Unsatisfiable,
        (None, Some(suffix), true, false) => {
            Part::Range { first: size.saturating_sub(suffix), last: size - 1 }
        }
        (Some(first), None, false, true) if first < size => Part::Range { first, last: size - 1 },
        (Some(first), Some(last), ..) if first <= last && first < size => {
            Part::Range { first, last: last.min(size - 1) }
        }
        (Some(first), None, false, true) if first >= size => Part::Unsatisfiable,
        (Some(first), Some(last), ..) if first <= last => Part::Unsatisfiable,
        // Not a range at all: the header is ignored.
        _ => Part::Whole,
    }
}

fn text(headers: &HeaderMap, name: HeaderName) -> Option<&str> {
    headers.get(name)?.to_str().ok()
}

#[cfg(test)]
mod tests {
    use actix_web::http::header::HeaderValue;

    use super::*;

    const TAG: &str = "\"abc\"";

    fn decide(pairs: &[(HeaderName, &'static str)]) -> Part {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.insert(name.clone(), HeaderValue::from_static(value));
        }
        part(&headers, TAG, 1_000)
    }

    #[test]
    fn ranges_are_those_of_the_rfc() {
        for (range, expected) in [
            ("bytes=0-499", Part::Range { first: 0, last: 499 }),
            ("bytes=500-", Part::Range { first: 500, last: 999 }),
            ("bytes=-200", Part::Range { first: 800, last: 999 }),
            ("bytes=-5000", Part::Range { first: 0, last: 999 }),
            ("bytes=900-99999999999999999999999", Part::Range { first: 900, last: 999 }),
            ("bytes=1000-", Part::Unsatisfiable),
            ("bytes=2000-3000", Part::Unsatisfiable),
            ("bytes=-0", Part::Unsatisfiable),
            ("bytes=5-2", Part::Whole),
            ("bytes=0-1,5-6", Part::Whole),
            ("bytes=-", Part::Whole),
            ("items=0-1", Part::Whole),
            ("bytes=a-b", Part::Whole),
        ] {
            assert_eq!(decide(&[(header::RANGE, range)]), expected, "{range}");
        }
    }

    #[test]
    fn validators_decide_first() {
        assert_eq!(decide(&[(header::IF_NONE_MATCH, "\"x\", W/\"abc\"")]), Part::NotModified);
        assert_eq!(decide(&[(header::IF_NONE_MATCH, "*")]), Part::NotModified);
        assert_eq!(decide(&[(header::IF_NONE_MATCH, "\"x\"")]), Part::Whole);
        assert_eq!(decide(&[(header::RANGE, "bytes=0-1"), (header::IF_RANGE, "\"old\"")]), Part::Whole);
        assert_eq!(
            decide(&[(header::RANGE, "bytes=0-1"), (header::IF_RANGE, "\"abc\"")]),
            Part::Range { first: 0, last: 1 }
        );
    }
}
