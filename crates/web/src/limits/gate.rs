use std::sync::{Arc, Mutex, PoisonError};

use domain::{AccountId, ApiKeyId};
use limiter::{Block, Limiter, Outcome, Source};
use tokio::sync::mpsc;

use super::{EdgeConfig, Tally, TierNames};
use crate::TrustedHops;

/// What the `limit` middleware needs. One instance a service, shared by all threads.
#[derive(Clone)]
pub struct Gate {
    /// Takes from limits.
    pub limiter: Limiter,
    /// Caps of addresses.
    pub edge: EdgeConfig,
    /// Proxies that may be believed about addresses.
    pub trusted_hops: TrustedHops,
    /// Names of plans, for refusals.
    pub tiers: Arc<dyn TierNames>,
    /// What time it is.
    pub clock: Arc<dyn domain::Clock>,
    /// Counts requests for analytics.
    pub tally: Tally,
    /// Told of every key that enters a higher tier of the escalation.
    pub blocks: mpsc::UnboundedSender<BlockEntered>,
}

/// A key entered a tier of the escalation just now.
#[derive(Debug, Clone, Copy)]
pub struct BlockEntered {
    /// Whose key it is.
    pub account: AccountId,
    /// The key.
    pub key: ApiKeyId,
    /// What it entered; at tier 5 the key is to be suspended.
    pub block: Block,
}

/// How the limits of one request stand, for the response's headers. Clones share one state.
#[derive(Debug, Clone)]
pub(crate) struct Standing(Arc<Mutex<(Vec<Outcome>, Source)>>);

impl Standing {
    pub(crate) fn new(outcomes: Vec<Outcome>, source: Source) -> Self {
        Self(Arc::new(Mutex::new((outcomes, source))))
    }

    /// Puts a newer outcome in the place of the one of the same policy.
    pub(crate) fn update(&self, outcome: Outcome) {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match state.0.iter_mut().find(|known| known.policy == outcome.policy) {
            Some(known) => *known = outcome,
            None => state.0.push(outcome),
        }
    }

    pub(crate) fn get(&self) -> (Vec<Outcome>, Source) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}
