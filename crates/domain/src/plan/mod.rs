//! Plans are data: one TOML catalogue that pricing pages, enforcement and documentation all read.

mod catalogue;
mod dimension;
mod limits;
mod topup;

use serde::Deserialize;

pub use catalogue::{CatalogueError, PlanCatalogue};
pub use dimension::{Dimension, UnknownDimension};
pub use limits::{Limits, Overrides};
pub use topup::TopupPack;

use crate::Tier;
use crate::credits::{CreditKind, Overage};

/// One plan: what an account of its tier may do, and what that costs. Prices are US cents.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// The rung of access it stands on.
    pub tier: Tier,
    /// Its name in the API (`subscription_tier`); the tier's own name unless the catalogue says another.
    pub code: String,
    /// Marketing name.
    pub name: String,
    /// Price of a month.
    pub monthly_cents: u64,
    /// What it permits.
    pub limits: Limits,
    /// What is sold beyond the monthly credits; nothing in most plans, which then stop hard.
    pub overage: Overage,
    /// Shown as the popular choice.
    pub popular: bool,
    /// Sold by contract.
    pub contact_sales: bool,
    /// Selling points, for pricing pages.
    pub features: Vec<String>,
}

impl Plan {
    /// Price of a year in cents: twelve months less the discount, rounded down to a cent.
    #[must_use]
    pub const fn annual_cents(&self, discount_percent: u64) -> u64 {
        self.monthly_cents * 12 * (100 - discount_percent) / 100
    }
}

/// A plan as the catalogue's file states it.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct PlanEntry {
    code: String,
    /// The rung, where `code` is not the name of one.
    tier: Option<Tier>,
    name: String,
    monthly_cents: u64,
    #[serde(default)]
    limits: Limits,
    #[serde(default)]
    overage_cents: std::collections::BTreeMap<CreditKind, u64>,
    #[serde(default)]
    popular: bool,
    #[serde(default)]
    contact_sales: bool,
    #[serde(default)]
    features: Vec<String>,
}

impl PlanEntry {
    fn into_plan(self) -> Result<Plan, CatalogueError> {
        let tier = match self.tier {
            Some(tier) => tier,
            None => self.code.parse().map_err(|_| CatalogueError::NoTier(self.code.clone()))?,
        };
        Ok(Plan {
            tier,
            code: self.code,
            name: self.name,
            monthly_cents: self.monthly_cents,
            limits: self.limits,
            overage: Overage::new(self.overage_cents),
            popular: self.popular,
            contact_sales: self.contact_sales,
            features: self.features,
        })
    }
}
