//! Checked access to bytes in memory: every read says `None` where a slice index would panic.

/// A position in a byte slice that only moves inside it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Cursor<'a> {
    data: &'a [u8],
    position: usize,
}

impl<'a> Cursor<'a> {
    pub(crate) const fn new(data: &'a [u8]) -> Self {
        Self { data, position: 0 }
    }

    /// A cursor that stands at `position`, or `None` if that lies beyond the end.
    pub(crate) fn at(data: &'a [u8], position: usize) -> Option<Self> {
        (position <= data.len()).then_some(Self { data, position })
    }

    pub(crate) const fn position(&self) -> usize {
        self.position
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.position >= self.data.len()
    }

    /// Everything from here to the end.
    pub(crate) fn rest(&self) -> &'a [u8] {
        self.data.get(self.position..).unwrap_or_default()
    }

    pub(crate) fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let end = self.position.checked_add(length)?;
        let taken = self.data.get(self.position..end)?;
        self.position = end;
        Some(taken)
    }

    pub(crate) fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        self.take(N)?.try_into().ok()
    }

    pub(crate) fn u8(&mut self) -> Option<u8> {
        self.array::<1>().map(|[byte]| byte)
    }

    pub(crate) fn be16(&mut self) -> Option<u16> {
        self.array().map(u16::from_be_bytes)
    }

    pub(crate) fn be32(&mut self) -> Option<u32> {
        self.array().map(u32::from_be_bytes)
    }

    pub(crate) fn le32(&mut self) -> Option<u32> {
        self.array().map(u32::from_le_bytes)
    }

    /// A big-endian number of 0, 2, 4 or 8 bytes; 0 bytes read as 0 (ISO/IEC 14496-12, `iloc`).
    pub(crate) fn be_sized(&mut self, bytes: usize) -> Option<u64> {
        match bytes {
            0 => Some(0),
            2 => self.be16().map(u64::from),
            4 => self.be32().map(u64::from),
            8 => self.array().map(u64::from_be_bytes),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_stay_inside() {
        let mut cursor = Cursor::new(&[1, 2, 3, 4, 5]);
        assert_eq!(cursor.be16(), Some(0x0102));
        assert_eq!(cursor.be32(), None);
        assert_eq!(cursor.position(), 2, "a failed read does not move");
        assert_eq!(cursor.take(usize::MAX), None);
        assert_eq!(cursor.rest(), &[3, 4, 5]);
        assert_eq!(cursor.be_sized(3), None);
        assert_eq!(cursor.take(3), Some(&[3, 4, 5][..]));
        assert!(cursor.is_empty());
        assert!(Cursor::at(&[1], 2).is_none());
    }
}
