use domain::Rejection;

use super::marker::{APP0, APP1, APP2, APP14, EOI, EXIF_PREFIX, ICC_PREFIX, SOS, is_coding, is_standalone};
use crate::cursor::Cursor;
use crate::error::{invalid, truncated};
use crate::{Icc, Keep, icc};

/// One segment and, behind an SOS, its entropy-coded data.
struct Segment<'a> {
    marker: u8,
    payload: &'a [u8],
    entropy: &'a [u8],
}

/// Walks the segments up to EOI; `None` where the file ends first.
struct Segments<'a> {
    cursor: Cursor<'a>,
}

impl<'a> Segments<'a> {
    fn of(bytes: &'a [u8]) -> Option<Self> {
        Cursor::at(bytes, 2).map(|cursor| Self { cursor })
    }

    /// The next segment; EOI comes as a segment without payload.
    fn read(&mut self) -> Option<Segment<'a>> {
        loop {
            let marker = self.marker()?;
            if marker == EOI {
                return Some(Segment { marker, payload: &[], entropy: &[] });
            }
            if is_standalone(marker) {
                continue;
            }
            let length = usize::from(self.cursor.be16()?).checked_sub(2)?;
            let payload = self.cursor.take(length)?;
            let entropy = if marker == SOS { self.entropy()? } else { &[] };
            return Some(Segment { marker, payload, entropy });
        }
    }

    fn marker(&mut self) -> Option<u8> {
        loop {
            while self.cursor.u8()? != 0xff {}
            let mut code = self.cursor.u8()?;
            while code == 0xff {
                code = self.cursor.u8()?;
            }
            if code != 0 {
                return Some(code);
            }
        }
    }

    /// Everything up to the next marker that is no restart marker.
    fn entropy(&mut self) -> Option<&'a [u8]> {
        let data = self.cursor.rest();
        let is_end =
            |pair: &[u8]| pair.first() == Some(&0xff) && !matches!(pair.get(1), Some(0 | 0xff | 0xd0..=0xd7));
        let end = data.windows(2).position(is_end)?;
        self.cursor.take(end)
    }
}

/// The payload of the first EXIF segment, without its prefix.
pub(crate) fn read_exif(bytes: &[u8]) -> Option<&[u8]> {
    let mut segments = Segments::of(bytes)?;
    loop {
        let segment = segments.read()?;
        match segment.marker {
            SOS | EOI => return None,
            APP1 if segment.payload.starts_with(EXIF_PREFIX) => {
                return segment.payload.strip_prefix(EXIF_PREFIX);
            }
            _ => {}
        }
    }
}

/// Copies what a decoder needs: coding segments with their data, JFIF without its thumbnail, Adobe's
/// colour transform and, if kept, the ICC profile. Bytes behind EOI go.
pub(crate) fn rewrite(bytes: &[u8], keep: &Keep<'_>) -> Result<Vec<u8>, Rejection> {
    let mut segments = Segments::of(bytes).ok_or_else(truncated)?;
    let mut out = Vec::with_capacity(bytes.len());
    out.extend_from_slice(&[0xff, 0xd8]);
    let mut exif = keep.exif;
    let mut profile = if let Icc::Put(profile) = keep.icc { Some(profile) } else { None };
    let mut is_first = true;
    loop {
        let segment = segments.read().ok_or_else(truncated)?;
        let is_jfif = segment.marker == APP0;
        // JFIF wants to be first, so EXIF follows it where there is one.
        if (!is_jfif || !is_first)
            && let Some(exif) = exif.take()
        {
            push(&mut out, APP1, &[EXIF_PREFIX, exif])?;
        }
        if (!is_jfif || !is_first)
            && let Some(profile) = profile.take()
        {
            let segments = icc::jpeg_segments(profile)
                .ok_or_else(|| invalid("a colour profile of 16 MB and more does not fit into a JPEG"))?;
            segments.iter().try_for_each(|part| push(&mut out, APP2, &[ICC_PREFIX, part]))?;
        }
        is_first = false;
        if segment.marker == EOI {
            out.extend_from_slice(&[0xff, EOI]);
            return Ok(out);
        }
        copy(&mut out, &segment, keep.icc == Icc::Keep)?;
    }
}

fn copy(out: &mut Vec<u8>, segment: &Segment<'_>, keep_icc: bool) -> Result<(), Rejection> {
    let payload = segment.payload;
    match segment.marker {
        // Identifier, version, density (12 bytes), then the thumbnail's size, which becomes 0x0.
        APP0 if payload.starts_with(b"JFIF\0") => match payload.get(..12) {
            Some(head) => push(out, APP0, &[head, &[0, 0]]),
            None => Ok(()),
        },
        // Adobe's segment is 12 bytes; anything behind them is not colour information.
        APP14 if payload.starts_with(b"Adobe") => match payload.get(..12) {
            Some(head) => push(out, APP14, &[head]),
            None => Ok(()),
        },
        APP2 if keep_icc && payload.starts_with(ICC_PREFIX) => push(out, APP2, &[payload]),
        marker if is_coding(marker) => {
            push(out, marker, &[payload])?;
            out.extend_from_slice(segment.entropy);
            Ok(())
        }
        _ => Ok(()),
    }
}

fn push(out: &mut Vec<u8>, marker: u8, parts: &[&[u8]]) -> Result<(), Rejection> {
    let length = parts.iter().map(|part| part.len()).sum::<usize>().saturating_add(2);
    let length = u16::try_from(length)
        .map_err(|_| invalid("metadata of more than 65533 bytes does not fit into a JPEG"))?;
    out.extend_from_slice(&[0xff, marker]);
    out.extend_from_slice(&length.to_be_bytes());
    parts.iter().for_each(|part| out.extend_from_slice(part));
    Ok(())
}
