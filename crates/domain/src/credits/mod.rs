//! The arithmetic of credits: what is spent first, and when there is nothing left. No I/O.

mod funds;

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

pub use funds::{Exhausted, Fund, Funds};

use crate::plan::Dimension;

/// What an operation costs, each in its own unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CreditKind {
    /// One for each result that was made.
    Images,
    /// Bytes of the source, for each result.
    SourceBytes,
    /// Bytes of the result: bandwidth.
    ResultBytes,
    /// AI credits.
    Ai,
}

impl CreditKind {
    /// Every kind.
    pub const ALL: [Self; 4] = [Self::Images, Self::SourceBytes, Self::ResultBytes, Self::Ai];

    /// The name in the API and the database.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Images => "images",
            Self::SourceBytes => "source_bytes",
            Self::ResultBytes => "result_bytes",
            Self::Ai => "ai",
        }
    }

    /// The monthly limit of it.
    #[must_use]
    pub const fn dimension(self) -> Dimension {
        match self {
            Self::Images => Dimension::MonthlyImages,
            Self::SourceBytes => Dimension::MonthlySourceBytes,
            Self::ResultBytes => Dimension::BandwidthBytes,
            Self::Ai => Dimension::AiCredits,
        }
    }
}

impl fmt::Display for CreditKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for CreditKind {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text).ok_or_else(|| {
            format!("unknown kind of credit {text:?}; expected images, source_bytes, result_bytes or ai")
        })
    }
}

/// What a plan sells beyond its monthly credits: cents an image or AI credit, cents a GB (10^9 bytes)
/// otherwise.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Overage(BTreeMap<CreditKind, u64>);

impl Overage {
    /// From prices.
    #[must_use]
    pub const fn new(cents: BTreeMap<CreditKind, u64>) -> Self {
        Self(cents)
    }

    /// The price of a unit; `None` is a hard stop.
    #[must_use]
    pub fn cents(&self, kind: CreditKind) -> Option<u64> {
        self.0.get(&kind).copied()
    }
}

/// Credits of one kind from one source: a month of a plan, or what was bought on top.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Bucket {
    /// How many there are; `None` is no limit.
    pub limit: Option<u64>,
    /// Spent for good.
    pub used: u64,
    /// Set aside for work that has not ended.
    pub reserved: u64,
}

impl Bucket {
    /// What can still be set aside; never negative, also where the limit was lowered below what is used.
    #[must_use]
    pub const fn free(&self) -> u64 {
        match self.limit {
            None => u64::MAX,
            Some(limit) => limit.saturating_sub(self.used.saturating_add(self.reserved)),
        }
    }
}

/// Where the credits of one operation come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Split {
    /// From the month.
    pub monthly: u64,
    /// From top-ups.
    pub topup: u64,
    /// Sold beyond both.
    pub overage: u64,
}

impl Split {
    /// All of it.
    #[must_use]
    pub const fn total(&self) -> u64 {
        self.monthly.saturating_add(self.topup).saturating_add(self.overage)
    }
}

/// Credits of one kind that an account can spend now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Purse {
    /// The month's; spent first.
    pub monthly: Bucket,
    /// Bought on top; they persist, and are spent after the month's.
    pub topup: Bucket,
    /// Whether the plan sells more.
    pub sells_more: bool,
}

impl Purse {
    /// Sets `amount` aside before work: the month's first, then top-ups, then overage where it is sold.
    /// `None` where there is not enough; nothing is taken then.
    #[must_use]
    pub fn reserve(&self, amount: u64) -> Option<Split> {
        let split = self.split(amount);
        (split.total() == amount).then_some(split)
    }

    /// Charges `amount` that was not known before the work: it is never refused, and what no bucket holds is
    /// overage where it is sold, and beyond the month's limit otherwise.
    #[must_use]
    pub fn charge(&self, amount: u64) -> Split {
        let mut split = self.split(amount);
        split.monthly += amount - split.total();
        split
    }

    /// Whether work may begin whose cost is not known yet.
    #[must_use]
    pub const fn has_any(&self) -> bool {
        self.sells_more || self.monthly.free() > 0 || self.topup.free() > 0
    }

    fn split(&self, amount: u64) -> Split {
        let monthly = amount.min(self.monthly.free());
        let topup = (amount - monthly).min(self.topup.free());
        let left = amount - monthly - topup;
        Split { monthly, topup, overage: if self.sells_more { left } else { 0 } }
    }
}

/// The thresholds among `percents` that a bucket passes when its use goes from `before` to `after` of
/// `limit`. No limit has no thresholds; a limit of 0 is passed by the first unit.
pub fn passed(percents: &[u32], limit: u64, before: u64, after: u64) -> impl Iterator<Item = u32> {
    let reaches = move |used: u64, percent: u32| {
        used > 0 && u128::from(used) * 100 >= u128::from(limit) * u128::from(percent)
    };
    percents.iter().copied().filter(move |percent| !reaches(before, *percent) && reaches(after, *percent))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn purse(limit: Option<u64>, used: u64, bought: u64, spent: u64, sells_more: bool) -> Purse {
        Purse {
            monthly: Bucket { limit, used, reserved: 0 },
            topup: Bucket { limit: Some(bought), used: spent, reserved: 0 },
            sells_more,
        }
    }

    #[test]
    fn the_month_is_spent_before_what_was_bought() {
        let purse = purse(Some(10), 7, 5, 1, false);
        assert_eq!(purse.reserve(2), Some(Split { monthly: 2, topup: 0, overage: 0 }));
        assert_eq!(purse.reserve(5), Some(Split { monthly: 3, topup: 2, overage: 0 }));
        assert_eq!(purse.reserve(8), None);
        assert_eq!(purse.charge(9), Split { monthly: 5, topup: 4, overage: 0 });
        let selling = Purse { sells_more: true, ..purse };
        assert_eq!(selling.reserve(8), Some(Split { monthly: 3, topup: 4, overage: 1 }));
    }

    #[test]
    fn a_lowered_limit_leaves_nothing_and_owes_nothing() {
        let bucket = Bucket { limit: Some(3), used: 9, reserved: 1 };
        assert_eq!(bucket.free(), 0);
        assert!(!purse(Some(3), 9, 0, 0, false).has_any());
        assert!(purse(None, u64::MAX, 0, 0, false).has_any());
    }

    #[test]
    fn thresholds_are_passed_once() {
        let passes = |limit, before, after| passed(&[80, 95, 100], limit, before, after).collect::<Vec<_>>();
        assert_eq!(passes(100, 79, 80), [80]);
        assert_eq!(passes(100, 80, 94), Vec::<u32>::new());
        assert_eq!(passes(100, 0, 100), [80, 95, 100]);
        assert_eq!(passes(100, 100, 140), Vec::<u32>::new());
        assert_eq!(passes(0, 0, 1), [80, 95, 100]);
        assert_eq!(passes(0, 0, 0), Vec::<u32>::new());
    }

    proptest! {
        #[test]
        fn a_reservation_is_exact_and_overdraws_nothing(
            limit in prop::option::of(0_u64..100), used in 0_u64..120, bought in 0_u64..50, spent in 0_u64..60,
            sells_more: bool, amount in 0_u64..200,
        ) {
            let purse = purse(limit, used, bought, spent, sells_more);
            let charged = purse.charge(amount);
            prop_assert_eq!(charged.total(), amount);
            prop_assert!(charged.topup <= purse.topup.free());
            match purse.reserve(amount) {
                Some(split) => {
                    prop_assert_eq!(split.total(), amount);
                    prop_assert!(split.monthly <= purse.monthly.free());
                    prop_assert!(split.topup <= purse.topup.free());
                    prop_assert!(split.overage == 0 || sells_more);
                    // Nothing later is touched while something earlier is left.
                    prop_assert!(split.topup == 0 || split.monthly == purse.monthly.free());
                    prop_assert!(split.overage == 0 || split.topup == purse.topup.free());
                    prop_assert_eq!(split, charged);
                }
                None => prop_assert!(
                    !sells_more && amount > purse.monthly.free().saturating_add(purse.topup.free())
                ),
            }
        }
    }
}
