use std::time::Duration;

use crate::{Block, LeaseGuard, Penalty, Rule};

/// One limit that a request has to respect.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Check {
    /// Part of the key: one name, one meaning, one period.
    pub policy: &'static str,
    /// Who is counted: an account, a key, an address. Stored as its hash only.
    pub subject: String,
    /// How quota is given.
    pub rule: Rule,
    /// Units that are taken: 0 only looks and is always allowed.
    pub cost: u32,
}

/// Everything that one request is measured by, decided at once.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Request {
    /// The limits. If one refuses, nothing is taken from any. Two checks of one policy and subject add up.
    pub checks: Vec<Check>,
    /// Who answers for a refusal; nobody if `None`.
    pub penalty: Option<Penalty>,
}

/// Who decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// Redis: the limit holds for all nodes together.
    Redis,
    /// This process, because Redis is away: a node's share of the limit holds for this node.
    Local,
}

/// One limit after the decision.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Outcome {
    /// The policy of the check.
    pub policy: &'static str,
    /// The limit in force: the rule's, or this node's share of it if this process decided.
    pub limit: u32,
    /// Whole units left, 0 to `limit`.
    pub remaining: u32,
    /// Units in use, begun tokens of a bucket included; this request's too if all of it was allowed. May
    /// exceed `limit` after the limit was lowered.
    pub used: u32,
    /// Until there is more quota, rounded up to milliseconds.
    ///
    /// If this check was refused: until its cost fits, together with that of the checks before it of the same
    /// policy and subject. Otherwise until the next window, the next whole
    /// token (zero for a full bucket), or the end of the oldest lease if nobody gives it back (zero if there
    /// is none). A cost above the limit never fits; the time is then that until everything is free.
    pub reset_after: Duration,
    /// Whether the cost of this check fitted. What fitted is taken only if everything fitted.
    pub allowed: bool,
}

/// May this request pass, and what is left.
#[derive(Debug)]
#[must_use]
pub struct Verdict {
    /// One for each check, in the order of the request.
    pub outcomes: Vec<Outcome>,
    /// The first check that refused. `None` if the subject was blocked before: then nothing was asked, and
    /// the outcomes only show how the limits stand.
    pub refused: Option<usize>,
    /// The block of the penalty's subject: it stood before, or this refusal began it.
    pub blocked: Option<Block>,
    /// Who decided.
    pub source: Source,
    /// What was taken by rules of the kind [`Rule::Lease`]. Given back when dropped: keep it as long as the
    /// work goes on. `None` if nothing was leased.
    pub lease: Option<LeaseGuard>,
}

impl Verdict {
    /// Whether the request may pass: nothing refused and nobody blocked.
    #[must_use]
    pub fn allowed(&self) -> bool {
        self.refused.is_none() && self.blocked.is_none()
    }

    /// How long the caller has to wait before the next try, zero if it may pass: the rest of a block, or
    /// the longest time of the checks that refused.
    #[must_use]
    pub fn retry_after(&self) -> Duration {
        if let Some(block) = self.blocked {
            return block.retry_after;
        }
        let refused = self.outcomes.iter().filter(|outcome| !outcome.allowed);
        refused.map(|outcome| outcome.reset_after).max().unwrap_or_default()
    }
}
