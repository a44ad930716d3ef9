use domain::Rejection;

use super::SIGNATURE_BYTES;
use crate::cursor::Cursor;
use crate::error::{invalid, truncated};
use crate::{Icc, Keep, icc};

/// One chunk: its type, its payload and all of its bytes.
struct Chunk<'a> {
    kind: [u8; 4],
    payload: &'a [u8],
    whole: &'a [u8],
}

fn read<'a>(cursor: &mut Cursor<'a>) -> Option<Chunk<'a>> {
    let mut peek = *cursor;
    let length = peek.be32()? as usize;
    let kind = peek.array()?;
    let payload = peek.take(length)?;
    let whole = cursor.take(length.checked_add(12)?)?;
    Some(Chunk { kind, payload, whole })
}

/// The payload of the first eXIf chunk.
pub(crate) fn read_exif(bytes: &[u8]) -> Option<&[u8]> {
    let mut cursor = Cursor::at(bytes, SIGNATURE_BYTES)?;
    loop {
        let chunk = read(&mut cursor)?;
        match &chunk.kind {
            b"eXIf" => return Some(chunk.payload),
            b"IEND" => return None,
            _ => {}
        }
    }
}

/// Copies the chunks that make the picture. Texts, times, unknown chunks, palettes of suggestion and the
/// frames of an APNG (which is read as its still image) go, and so does everything behind IEND.
pub(crate) fn rewrite(bytes: &[u8], keep: &Keep<'_>) -> Result<Vec<u8>, Rejection> {
    let mut cursor = Cursor::new(bytes);
    let mut out = Vec::with_capacity(bytes.len());
    out.extend_from_slice(cursor.take(SIGNATURE_BYTES).ok_or_else(truncated)?);
    let mut exif = keep.exif;
    loop {
        let chunk = read(&mut cursor).ok_or_else(truncated)?;
        if chunk.kind == *b"IDAT"
            && let Some(exif) = exif.take()
        {
            push(&mut out, *b"eXIf", exif)?;
        }
        if chunk.kind == *b"IEND" {
            push(&mut out, chunk.kind, &[])?;
            return Ok(out);
        }
        if belongs_to_pixels(&chunk) || (keep.icc == Icc::Keep && chunk.kind == *b"iCCP") {
            out.extend_from_slice(chunk.whole);
        }
        // Palette and pixels follow it (PNG, section 5.6).
        if let (Icc::Put(profile), b"IHDR") = (keep.icc, &chunk.kind) {
            push(&mut out, *b"iCCP", &icc::png_payload(profile))?;
        }
    }
}

/// Critical chunks, and ancillary ones that change how pixels look. The latter have a fixed greatest
/// length: a longer one is no such chunk but luggage.
fn belongs_to_pixels(chunk: &Chunk<'_>) -> bool {
    let longest = match &chunk.kind {
        b"IDAT" => usize::MAX,
        b"IHDR" => 13,
        b"PLTE" => 768,
        b"tRNS" => 256,
        b"cHRM" => 32,
        b"mDCV" => 24,
        b"pHYs" => 9,
        b"cLLI" => 8,
        b"bKGD" => 6,
        b"gAMA" | b"sBIT" | b"cICP" => 4,
        b"sRGB" => 1,
        _ => return false,
    };
    chunk.payload.len() <= longest
}

fn push(out: &mut Vec<u8>, kind: [u8; 4], payload: &[u8]) -> Result<(), Rejection> {
    let length = u32::try_from(payload.len()).map_err(|_| invalid("metadata of 4 GB and more"))?;
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(&kind);
    hasher.update(payload);
    out.extend_from_slice(&length.to_be_bytes());
    out.extend_from_slice(&kind);
    out.extend_from_slice(payload);
    out.extend_from_slice(&hasher.finalize().to_be_bytes());
    Ok(())
}
