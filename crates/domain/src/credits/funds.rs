use super::{CreditKind, Overage};
use crate::BillingMonth;
use crate::plan::{Dimension, Limits};

/// What a plan gives of one kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Fund {
    /// Credits of a month; `None` is no limit.
    pub monthly: Option<u64>,
    /// Whether more is sold beyond the month and the top-ups.
    pub sells_more: bool,
}

/// What an account may spend, from its plan and its own limits. The default limits nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Funds {
    kinds: [Fund; CreditKind::ALL.len()],
    /// Cap of the Storage Library in bytes; `None` is no limit.
    pub storage_bytes: Option<u64>,
}

impl Funds {
    /// Of an account with these limits, whose plan has these prices.
    #[must_use]
    pub fn of(limits: &Limits, overage: &Overage) -> Self {
        let kinds = CreditKind::ALL.map(|kind| Fund {
            monthly: limits.get(kind.dimension()),
            sells_more: overage.cents(kind).is_some(),
        });
        Self { kinds, storage_bytes: limits.get(Dimension::StorageBytes) }
    }

    /// What there is of one kind.
    #[must_use]
    pub const fn get(&self, kind: CreditKind) -> Fund {
        self.kinds[kind as usize]
    }

    /// These with `fund` in the place of what there was of the kind.
    #[must_use]
    pub const fn with(mut self, kind: CreditKind, fund: Fund) -> Self {
        self.kinds[kind as usize] = fund;
        self
    }
}

/// Why work is not begun: credits of one kind are used up until the month ends or some are bought.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{used} of {limit} {kind} of {month} are used")]
pub struct Exhausted {
    /// What there is not enough of.
    pub kind: CreditKind,
    /// The month's credits of that kind, in its own unit.
    pub limit: u64,
    /// What is used of them or set aside; more than `limit` where that was lowered.
    pub used: u64,
    /// The month; the credits are back at its [`BillingMonth::reset_at`].
    pub month: BillingMonth,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Tier;
    use crate::plan::PlanCatalogue;

    #[test]
    fn funds_are_the_limits_and_prices_of_their_kinds() {
        let plans = PlanCatalogue::parse(PlanCatalogue::shipped("generation").unwrap()).unwrap();
        let plan = plans.plan(Tier::Starter);
        let funds = Funds::of(&plan.limits, &plan.overage);
        assert_eq!(funds.get(CreditKind::Images), Fund { monthly: Some(500), sells_more: true });
        assert_eq!(funds.get(CreditKind::SourceBytes), Fund::default());
        for kind in CreditKind::ALL {
            assert_eq!(funds.get(kind).monthly, plan.limits.get(kind.dimension()));
            let none = Fund { monthly: Some(0), sells_more: false };
            assert_eq!(funds.with(kind, none).get(kind), none);
        }
    }
}
