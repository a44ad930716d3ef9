use domain::limits::MAX_URL_BYTES;
use url::{Host, ParseError, Url};

use crate::{FetchError, Refusal, UrlFault};

/// Longest host name in bytes without its closing dot (RFC 1035, section 2.3.4).
const MAX_HOST_BYTES: usize = 253;
/// Longest label of a host name in bytes (RFC 1035, section 2.3.4).
const MAX_LABEL_BYTES: usize = 63;

/// Domains that are local by definition (RFC 6761, 6762, 8375) or by wide custom; `internal` includes the
/// metadata names of the clouds.
const LOCAL_DOMAINS: [&str; 6] = ["localhost", "localdomain", "local", "internal", "home.arpa", "intranet"];

/// Checks a URL as far as possible without the network and without settings: its length, characters,
/// scheme, user information and host name. What is returned is in the URL Standard's canonical form, in
/// which `http://0x7f.1/` reads `http://127.0.0.1/`.
///
/// # Errors
/// [`FetchError::InvalidUrl`], [`FetchError::UnsupportedScheme`] or [`FetchError::NotAllowed`].
pub fn vet_url(text: &str) -> Result<Url, FetchError> {
    vet_text(text)?;
    let url = Url::parse(text).map_err(UrlFault::Syntax).map_err(FetchError::InvalidUrl)?;
    vet_parsed(&url)?;
    Ok(url)
}

/// What only the text shows: parsers disagree about these, so they are refused before any parser runs.
fn vet_text(text: &str) -> Result<(), FetchError> {
    vet_length(text)?;
    if has_control(text) {
        return Err(FetchError::InvalidUrl(UrlFault::ControlCharacter));
    }
    let authority = authority(text)?;
    if authority.contains(['@', '\\']) {
        return Err(FetchError::NotAllowed(Refusal::UserInfo));
    }
    if authority.starts_with('[') && authority.contains('%') {
        return Err(FetchError::NotAllowed(Refusal::Zone));
    }
    Ok(())
}

/// Checks a parsed URL: the caller's, or the target of a redirect.
pub(crate) fn vet_parsed(url: &Url) -> Result<(), FetchError> {
    if !matches!(url.scheme(), "http" | "https") {
        return Err(FetchError::UnsupportedScheme);
    }
    vet_length(url.as_str())?;
    if has_control(url.as_str()) {
        return Err(FetchError::InvalidUrl(UrlFault::ControlCharacter));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(FetchError::NotAllowed(Refusal::UserInfo));
    }
    match url.host() {
        Some(Host::Domain(name)) => vet_name(name),
        Some(Host::Ipv4(_) | Host::Ipv6(_)) => Ok(()),
        None => Err(FetchError::InvalidUrl(UrlFault::Syntax(ParseError::EmptyHost))),
    }
}

fn vet_length(text: &str) -> Result<(), FetchError> {
    if text.len() > MAX_URL_BYTES { Err(FetchError::InvalidUrl(UrlFault::TooLong)) } else { Ok(()) }
}

/// Control characters and white space, raw or, for the control characters, percent-encoded: the URL
/// Standard's parser would silently drop raw ones, and a server behind the source may decode the others
/// into a second header (RELIABILITY T45).
fn has_control(text: &str) -> bool {
    let encoded = |pair: &[u8]| matches!(pair, [b'0' | b'1', digit] if digit.is_ascii_hexdigit());
    text.contains(|c: char| c.is_control() || c.is_whitespace())
        || text.as_bytes().windows(3).any(|bytes| match bytes {
            [b'%', pair @ ..] => encoded(pair) || pair.eq_ignore_ascii_case(b"7f"),
            _ => false,
        })
}

/// The part between `://` and the path, as written. Spellings that only a lenient parser takes for http,
/// such as `http:/\host` or `//host`, are refused (RELIABILITY T42).
fn authority(text: &str) -> Result<&str, FetchError> {
    let rest = ["http://", "https://"].iter().find_map(|prefix| {
        text.get(..prefix.len()).filter(|start| start.eq_ignore_ascii_case(prefix))?;
        text.get(prefix.len()..)
    });
    let Some(rest) = rest else {
        return Err(match Url::parse(text) {
            Err(fault) if !text.starts_with("//") => FetchError::InvalidUrl(UrlFault::Syntax(fault)),
            _ => FetchError::UnsupportedScheme,
        });
    };
    let authority = rest.split(['/', '?', '#']).next().unwrap_or(rest);
    if authority.is_empty() {
        return Err(FetchError::InvalidUrl(UrlFault::Syntax(ParseError::EmptyHost)));
    }
    Ok(authority)
}

fn vet_name(name: &str) -> Result<(), FetchError> {
    let name = name.strip_suffix('.').unwrap_or(name);
    let valid_label = |label: &str| {
        (1..=MAX_LABEL_BYTES).contains(&label.len())
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
    };
    if name.len() > MAX_HOST_BYTES || !name.split('.').all(valid_label) {
        return Err(FetchError::InvalidUrl(UrlFault::Host));
    }
    let local =
        |domain: &&str| name.strip_suffix(*domain).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'));
    // A name of one label is looked up in the local network's own zones.
    if !name.contains('.') || LOCAL_DOMAINS.iter().any(local) {
        return Err(FetchError::NotAllowed(Refusal::LocalName));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use domain::ErrorCode;
    use proptest::prelude::*;

    use super::*;

    fn code(text: &str) -> Option<&'static str> {
        vet_url(text).err().map(|error| error.rejection().code.as_str())
    }

    fn assert_all(expected: ErrorCode, texts: &[&str]) {
        for text in texts {
            assert_eq!(code(text), Some(expected.as_str()), "{text:?}");
        }
    }

    #[test]
    fn ordinary_urls_pass() {
        for text in [
            "https://example.com/a.jpg",
            "HTTP://EXAMPLE.com",
            "http://example.com:8080/%E2%9C%93?a=b%20c&d=@#f",
            "https://bücher.example/ä.png",
            "https://under_score.example.com./x",
            "https://8.8.8.8/",
            "https://[2606:4700::1]:443/",
            "https://notlocalhost.com/",
            "https://my-internal.example/",
        ] {
            assert_eq!(code(text), None, "{text:?}");
        }
    }

    #[test]
    fn short_and_foreign_spellings_of_addresses_become_plain() {
        for text in [
            "http://2130706433/",
            "http://0x7f000001/",
            "http://0177.0.0.1/",
            "http://127.1/",
            "http://0x7f.1/",
            "http://127.0.0.1./",
            "http://①②⑦。⓪。⓪。①/",
            "http://127.0.0.1:80/",
        ] {
            assert_eq!(vet_url(text).unwrap().host_str(), Some("127.0.0.1"), "{text:?}");
        }
        assert_eq!(vet_url("http://0/").unwrap().host_str(), Some("0.0.0.0"));
    }

    #[test]
    fn malformed_urls_are_invalid() {
        let long_label = format!("http://{}.com/", "a".repeat(64));
        let long_host = format!("http://{}com/", "a.".repeat(126));
        let long_url = format!("http://example.com/{}", "a".repeat(2030));
        assert_all(
            ErrorCode::InvalidUrl,
            &[
                "",
                "example.com/a.jpg",
                "not a url",
                "http://",
                "http:///path",
                "https://?x",
                "http://425.510.425.510/",
                "http://4294967297/",
                "http://a..b.com/",
                "http://.example.com/",
                "http://exa<mple.com/",
                "http://ex$ample.com/",
                "http://example.com:99999/",
                "http://[::1/",
                "http://h.com/%0d%0aHost:x",
                "http://h.com/%0D",
                "http://h.com/%00",
                "http://h.com/\r\nHost:x",
                "http://h.com/\tx",
                "http://h.com/\0",
                "http://h.com/ x",
                " http://h.com/",
                "http://h.com/\u{85}",
                "http://h.com/%7F",
                "http://h.com/\u{2028}",
                &long_label,
                &long_host,
                &long_url,
            ],
        );
    }

    #[test]
    fn other_schemes_are_unsupported() {
        assert_all(
            ErrorCode::UnsupportedScheme,
            &[
                "file:///etc/passwd",
                "gopher://h:70/x",
                "data:image/png;base64,AA==",
                "ftp://h/x",
                "//example.com/a",
                "HTTP:/\\example.com",
                "http:/example.com",
                "http:example.com",
                "http:\\\\example.com",
                "javascript:alert(1)",
                "ws://example.com/",
                "blob:http://h.com/1",
            ],
        );
    }

    #[test]
    fn user_information_zones_and_local_names_are_refused() {
        assert_all(
            ErrorCode::UrlNotAllowed,
            &[
                "http://good.com@127.0.0.1/",
                "http://user:pass@good.com/",
                "http://@good.com/",
                "http://127.0.0.1:80\\@good.com/",
                "http://good.com\\@127.0.0.1/",
                "http://good.com:80+&@127.0.0.1:22/#+@good.com/",
                "http://[fe80::1%25lo]/",
                "http://localhost/",
                "http://localhost./",
                "http://LOCALHOST:80/",
                "http://a.localhost/",
                "http://local\u{ad}host/",
                "http://ｌｏｃａｌｈｏｓｔ/",
                "http://printer.local/",
                "http://metadata.google.internal/",
                "http://metadata/",
                "http://db.svc.cluster.local/",
                "http://router.home.arpa/",
            ],
        );
    }

    proptest! {
        #[test]
        fn any_text_is_judged_without_a_panic(text in "\\PC*|[a-zA-Z0-9:/@%.\\[\\]\\\\?#-]{0,60}") {
            let _ = vet_url(&text);
        }

        #[test]
        fn what_passes_is_short_plain_http(rest in "[a-z0-9.:/@%\\\\?#\\[\\]]{0,40}", tls: bool) {
            let text = format!("http{}://{rest}", if tls { "s" } else { "" });
            if let Ok(url) = vet_url(&text) {
                prop_assert_eq!(url.scheme(), if tls { "https" } else { "http" });
                prop_assert!(url.username().is_empty() && url.password().is_none());
                prop_assert!(url.as_str().len() <= MAX_URL_BYTES);
                prop_assert!(vet_url(url.as_str()).is_ok(), "{} is stable", url);
            }
        }
    }
}
