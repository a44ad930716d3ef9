use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// How many bytes may still be read before the head of the final response is complete.
///
/// hyper bounds a single head, but skips any number of informational responses (`100 Continue`,
/// `103 Early Hints`) before it; this bounds them all together (RELIABILITY T55).
#[derive(Debug, Clone)]
pub(crate) struct HeadBudget(Arc<AtomicU64>);

impl HeadBudget {
    pub(crate) fn new(bytes: u64) -> Self {
        Self(Arc::new(AtomicU64::new(bytes)))
    }

    /// The head is complete: from now on the body's own limits hold.
    pub(crate) fn lift(&self) {
        self.0.store(u64::MAX, Ordering::Relaxed);
    }

    fn spend(&self, bytes: u64) -> io::Result<()> {
        self.0
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| {
                if left == u64::MAX { Some(left) } else { left.checked_sub(bytes) }
            })
            .map(|_| ())
            .map_err(|_| {
                io::Error::new(io::ErrorKind::InvalidData, "too many bytes before the final response")
            })
    }
}

/// A connection whose reads spend a [`HeadBudget`].
#[derive(Debug)]
pub(crate) struct Budgeted<S> {
    stream: S,
    budget: HeadBudget,
}

impl<S> Budgeted<S> {
    pub(crate) fn new(stream: S, budget: HeadBudget) -> Self {
        Self { stream, budget }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Budgeted<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        let polled = Pin::new(&mut self.stream).poll_read(cx, buf);
        if matches!(polled, Poll::Ready(Ok(()))) {
            self.budget.spend(buf.filled().len().saturating_sub(before) as u64)?;
        }
        polled
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Budgeted<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::AsyncReadExt;

    use super::*;

    #[tokio::test]
    async fn reads_end_with_the_budget_unless_it_is_lifted() {
        let budget = HeadBudget::new(10);
        let mut stream = Budgeted::new(&[7_u8; 30][..], budget.clone());
        stream.read_exact(&mut [0; 10]).await.unwrap();
        assert_eq!(stream.read(&mut [0; 1]).await.unwrap_err().kind(), io::ErrorKind::InvalidData);
        budget.lift();
        stream.read_exact(&mut [0; 19]).await.unwrap();
    }
}
