//! A request body under guard: a cap in bytes, a deadline and a minimum rate.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use actix_web::error::PayloadError;
use bytes::Bytes;
use futures_util::Stream;
use tokio::time::{Instant, Sleep, sleep_until};

use crate::config::UploadLimits;

/// Why a body was cut off.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum BodyFault {
    /// More bytes than permitted; holds how many had arrived.
    #[error("the body is larger than permitted: {received} bytes so far")]
    TooLarge {
        /// Bytes received when the limit was passed.
        received: u64,
    },
    /// Not complete at the deadline, or slower than the minimum rate.
    #[error("the body did not arrive in time")]
    TooSlow,
}

impl BodyFault {
    /// Finds the fault inside an error that travelled through a parser of the framework.
    pub(crate) fn within(error: &PayloadError) -> Option<Self> {
        match error {
            PayloadError::Io(io) => io.get_ref()?.downcast_ref::<Self>().copied(),
            _ => None,
        }
    }
}

impl From<BodyFault> for PayloadError {
    fn from(fault: BodyFault) -> Self {
        Self::Io(io::Error::other(fault))
    }
}

/// Passes a body through and ends it with a [`BodyFault`] where it breaks a bound.
///
/// The framework's own timeout covers only the head of a request, so this one covers the body.
pub(crate) struct GuardedBody<S> {
    inner: Pin<Box<S>>,
    received: u64,
    cap: u64,
    end: Instant,
    window_bytes: u64,
    window: UploadLimits,
    timer: Pin<Box<Sleep>>,
    failed: bool,
}

impl<S> GuardedBody<S> {
    pub(crate) fn new(inner: S, cap: u64, limits: &UploadLimits) -> Self {
        let now = Instant::now();
        let end = now + limits.deadline;
        Self {
            inner: Box::pin(inner),
            received: 0,
            cap,
            end,
            window_bytes: 0,
            window: limits.clone(),
            timer: Box::pin(sleep_until(end.min(now + limits.rate_window))),
            failed: false,
        }
    }

    /// Called when the timer fires: either the end, or the end of one window of the rate.
    fn check_time(&mut self) -> Result<(), BodyFault> {
        let now = Instant::now();
        let least = self.window.min_bytes_per_second * self.window.rate_window.as_secs();
        if now >= self.end || self.window_bytes < least.max(1) {
            return Err(BodyFault::TooSlow);
        }
        self.window_bytes = 0;
        self.timer.as_mut().reset(self.end.min(now + self.window.rate_window));
        Ok(())
    }
}

impl<S> Stream for GuardedBody<S>
where
    S: Stream<Item = Result<Bytes, PayloadError>>,
{
    type Item = Result<Bytes, PayloadError>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if self.failed {
            return Poll::Ready(None);
        }
        if let Poll::Ready(chunk) = self.inner.as_mut().poll_next(context) {
            let Some(Ok(bytes)) = &chunk else { return Poll::Ready(chunk) };
            self.received += bytes.len() as u64;
            self.window_bytes += bytes.len() as u64;
            if self.received > self.cap {
                self.failed = true;
                let fault = BodyFault::TooLarge { received: self.received };
                return Poll::Ready(Some(Err(fault.into())));
            }
            return Poll::Ready(chunk);
        }
        loop {
            ready!(self.timer.as_mut().poll(context));
            if let Err(fault) = self.check_time() {
                self.failed = true;
                return Poll::Ready(Some(Err(fault.into())));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;
    use std::time::Duration;

    use futures_util::{StreamExt, stream};

    use super::*;

    fn limits() -> UploadLimits {
        UploadLimits {
            body_bytes: 100,
            deadline: Duration::from_secs(60),
            min_bytes_per_second: 10,
            rate_window: Duration::from_secs(5),
            temp_dir: PathBuf::new(),
        }
    }

    fn every_second(bytes: usize) -> impl Stream<Item = Result<Bytes, PayloadError>> {
        stream::unfold((), move |()| async move {
            tokio::time::sleep(Duration::from_secs(1)).await;
            Some((Ok(Bytes::from(vec![b'x'; bytes])), ()))
        })
    }

    async fn fault_of(
        body: impl Stream<Item = Result<Bytes, PayloadError>>,
        cap: u64,
    ) -> (Option<BodyFault>, u64) {
        let start = Instant::now();
        let mut body = GuardedBody::new(body, cap, &limits());
        while let Some(chunk) = body.next().await {
            if let Err(error) = chunk {
                return (BodyFault::within(&error), start.elapsed().as_secs());
            }
        }
        (None, start.elapsed().as_secs())
    }

    #[tokio::test(start_paused = true)]
    async fn silence_ends_after_one_window() {
        assert_eq!(fault_of(stream::pending(), 100).await, (Some(BodyFault::TooSlow), 5));
    }

    #[tokio::test(start_paused = true)]
    async fn a_drip_below_the_rate_ends_after_one_window() {
        assert_eq!(fault_of(every_second(1), 1_000).await, (Some(BodyFault::TooSlow), 5));
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_above_the_rate_ends_at_the_deadline() {
        assert_eq!(fault_of(every_second(20), 1_000_000).await, (Some(BodyFault::TooSlow), 60));
    }

    #[tokio::test(start_paused = true)]
    async fn the_cap_holds_at_the_byte() {
        let exact = stream::iter([Ok(Bytes::from(vec![0; 100]))]);
        assert_eq!(fault_of(exact, 100).await.0, None);
        let over = stream::iter([Ok(Bytes::from(vec![0; 100])), Ok(Bytes::from_static(b"!"))]);
        assert_eq!(fault_of(over, 100).await.0, Some(BodyFault::TooLarge { received: 101 }));
    }
}
