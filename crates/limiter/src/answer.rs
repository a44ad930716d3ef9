use std::time::Duration;

use crate::{Block, Check, LeaseGuard, Outcome, Source, Verdict};

/// What either engine says, before it is put into words for the caller.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Answer {
    pub(crate) blocked: Option<Block>,
    pub(crate) refused: Option<usize>,
    /// One for each check.
    pub(crate) counts: Vec<Count>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Count {
    pub(crate) allowed: bool,
    pub(crate) used: u32,
    /// Milliseconds.
    pub(crate) reset_after: u64,
}

impl Answer {
    /// Whether what was asked for is taken.
    pub(crate) fn is_taken(&self) -> bool {
        self.refused.is_none() && self.blocked.is_none()
    }

    pub(crate) fn into_verdict<'a>(
        self,
        checks: impl Iterator<Item = &'a Check>,
        source: Source,
        lease: Option<LeaseGuard>,
    ) -> Verdict {
        let outcome = |(check, count): (&Check, Count)| Outcome {
            policy: check.policy,
            limit: check.rule.limit(),
            remaining: check.rule.limit().saturating_sub(count.used),
            used: count.used,
            reset_after: Duration::from_millis(count.reset_after),
            allowed: count.allowed,
        };
        let outcomes = checks.zip(self.counts).map(outcome).collect();
        Verdict { outcomes, refused: self.refused, blocked: self.blocked, source, lease }
    }
}
