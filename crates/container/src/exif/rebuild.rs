use super::ifd::{Payload, RawEntry};
use super::{MAX_EXIF_BYTES, ORIENTATION};

/// Tags that point to a further IFD: Exif, GPS, Interoperability.
const POINTERS: [u16; 3] = [0x8769, 0x8825, 0xa005];
/// What is not EXIF, though it may lie in its IFDs: image data and thumbnails (strips, tiles, JPEG),
/// sub-images, XMP, IPTC, Photoshop resources, ICC profile, padding.
const FOREIGN: [u16; 14] = [
    0x0111, 0x0117, 0x0144, 0x0145, 0x014a, 0x0201, 0x0202, 0x02bc, 0x83bb, 0x8649, 0x8773, 0x935c, 0xea1c,
    0xc4a5,
];
/// Most IFDs: IFD0 and the three that it may lead to.
const MAX_IFDS: usize = 4;

/// An entry as it will be written.
struct Entry<'a> {
    raw: RawEntry<'a>,
    content: Content<'a>,
}

enum Content<'a> {
    Value,
    Upright,
    Ifd(Vec<Entry<'a>>),
}

/// The same EXIF payload with orientation 1 and without IFD1 (the thumbnail). Only EXIF is kept: the
/// payload is written anew from the entries of IFD0 and of its Exif, GPS and Interoperability IFDs, so
/// that nothing else can hide between them. A maker note is copied as it is; offsets inside it that
/// count from the payload's start may no longer fit.
///
/// `None` if the structure is broken (IFDs that loop, counts or offsets out of range) or the payload is
/// larger than [`MAX_EXIF_BYTES`].
#[must_use]
pub fn upright_exif(payload: &[u8]) -> Option<Vec<u8>> {
    if payload.len() > MAX_EXIF_BYTES {
        return None;
    }
    let (source, first) = Payload::open(payload)?;
    let entries = read(&source, first, &mut Vec::new())?;
    let mut out = payload.get(..4)?.to_vec();
    let is_little = source.is_little;
    out.extend_from_slice(&u32_bytes(8, is_little));
    write(&mut out, &entries, is_little)?;
    Some(out)
}

fn read<'a>(source: &Payload<'a>, offset: u32, visited: &mut Vec<u32>) -> Option<Vec<Entry<'a>>> {
    if visited.contains(&offset) || visited.len() >= MAX_IFDS {
        return None;
    }
    visited.push(offset);
    let mut entries: Vec<Entry<'a>> = Vec::new();
    for raw in source.entries(offset)? {
        if FOREIGN.contains(&raw.tag) || entries.iter().any(|other| other.raw.tag == raw.tag) {
            continue;
        }
        let content = if raw.tag == ORIENTATION {
            Content::Upright
        } else if POINTERS.contains(&raw.tag) {
            let children = read(source, source.number(&raw)?, visited)?;
            if children.is_empty() {
                continue;
            }
            Content::Ifd(children)
        } else {
            Content::Value
        };
        entries.push(Entry { raw, content });
    }
    Some(entries)
}

/// Appends one IFD, then its values, then the IFDs below it; the next-IFD offset is 0.
fn write(out: &mut Vec<u8>, entries: &[Entry<'_>], is_little: bool) -> Option<()> {
    let count = u16::try_from(entries.len()).ok()?;
    out.extend_from_slice(&u16_bytes(count, is_little));
    let mut slot = out.len();
    out.resize(slot.checked_add(entries.len().checked_mul(12)?)?.checked_add(4)?, 0);
    for entry in entries {
        let (kind, count) = match entry.content {
            Content::Value => (entry.raw.kind, entry.raw.count),
            Content::Upright => (3, 1),
            Content::Ifd(_) => (4, 1),
        };
        let mut field = Vec::with_capacity(12);
        field.extend_from_slice(&u16_bytes(entry.raw.tag, is_little));
        field.extend_from_slice(&u16_bytes(kind, is_little));
        field.extend_from_slice(&u32_bytes(count, is_little));
        field.extend_from_slice(&content(out, entry, is_little)?);
        field.resize(12, 0);
        let end = slot.checked_add(12)?;
        out.get_mut(slot..end)?.copy_from_slice(&field);
        slot = end;
        if out.len() > MAX_EXIF_BYTES {
            return None;
        }
    }
    Some(())
}

/// The value field of an entry: the value itself if it fits, else where it was appended.
fn content(out: &mut Vec<u8>, entry: &Entry<'_>, is_little: bool) -> Option<Vec<u8>> {
    if let Content::Upright = entry.content {
        return Some(u16_bytes(1, is_little).to_vec());
    }
    if let (Content::Value, true) = (&entry.content, entry.raw.value.len() <= 4) {
        return Some(entry.raw.value.to_vec());
    }
    // Values and IFDs begin on a word boundary (TIFF 6.0 section 2).
    if !out.len().is_multiple_of(2) {
        out.push(0);
    }
    let offset = u32::try_from(out.len()).ok()?;
    match &entry.content {
        Content::Ifd(children) => write(out, children, is_little)?,
        _ => out.extend_from_slice(entry.raw.value),
    }
    Some(u32_bytes(offset, is_little).to_vec())
}

const fn u16_bytes(value: u16, is_little: bool) -> [u8; 2] {
    if is_little { value.to_le_bytes() } else { value.to_be_bytes() }
}

const fn u32_bytes(value: u32, is_little: bool) -> [u8; 4] {
    if is_little { value.to_le_bytes() } else { value.to_be_bytes() }
}
