use std::time::Duration;

/// At most `limit` units in every window of length `window`. Windows begin at whole multiples of their
/// length since 1970, for everybody at the same instant, so that "resets at" is the same on all nodes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FixedWindow {
    /// Part of the key: one name, one meaning, one length.
    pub name: &'static str,
    /// Units in one window.
    pub limit: u32,
    /// Length of a window; counted in whole milliseconds, at least one.
    pub window: Duration,
}

impl FixedWindow {
    /// The length in milliseconds.
    pub(crate) fn millis(&self) -> u64 {
        u64::try_from(self.window.as_millis()).unwrap_or(u64::MAX).max(1)
    }

    /// The answer when `used` units are taken, this request's included if it is `allowed`.
    pub(crate) fn decision(
        &self,
        allowed: bool,
        used: u32,
        reset_after: Duration,
        source: Source,
    ) -> Decision {
        let remaining = self.limit.saturating_sub(used);
        Decision { allowed, limit: self.limit, remaining, used, reset_after, source }
    }
}

/// Who decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// Redis: the limit holds for all nodes together.
    Redis,
    /// This process, because Redis is away: the limit holds for this node.
    Local,
}

/// May this request pass, and what is left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Decision {
    /// Whether the whole cost fitted into the window. A refused request takes nothing.
    pub allowed: bool,
    /// Units in one window.
    pub limit: u32,
    /// Units left in this window.
    pub remaining: u32,
    /// Units taken in this window, this request included if it was allowed.
    pub used: u32,
    /// Until the next window begins, at most the window's length.
    pub reset_after: Duration,
    /// Who decided.
    pub source: Source,
}
