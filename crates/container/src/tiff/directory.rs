use std::io::{BufRead, Seek};

use crate::error::{InspectError, invalid};
use crate::stream::Stream;

/// Most entries of a directory; TIFF 6.0 defines fewer than a hundred tags.
const MAX_ENTRIES: u64 = 1_000;

/// A TIFF file whose byte order and word size are known.
pub(super) struct Reader<'s, 'r, R> {
    stream: &'s mut Stream<'r, R>,
    is_little: bool,
    is_big_tiff: bool,
}

/// One entry of a directory.
#[derive(Debug, Clone, Copy)]
pub(super) struct Entry {
    pub(super) tag: u16,
    pub(super) kind: u16,
    pub(super) count: u64,
    /// Where the values lie, in the entry itself or elsewhere.
    pub(super) position: u64,
}

/// The first directory of the file.
pub(super) struct Directory(Vec<Entry>);

impl<'s, 'r, R: BufRead + Seek> Reader<'s, 'r, R> {
    /// Reads the file header and goes to the first directory.
    pub(super) fn open(stream: &'s mut Stream<'r, R>) -> Result<Self, InspectError> {
        let [order, _, a, b] = stream.array()?;
        let is_little = order == b'I';
        let is_big_tiff = a == 43 || b == 43;
        let mut reader = Self { stream, is_little, is_big_tiff };
        let first = if is_big_tiff {
            if (reader.u16()?, reader.u16()?) != (8, 0) {
                return Err(invalid("the BigTIFF header is damaged").into());
            }
            reader.u64()?
        } else {
            u64::from(reader.u32()?)
        };
        reader.stream.seek(first)?;
        Ok(reader)
    }

    /// Length of the file in bytes.
    pub(super) fn file_bytes(&self) -> u64 {
        self.stream.len()
    }

    fn u16(&mut self) -> Result<u16, InspectError> {
        let bytes = self.stream.array()?;
        Ok(if self.is_little { u16::from_le_bytes(bytes) } else { u16::from_be_bytes(bytes) })
    }

    fn u32(&mut self) -> Result<u32, InspectError> {
        let bytes = self.stream.array()?;
        Ok(if self.is_little { u32::from_le_bytes(bytes) } else { u32::from_be_bytes(bytes) })
    }

    fn u64(&mut self) -> Result<u64, InspectError> {
        let bytes = self.stream.array()?;
        Ok(if self.is_little { u64::from_le_bytes(bytes) } else { u64::from_be_bytes(bytes) })
    }

    /// The next value of a field type: BYTE, SHORT, LONG, IFD, LONG8, IFD8.
    fn value(&mut self, kind: u16) -> Result<u64, InspectError> {
        match kind {
            1 => self.stream.u8().map(u64::from),
            3 => self.u16().map(u64::from),
            4 | 13 => self.u32().map(u64::from),
            16 | 18 => self.u64(),
            _ => Err(invalid(format!("the TIFF has a number of field type {kind}")).into()),
        }
    }

    fn entry(&mut self) -> Result<Entry, InspectError> {
        let (tag, kind) = (self.u16()?, self.u16()?);
        let count = if self.is_big_tiff { self.u64()? } else { u64::from(self.u32()?) };
        let field = self.stream.position();
        let field_bytes = if self.is_big_tiff { 8 } else { 4 };
        let offset = if self.is_big_tiff { self.u64()? } else { u64::from(self.u32()?) };
        let is_inline = count.saturating_mul(type_bytes(kind)) <= field_bytes;
        Ok(Entry { tag, kind, count, position: if is_inline { field } else { offset } })
    }

    /// Hands every value of an entry to `each`. The values lie inside the file, so that the number of
    /// steps is bounded by its length.
    pub(super) fn values(
        &mut self,
        entry: &Entry,
        mut each: impl FnMut(u64) -> Result<(), InspectError>,
    ) -> Result<(), InspectError> {
        let bytes = entry.count.saturating_mul(type_bytes(entry.kind));
        if entry.position.saturating_add(bytes) > self.file_bytes() {
            return Err(invalid(format!("the TIFF tag {} points outside the file", entry.tag)).into());
        }
        self.stream.seek(entry.position)?;
        for _ in 0..entry.count {
            each(self.value(entry.kind)?)?;
        }
        Ok(())
    }
}

impl Directory {
    /// Reads the directory at the reader's position.
    pub(super) fn read<R: BufRead + Seek>(reader: &mut Reader<'_, '_, R>) -> Result<Self, InspectError> {
        let count = if reader.is_big_tiff { reader.u64()? } else { u64::from(reader.u16()?) };
        if count > MAX_ENTRIES {
            return Err(invalid(format!("the TIFF directory has {count} entries")).into());
        }
        let mut entries = Vec::new();
        for _ in 0..count {
            entries.push(reader.entry()?);
        }
        Ok(Self(entries))
    }

    pub(super) fn find(&self, tag: u16) -> Option<Entry> {
        self.0.iter().find(|entry| entry.tag == tag && entry.count > 0).copied()
    }

    /// The first value of a tag.
    pub(super) fn number<R: BufRead + Seek>(
        &self,
        reader: &mut Reader<'_, '_, R>,
        tag: u16,
    ) -> Result<Option<u64>, InspectError> {
        let Some(entry) = self.find(tag) else { return Ok(None) };
        let mut first = None;
        reader.values(&Entry { count: 1, ..entry }, |value| {
            first = Some(value);
            Ok(())
        })?;
        Ok(first)
    }
}

/// Bytes of one value of a field type (TIFF 6.0 section 2, BigTIFF); an unknown type counts as 1 and is
/// refused when its value is wanted.
const fn type_bytes(kind: u16) -> u64 {
    match kind {
        3 | 8 => 2,
        4 | 9 | 11 | 13 => 4,
        5 | 10 | 12 | 16 | 17 | 18 => 8,
        _ => 1,
    }
}
