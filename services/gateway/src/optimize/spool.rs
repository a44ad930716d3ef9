//! Where an upload waits while it arrives: in memory up to a megabyte, in a temporary file beyond.

use std::io::{BufReader, Cursor, Write};
use std::path::Path;

use bytes::Bytes;
use container::{Header, InspectError};
use domain::{Rejection, Sha256Hash};
use sha2::{Digest, Sha256};
use tempfile::{NamedTempFile, TempPath};

/// Bytes held in memory before the rest goes to disc.
const MEMORY_BYTES: usize = 1 << 20;

/// Why an upload could not be kept.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SpoolError {
    /// More bytes than permitted.
    #[error("{received} bytes exceed the limit of {limit} bytes")]
    TooLarge {
        /// Bytes received so far.
        received: u64,
        /// The limit in bytes.
        limit: u64,
    },
    /// The temporary file could not be written.
    #[error("cannot keep the upload on disc")]
    Disc(#[from] std::io::Error),
}

/// An upload on its way in: hashed while it arrives, never twice in memory.
pub(crate) struct Spool {
    memory: Vec<u8>,
    file: Option<NamedTempFile>,
    hasher: Sha256,
    size: u64,
    limit: u64,
    directory: std::path::PathBuf,
}

/// A complete upload.
pub(crate) struct Spooled {
    /// The bytes.
    pub(crate) body: SpooledBody,
    /// How many.
    pub(crate) size: u64,
    /// Their hash.
    pub(crate) sha256: Sha256Hash,
}

/// Where the bytes are; the file is deleted when this is dropped.
pub(crate) enum SpooledBody {
    /// A small upload.
    Memory(Bytes),
    /// A larger one.
    File(TempPath),
}

impl Spool {
    /// An empty upload of at most `limit` bytes.
    pub(crate) fn new(limit: u64, directory: &Path) -> Self {
        Self {
            memory: Vec::new(),
            file: None,
            hasher: Sha256::new(),
            size: 0,
            limit,
            directory: directory.to_owned(),
        }
    }

    /// Takes the next chunk. File writes are at most one chunk of the socket's buffer, into the page cache.
    pub(crate) fn write(&mut self, chunk: &[u8]) -> Result<(), SpoolError> {
        self.size += chunk.len() as u64;
        if self.size > self.limit {
            return Err(SpoolError::TooLarge { received: self.size, limit: self.limit });
        }
        self.hasher.update(chunk);
        if let Some(file) = &mut self.file {
            file.write_all(chunk)?;
            return Ok(());
        }
        if self.memory.len() + chunk.len() <= MEMORY_BYTES {
            self.memory.extend_from_slice(chunk);
            return Ok(());
        }
        let mut file = tempfile::Builder::new().prefix("optimagio-upload-").tempfile_in(&self.directory)?;
        file.write_all(&self.memory)?;
        file.write_all(chunk)?;
        self.memory = Vec::new();
        self.file = Some(file);
        Ok(())
    }

    /// Ends the upload.
    pub(crate) fn finish(self) -> Result<Spooled, SpoolError> {
        let body = match self.file {
            Some(mut file) => {
                file.flush()?;
                SpooledBody::File(file.into_temp_path())
            }
            None => SpooledBody::Memory(Bytes::from(self.memory)),
        };
        Ok(Spooled { body, size: self.size, sha256: Sha256Hash(self.hasher.finalize().into()) })
    }
}

/// Why a complete upload is not taken.
#[derive(Debug, thiserror::Error)]
pub(crate) enum HeaderError {
    /// The bytes are at fault.
    #[error(transparent)]
    Rejected(Rejection),
    /// Reading them back failed.
    #[error("cannot read the upload back")]
    Disc(#[source] std::io::Error),
}

impl Spooled {
    /// Looks at the header before anything decodes the image. Blocks: run it off the async threads.
    pub(crate) fn inspect(&self) -> Result<Header, HeaderError> {
        let inspected = match &self.body {
            SpooledBody::Memory(bytes) => container::inspect(&mut Cursor::new(bytes)),
            SpooledBody::File(path) => std::fs::File::open(path)
                .map_err(InspectError::Io)
                .and_then(|file| container::inspect(&mut BufReader::with_capacity(1 << 16, file))),
        };
        inspected.map_err(|error| match error {
            InspectError::Rejected(rejection) => HeaderError::Rejected(rejection),
            InspectError::Io(source) => HeaderError::Disc(source),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spool(chunks: &[&[u8]], limit: u64) -> Result<Spooled, SpoolError> {
        let directory = tempfile::tempdir().unwrap();
        let mut spool = Spool::new(limit, directory.path());
        for chunk in chunks {
            spool.write(chunk)?;
        }
        let spooled = spool.finish()?;
        if let SpooledBody::File(path) = &spooled.body {
            assert_eq!(std::fs::read(path).unwrap(), chunks.concat());
        }
        Ok(spooled)
    }

    #[test]
    fn a_small_upload_stays_in_memory() {
        let spooled = spool(&[b"hello ", b"world"], 100).unwrap();
        assert!(matches!(&spooled.body, SpooledBody::Memory(bytes) if &bytes[..] == b"hello world"));
        assert_eq!(spooled.sha256, Sha256Hash::of(b"hello world"));
        assert_eq!(spooled.size, 11);
    }

    #[test]
    fn a_large_upload_goes_to_a_file_whole() {
        let chunk = vec![7; 700_000];
        let spooled = spool(&[&chunk, &chunk, &chunk], 10_000_000).unwrap();
        assert!(matches!(spooled.body, SpooledBody::File(_)));
        assert_eq!(spooled.sha256, Sha256Hash::of(&[chunk.clone(), chunk.clone(), chunk].concat()));
    }

    #[test]
    fn the_limit_holds_at_the_byte_and_leaves_no_file() {
        let directory = tempfile::tempdir().unwrap();
        let mut upload = Spool::new(1_500_000, directory.path());
        upload.write(&vec![1; 1_500_000]).unwrap();
        assert!(matches!(upload.write(b"x"), Err(SpoolError::TooLarge { received: 1_500_001, .. })));
        drop(upload);
        assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 0);
    }
}
