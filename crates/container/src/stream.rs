//! Checked access to bytes in a file: sequential reads and forward seeks, never the whole file at once.

use std::io::{BufRead, Seek, SeekFrom};

use crate::InspectError;
use crate::error::truncated;

/// A file whose length is known. A read beyond the end is `invalid_image` ("truncated"), never an I/O
/// error.
pub(crate) struct Stream<'r, R> {
    reader: &'r mut R,
    length: u64,
    position: u64,
}

impl<'r, R: BufRead + Seek> Stream<'r, R> {
    /// Measures the file and goes to its start.
    pub(crate) fn open(reader: &'r mut R) -> Result<Self, InspectError> {
        let length = reader.seek(SeekFrom::End(0))?;
        reader.seek(SeekFrom::Start(0))?;
        Ok(Self { reader, length, position: 0 })
    }

    pub(crate) const fn len(&self) -> u64 {
        self.length
    }

    pub(crate) const fn position(&self) -> u64 {
        self.position
    }

    pub(crate) const fn remaining(&self) -> u64 {
        self.length.saturating_sub(self.position)
    }

    /// Goes to an absolute position inside the file.
    pub(crate) fn seek(&mut self, position: u64) -> Result<(), InspectError> {
        if position > self.length {
            return Err(truncated().into());
        }
        // Relative, for the same reason as in `skip`: an absolute seek makes the reader fill its buffer anew.
        let distance = position.checked_signed_diff(self.position).ok_or_else(truncated)?;
        self.reader.seek_relative(distance)?;
        self.position = position;
        Ok(())
    }

    pub(crate) fn skip(&mut self, bytes: u64) -> Result<(), InspectError> {
        if bytes > self.remaining() {
            return Err(truncated().into());
        }
        // Relative, so that a short skip stays inside the reader's buffer.
        self.reader.seek_relative(i64::try_from(bytes).map_err(|_| truncated())?)?;
        self.position = self.position.saturating_add(bytes);
        Ok(())
    }

    /// Hands the next `bytes` bytes to `each`, a buffer at a time.
    pub(crate) fn chunks(&mut self, bytes: u64, mut each: impl FnMut(&[u8])) -> Result<(), InspectError> {
        if bytes > self.remaining() {
            return Err(truncated().into());
        }
        let mut left = bytes;
        while left > 0 {
            let buffer = self.reader.fill_buf()?;
            let size = buffer.len().min(usize::try_from(left).unwrap_or(usize::MAX));
            if size == 0 {
                return Err(truncated().into());
            }
            each(buffer.get(..size).unwrap_or_default());
            self.consume(size);
            left = left.saturating_sub(size as u64);
        }
        Ok(())
    }

    /// Moves behind the next byte equal to `wanted`; the rest of the file is read for it.
    pub(crate) fn skip_past(&mut self, wanted: u8) -> Result<(), InspectError> {
        loop {
            let buffer = self.reader.fill_buf()?;
            if buffer.is_empty() {
                return Err(truncated().into());
            }
            let found = buffer.iter().position(|byte| *byte == wanted);
            let size = found.map_or(buffer.len(), |index| index.saturating_add(1));
            self.consume(size);
            if found.is_some() {
                return Ok(());
            }
        }
    }

    fn consume(&mut self, size: usize) {
        self.reader.consume(size);
        self.position = self.position.saturating_add(size as u64);
    }

    /// The next `bytes` bytes; memory is taken only after they are known to be there.
    pub(crate) fn vec(&mut self, bytes: u64) -> Result<Vec<u8>, InspectError> {
        let mut all = Vec::new();
        self.chunks(bytes, |part| all.extend_from_slice(part))?;
        Ok(all)
    }

    pub(crate) fn array<const N: usize>(&mut self) -> Result<[u8; N], InspectError> {
        if N as u64 > self.remaining() {
            return Err(truncated().into());
        }
        let mut bytes = [0; N];
        self.reader.read_exact(&mut bytes).map_err(|error| match error.kind() {
            std::io::ErrorKind::UnexpectedEof => InspectError::Rejected(truncated()),
            _ => InspectError::Io(error),
        })?;
        self.position = self.position.saturating_add(N as u64);
        Ok(bytes)
    }

    pub(crate) fn u8(&mut self) -> Result<u8, InspectError> {
        self.array::<1>().map(|[byte]| byte)
    }

    pub(crate) fn be16(&mut self) -> Result<u16, InspectError> {
        self.array().map(u16::from_be_bytes)
    }

    pub(crate) fn be32(&mut self) -> Result<u32, InspectError> {
        self.array().map(u32::from_be_bytes)
    }

    pub(crate) fn le16(&mut self) -> Result<u16, InspectError> {
        self.array().map(u16::from_le_bytes)
    }

    pub(crate) fn le32(&mut self) -> Result<u32, InspectError> {
        self.array().map(u32::from_le_bytes)
    }
}
