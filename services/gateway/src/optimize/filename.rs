//! File names as callers send them, made safe to store and show.

/// Longest stored name in characters.
const MAX_CHARS: usize = 255;
/// Used where a caller gives none.
const UNNAMED: &str = "image";

/// The last component of an uploaded name, without control characters. Never empty.
pub(crate) fn from_upload(name: &str) -> String {
    let last = name.rsplit(['/', '\\']).next().unwrap_or_default();
    let clean: String = last.chars().filter(|c| !is_unsafe(*c)).take(MAX_CHARS).collect();
    let clean = clean.trim();
    if clean.is_empty() || clean == "." || clean == ".." { UNNAMED.to_owned() } else { clean.to_owned() }
}

/// Control characters and the marks that reverse the reading direction (`photo\u{202E}gpj.exe`).
fn is_unsafe(c: char) -> bool {
    c.is_control() || matches!(c, '\u{200E}' | '\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_safe_last_component_is_kept() {
        for (given, kept) in [
            ("photo.jpg", "photo.jpg"),
            ("../../etc/passwd", "passwd"),
            ("C:\\Users\\me\\cat.png", "cat.png"),
            ("a\r\nSet-Cookie: x.jpg", "aSet-Cookie: x.jpg"),
            ("photo\u{202E}gpj.exe", "photogpj.exe"),
            ("nul\0.gif", "nul.gif"),
            ("", "image"),
            ("dir/", "image"),
            ("..", "image"),
            ("  spaced name.webp ", "spaced name.webp"),
        ] {
            assert_eq!(from_upload(given), kept);
        }
        assert_eq!(from_upload(&"é".repeat(5_000)).chars().count(), MAX_CHARS);
    }
}
