use std::time::Duration;

/// The longest period of a rule in milliseconds: 366 days. A longer one counts as this one.
const LONGEST: u64 = 366 * 86_400_000;

/// How quota is given. Periods are counted in whole milliseconds, from 1 ms to 366 days.
///
/// `limit` is 0 to `u32::MAX`; 0 refuses everything that costs something. The arithmetic of a bucket is
/// exact up to `limit` × `per` in milliseconds = 2^53, which is a hundred million tokens a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rule {
    /// A token bucket: holds `limit` tokens at most, and `limit` tokens flow in evenly during every `per`.
    Bucket {
        /// Capacity in tokens.
        limit: u32,
        /// Time in which an empty bucket becomes full.
        per: Duration,
    },
    /// At most `limit` units in every window of this length. Windows begin at whole multiples of their
    /// length since 1970, for everybody at the same instant, so that "resets at" is the same on all nodes.
    Window {
        /// Units in one window.
        limit: u32,
        /// Length of one window.
        length: Duration,
    },
    /// At most `limit` things at the same time. What is not given back or renewed within `ttl` is given
    /// back by itself, so that a process that dies leaks nothing.
    Lease {
        /// Things at the same time.
        limit: u32,
        /// Life of a lease that nobody renews.
        ttl: Duration,
    },
}

/// The kinds of rules, as they stand in keys and arguments.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Kind {
    Bucket,
    Window,
    Lease,
}

impl Kind {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Bucket => "bucket",
            Self::Window => "window",
            Self::Lease => "lease",
        }
    }
}

impl Rule {
    /// Units this rule gives: tokens, units in a window, things at the same time.
    #[must_use]
    pub fn limit(&self) -> u32 {
        match *self {
            Self::Bucket { limit, .. } | Self::Window { limit, .. } | Self::Lease { limit, .. } => limit,
        }
    }

    /// The time to fill, the length or the life, in milliseconds: 1 to 366 days.
    pub(crate) fn millis(&self) -> u64 {
        let (Self::Bucket { per: period, .. }
        | Self::Window { length: period, .. }
        | Self::Lease { ttl: period, .. }) = self;
        millis(*period)
    }

    pub(crate) fn kind(&self) -> Kind {
        match self {
            Self::Bucket { .. } => Kind::Bucket,
            Self::Window { .. } => Kind::Window,
            Self::Lease { .. } => Kind::Lease,
        }
    }

    /// What one of `nodes` nodes may give on its own: an equal part, rounded up.
    pub(crate) fn share(mut self, nodes: u32) -> Self {
        let (Self::Bucket { limit, .. } | Self::Window { limit, .. } | Self::Lease { limit, .. }) = &mut self;
        *limit = limit.div_ceil(nodes.max(1));
        self
    }
}

/// Whole milliseconds, 1 to 366 days.
pub(crate) fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(LONGEST).clamp(1, LONGEST)
}
