use std::time::Duration;

use crate::rule::millis;

/// Violations at which tiers 2, 3, 4 and 5 begin. Generous: a client that ignores `Retry-After` altogether
/// is slowed down after twenty refusals, and one that obeys it is never.
pub const DEFAULT_THRESHOLDS: [u32; 4] = [20, 50, 100, 200];
/// How long tiers 2, 3 and 4 last: 5 minutes, 1 hour, 24 hours.
pub const DEFAULT_COOLDOWNS: [Duration; 3] =
    [Duration::from_secs(300), Duration::from_secs(3_600), Duration::from_secs(86_400)];
/// One violation is forgiven every minute, except while the subject is blocked.
pub const DEFAULT_DECAY: Duration = Duration::from_secs(60);
/// The highest tier of an API key: suspended until somebody lets it back in.
pub const HIGHEST_TIER: u8 = 5;
/// The highest tier of an address: there is nothing to suspend.
pub const HIGHEST_ADDRESS_TIER: u8 = 4;

/// How repeated violations are answered.
///
/// A refusal is one violation (tier 1). One violation is forgiven for every `decay` that passes outside of
/// blocks. When the count reaches a threshold, the subject is blocked for the cool-down of that tier. After
/// a block of the highest tier the count goes on from the threshold below, so that the same number of
/// further violations leads there again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Escalation {
    /// Violations at which tiers 2, 3, 4 and 5 begin: ascending, 1 or more.
    pub thresholds: [u32; 4],
    /// How long tiers 2, 3 and 4 last: 1 ms to 366 days. Tier 5 lasts as long as tier 4 here, so that it holds
    /// even if the caller cannot suspend the key at once.
    pub cooldowns: [Duration; 3],
    /// Time in which one violation is forgiven: 1 ms to 366 days.
    pub decay: Duration,
    /// The highest tier that is entered: 5 for keys, 4 for addresses; 1 never blocks.
    pub max_tier: u8,
}

impl Default for Escalation {
    fn default() -> Self {
        Self {
            thresholds: DEFAULT_THRESHOLDS,
            cooldowns: DEFAULT_COOLDOWNS,
            decay: DEFAULT_DECAY,
            max_tier: HIGHEST_TIER,
        }
    }
}

impl Escalation {
    /// The same for addresses, which end at tier 4.
    #[must_use]
    pub fn for_addresses(self) -> Self {
        Self { max_tier: HIGHEST_ADDRESS_TIER, ..self }
    }

    /// The tier that `violations` enter, 2 to 5, if they do: the count stands at a threshold, or beyond that
    /// of the highest tier.
    pub(crate) fn entered(&self, violations: u32) -> Option<u8> {
        let highest = self.max_tier.min(HIGHEST_TIER);
        (2..=highest).rev().find(|&tier| {
            let threshold = self.threshold(tier);
            violations == threshold || (tier == highest && violations > threshold)
        })
    }

    /// The violations that a block of `tier` leaves behind.
    pub(crate) fn after(&self, tier: u8, violations: u32) -> u32 {
        match tier {
            _ if tier < self.max_tier.min(HIGHEST_TIER) => violations,
            3.. => self.threshold(tier - 1),
            _ => 0,
        }
    }

    /// How long a block of `tier` lasts, in milliseconds.
    pub(crate) fn cooldown(&self, tier: u8) -> u64 {
        millis(self.cooldowns[usize::from(tier.saturating_sub(2)).min(2)])
    }

    /// Tiers 2 to 5.
    fn threshold(&self, tier: u8) -> u32 {
        self.thresholds[usize::from(tier.saturating_sub(2)).min(3)]
    }
}

/// Who answers for a refusal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Penalty {
    /// Whose violations are counted: an API key's id, an address or a network. Stored as its hash only.
    pub subject: String,
    /// What operators see in the list of the blocked, such as `key:<uuid>` or `ip:203.0.113.0`. One label
    /// for each subject, readable in Redis while the subject is blocked or has violations.
    pub label: String,
    /// How violations are answered.
    pub settings: Escalation,
}

/// A subject is blocked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Block {
    /// 2 to 5. At 5 the caller suspends the key; until then it is blocked like tier 4.
    pub tier: u8,
    /// The rest of the block, rounded up to milliseconds.
    pub retry_after: Duration,
    /// Whether this very call entered the tier: true once a block, so that one mail is sent.
    pub entered: bool,
}

/// How a subject stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Standing {
    /// 2 to 5 while blocked, 1 while violations are not forgiven yet, otherwise 0.
    pub tier: u8,
    /// Violations that are not forgiven yet.
    pub violations: u32,
    /// The rest of the block, zero if there is none.
    pub blocked_for: Duration,
}

/// One line of the list of the blocked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BlockedSubject {
    /// The label of the penalty.
    pub label: String,
    /// 2 to 5.
    pub tier: u8,
    /// The rest of the block.
    pub retry_after: Duration,
}
