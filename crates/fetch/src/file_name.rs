use percent_encoding::percent_decode_str;
use url::Url;

/// Longest file name in bytes, as on common file systems.
const MAX_BYTES: usize = 255;

/// The last segment of the URL's path as a file name for people: decoded, without control characters, path
/// separators or marks that reverse the reading direction; `None` if nothing is left.
pub(crate) fn file_name(url: &Url) -> Option<String> {
    let segment = url.path_segments()?.next_back()?;
    let decoded = percent_decode_str(segment).decode_utf8_lossy();
    let mut name: String = decoded.chars().filter(|c| is_harmless(*c)).collect();
    name.truncate(name.floor_char_boundary(MAX_BYTES));
    let name = name.trim();
    (!name.is_empty() && name.chars().any(|c| c != '.')).then(|| name.to_owned())
}

fn is_harmless(c: char) -> bool {
    !c.is_control()
        && !matches!(c, '/' | '\\' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn named(url: &str) -> Option<String> {
        file_name(&Url::parse(url).unwrap())
    }

    #[test]
    fn the_last_segment_is_the_name() {
        assert_eq!(named("https://e.com/a/example.jpg?x=y#z").as_deref(), Some("example.jpg"));
        assert_eq!(named("https://e.com/sch%C3%B6n%20neu.png").as_deref(), Some("schön neu.png"));
        assert_eq!(named("https://e.com/..%2f..%2Fpasswd").as_deref(), Some("....passwd"));
        assert_eq!(named("https://e.com/a%E2%80%AEgpj.exe").as_deref(), Some("agpj.exe"));
        assert_eq!(named("https://e.com/a/"), None);
        assert_eq!(named("https://e.com"), None);
        assert_eq!(named("https://e.com/%2E%2E%2F"), None);
    }

    proptest! {
        #[test]
        fn a_name_is_short_and_holds_no_separator(segment in "(%[0-9a-f]{2}|[a-zé./\\\\])*") {
            let url = Url::parse("https://e.com/").unwrap().join(&format!("/{segment}"));
            if let Some(name) = url.ok().as_ref().and_then(file_name) {
                prop_assert!((1..=MAX_BYTES).contains(&name.len()));
                prop_assert!(!name.contains(['/', '\\', '\0', '\n']) && name != "..");
            }
        }
    }
}
