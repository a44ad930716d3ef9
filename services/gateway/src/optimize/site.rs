//! What a use of a shared key is for: the caller's own label, or the page that it came from.

use actix_web::http::header::{self, HeaderMap};
use url::Url;

/// The header in which a caller names a site of its own.
const HEADER: &str = "x-client-site";
/// Longest label in bytes: that of a host name.
const LONGEST: usize = 253;

/// `X-Client-Site`, the host of `Origin`, or that of `Referer`: the first that is there and makes sense.
pub(crate) fn of(headers: &HeaderMap) -> Option<String> {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).map(str::trim);
    let label = text(HEADER).filter(|label| {
        (1..=LONGEST).contains(&label.len()) && label.bytes().all(|byte| (b' '..=b'~').contains(&byte))
    });
    let host = |name| {
        let url = Url::parse(text(name)?).ok()?;
        url.host_str().filter(|host| host.len() <= LONGEST).map(str::to_owned)
    };
    label
        .map(str::to_lowercase)
        .or_else(|| host(header::ORIGIN.as_str()))
        .or_else(|| host(header::REFERER.as_str()))
}

#[cfg(test)]
mod tests {
    use actix_web::http::header::{HeaderName, HeaderValue};

    use super::*;

    fn site(pairs: &[(&'static str, &'static str)]) -> Option<String> {
        let pairs = pairs
            .iter()
            .map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value)));
        of(&pairs.collect())
    }

    #[test]
    fn a_label_wins_over_the_page() {
        assert_eq!(site(&[]), None);
        assert_eq!(site(&[("referer", "https://Shop.example/a?b=c")]).as_deref(), Some("shop.example"));
        let both = [("referer", "https://shop.example/"), ("origin", "https://blog.example")];
        assert_eq!(site(&both).as_deref(), Some("blog.example"));
        assert_eq!(site(&[both[0], ("x-client-site", " Main Shop ")]).as_deref(), Some("main shop"));
        assert_eq!(site(&[("origin", "null"), ("x-client-site", "")]), None);
    }
}
