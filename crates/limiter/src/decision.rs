use std::time::Duration;

use crate::{Check, Outcome, Rule, Source};

/// One limit on its own: at most `limit` units in every window of length `window`. See [`Rule::Window`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FixedWindow {
    /// Part of the key: one name, one meaning, one length.
    pub name: &'static str,
    /// Units in one window.
    pub limit: u32,
    /// Length of a window: 1 ms to 366 days.
    pub window: Duration,
}

impl FixedWindow {
    pub(crate) fn check(&self, subject: &str, cost: u32) -> Check {
        let rule = Rule::Window { limit: self.limit, length: self.window };
        Check { policy: self.name, subject: subject.to_owned(), rule, cost }
    }
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

impl Decision {
    /// One check has one outcome; without any, nothing was refused.
    pub(crate) fn new(outcome: Option<&Outcome>, window: &FixedWindow, source: Source) -> Self {
        let (limit, reset_after) = (window.limit, window.window);
        let none = Self { allowed: true, limit, remaining: limit, used: 0, reset_after, source };
        outcome.map_or(none, |outcome| {
            let Outcome { allowed, limit, remaining, used, reset_after, .. } = *outcome;
            Self { allowed, limit, remaining, used, reset_after, source }
        })
    }
}
