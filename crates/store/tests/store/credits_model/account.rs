use std::collections::BTreeMap;

use domain::credits::{CreditKind, Funds, Split};
use domain::{AccountId, BillingMonth, JobId, JobState};

pub(super) const KINDS: [CreditKind; 3] =
    [CreditKind::Images, CreditKind::SourceBytes, CreditKind::ResultBytes];

/// Bytes of the source of an image.
pub(super) fn source_bytes(image: u32) -> u64 {
    u64::from(image % 5) * 7 + 3
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Counts {
    pub(super) used: u64,
    pub(super) reserved: u64,
    pub(super) overage: u64,
}

#[derive(Debug, Clone)]
pub(super) struct Job {
    pub(super) id: JobId,
    pub(super) account: usize,
    pub(super) image: u32,
    pub(super) state: JobState,
    pub(super) month: BillingMonth,
    pub(super) reserved: [Split; 2],
    pub(super) attempt: u32,
}

pub(super) struct Account {
    pub(super) id: AccountId,
    pub(super) funds: Funds,
    pub(super) months: BTreeMap<BillingMonth, [Counts; 3]>,
    pub(super) topup: [Counts; 3],
    pub(super) granted: [u64; 3],
    /// Images whose results do not expire.
    pub(super) kept: Vec<u32>,
}

impl Account {
    /// Takes unit after unit from the first source that has one; as much as there is.
    pub(super) fn take(&self, month: BillingMonth, kind: usize, amount: u64) -> Split {
        let fund = self.funds.get(KINDS[kind]);
        let of_month = self.months.get(&month).copied().unwrap_or_default()[kind];
        let mut split = Split::default();
        for _ in 0..amount {
            if fund.monthly.is_none_or(|limit| of_month.used + of_month.reserved + split.monthly < limit) {
                split.monthly += 1;
            } else if self.topup[kind].used + self.topup[kind].reserved + split.topup < self.granted[kind] {
                split.topup += 1;
            } else if fund.sells_more {
                split.overage += 1;
            }
        }
        split
    }

    /// Whether there was enough.
    pub(super) fn reserve(&mut self, month: BillingMonth, image: u32) -> Option<[Split; 2]> {
        let splits = [self.take(month, 0, 1), self.take(month, 1, source_bytes(image))];
        let enough = splits[0].total() == 1
            && splits[1].total() == source_bytes(image)
            && self.take(month, 2, 1).total() == 1;
        enough.then(|| {
            for (kind, split) in splits.iter().enumerate() {
                self.months.entry(month).or_default()[kind].reserved += split.monthly;
                self.topup[kind].reserved += split.topup;
            }
            splits
        })
    }

    pub(super) fn release(&mut self, job: &Job) {
        for (kind, split) in job.reserved.iter().enumerate() {
            self.months.entry(job.month).or_default()[kind].reserved -= split.monthly;
            self.topup[kind].reserved -= split.topup;
        }
    }

    pub(super) fn spend(&mut self, month: BillingMonth, kind: usize, split: Split) {
        let of_month = &mut self.months.entry(month).or_default()[kind];
        of_month.used += split.monthly;
        of_month.overage += split.overage;
        self.topup[kind].used += split.topup;
    }

    /// Charges what was not known before: what there is nowhere is the month's.
    pub(super) fn charge(&mut self, month: BillingMonth, amount: u64) {
        let mut split = self.take(month, 2, amount);
        split.monthly += amount - split.total();
        self.spend(month, 2, split);
    }
}
