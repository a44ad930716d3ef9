use serde::Deserialize;

use crate::credits::CreditKind;

/// Credits that are sold on top of a plan.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TopupPack {
    /// What a checkout names it by.
    pub code: String,
    /// What is sold.
    pub kind: CreditKind,
    /// How many, in the kind's own unit; at least 1.
    pub amount: u64,
    /// The price in cents.
    pub cents: u64,
}
