use std::io::{BufRead, Seek};

use domain::{Rejection, SourceFormat};

use super::SIGNATURE_BYTES;
use crate::cursor::Cursor;
use crate::error::{InspectError, invalid, truncated};
use crate::header::check_size;
use crate::stream::Stream;
use crate::{Header, exif};

/// Most chunks of a PNG, those of pixel data not counted: thousands of IDAT chunks are ordinary,
/// thousands of texts are an attack (RELIABILITY F3, T7).
const MAX_CHUNKS: u32 = 1_000;
/// Largest ancillary chunk in bytes: libpng takes the declared length as memory (RELIABILITY F3).
const MAX_ANCILLARY_BYTES: u64 = 8 << 20;

/// What the walk has seen so far.
#[derive(Default)]
struct Walk {
    image: Option<Image>,
    has_palette: bool,
    has_data: bool,
    has_transparency: bool,
    orientation: Option<u8>,
    chunks: u32,
}

#[derive(Clone, Copy)]
struct Image {
    width: u32,
    height: u32,
    colour_type: u8,
}

/// Walks every chunk up to IEND; what follows it is nobody's business and is ignored.
pub(crate) fn inspect<R: BufRead + Seek>(stream: &mut Stream<'_, R>) -> Result<Header, InspectError> {
    stream.skip(SIGNATURE_BYTES as u64)?;
    let mut walk = Walk::default();
    loop {
        let length = u64::from(stream.be32()?);
        let kind = stream.array::<4>()?;
        walk.admit(kind, length, stream.remaining())?;
        match &kind {
            b"IEND" => break,
            b"IHDR" => walk.image = Some(read_image(&checked(stream, kind, length)?)?),
            b"PLTE" => walk.palette(&checked(stream, kind, length)?)?,
            b"IDAT" => {
                walk.data()?;
                check_crc(stream, kind, length)?;
            }
            b"eXIf" => {
                let payload = stream.vec(length)?;
                walk.orientation.get_or_insert(exif::orientation(&payload));
                stream.skip(4)?;
            }
            _ => {
                walk.has_transparency |= kind == *b"tRNS";
                stream.skip(length.saturating_add(4))?;
            }
        }
    }
    walk.finish().map_err(InspectError::Rejected)
}

impl Walk {
    /// The rules that hold for a chunk of any kind.
    fn admit(&mut self, kind: [u8; 4], length: u64, remaining: u64) -> Result<(), Rejection> {
        if !kind.iter().all(u8::is_ascii_alphabetic) {
            return Err(invalid("the PNG has a chunk whose type is not four letters"));
        }
        let name = String::from_utf8_lossy(&kind).into_owned();
        if self.image.is_none() != (kind == *b"IHDR") {
            return Err(invalid(format!("the PNG has {name} where IHDR, once and first, is expected")));
        }
        if length.saturating_add(4) > remaining {
            return Err(invalid(format!(
                "the PNG chunk {name} declares {length} bytes, but the file ends before that (truncated)"
            )));
        }
        let is_pixels = matches!(&kind, b"IDAT" | b"fdAT");
        let is_critical = kind.first().is_some_and(u8::is_ascii_uppercase);
        if is_critical && !matches!(&kind, b"IHDR" | b"PLTE" | b"IDAT" | b"IEND") {
            return Err(invalid(format!("the PNG has an unknown critical chunk {name}")));
        }
        if !is_critical && !is_pixels && length > MAX_ANCILLARY_BYTES {
            return Err(invalid(format!(
                "the PNG chunk {name} has {length} bytes and exceeds {MAX_ANCILLARY_BYTES}"
            )));
        }
        self.chunks = self.chunks.saturating_add(u32::from(!is_pixels));
        if self.chunks > MAX_CHUNKS {
            return Err(invalid(format!("the PNG has more than {MAX_CHUNKS} chunks")));
        }
        Ok(())
    }

    fn palette(&mut self, payload: &[u8]) -> Result<(), Rejection> {
        if payload.is_empty() || payload.len() > 768 || !payload.len().is_multiple_of(3) {
            return Err(invalid(format!("the PNG palette has {} bytes", payload.len())));
        }
        self.has_palette = true;
        Ok(())
    }

    fn data(&mut self) -> Result<(), Rejection> {
        if self.image.is_some_and(|image| image.colour_type == 3) && !self.has_palette {
            return Err(invalid("the PNG is indexed but has no palette before its data"));
        }
        self.has_data = true;
        Ok(())
    }

    fn finish(self) -> Result<Header, Rejection> {
        let image = self.image.ok_or_else(truncated)?;
        if !self.has_data {
            return Err(invalid("the PNG has no image data (IDAT)"));
        }
        Ok(Header {
            format: SourceFormat::Png,
            width: image.width,
            height: image.height,
            frames: 1,
            has_alpha: self.has_transparency || matches!(image.colour_type, 4 | 6),
            orientation: self.orientation.unwrap_or(1),
        })
    }
}

/// A chunk's payload, its checksum verified; the caller has bounded `length`.
fn checked<R: BufRead + Seek>(
    stream: &mut Stream<'_, R>,
    kind: [u8; 4],
    length: u64,
) -> Result<Vec<u8>, InspectError> {
    if length > MAX_ANCILLARY_BYTES {
        return Err(invalid(format!("a PNG header chunk has {length} bytes")).into());
    }
    let payload = stream.vec(length)?;
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(&kind);
    hasher.update(&payload);
    compare(kind, hasher, stream.be32()?)?;
    Ok(payload)
}

fn check_crc<R: BufRead + Seek>(
    stream: &mut Stream<'_, R>,
    kind: [u8; 4],
    length: u64,
) -> Result<(), InspectError> {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(&kind);
    stream.chunks(length, |part| hasher.update(part))?;
    compare(kind, hasher, stream.be32()?)?;
    Ok(())
}

fn compare(kind: [u8; 4], hasher: crc32fast::Hasher, stored: u32) -> Result<(), Rejection> {
    if hasher.finalize() == stored {
        return Ok(());
    }
    Err(invalid(format!("the checksum of the PNG chunk {} is wrong", String::from_utf8_lossy(&kind))))
}

/// IHDR: size, bit depth, colour type and methods (section 11.2.1, table 12).
fn read_image(payload: &[u8]) -> Result<Image, Rejection> {
    let mut cursor = Cursor::new(payload);
    let (Some(width), Some(height), Some([depth, colour_type, compression, filter, interlace]), true) =
        (cursor.be32(), cursor.be32(), cursor.array(), payload.len() == 13)
    else {
        return Err(invalid(format!("the PNG header has {} bytes, not 13", payload.len())));
    };
    let depths: &[u8] = match colour_type {
        0 => &[1, 2, 4, 8, 16],
        3 => &[1, 2, 4, 8],
        2 | 4 | 6 => &[8, 16],
        _ => &[],
    };
    if !depths.contains(&depth) {
        return Err(invalid(format!("the PNG has colour type {colour_type} with {depth} bits")));
    }
    if compression != 0 || filter != 0 || interlace > 1 {
        return Err(invalid("the PNG uses an unknown compression, filter or interlace method"));
    }
    check_size(width, height, 1)?;
    Ok(Image { width, height, colour_type })
}
