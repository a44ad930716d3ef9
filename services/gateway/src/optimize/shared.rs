//! The request body as a handle that outlives its parser, so that a refused upload can be read to its end.

use std::cell::RefCell;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};
use std::time::Duration;

use actix_web::error::PayloadError;
use actix_web::web::Payload;
use bytes::Bytes;
use futures_util::{Stream, StreamExt};

/// Bytes that are read and dropped after a refusal, at most.
const DRAIN_BYTES: usize = 16_000_000;
/// Time spent on it, at most.
const DRAIN_TIME: Duration = Duration::from_secs(2);

/// One request body, read from wherever the last reader stopped.
#[derive(Clone)]
pub(crate) struct SharedBody(Rc<RefCell<Payload>>);

impl SharedBody {
    pub(crate) fn new(payload: Payload) -> Self {
        Self(Rc::new(RefCell::new(payload)))
    }

    /// Reads on and drops, within bounds. Closing a socket with unread bytes resets it, and a client that is
    /// still sending would see the reset instead of our answer.
    pub(crate) async fn drain(mut self) {
        let mut left = DRAIN_BYTES;
        let reading = async {
            while let Some(Ok(chunk)) = self.next().await {
                match left.checked_sub(chunk.len()) {
                    Some(rest) => left = rest,
                    None => break,
                }
            }
        };
        // Running out of time is an end like any other: the connection is closed afterwards.
        let _ = tokio::time::timeout(DRAIN_TIME, reading).await;
    }
}

impl Stream for SharedBody {
    type Item = Result<Bytes, PayloadError>;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.0.borrow_mut().poll_next_unpin(context)
    }
}
