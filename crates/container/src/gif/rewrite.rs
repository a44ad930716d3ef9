use domain::Rejection;

use super::{APPLICATION, EXTENSION, GRAPHIC_CONTROL, IMAGE, PLAIN_TEXT, TRAILER, colour_table_bytes};
use crate::cursor::Cursor;
use crate::error::truncated;
use crate::{Icc, Keep};

/// Copies screen, colour tables, frames with their graphic control, and the loop count. Comments, plain
/// text, every other application extension and the bytes behind the trailer go. GIF has no place for
/// EXIF: `keep.exif` is ignored.
pub(crate) fn rewrite(bytes: &[u8], keep: &Keep<'_>) -> Result<Vec<u8>, Rejection> {
    let mut cursor = Cursor::new(bytes);
    let mut out = Vec::with_capacity(bytes.len());
    screen(&mut cursor, &mut out).ok_or_else(truncated)?;
    // A graphic control belongs to the picture behind it; it waits for that one.
    let mut control = Vec::new();
    while !cursor.is_empty() {
        let start = cursor;
        match cursor.u8().ok_or_else(truncated)? {
            IMAGE => {
                skip_image(&mut cursor).ok_or_else(truncated)?;
                out.append(&mut control);
                out.extend_from_slice(between(start, cursor));
            }
            EXTENSION => {
                let label = cursor.u8().ok_or_else(truncated)?;
                let first = skip_sub_blocks(&mut cursor).ok_or_else(truncated)?;
                match label {
                    GRAPHIC_CONTROL => control = graphic_control(first),
                    PLAIN_TEXT => control.clear(),
                    APPLICATION => {
                        application(&mut out, first, between(start, cursor), keep.icc == Icc::Keep)
                    }
                    _ => {}
                }
            }
            _ => break,
        }
    }
    out.push(TRAILER);
    Ok(out)
}

fn screen<'a>(cursor: &mut Cursor<'a>, out: &mut Vec<u8>) -> Option<()> {
    let head: &'a [u8] = cursor.take(13)?;
    out.extend_from_slice(head);
    out.extend_from_slice(cursor.take(colour_table_bytes(*head.get(10)?))?);
    Some(())
}

/// 21 F9 04, four bytes, 00: written anew, so that luggage in further sub-blocks stays behind.
fn graphic_control(first: &[u8]) -> Vec<u8> {
    match first {
        [_, _, _, _] => [&[EXTENSION, GRAPHIC_CONTROL, 4][..], first, &[0]].concat(),
        _ => Vec::new(),
    }
}

/// The loop count (Netscape 2.0 or its twin of AnimExts) is written anew: luggage in further sub-blocks
/// stays behind.
fn application(out: &mut Vec<u8>, identifier: &[u8], whole: &[u8], keep_icc: bool) {
    match identifier {
        b"NETSCAPE2.0" | b"ANIMEXTS1.0" => {
            // 21 FF 0B, 11 bytes of name, 03 01, loop count (2 bytes), 00.
            if let Some([3, 1, low, high]) = whole.get(14..18) {
                out.extend_from_slice(whole.get(..14).unwrap_or_default());
                out.extend_from_slice(&[3, 1, *low, *high, 0]);
            }
        }
        b"ICCRGBG1012" if keep_icc => out.extend_from_slice(whole),
        _ => {}
    }
}

/// What lies between two positions of the same bytes.
fn between<'a>(start: Cursor<'a>, end: Cursor<'a>) -> &'a [u8] {
    let length = end.position().saturating_sub(start.position());
    start.rest().get(..length).unwrap_or_default()
}

fn skip_image(cursor: &mut Cursor<'_>) -> Option<()> {
    let descriptor = cursor.take(9)?;
    cursor.take(colour_table_bytes(*descriptor.last()?))?;
    cursor.u8()?;
    skip_sub_blocks(cursor).map(|_| ())
}

/// Goes behind the terminator; gives the first sub-block.
fn skip_sub_blocks<'a>(cursor: &mut Cursor<'a>) -> Option<&'a [u8]> {
    let mut first: Option<&[u8]> = None;
    loop {
        let size = cursor.u8()?;
        let block = cursor.take(usize::from(size))?;
        first.get_or_insert(block);
        if size == 0 {
            return first;
        }
    }
}
