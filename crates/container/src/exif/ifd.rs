use super::ORIENTATION;
use crate::cursor::Cursor;

/// An EXIF payload whose byte order is known.
#[derive(Clone, Copy)]
pub(super) struct Payload<'a> {
    pub(super) data: &'a [u8],
    pub(super) is_little: bool,
}

/// One entry of an IFD, its value found.
#[derive(Clone, Copy)]
pub(super) struct RawEntry<'a> {
    pub(super) tag: u16,
    pub(super) kind: u16,
    pub(super) count: u32,
    /// `count` values of `kind`, as stored.
    pub(super) value: &'a [u8],
}

impl<'a> Payload<'a> {
    /// Reads the eight bytes of header; gives the payload and the offset of IFD0.
    pub(super) fn open(data: &'a [u8]) -> Option<(Self, u32)> {
        let mut cursor = Cursor::new(data);
        let is_little = match cursor.take(4)? {
            b"II*\0" => true,
            b"MM\0*" => false,
            _ => return None,
        };
        let payload = Self { data, is_little };
        let first = payload.u32(&mut cursor)?;
        Some((payload, first))
    }

    fn u16(&self, cursor: &mut Cursor<'a>) -> Option<u16> {
        cursor.array().map(|b| if self.is_little { u16::from_le_bytes(b) } else { u16::from_be_bytes(b) })
    }

    fn u32(&self, cursor: &mut Cursor<'a>) -> Option<u32> {
        cursor.array().map(|b| if self.is_little { u32::from_le_bytes(b) } else { u32::from_be_bytes(b) })
    }

    /// The first value of an entry of type SHORT or LONG.
    pub(super) fn number(&self, entry: &RawEntry<'a>) -> Option<u32> {
        let mut cursor = Cursor::new(entry.value);
        match entry.kind {
            3 => self.u16(&mut cursor).map(u32::from),
            4 | 13 => self.u32(&mut cursor),
            _ => None,
        }
    }

    /// All entries of the IFD at `offset`. `None` if the table or a value lies outside the payload.
    /// Entries of an unknown type are left out: their size cannot be known.
    pub(super) fn entries(&self, offset: u32) -> Option<Vec<RawEntry<'a>>> {
        let mut cursor = Cursor::at(self.data, usize::try_from(offset).ok()?)?;
        let count = self.u16(&mut cursor)?;
        let mut entries = Vec::new();
        for _ in 0..count {
            let (tag, kind, count) = (self.u16(&mut cursor)?, self.u16(&mut cursor)?, self.u32(&mut cursor)?);
            let inline = cursor.take(4)?;
            let Some(size) = type_bytes(kind) else { continue };
            let bytes = usize::try_from(count).ok()?.checked_mul(size)?;
            let value = if bytes <= 4 {
                inline.get(..bytes)?
            } else {
                let offset = self.u32(&mut Cursor::new(inline))?;
                Cursor::at(self.data, usize::try_from(offset).ok()?)?.take(bytes)?
            };
            entries.push(RawEntry { tag, kind, count, value });
        }
        Some(entries)
    }
}

/// Bytes of one value of a field type: TIFF 6.0 section 2 and, for IFD (13), technical note 1.
const fn type_bytes(kind: u16) -> Option<usize> {
    match kind {
        1 | 2 | 6 | 7 => Some(1),
        3 | 8 => Some(2),
        4 | 9 | 11 | 13 => Some(4),
        5 | 10 | 12 => Some(8),
        _ => None,
    }
}

/// The orientation that a payload declares, 1..=8; 1 if it is absent, out of range or not to be found.
pub(crate) fn orientation(payload: &[u8]) -> u8 {
    let payload = payload.strip_prefix(b"Exif\0\0").unwrap_or(payload);
    find_orientation(payload).unwrap_or(1)
}

fn find_orientation(payload: &[u8]) -> Option<u8> {
    let (payload, first) = Payload::open(payload)?;
    let entries = payload.entries(first)?;
    let entry = entries.iter().find(|entry| entry.tag == ORIENTATION)?;
    let value = u8::try_from(payload.number(entry)?).ok()?;
    (1..=8).contains(&value).then_some(value)
}
