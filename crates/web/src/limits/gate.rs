use std::sync::{Arc, Mutex, PoisonError};

use chrono::{DateTime, Utc};
use domain::plan::PlanCatalogue;
use domain::{AccountId, ApiKeyId};
use limiter::{Block, Limiter, Outcome, Source};
use tokio::sync::mpsc;

use super::{EdgeConfig, Tally};
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
    /// The plans, for what refusals call them.
    pub plans: Arc<PlanCatalogue>,
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
pub(crate) struct Standing {
    outcomes: Arc<Mutex<Vec<Outcome>>>,
    /// Who decided.
    pub(crate) source: Source,
    /// When.
    pub(crate) at: DateTime<Utc>,
}

impl Standing {
    pub(crate) fn new(outcomes: Vec<Outcome>, source: Source, at: DateTime<Utc>) -> Self {
        Self { outcomes: Arc::new(Mutex::new(outcomes)), source, at }
    }

    /// Puts a newer outcome in the place of the one of the same policy.
    pub(crate) fn update(&self, outcome: Outcome) {
        let mut outcomes = self.outcomes.lock().unwrap_or_else(PoisonError::into_inner);
        match outcomes.iter_mut().find(|known| known.policy == outcome.policy) {
            Some(known) => *known = outcome,
            None => outcomes.push(outcome),
        }
    }

    pub(crate) fn outcomes(&self) -> Vec<Outcome> {
        self.outcomes.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}
