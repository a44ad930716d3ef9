use aws_sdk_s3::operation::get_object::GetObjectOutput;
use aws_sdk_s3::primitives::ByteStream;
use bytes::Bytes;
use futures_util::Stream;
use futures_util::stream::try_unfold;

use crate::BlobError;

/// An object that is being read.
#[derive(Debug)]
pub struct Object {
    /// Size of the whole object in bytes, also where only a range is read.
    pub size: u64,
    /// Bytes that the stream delivers.
    pub length: u64,
    body: ByteStream,
}

impl Object {
    pub(crate) fn new(output: GetObjectOutput) -> Result<Self, BlobError> {
        let length = non_negative(output.content_length())?;
        let size = match output.content_range() {
            Some(range) => total_of(range).ok_or_else(|| bad_answer("an unreadable Content-Range"))?,
            None => length,
        };
        Ok(Self { size, length, body: output.body })
    }

    /// The bytes in pieces of some KB. The stream fails rather than end early, and a store that stops
    /// sending ends it with [`BlobError::Unavailable`].
    pub fn into_stream(self) -> impl Stream<Item = Result<Bytes, BlobError>> + Send + 'static {
        try_unfold((self.body, self.length), |(mut body, left)| async move {
            match body.next().await {
                Some(Ok(chunk)) => match left.checked_sub(chunk.len() as u64) {
                    Some(left) => Ok(Some((chunk, (body, left)))),
                    None => Err(bad_answer("more bytes than announced")),
                },
                Some(Err(error)) => Err(BlobError::unavailable(error)),
                None if left > 0 => Err(bad_answer("fewer bytes than announced")),
                None => Ok(None),
            }
        })
    }
}

/// A length from the store.
pub(crate) fn non_negative(length: Option<i64>) -> Result<u64, BlobError> {
    length.and_then(|length| u64::try_from(length).ok()).ok_or_else(|| bad_answer("no Content-Length"))
}

/// A store that answers nonsense is broken; it may be well again later.
pub(crate) fn bad_answer(what: &'static str) -> BlobError {
    BlobError::unavailable(format!("it sent {what}"))
}

/// `1000` of `bytes 0-99/1000`.
fn total_of(content_range: &str) -> Option<u64> {
    content_range.strip_prefix("bytes ")?.rsplit_once('/')?.1.parse().ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn the_total_is_read_and_nothing_panics(total in any::<u64>(), noise in ".{0,40}") {
            prop_assert_eq!(total_of(&format!("bytes 0-9/{total}")), Some(total));
            let _ = total_of(&noise);
        }
    }

    #[test]
    fn an_unknown_total_is_none() {
        assert_eq!(total_of("bytes 0-9/*"), None);
        assert_eq!(total_of("lines 0-9/10"), None);
    }
}
