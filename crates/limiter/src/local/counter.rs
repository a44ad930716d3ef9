use uuid::Uuid;

use crate::Rule;

/// The state of one limit of one subject. Instants are milliseconds since 1970.
///
/// The same states and steps as in `script/counters.lua`; `tests/model.rs` holds both to one model.
#[derive(Debug)]
pub(crate) enum Counter {
    /// What is missing to a full bucket at the instant `at`; one token is `per` parts, so that `limit`
    /// parts flow in every millisecond and nothing is rounded.
    Bucket { missing: u128, at: u64, per: u64 },
    /// Units taken in the window with this number.
    Window { number: u64, length: u64, used: u32 },
    /// Who holds a slot, and until when.
    Lease { held: Vec<(Uuid, u64)> },
}

impl Counter {
    pub(crate) fn new(rule: &Rule, now: u64) -> Self {
        let period = rule.millis();
        match rule {
            Rule::Bucket { .. } => Self::Bucket { missing: 0, at: now, per: period },
            Rule::Window { .. } => Self::Window { number: now / period, length: period, used: 0 },
            Rule::Lease { .. } => Self::Lease { held: Vec::new() },
        }
    }

    /// Brings the state to the instant `now`. A clock that went back shortens nothing and prolongs nothing
    /// by more than one period.
    pub(crate) fn settle(&mut self, rule: &Rule, now: u64) {
        let period = rule.millis();
        match self {
            Self::Bucket { missing, at, per } if *per == period => {
                let passed = now.saturating_sub(*at).min(period);
                *missing = missing.saturating_sub(u128::from(passed) * u128::from(rule.limit()));
                *at = now;
            }
            Self::Window { number, length, .. } if *number == now / period && *length == period => {}
            Self::Lease { held } => {
                held.retain(|(_, ends)| *ends > now);
                held.iter_mut().for_each(|(_, ends)| *ends = (*ends).min(now + period));
            }
            Self::Bucket { .. } | Self::Window { .. } => *self = Self::new(rule, now),
        }
    }

    /// Begun units.
    pub(crate) fn used(&self) -> u32 {
        match self {
            Self::Bucket { missing, per, .. } => {
                u32::try_from(missing.div_ceil(u128::from(*per))).unwrap_or(u32::MAX)
            }
            Self::Window { used, .. } => *used,
            Self::Lease { held } => u32::try_from(held.len()).unwrap_or(u32::MAX),
        }
    }

    /// Whether `cost` more units are within the limit.
    pub(crate) fn fits(&self, rule: &Rule, cost: u32) -> bool {
        // Begun tokens are whole ones here: what fits is a whole number of tokens.
        cost == 0 || u64::from(self.used()) + u64::from(cost) <= u64::from(rule.limit())
    }

    /// Takes what fits.
    pub(crate) fn take(&mut self, rule: &Rule, cost: u32, lease: Uuid, now: u64) {
        match self {
            Self::Bucket { missing, per, .. } => *missing += u128::from(*per) * u128::from(cost),
            Self::Window { used, .. } => *used = used.saturating_add(cost),
            Self::Lease { held } => held.extend((0..cost).map(|_| (lease, now + rule.millis()))),
        }
    }

    /// Gives back, never more than was taken. Of a lease: what was taken last.
    pub(crate) fn give_back(&mut self, cost: u32) {
        match self {
            Self::Bucket { missing, per, .. } => {
                *missing = missing.saturating_sub(u128::from(*per) * u128::from(cost));
            }
            Self::Window { used, .. } => *used = used.saturating_sub(cost),
            Self::Lease { held } => held.truncate(held.len().saturating_sub(cost as usize)),
        }
    }

    /// Gives back everything that is held under this id.
    pub(crate) fn release(&mut self, lease: Uuid) {
        if let Self::Lease { held } = self {
            held.retain(|(id, _)| *id != lease);
        }
    }

    /// Milliseconds until there is more quota, or until a refused `cost` fits.
    pub(crate) fn reset_after(&self, rule: &Rule, cost: u32, allowed: bool, now: u64) -> u64 {
        let limit = rule.limit();
        match self {
            Self::Bucket { missing, per, .. } => {
                if limit == 0 {
                    return *per;
                }
                let free = if allowed { self.used().saturating_sub(1) } else { limit.saturating_sub(cost) };
                let excess = missing.saturating_sub(u128::from(*per) * u128::from(free));
                u64::try_from(excess.div_ceil(u128::from(limit))).unwrap_or(u64::MAX)
            }
            Self::Window { length, .. } => length - now % length,
            Self::Lease { held } => {
                let mut ends: Vec<u64> = held.iter().map(|(_, ends)| *ends).collect();
                if ends.is_empty() {
                    return if allowed { 0 } else { rule.millis() };
                }
                ends.sort_unstable();
                let excess = (held.len() + cost as usize).saturating_sub(limit as usize);
                let freed = if allowed { 1 } else { excess.clamp(1, ends.len()) };
                ends[freed - 1] - now
            }
        }
    }

    /// Whether it says nothing any more at the instant `now`.
    pub(crate) fn is_over(&self, now: u64) -> bool {
        match self {
            Self::Bucket { missing, at, per } => *missing == 0 || now.saturating_sub(*at) >= *per,
            Self::Window { number, length, .. } => *number != now / length,
            Self::Lease { held } => held.iter().all(|(_, ends)| *ends <= now),
        }
    }
}
