use std::time::Duration;

use crate::rule::millis;
use crate::{Block, BlockedSubject, Escalation, Penalty, Standing};

const HOUR: u64 = 3_600_000;
/// Hours that limit hits are counted for, the current one included.
const HOURS: u64 = 24;

/// The violations of one subject. Instants are milliseconds since 1970.
///
/// The same states and steps as in `script/penalty.lua`; `tests/escalation.rs` holds both to one behaviour.
#[derive(Debug)]
pub(crate) struct Offender {
    pub(crate) label: String,
    violations: u32,
    /// Violations are forgiven from this instant on, one every `decay`.
    at: u64,
    decay: u64,
    block: Option<Standstill>,
    /// Hour since 1970 and its hits, at most [`HOURS`] of them.
    hits: Vec<(u64, u32)>,
}

#[derive(Debug)]
struct Standstill {
    tier: u8,
    since: u64,
    length: u64,
    /// Violations that the count goes on with.
    after: u32,
}

impl Offender {
    pub(crate) fn new(penalty: &Penalty, now: u64) -> Self {
        let decay = millis(penalty.settings.decay);
        let label = penalty.label.clone();
        Self { label, violations: 0, at: now, decay, block: None, hits: Vec::new() }
    }

    /// Brings the state to the instant `now`: ends a block, then forgives. A clock that went back lets a
    /// block begin anew at most.
    pub(crate) fn settle(&mut self, now: u64) {
        self.at = self.at.min(now);
        if let Some(block) = &mut self.block {
            block.since = block.since.min(now);
            let ends = block.since + block.length;
            if now < ends {
                return;
            }
            (self.violations, self.at) = (block.after, ends);
            self.block = None;
        }
        let forgiven = (now - self.at) / self.decay;
        if forgiven >= u64::from(self.violations) {
            (self.violations, self.at) = (0, now);
        } else {
            self.violations -= u32::try_from(forgiven).unwrap_or(u32::MAX);
            self.at += forgiven * self.decay;
        }
    }

    /// The block that stands at `now`. Settled before.
    pub(crate) fn blocked(&self, now: u64) -> Option<Block> {
        let block = self.block.as_ref()?;
        let rest = (block.since + block.length).saturating_sub(now);
        Some(Block { tier: block.tier, retry_after: Duration::from_millis(rest), entered: false })
    }

    /// Whether nothing blocks it at `now`, settled or not.
    pub(crate) fn is_free(&self, now: u64) -> bool {
        self.blocked(now).is_none_or(|block| block.retry_after.is_zero())
    }

    /// Counts one violation, which may begin a block. Settled before, and not blocked.
    pub(crate) fn violate(&mut self, settings: &Escalation, now: u64) -> Option<Block> {
        self.decay = millis(settings.decay);
        self.violations = self.violations.saturating_add(1);
        let tier = settings.entered(self.violations)?;
        let length = settings.cooldown(tier);
        let after = settings.after(tier, self.violations);
        self.block = Some(Standstill { tier, since: now, length, after });
        Some(Block { tier, retry_after: Duration::from_millis(length), entered: true })
    }

    /// Counts one answer that refused, by a limit or by a block.
    pub(crate) fn hit(&mut self, now: u64) {
        let hour = now / HOUR;
        match self.hits.iter_mut().find(|(of, _)| *of == hour) {
            Some((_, count)) => *count = count.saturating_add(1),
            None => {
                self.hits.retain(|(of, _)| is_recent(*of, hour));
                self.hits.push((hour, 1));
            }
        }
    }

    pub(crate) fn hits(&self, now: u64) -> u32 {
        let recent = self.hits.iter().filter(|(hour, _)| is_recent(*hour, now / HOUR));
        recent.fold(0, |sum, (_, count)| sum.saturating_add(*count))
    }

    /// Forgets violations and block, but not the hits. Returns whether there was anything.
    pub(crate) fn forgive(&mut self, now: u64) -> bool {
        self.settle(now);
        let any = self.violations > 0 || self.block.is_some();
        (self.violations, self.block) = (0, None);
        any
    }

    /// Settled before.
    pub(crate) fn standing(&self, now: u64) -> Standing {
        let blocked = self.blocked(now);
        let tier = blocked.map_or(u8::from(self.violations > 0), |block| block.tier);
        let blocked_for = blocked.map(|block| block.retry_after).unwrap_or_default();
        Standing { tier, violations: self.violations, blocked_for }
    }

    /// Its line in the list, if it is blocked. Settled before.
    pub(crate) fn line(&self, now: u64) -> Option<BlockedSubject> {
        let Block { tier, retry_after, .. } = self.blocked(now)?;
        Some(BlockedSubject { label: self.label.clone(), tier, retry_after })
    }
}

fn is_recent(hour: u64, current: u64) -> bool {
    hour <= current && current - hour < HOURS
}
