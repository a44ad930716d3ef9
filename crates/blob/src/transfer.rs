//! Bodies to and from the store.

use std::ops::Range;
use std::path::Path;

use aws_sdk_s3::primitives::ByteStream;
use bytes::Bytes;
use futures_util::TryStreamExt;
use tokio::fs::File;
use tokio::io::{AsyncWriteExt, BufWriter};

use crate::{Blob, BlobError, Object, ObjectKey};

/// Piece of a file that is held in memory while it is sent or written.
const PIECE_BYTES: usize = 64 * 1024;

impl Blob {
    /// Stores `bytes`; an object of the same key is replaced.
    ///
    /// # Errors
    /// As the store says.
    pub async fn put_bytes(
        &self,
        key: &ObjectKey,
        bytes: Bytes,
        content_type: &str,
    ) -> Result<(), BlobError> {
        let length = bytes.len() as u64;
        self.put(key, ByteStream::from(bytes), length, content_type).await
    }

    /// Stores a file, streaming it from disc, and returns its size in bytes. The store refuses a body that
    /// is shorter than announced, so an object is whole or not there.
    ///
    /// # Errors
    /// [`BlobError::File`] where the file cannot be read, others as the store says.
    pub async fn put_file(&self, key: &ObjectKey, path: &Path, content_type: &str) -> Result<u64, BlobError> {
        let length = tokio::fs::metadata(path).await?.len();
        let body = ByteStream::read_from()
            .path(path)
            .buffer_size(PIECE_BYTES)
            .length(aws_sdk_s3::primitives::Length::Exact(length))
            .build()
            .await
            .map_err(std::io::Error::other)?;
        self.put(key, body, length, content_type).await?;
        Ok(length)
    }

    /// Opens an object, or the bytes of `range` of it (the end exclusive, and cut to the object's end).
    ///
    /// # Errors
    /// [`BlobError::Missing`], [`BlobError::Range`], others as they come.
    pub async fn get(&self, key: &str, range: Option<Range<u64>>) -> Result<Object, BlobError> {
        let range = match range {
            Some(range) if range.is_empty() => return Err(BlobError::Range),
            Some(range) => Some(format!("bytes={}-{}", range.start, range.end - 1)),
            None => None,
        };
        let request = self.client.get_object().bucket(&self.bucket).key(key).set_range(range);
        Object::new(request.send().await?)
    }

    /// Reads an object into a new or emptied file and returns its size in bytes. After a failure the file
    /// is removed.
    ///
    /// # Errors
    /// [`BlobError::Missing`], [`BlobError::File`] where the file cannot be written, others as they come.
    pub async fn get_to_file(&self, key: &str, path: &Path) -> Result<u64, BlobError> {
        let object = self.get(key, None).await?;
        let size = object.size;
        if let Err(error) = write(object, path).await {
            // The first failure is the one to report; a leftover file is only litter.
            let _ = tokio::fs::remove_file(path).await;
            return Err(error);
        }
        Ok(size)
    }

    async fn put(
        &self,
        key: &ObjectKey,
        body: ByteStream,
        length: u64,
        content_type: &str,
    ) -> Result<(), BlobError> {
        let announced = i64::try_from(length).map_err(|error| BlobError::Other { source: error.into() })?;
        self.client
            .put_object()
            .bucket(&self.bucket)
            .key(key.to_string())
            .content_length(announced)
            .content_type(content_type)
            .body(body)
            .customize()
            .config_override(self.limits_for(length))
            .send()
            .await?;
        Ok(())
    }
}

async fn write(object: Object, path: &Path) -> Result<(), BlobError> {
    let mut file = BufWriter::with_capacity(PIECE_BYTES, File::create(path).await?);
    let mut chunks = std::pin::pin!(object.into_stream());
    while let Some(chunk) = chunks.try_next().await? {
        file.write_all(&chunk).await?;
    }
    file.flush().await?;
    Ok(())
}
