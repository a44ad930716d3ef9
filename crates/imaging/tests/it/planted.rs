//! Metadata planted into files by hand, so that no library decides what of it is written.

use domain::SourceFormat;
use rs_vips::VipsImage;

use crate::picture::file;

/// The text that no result may hold.
pub(crate) const MARKER: &str = "CANARY-7f3a";

pub(crate) fn holds_marker(bytes: &[u8]) -> bool {
    bytes.windows(MARKER.len()).any(|window| window == MARKER.as_bytes())
}

/// A TIFF structure with an orientation and the marker as image description.
pub(crate) fn exif(orientation: u16) -> Vec<u8> {
    let mut out = b"II*\0\x08\0\0\0\x02\0".to_vec();
    let length = MARKER.len() as u32 + 1;
    for (tag, kind, count, value) in
        [(0x010E_u16, 2_u16, length, 38_u32), (0x0112, 3, 1, u32::from(orientation))]
    {
        out.extend(tag.to_le_bytes());
        out.extend(kind.to_le_bytes());
        out.extend(count.to_le_bytes());
        out.extend(value.to_le_bytes());
    }
    out.extend([0; 4]);
    out.extend(MARKER.as_bytes());
    out.push(0);
    out
}

/// `image` as a file with EXIF and, where the format has them, a comment or XMP, all with the marker.
/// BMP can hold none.
pub(crate) fn marked(image: &VipsImage, format: SourceFormat, orientation: u16) -> Vec<u8> {
    match format {
        SourceFormat::Jpeg => jpeg(&file(image, format), orientation),
        SourceFormat::Png => png(&file(image, format), orientation),
        SourceFormat::Bmp => file(image, format),
        _ => {
            let mut tagged = image.copy_memory().unwrap();
            let blob = [b"Exif\0\0".to_vec(), exif(orientation)].concat();
            tagged.set_blob_copy("exif-data", &blob).unwrap();
            tagged.set_blob_copy("xmp-data", format!("<x:xmpmeta>{MARKER}</x:xmpmeta>").as_bytes()).unwrap();
            tagged.set_int("orientation", orientation.into()).unwrap();
            let bytes = file(&tagged, format);
            if format == SourceFormat::Gif { gif(&bytes) } else { bytes }
        }
    }
}

fn segment(marker: u8, body: &[u8]) -> Vec<u8> {
    let length = u16::try_from(body.len() + 2).unwrap().to_be_bytes();
    [&[0xFF, marker][..], &length, body].concat()
}

fn jpeg(bytes: &[u8], orientation: u16) -> Vec<u8> {
    let app1 = segment(0xE1, &[b"Exif\0\0".to_vec(), exif(orientation)].concat());
    let comment = segment(0xFE, MARKER.as_bytes());
    [&bytes[..2], &app1, &comment, &bytes[2..]].concat()
}

/// A JPEG with `profile` as its colour profile.
pub(crate) fn jpeg_with_profile(bytes: &[u8], profile: &[u8]) -> Vec<u8> {
    let app2 = segment(0xE2, &[b"ICC_PROFILE\0\x01\x01", profile].concat());
    [&bytes[..2], &app2, &bytes[2..]].concat()
}

fn png(bytes: &[u8], orientation: u16) -> Vec<u8> {
    let chunk = |name: &[u8; 4], body: &[u8]| {
        let typed = [name, body].concat();
        let length = u32::try_from(body.len()).unwrap().to_be_bytes();
        [&length[..], &typed, &crc32fast::hash(&typed).to_be_bytes()].concat()
    };
    let after_ihdr = 8 + 25;
    let text = chunk(b"tEXt", format!("Comment\0{MARKER}").as_bytes());
    [&bytes[..after_ihdr], &chunk(b"eXIf", &exif(orientation)), &text, &bytes[after_ihdr..]].concat()
}

/// A comment extension before the trailer.
fn gif(bytes: &[u8]) -> Vec<u8> {
    let end = bytes.len() - 1;
    let length = [u8::try_from(MARKER.len()).unwrap()];
    [&bytes[..end], &[0x21, 0xFE], &length, MARKER.as_bytes(), &[0], &bytes[end..]].concat()
}
