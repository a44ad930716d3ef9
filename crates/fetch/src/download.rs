use std::time::Duration;

use bytes::Bytes;
use http_body_util::BodyExt;
use hyper::body::{Body, Incoming};
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout_at};
use url::Url;

use crate::exchange::Exchange;
use crate::pace::Pace;
use crate::{Config, FetchError, InvalidAnswer, Phase};

/// A download whose head was vetted and whose body arrives chunk by chunk. Dropping it closes the connection.
#[derive(Debug)]
pub struct Download {
    /// The URL that answered, after all redirects.
    pub final_url: Url,
    /// The announced size in bytes.
    pub content_length: Option<u64>,
    /// The last path segment of the requested URL, or else of the final one, cleaned for display.
    pub file_name: Option<String>,
    body: Incoming,
    /// Feeds the body; aborted when dropped.
    _connection: JoinSet<()>,
    max_bytes: u64,
    received: u64,
    pace: Pace,
    deadline: Deadline,
}

/// The end of the whole download.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Deadline {
    pub(crate) at: Instant,
    limit: Duration,
}

impl Deadline {
    pub(crate) fn after(limit: Duration) -> Self {
        Self { at: Instant::now() + limit, limit }
    }

    pub(crate) fn missed(&self) -> FetchError {
        FetchError::Timeout { phase: Phase::Total, limit: self.limit }
    }
}

impl Download {
    pub(crate) fn start(
        exchange: Exchange,
        final_url: Url,
        file_name: Option<String>,
        max_bytes: u64,
        deadline: Deadline,
        config: &Config,
    ) -> Result<Self, FetchError> {
        let body = exchange.response.into_body();
        let content_length = body.size_hint().exact();
        if content_length.is_some_and(|length| length > max_bytes) {
            return Err(FetchError::TooLarge { limit_bytes: max_bytes });
        }
        Ok(Self {
            final_url,
            content_length,
            file_name,
            body,
            _connection: exchange.connection,
            max_bytes,
            received: 0,
            pace: Pace::new(config.min_bytes_per_second, config.rate_window),
            deadline,
        })
    }

    /// The next bytes of the body; `None` after the last one.
    ///
    /// # Errors
    /// [`FetchError::TooLarge`] as soon as more than the permitted bytes arrive, [`FetchError::Timeout`]
    /// when the rate is too low or the total time is over, [`FetchError::Invalid`] when the framing is
    /// broken or the body ends early.
    pub async fn next_chunk(&mut self) -> Result<Option<Bytes>, FetchError> {
        loop {
            let started = Instant::now();
            if started >= self.deadline.at {
                return Err(self.deadline.missed());
            }
            let judged_at = started + self.pace.left();
            let frame = timeout_at(judged_at.min(self.deadline.at), self.body.frame()).await;
            let data = match frame {
                Err(_) if judged_at >= self.deadline.at => return Err(self.deadline.missed()),
                Err(_) => Bytes::new(),
                Ok(None) => return Ok(None),
                Ok(Some(Err(error))) => return Err(FetchError::Invalid(InvalidAnswer::Body(error))),
                // Trailers are read, bounded by hyper, and ignored.
                Ok(Some(Ok(frame))) => frame.into_data().unwrap_or_default(),
            };
            self.count(data.len(), started.elapsed())?;
            if !data.is_empty() {
                return Ok(Some(data));
            }
        }
    }

    fn count(&mut self, bytes: usize, waited: Duration) -> Result<(), FetchError> {
        self.received = self.received.saturating_add(bytes as u64);
        if self.received > self.max_bytes {
            return Err(FetchError::TooLarge { limit_bytes: self.max_bytes });
        }
        if self.pace.record(waited, bytes) {
            return Ok(());
        }
        Err(FetchError::Timeout { phase: Phase::Rate, limit: self.pace.window() })
    }
}
