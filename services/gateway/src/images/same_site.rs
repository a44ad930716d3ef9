//! Telling a page of another site from our own pages and from clients that are no browsers.

use actix_web::http::header::{self, HeaderMap};

/// Whether a browser sends this from another site. `Sec-Fetch-Site` decides where it is sent; older
/// browsers are judged by `Origin` or `Referer`. Without any of them it is no browser page.
pub(super) fn is_cross_site(headers: &HeaderMap) -> bool {
    let text = |name| headers.get(name).and_then(|value: &header::HeaderValue| value.to_str().ok());
    if let Some(site) = text(header::HeaderName::from_static("sec-fetch-site")) {
        return site.eq_ignore_ascii_case("cross-site");
    }
    let Some(from) = text(header::ORIGIN).or_else(|| text(header::REFERER)) else { return false };
    let host = text(header::HOST).unwrap_or_default();
    origin_host(from).is_none_or(|origin| !origin.eq_ignore_ascii_case(host_name(host)))
}

/// The host name of an origin or URL; `None` for `null` and other opaque origins.
fn origin_host(url: &str) -> Option<&str> {
    let (_, rest) = url.split_once("://")?;
    Some(host_name(rest.split(['/', '?', '#']).next()?))
}

/// Without the port; an IPv6 literal keeps its brackets.
fn host_name(authority: &str) -> &str {
    match authority.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|b| b.is_ascii_digit()) => host,
        _ => authority,
    }
}

#[cfg(test)]
mod tests {
    use actix_web::http::header::{HeaderName, HeaderValue};

    use super::*;

    fn cross(pairs: &[(&'static str, &'static str)]) -> bool {
        let mut headers = HeaderMap::new();
        headers.insert(header::HOST, HeaderValue::from_static("api.example.com:8080"));
        for (name, value) in pairs {
            headers.insert(HeaderName::from_static(name), HeaderValue::from_static(value));
        }
        is_cross_site(&headers)
    }

    #[test]
    fn other_sites_are_told_from_clients_and_own_pages() {
        assert!(!cross(&[]));
        assert!(cross(&[("sec-fetch-site", "cross-site")]));
        for own in ["same-origin", "same-site", "none"] {
            assert!(!cross(&[("sec-fetch-site", own), ("origin", "https://evil.example")]));
        }
        assert!(cross(&[("origin", "https://evil.example")]));
        assert!(cross(&[("referer", "https://evil.example/page?u=api.example.com")]));
        assert!(cross(&[("origin", "null")]));
        assert!(!cross(&[("referer", "http://api.example.com:3000/docs")]));
    }
}
