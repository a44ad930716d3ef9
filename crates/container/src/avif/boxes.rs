use crate::cursor::Cursor;

/// A box whose payload is in memory.
#[derive(Debug, Clone, Copy)]
pub(super) struct Box<'a> {
    pub(super) kind: [u8; 4],
    pub(super) payload: &'a [u8],
    /// Where the payload begins, counted from the start of the bytes that hold the box's parent.
    pub(super) start: usize,
}

/// The boxes that follow each other in `cursor`; ends with `None` inside if one leaves its parent.
pub(super) fn children<'a>(mut cursor: Cursor<'a>) -> impl Iterator<Item = Option<Box<'a>>> {
    std::iter::from_fn(move || {
        if cursor.is_empty() {
            return None;
        }
        let found = read(&mut cursor);
        if found.is_none() {
            cursor = Cursor::new(&[]);
        }
        Some(found)
    })
}

fn read<'a>(cursor: &mut Cursor<'a>) -> Option<Box<'a>> {
    let size = cursor.be32()?;
    let kind = cursor.array()?;
    let length = match size {
        0 => cursor.rest().len(),
        1 => usize::try_from(cursor.be_sized(8)?).ok()?.checked_sub(16)?,
        size => usize::try_from(size).ok()?.checked_sub(8)?,
    };
    let start = cursor.position();
    Some(Box { kind, payload: cursor.take(length)?, start })
}

/// Version and flags of a full box; the cursor goes behind them.
pub(super) fn version_and_flags(cursor: &mut Cursor<'_>) -> Option<(u8, u32)> {
    let [version, a, b, c] = cursor.array()?;
    Some((version, u32::from_be_bytes([0, a, b, c])))
}
