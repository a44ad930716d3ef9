use std::collections::HashMap;
use std::io::{BufRead, Seek};

use domain::Rejection;
use domain::limits::MAX_INPUT_PIXELS;

use super::header::{Items, check_coded, declared_size, read_head};
use super::items::Item;
use crate::cursor::Cursor;
use crate::error::{InspectError, invalid, too_large};
use crate::header::check_size;
use crate::stream::Stream;

/// Tiles up to this edge, in pixels, are used for images of any size.
const USUAL_TILE_EDGE: u32 = 1_024;

/// A grid (ISO/IEC 23008-12 section 6.6.2.3): rows × columns tiles of AV1, together about the image.
pub(super) fn check_grid<R: BufRead + Seek>(
    stream: &mut Stream<'_, R>,
    items: &Items,
    item: &Item,
) -> Result<(u32, u32), InspectError> {
    let meta = &items.meta;
    let size = declared_size(items, item)?;
    let (tiles, output) = read_grid(&read_head(stream, items, item, 12)?)
        .ok_or_else(|| invalid("the AVIF grid has no valid description"))?;
    check_size(output.0, output.1, 1)?;
    if output != size {
        return Err(invalid(format!(
            "the AVIF declares {}x{} pixels, but its grid is {}x{}",
            size.0, size.1, output.0, output.1
        ))
        .into());
    }
    let parts = meta.references.iter().find(|it| it.kind == *b"dimg" && it.from == item.id);
    let parts = parts.map(|reference| reference.to.as_slice()).unwrap_or_default();
    if parts.len() != tiles {
        return Err(invalid(format!("the AVIF grid has {} of its {tiles} tiles", parts.len())).into());
    }
    let mut pixels = 0_u64;
    // A grid may name one item thousands of times: each is looked at once.
    let mut known = HashMap::new();
    for id in parts {
        let size = match known.get(id) {
            Some(size) => *size,
            None => check_tile(stream, items, *id)?,
        };
        known.insert(*id, size);
        pixels = pixels.saturating_add(size);
    }
    check_tiles(pixels, size)?;
    Ok(size)
}

/// Tiles at the right and lower edge may overhang, each by less than its own size; more than that is decoded
/// but not admitted to memory.
fn check_tiles(pixels: u64, (width, height): (u32, u32)) -> Result<(), Rejection> {
    let room = |edge: u32| u64::from(edge) + u64::from(edge.max(USUAL_TILE_EDGE));
    // Twice the limit leaves room for overhang, too.
    if pixels > MAX_INPUT_PIXELS * 2 {
        return Err(too_large(format!("the AVIF tiles hold {pixels} pixels")));
    }
    if pixels > room(width) * room(height) {
        return Err(invalid(format!(
            "the AVIF declares {width}x{height} pixels, but its tiles hold {pixels} pixels"
        )));
    }
    Ok(())
}

/// A tile of a grid; gives its number of pixels.
fn check_tile<R: BufRead + Seek>(
    stream: &mut Stream<'_, R>,
    items: &Items,
    id: u32,
) -> Result<u64, InspectError> {
    let part = items.meta.item(id).filter(|part| part.kind == *b"av01");
    let part = part.ok_or_else(|| invalid("a tile of the AVIF grid is not AV1"))?;
    let (width, height) = check_coded(stream, items, part)?;
    Ok(u64::from(width) * u64::from(height))
}

/// Number of tiles and output size.
fn read_grid(description: &[u8]) -> Option<(usize, (u32, u32))> {
    let mut cursor = Cursor::new(description);
    let [_version, flags, rows, columns] = cursor.array()?;
    let bytes = if flags & 1 == 0 { 2 } else { 4 };
    let width = u32::try_from(cursor.be_sized(bytes)?).ok()?;
    let height = u32::try_from(cursor.be_sized(bytes)?).ok()?;
    Some(((usize::from(rows) + 1) * (usize::from(columns) + 1), (width, height)))
}
