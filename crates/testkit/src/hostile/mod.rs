//! Files that attack whoever decodes them, a few for each class of RELIABILITY T1 to T30, with the answer that
//! each must get. They are made byte by byte: what is wrong with them is wrong in their structure.

mod avif;
mod bmp;
mod foreign;
mod gif;
mod jpeg;
mod png;
mod tiff;
mod webp;
mod zlib;

pub use png::largest_png;

/// Text that hides in the metadata of files which are accepted: no result may hold it.
pub const PAYLOAD: &str = "<script>alert('payload')</script>";

/// One file and what must become of it.
#[derive(Debug, Clone)]
pub struct Attack {
    /// The class: `T1` to `T30`.
    pub class: &'static str,
    /// A file name; its ending may lie.
    pub name: String,
    /// The file.
    pub bytes: Vec<u8>,
    /// The code that it is refused with, or `None` if it is converted without what is wrong with it.
    pub refused: Option<&'static str>,
}

const TOO_LARGE: Option<&str> = Some("image_too_large");
const INVALID: Option<&str> = Some("invalid_image");
const UNSUPPORTED: Option<&str> = Some("unsupported_format");
const ACCEPTED: Option<&str> = None;

fn attack(
    class: &'static str,
    name: impl Into<String>,
    refused: Option<&'static str>,
    bytes: Vec<u8>,
) -> Attack {
    Attack { class, name: name.into(), bytes, refused }
}

/// Every attack. `avif` is any valid AVIF of one AV1 item: those of its format are made from it, since nothing
/// here encodes AV1.
#[must_use]
pub fn attacks(avif: &[u8]) -> Vec<Attack> {
    [
        foreign::attacks(),
        png::attacks(),
        jpeg::attacks(),
        gif::attacks(),
        webp::attacks(),
        tiff::attacks(),
        bmp::attacks(),
        avif::attacks(avif),
    ]
    .concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_class_has_its_files_under_names_of_their_own() {
        let all = attacks(b"");
        for class in (1..=30).map(|number| format!("T{number}")) {
            assert!(all.iter().any(|attack| attack.class == class), "{class}");
        }
        let names: std::collections::BTreeSet<_> = all.iter().map(|attack| &attack.name).collect();
        assert_eq!(names.len(), all.len());
        let largest = all.iter().max_by_key(|attack| attack.bytes.len()).unwrap();
        assert!(largest.bytes.len() < 4_000_000, "{}", largest.name);
    }
}
