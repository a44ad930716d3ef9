use std::fmt;

use tokio::runtime::Handle;
use uuid::Uuid;

use crate::hashed::Place;
use crate::{Check, Limiter, Source};

/// Slots of leases that one request holds. Given back when dropped, in the background and without a
/// promise: what cannot be given back, for want of a Tokio runtime or of Redis, ends with its `ttl`.
#[must_use]
pub struct LeaseGuard {
    limiter: Limiter,
    lease: Option<Lease>,
}

/// What is held, by whom it was given.
#[derive(Debug, Clone)]
pub(crate) struct Lease {
    pub(crate) id: Uuid,
    pub(crate) slots: Vec<(Place, Check)>,
    pub(crate) source: Source,
}

impl LeaseGuard {
    /// Guards what is about to be asked of Redis, if it is anything.
    pub(crate) fn new(limiter: Limiter, id: Uuid, slots: Vec<(Place, Check)>) -> Option<Self> {
        let is_any = !slots.is_empty();
        is_any.then(|| Self { limiter, lease: Some(Lease { id, slots, source: Source::Redis }) })
    }

    /// Notes who decided, and whether there is anything to give back.
    pub(crate) fn settle(&mut self, source: Source, is_taken: bool) {
        self.lease = self.lease.take().filter(|_| is_taken).map(|lease| Lease { source, ..lease });
    }

    /// Gives the slots back now, and returns when that is done or was given up.
    pub async fn release(mut self) {
        if let Some(lease) = self.lease.take() {
            self.limiter.end(&lease).await;
        }
    }

    /// Lets the `ttl` begin anew: for work that may last longer; to be called before half of it is over.
    /// Returns whether that was done; if Redis is away, it may be tried again.
    pub async fn renew(&self) -> bool {
        match &self.lease {
            Some(lease) => self.limiter.prolong(lease).await,
            None => false,
        }
    }
}

impl Drop for LeaseGuard {
    fn drop(&mut self) {
        let Some(lease) = self.lease.take() else { return };
        let limiter = self.limiter.clone();
        match (lease.source, Handle::try_current()) {
            (Source::Local, _) => limiter.end_local(&lease),
            (Source::Redis, Ok(runtime)) => {
                runtime.spawn(async move { limiter.end(&lease).await });
            }
            (Source::Redis, Err(_)) => {}
        }
    }
}

impl fmt::Debug for LeaseGuard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LeaseGuard").field("lease", &self.lease).finish_non_exhaustive()
    }
}
