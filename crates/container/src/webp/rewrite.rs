use domain::Rejection;

use super::bitstream;
use super::{CANVAS_BYTES, FRAME_HEAD_BYTES, HAS_ALPHA, HAS_ANIMATION, HAS_EXIF, HAS_ICC};
use crate::cursor::Cursor;
use crate::error::{invalid, truncated};
use crate::{Icc, Keep};

/// The chunks of a RIFF payload; stops silently where what is left is too short for a chunk.
fn chunks(payload: &[u8]) -> impl Iterator<Item = Result<([u8; 4], &[u8]), Rejection>> {
    let mut cursor = Cursor::new(payload);
    std::iter::from_fn(move || {
        let kind = cursor.array()?;
        let length = cursor.le32()? as usize;
        let Some(payload) = cursor.take(length) else {
            cursor = Cursor::new(&[]);
            return Some(Err(truncated()));
        };
        if !length.is_multiple_of(2) {
            cursor.take(1);
        }
        Some(Ok((kind, payload)))
    })
}

/// What stands behind the RIFF header and inside its declared length.
fn riff_payload(bytes: &[u8]) -> Option<&[u8]> {
    let length = Cursor::at(bytes, 4)?.le32()? as usize;
    bytes.get(12..length.checked_add(8)?)
}

/// The payload of the first EXIF chunk.
pub(crate) fn read_exif(bytes: &[u8]) -> Option<&[u8]> {
    chunks(riff_payload(bytes)?)
        .map_while(Result::ok)
        .find_map(|(kind, payload)| (kind == *b"EXIF").then_some(payload))
}

/// Copies canvas, frames and bitstreams; EXIF, XMP, unknown chunks and the bytes behind the RIFF go, and
/// the flags of VP8X say so. libvips 8.14.1 leaves EXIF with a thumbnail in its WebP files even when told
/// to strip (RELIABILITY F1). A canvas counts only in front of the image and the first image alone, as in
/// the inspection: a second one is luggage.
pub(crate) fn rewrite(bytes: &[u8], keep: &Keep<'_>) -> Result<Vec<u8>, Rejection> {
    let mut canvas = None;
    let mut body = Vec::with_capacity(bytes.len());
    let (mut has_icc, mut has_image) = (false, false);
    if let Icc::Put(profile) = keep.icc {
        has_icc = true;
        push(&mut body, *b"ICCP", profile)?;
    }
    let extended = has_icc || keep.exif.is_some();
    for chunk in chunks(riff_payload(bytes).ok_or_else(truncated)?) {
        let (kind, payload) = chunk?;
        match &kind {
            b"VP8X" if canvas.is_none() && !has_image => canvas = Some(read_canvas(payload)?),
            b"VP8 " | b"VP8L" if !has_image => {
                has_image = true;
                canvas = canvas.or_else(|| extended.then(|| canvas_for(kind, payload)).flatten());
                push(&mut body, kind, payload)?;
            }
            b"ALPH" if !has_image => push(&mut body, kind, payload)?,
            b"ANIM" => push(&mut body, kind, payload)?,
            b"ANMF" => push(&mut body, kind, &frame(payload)?)?,
            b"ICCP" if keep.icc == Icc::Keep && !has_icc => {
                has_icc = true;
                push(&mut body, kind, payload)?;
            }
            _ => {}
        }
    }
    if let Some(exif) = keep.exif {
        push(&mut body, *b"EXIF", exif)?;
    }
    let mut out = b"RIFF\0\0\0\0WEBP".to_vec();
    if let Some([flags, rest @ ..]) = canvas {
        let features = flags & (HAS_ANIMATION | HAS_ALPHA)
            | if has_icc { HAS_ICC } else { 0 }
            | if keep.exif.is_some() { HAS_EXIF } else { 0 };
        push(&mut out, *b"VP8X", &[&[features, 0, 0, 0], rest.get(3..).unwrap_or_default()].concat())?;
    }
    out.append(&mut body);
    let length =
        u32::try_from(out.len().saturating_sub(8)).map_err(|_| invalid("a WebP of 4 GB and more"))?;
    if let Some(field) = out.get_mut(4..8) {
        field.copy_from_slice(&length.to_le_bytes());
    }
    Ok(out)
}

/// Flags (1 byte), reserved (3), width − 1 (3), height − 1 (3).
fn read_canvas(payload: &[u8]) -> Result<[u8; CANVAS_BYTES], Rejection> {
    Cursor::new(payload).array().ok_or_else(|| invalid("the WebP canvas header is too short"))
}

/// The canvas header that a simple file needs to become an extended one.
fn canvas_for(kind: [u8; 4], payload: &[u8]) -> Option<[u8; CANVAS_BYTES]> {
    let found = bitstream::size(kind, payload)?;
    let [w0, w1, w2, _] = found.width.checked_sub(1)?.to_le_bytes();
    let [h0, h1, h2, _] = found.height.checked_sub(1)?.to_le_bytes();
    let flags = if found.has_alpha { HAS_ALPHA } else { 0 };
    Some([flags, 0, 0, 0, w0, w1, w2, h0, h1, h2])
}

/// A frame with nothing but its bitstream and the alpha in front of it.
fn frame(payload: &[u8]) -> Result<Vec<u8>, Rejection> {
    let mut cursor = Cursor::new(payload);
    let mut out = cursor.take(FRAME_HEAD_BYTES).ok_or_else(truncated)?.to_vec();
    let mut has_image = false;
    for chunk in chunks(cursor.rest()) {
        let (kind, payload) = chunk?;
        if !has_image && matches!(&kind, b"ALPH" | b"VP8 " | b"VP8L") {
            has_image = kind != *b"ALPH";
            push(&mut out, kind, payload)?;
        }
    }
    Ok(out)
}

fn push(out: &mut Vec<u8>, kind: [u8; 4], payload: &[u8]) -> Result<(), Rejection> {
    let length = u32::try_from(payload.len()).map_err(|_| invalid("a WebP chunk of 4 GB and more"))?;
    out.extend_from_slice(&kind);
    out.extend_from_slice(&length.to_le_bytes());
    out.extend_from_slice(payload);
    if !payload.len().is_multiple_of(2) {
        out.push(0);
    }
    Ok(())
}
