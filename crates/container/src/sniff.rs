use domain::SourceFormat;

use crate::cursor::Cursor;

/// Bytes of the file's start that [`sniff`] looks at; more are never needed. All but AVIF are decided by
/// the first 18 bytes; an AVIF's `ftyp` box lists its brands, which may go on for some hundred bytes.
pub const SNIFF_BYTES: usize = 4_096;

const PNG_SIGNATURE: &[u8] = b"\x89PNG\r\n\x1a\n";

/// What the first bytes are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Identity {
    /// A supported input format.
    Supported(SourceFormat),
    /// A known format that may not come in; the text is its name.
    Refused(&'static str),
    /// A PNG whose signature was damaged, typically by a transfer in text mode.
    DamagedPng,
    /// Nothing known.
    Unknown,
}

/// Decides the format from the first bytes only, never from a name or a declared type. `None` means: not
/// supported. A PNG whose signature is damaged counts as one, so that [`inspect`](crate::inspect) can say what
/// is wrong with it. Give it the file's first [`SNIFF_BYTES`] bytes, or the whole file if it is shorter.
///
/// The allow-list stands in front of every decoder because letting libvips guess can hang for ever
/// (RELIABILITY F2).
#[must_use]
pub fn sniff(prefix: &[u8]) -> Option<SourceFormat> {
    match identify(prefix) {
        Identity::Supported(format) => Some(format),
        Identity::DamagedPng => Some(SourceFormat::Png),
        Identity::Refused(_) | Identity::Unknown => None,
    }
}

/// [`sniff`], with a name for what is refused.
pub(crate) fn identify(prefix: &[u8]) -> Identity {
    let prefix = prefix.get(..SNIFF_BYTES).unwrap_or(prefix);
    if let Some(format) = by_magic(prefix) {
        return Identity::Supported(format);
    }
    if let Some(identity) = by_brand(prefix) {
        return identity;
    }
    if is_damaged_png(prefix) {
        return Identity::DamagedPng;
    }
    refused_name(prefix).map_or(Identity::Unknown, Identity::Refused)
}

fn by_magic(prefix: &[u8]) -> Option<SourceFormat> {
    let starts = |magic: &[u8]| prefix.starts_with(magic);
    if starts(b"\xff\xd8\xff") {
        Some(SourceFormat::Jpeg)
    } else if starts(PNG_SIGNATURE) {
        Some(SourceFormat::Png)
    } else if starts(b"GIF87a") || starts(b"GIF89a") {
        Some(SourceFormat::Gif)
    } else if starts(b"RIFF") && prefix.get(8..12) == Some(b"WEBP") {
        Some(SourceFormat::WebP)
    } else if [b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"].iter().any(|magic| starts(*magic)) {
        Some(SourceFormat::Tiff)
    } else if is_bmp(prefix) {
        Some(SourceFormat::Bmp)
    } else {
        None
    }
}

/// "BM" alone also begins plain words: the size of the second header, which is small, decides.
fn is_bmp(prefix: &[u8]) -> bool {
    let header_size = Cursor::at(prefix, 14).and_then(|mut at| at.le32());
    prefix.starts_with(b"BM") && header_size.is_some_and(|size| (12..256).contains(&size))
}

/// ISO base media files: the brands of `ftyp` (ISO/IEC 14496-12 section 4.3).
fn by_brand(prefix: &[u8]) -> Option<Identity> {
    let mut cursor = Cursor::new(prefix);
    let size = cursor.be32()? as usize;
    if cursor.take(4)? != b"ftyp" {
        return None;
    }
    let major: [u8; 4] = cursor.array()?;
    cursor.take(4)?;
    let brands = prefix.get(cursor.position()..size.clamp(16, prefix.len())).unwrap_or_default();
    let has = |brand: &[u8; 4]| major == *brand || brands.chunks_exact(4).any(|other| other == brand);
    let identity = match &major {
        b"avis" => Identity::Refused("animated AVIF"),
        _ if has(b"avif") => Identity::Supported(SourceFormat::Avif),
        _ if has(b"avis") => Identity::Refused("animated AVIF"),
        _ if [b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx"].into_iter().any(has) => {
            Identity::Refused("HEIC (HEVC)")
        }
        _ if [b"vvic", b"vvis"].into_iter().any(has) => Identity::Refused("HEIF with VVC"),
        _ if [b"avci", b"avcs"].into_iter().any(has) => Identity::Refused("HEIF with H.264"),
        _ if [b"jpeg", b"jpgs"].into_iter().any(has) => Identity::Refused("HEIF with JPEG"),
        _ if [b"j2ki", b"j2is"].into_iter().any(has) => Identity::Refused("HEIF with JPEG 2000"),
        _ if has(b"mif1") || has(b"msf1") => Identity::Refused("HEIF"),
        _ => Identity::Refused("an ISO media file (video)"),
    };
    Some(identity)
}

/// At least the chunk name IHDR is where a PNG has it, give or take a byte that a transfer added or lost.
fn is_damaged_png(prefix: &[u8]) -> bool {
    (10..=14).any(|at| prefix.get(at..at + 4) == Some(b"IHDR"))
}

fn refused_name(prefix: &[u8]) -> Option<&'static str> {
    const MAGICS: &[(&[u8], &str)] = &[
        (b"\xff\x0a", "JPEG XL"),
        (b"\0\0\0\x0cJXL ", "JPEG XL"),
        (b"\0\0\0\x0cjP  ", "JPEG 2000"),
        (b"\xff\x4f\xff\x51", "JPEG 2000"),
        (b"%PDF", "PDF"),
        (b"%!PS", "PostScript"),
        (b"\xc5\xd0\xd3\xc6", "EPS"),
        (b"8BPS", "Photoshop (PSD)"),
        (b"\0\0\x01\0", "ICO"),
        (b"\0\0\x02\0", "CUR"),
        (b"PK\x03\x04", "ZIP"),
        (b"\x1f\x8b", "gzip"),
        (b"\x7fELF", "an executable"),
        (b"MZ", "an executable"),
        (b"v/1\x01", "OpenEXR"),
        (b"#?RADIANCE", "Radiance HDR"),
        (b"\xb6\xa6\xf2\x08", "a libvips file"),
        (b"\x08\xf2\xa6\xb6", "a libvips file"),
        (b"qoif", "QOI"),
    ];
    if let Some((_, name)) = MAGICS.iter().find(|(magic, _)| prefix.starts_with(magic)) {
        return Some(name);
    }
    let start = prefix.get(..512).unwrap_or(prefix);
    let text = String::from_utf8_lossy(start).to_ascii_lowercase();
    let text = text.trim_start_matches(['\u{feff}', ' ', '\t', '\r', '\n']);
    if text.contains("<svg") {
        Some("SVG")
    } else if text.starts_with("<!doctype html") || text.starts_with("<html") {
        Some("HTML")
    } else if text.starts_with("<?xml") {
        Some("XML")
    } else if text.starts_with("push graphic-context") {
        Some("MVG")
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_supported_format_is_known_by_its_first_bytes() {
        let cases: [(&[u8], SourceFormat); 11] = [
            (b"\xff\xd8\xff\xe0", SourceFormat::Jpeg),
            (b"\x89PNG\r\n\x1a\n", SourceFormat::Png),
            (b"GIF87a", SourceFormat::Gif),
            (b"GIF89a", SourceFormat::Gif),
            (b"RIFF\x04\0\0\0WEBP", SourceFormat::WebP),
            (b"II*\0", SourceFormat::Tiff),
            (b"MM\0*", SourceFormat::Tiff),
            (b"MM\0+", SourceFormat::Tiff),
            (b"BM\0\0\0\0\0\0\0\0\0\0\0\0\x28\0\0\0", SourceFormat::Bmp),
            (b"\0\0\0\x14ftypavif\0\0\0\0mif1", SourceFormat::Avif),
            (b"\0\0\0\x18ftypmif1\0\0\0\0miafavif", SourceFormat::Avif),
        ];
        for (bytes, format) in cases {
            assert_eq!(sniff(bytes), Some(format), "{bytes:?}");
        }
    }

    #[test]
    fn what_is_refused_has_a_name() {
        let cases: [(&[u8], Identity); 13] = [
            (b"", Identity::Unknown),
            (b"\0", Identity::Unknown),
            (b"BMW drivers park here", Identity::Unknown),
            (b"\x89PNG\n\x1a\n\0\0\0\x0dIHDR", Identity::DamagedPng),
            (b"\0\0\0\x18ftypavis\0\0\0\0avifavis", Identity::Refused("animated AVIF")),
            (b"\0\0\0\x14ftypheic\0\0\0\0mif1", Identity::Refused("HEIC (HEVC)")),
            (b"\0\0\0\x10ftypheic\0\0\0\0avif", Identity::Refused("HEIC (HEVC)")),
            (b"\xef\xbb\xbf <?xml version='1.0'?><SVG>", Identity::Refused("SVG")),
            (b" <!DOCTYPE HTML><p>", Identity::Refused("HTML")),
            (b"%PDF-1.7", Identity::Refused("PDF")),
            (b"\x1f\x8b\x08", Identity::Refused("gzip")),
            (b"PK\x03\x04", Identity::Refused("ZIP")),
            (b"\xff\x0a\xfa", Identity::Refused("JPEG XL")),
        ];
        for (bytes, identity) in cases {
            assert_eq!(identify(bytes), identity, "{bytes:?}");
            let is_png = identity == Identity::DamagedPng;
            assert_eq!(sniff(bytes), is_png.then_some(SourceFormat::Png), "{bytes:?}");
        }
    }
}
