use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// What a readiness route answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ReadyState {
    /// Send requests.
    Ready,
    /// Send none for now, for these reasons in alphabetical order.
    NotReady(Vec<&'static str>),
    /// Send none any more: the process is ending.
    Draining,
}

impl ReadyState {
    /// Whether requests should be sent.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        *self == Self::Ready
    }
}

#[derive(Debug, Default)]
struct Flags {
    reasons: BTreeSet<&'static str>,
    draining: bool,
}

/// Whether this process should get requests, shared by the health routes and by whoever knows better.
/// Clones share one state.
#[derive(Debug, Clone, Default)]
pub struct Readiness(Arc<Mutex<Flags>>);

impl Readiness {
    /// Ready, as long as nobody objects.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Not ready because of `reason`, a short text for operators ("starting", "database"), until
    /// [`Readiness::unblock`] with the same text.
    pub fn block(&self, reason: &'static str) {
        self.lock().reasons.insert(reason);
    }

    /// `reason` no longer holds.
    pub fn unblock(&self, reason: &'static str) {
        self.lock().reasons.remove(reason);
    }

    /// Not ready for the rest of the process's life.
    pub fn drain(&self) {
        self.lock().draining = true;
    }

    /// The present state; draining hides all other reasons.
    #[must_use]
    pub fn state(&self) -> ReadyState {
        let flags = self.lock();
        match (flags.draining, flags.reasons.is_empty()) {
            (true, _) => ReadyState::Draining,
            (false, true) => ReadyState::Ready,
            (false, false) => ReadyState::NotReady(flags.reasons.iter().copied().collect()),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Flags> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_reason_must_go_before_it_is_ready_and_draining_is_final() {
        let readiness = Readiness::new();
        let other = readiness.clone();
        assert!(readiness.state().is_ready());
        readiness.block("starting");
        other.block("database");
        other.block("database");
        assert_eq!(readiness.state(), ReadyState::NotReady(vec!["database", "starting"]));
        readiness.unblock("starting");
        readiness.unblock("database");
        assert_eq!(other.state(), ReadyState::Ready);
        other.drain();
        readiness.unblock("draining");
        assert_eq!(readiness.state(), ReadyState::Draining);
        assert!(!readiness.state().is_ready());
    }
}
