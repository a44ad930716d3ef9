use std::io::{BufRead, Seek};

use super::directory::{Directory, Entry, Reader};
use super::{Page, tag};
use crate::error::{InspectError, invalid};

/// Tiles up to this edge, in pixels, are used for pages of any size.
const USUAL_TILE_EDGE: u32 = 1_024;

/// How many strips or tiles a page has, and how many bytes each holds uncompressed at most.
struct Pieces {
    name: &'static str,
    count: u64,
    offsets: Entry,
    byte_counts: Option<Entry>,
}

/// Checks that every strip or tile of the page lies inside the file, and that uncompressed ones hold
/// enough bytes for the page.
pub(super) fn check<R: BufRead + Seek>(
    reader: &mut Reader<'_, '_, R>,
    directory: &Directory,
    page: &Page,
) -> Result<(), InspectError> {
    let pieces = match directory.find(tag::TILE_OFFSETS) {
        Some(offsets) => tiles(reader, directory, page, offsets)?,
        None => strips(reader, directory, page)?,
    };
    let Pieces { name, count, offsets, byte_counts } = pieces;
    if offsets.count < count || byte_counts.is_some_and(|entry| entry.count < count) {
        return Err(invalid(format!("the TIFF lists {} of its {count} {name}s", offsets.count)).into());
    }
    let lengths = lengths(reader, byte_counts, count)?;
    let end = reader.file_bytes();
    let mut lengths = lengths.into_iter();
    let mut total = 0_u64;
    reader.values(&Entry { count, ..offsets }, |offset| {
        let length = lengths.next().unwrap_or(1);
        total = total.saturating_add(length);
        if offset == 0 || length == 0 || offset.saturating_add(length) > end {
            return Err(invalid(format!(
                "a TIFF {name} of {length} bytes at {offset} lies outside the file of {end} bytes"
            ))
            .into());
        }
        Ok(())
    })?;
    let is_plain = directory.number(reader, tag::COMPRESSION)?.unwrap_or(1) == 1;
    // No overflow: `read_page` has bounded all factors.
    let row_bits = u64::from(page.width) * page.samples * page.bits;
    let needed = row_bits / 8 * u64::from(page.height);
    if is_plain && byte_counts.is_some() && total < needed {
        return Err(invalid(format!("the TIFF is truncated: {total} of {needed} bytes of pixels")).into());
    }
    Ok(())
}

fn lengths<R: BufRead + Seek>(
    reader: &mut Reader<'_, '_, R>,
    entry: Option<Entry>,
    count: u64,
) -> Result<Vec<u64>, InspectError> {
    let mut lengths = Vec::new();
    if let Some(entry) = entry {
        reader.values(&Entry { count, ..entry }, |length| {
            lengths.push(length);
            Ok(())
        })?;
    }
    Ok(lengths)
}

fn strips<R: BufRead + Seek>(
    reader: &mut Reader<'_, '_, R>,
    directory: &Directory,
    page: &Page,
) -> Result<Pieces, InspectError> {
    let offsets = directory.find(tag::STRIP_OFFSETS).ok_or_else(|| invalid("the TIFF has no image data"))?;
    let height = u64::from(page.height);
    let rows = directory.number(reader, tag::ROWS_PER_STRIP)?.unwrap_or(height).min(height);
    if rows == 0 {
        return Err(invalid("the TIFF has strips of 0 rows").into());
    }
    let count = height.div_ceil(rows) * planes(reader, directory, page)?;
    Ok(Pieces { name: "strip", count, offsets, byte_counts: directory.find(tag::STRIP_BYTE_COUNTS) })
}

fn tiles<R: BufRead + Seek>(
    reader: &mut Reader<'_, '_, R>,
    directory: &Directory,
    page: &Page,
    offsets: Entry,
) -> Result<Pieces, InspectError> {
    let width = directory.number(reader, tag::TILE_WIDTH)?.unwrap_or(0);
    let length = directory.number(reader, tag::TILE_LENGTH)?.unwrap_or(0);
    if width == 0 || length == 0 {
        return Err(invalid(format!("the TIFF has tiles of {width}x{length} pixels")).into());
    }
    // A tile is decoded as a whole, and only the page's own size is admitted to memory. The edges of tiles are
    // multiples of 16 (TIFF 6.0, section 15).
    let most = |edge: u32| u64::from(edge.max(USUAL_TILE_EDGE)).next_multiple_of(16);
    if width > most(page.width) || length > most(page.height) {
        return Err(invalid(format!(
            "the TIFF has tiles of {width}x{length} for a page of {}x{} pixels",
            page.width, page.height
        ))
        .into());
    }
    let count = u64::from(page.width).div_ceil(width)
        * u64::from(page.height).div_ceil(length)
        * planes(reader, directory, page)?;
    Ok(Pieces { name: "tile", count, offsets, byte_counts: directory.find(tag::TILE_BYTE_COUNTS) })
}

/// Separate planes (PlanarConfiguration 2) have strips of their own for every sample.
fn planes<R: BufRead + Seek>(
    reader: &mut Reader<'_, '_, R>,
    directory: &Directory,
    page: &Page,
) -> Result<u64, InspectError> {
    let is_separate = directory.number(reader, tag::PLANAR)? == Some(2);
    Ok(if is_separate { page.samples } else { 1 })
}
