use std::ops::Range;

use domain::Rejection;

use super::MAX_BOXES;
use super::boxes::children;
use super::items::{Item, Meta, repeated};
use crate::cursor::Cursor;
use crate::error::{invalid, truncated};
use crate::{Keep, MAX_EXIF_BYTES};

/// The item box of a whole file, where its payload begins and where the data of items may lie.
struct Located {
    meta: Meta,
    start: usize,
    data: Vec<Range<usize>>,
}

fn locate(bytes: &[u8]) -> Result<Located, Rejection> {
    let mut found = None;
    let mut data = Vec::new();
    for (index, child) in children(Cursor::new(bytes)).enumerate() {
        let child = child.ok_or_else(truncated)?;
        if index >= MAX_BOXES as usize {
            return Err(invalid(format!("the AVIF has more than {MAX_BOXES} boxes")));
        }
        match &child.kind {
            b"meta" if found.is_some() => return Err(repeated(child.kind)),
            b"meta" => {
                let meta = Meta::parse(child.payload)?;
                data.extend(meta.idat.map(|(start, length)| span(child.start.saturating_add(start), length)));
                found = Some((meta, child.start));
            }
            b"mdat" => data.push(span(child.start, child.payload.len())),
            _ => {}
        }
    }
    let (meta, start) = found.ok_or_else(|| invalid("the AVIF has no items (meta box)"))?;
    Ok(Located { meta, start, data })
}

const fn span(start: usize, length: usize) -> Range<usize> {
    start..start.saturating_add(length)
}

impl Located {
    /// Whether all of `range` lies in one place for data: elsewhere are the boxes themselves.
    fn holds(&self, range: &Range<usize>) -> bool {
        self.data.iter().any(|data| data.start <= range.start && range.end <= data.end)
    }

    /// The ranges of the file that hold an item's data.
    fn ranges(&self, item: &Item, bytes: &[u8]) -> Option<Vec<Range<usize>>> {
        let (base, end) = match (item.is_in_idat, self.meta.idat) {
            (true, Some((start, length))) => {
                let base = self.start.checked_add(start)?;
                (base, base.checked_add(length)?)
            }
            (true, None) => return None,
            (false, _) => (0, bytes.len()),
        };
        let range = |offset: u64, length: u64| {
            let from = base.checked_add(usize::try_from(offset).ok()?)?;
            let to = if length == 0 { end } else { from.checked_add(usize::try_from(length).ok()?)? };
            (from <= to && to <= end).then_some(from..to)
        };
        item.extents.iter().map(|extent| range(extent.offset, extent.length)).collect()
    }
}

fn is_metadata(item: &Item) -> bool {
    matches!(&item.kind, b"Exif" | b"mime" | b"uri ")
}

/// The TIFF structure of the Exif item: four bytes in front of it say how much more precedes it
/// (ISO/IEC 23008-12 annex A.2.1).
pub(crate) fn read_exif(bytes: &[u8]) -> Option<Vec<u8>> {
    let located = locate(bytes).ok()?;
    let item = located.meta.items.iter().find(|item| item.kind == *b"Exif")?;
    let ranges = located.ranges(item, bytes)?;
    let total: usize = ranges.iter().map(ExactSizeIterator::len).sum();
    if total > MAX_EXIF_BYTES + 16 {
        return None;
    }
    let data = ranges.into_iter().map(|range| bytes.get(range)).collect::<Option<Vec<_>>>()?.concat();
    let mut cursor = Cursor::new(&data);
    let skipped = cursor.be32()? as usize;
    cursor.take(skipped)?;
    Some(cursor.rest().to_vec())
}

/// Blanks the Exif, XMP and URI items in place, so that every other offset stays true. A kept EXIF is
/// written over the file's own Exif item if it fits there; items cannot grow or be added in place.
pub(crate) fn rewrite(bytes: &[u8], keep: &Keep<'_>) -> Result<Vec<u8>, Rejection> {
    let located = locate(bytes)?;
    let mut out = bytes.to_vec();
    let (metadata, pictures): (Vec<_>, Vec<_>) =
        located.meta.items.iter().partition(|item| is_metadata(item));
    let ranges = |items: &[&Item]| {
        let ranges = items.iter().map(|item| located.ranges(item, bytes)).collect::<Option<Vec<_>>>();
        ranges.map(|all| all.concat()).ok_or_else(|| invalid("an AVIF item lies outside the file"))
    };
    let (used, unwanted) = (ranges(&pictures)?, ranges(&metadata)?);
    let total: usize = unwanted.iter().map(ExactSizeIterator::len).fold(0, usize::saturating_add);
    if total > bytes.len() {
        return Err(invalid("the AVIF metadata items overlap"));
    }
    for range in unwanted {
        if !located.holds(&range) {
            return Err(invalid("an AVIF metadata item lies outside of the data"));
        }
        if used.iter().any(|other| other.start < range.end && range.start < other.end) {
            return Err(invalid("the AVIF metadata and its image share their bytes"));
        }
        out.get_mut(range).unwrap_or_default().fill(0);
    }
    let mut exif = keep.exif;
    for item in metadata {
        if let (b"Exif", Some(payload)) = (&item.kind, exif)
            && let Some([range]) = located.ranges(item, bytes).as_deref()
            && let Some(slot) = out.get_mut(range.clone())
            // Four bytes of zero: the TIFF structure follows at once.
            && let Some(slot) = slot.get_mut(4..payload.len().saturating_add(4))
        {
            slot.copy_from_slice(payload);
            exif = None;
            continue;
        }
        let start = located.start.saturating_add(item.kind_position);
        if let Some(kind) = out.get_mut(start..start.saturating_add(4)) {
            kind.copy_from_slice(b"free");
        }
    }
    Ok(out)
}
