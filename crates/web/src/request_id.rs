use std::fmt;

use actix_web::http::header::HeaderName;

/// The header that carries it, in both directions.
pub(crate) const HEADER: HeaderName = HeaderName::from_static("x-request-id");

/// Identifies one request in responses, logs and traces.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestId(String);

impl RequestId {
    /// The caller's id where it is sane (1–128 of `A–Z a–z 0–9 . _ -`), a new one otherwise.
    #[must_use]
    pub fn accept(offered: Option<&[u8]>) -> Self {
        let sane = |bytes: &&[u8]| {
            (1..=128).contains(&bytes.len())
                && bytes.iter().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-'))
        };
        let given = offered.filter(sane).and_then(|bytes| std::str::from_utf8(bytes).ok());
        Self(given.map_or_else(|| uuid::Uuid::now_v7().to_string(), str::to_owned))
    }

    /// As sent.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sane_id_is_kept_and_others_are_replaced() {
        assert_eq!(RequestId::accept(Some(b"order-42_a.b")).as_str(), "order-42_a.b");
        for bad in [&b""[..], b"a b", b"a\r\nSet-Cookie: x", &[b'a'; 129], "é".as_bytes()] {
            assert_eq!(RequestId::accept(Some(bad)).as_str().len(), 36);
        }
        assert_eq!(RequestId::accept(None).as_str().len(), 36);
    }
}
