//! Plans are data: one TOML catalogue that pricing pages, enforcement and documentation all read.

use serde::Deserialize;

use crate::Tier;

const DEFAULT_CATALOGUE: &str = include_str!("plans.toml");

/// One tier's limits and price. All sizes are bytes, all prices US cents.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Plan {
    /// The tier this plan describes.
    #[serde(rename = "code")]
    pub tier: Tier,
    /// Marketing name.
    pub name: String,
    /// Price of a month.
    pub monthly_cents: u64,
    /// Image credits of a calendar month.
    pub monthly_images: u64,
    /// Result bytes of a calendar month.
    pub bandwidth_bytes: u64,
    /// Hard cap of the Storage Library.
    pub included_storage_bytes: u64,
    /// Largest source file.
    pub max_file_bytes: u64,
    /// Results per fixed minute for the account.
    pub results_per_minute: u32,
    /// Results per minute for one key.
    pub results_per_minute_per_key: u32,
    /// Active API keys.
    pub api_keys: u32,
    /// Team seats.
    pub seats: u32,
    /// Days that an uncommitted result stays; 0 is the short cache window of one hour.
    pub retention_days: u32,
    /// Shown as the popular choice.
    #[serde(default)]
    pub popular: bool,
    /// Sold by contract.
    #[serde(default)]
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

    /// How long an uncommitted result can be read.
    #[must_use]
    pub fn result_lifetime(&self) -> chrono::TimeDelta {
        if self.retention_days == 0 {
            chrono::TimeDelta::hours(1)
        } else {
            chrono::TimeDelta::days(i64::from(self.retention_days))
        }
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct CatalogueFile {
    annual_discount_percent: u64,
    currency: String,
    plan: Vec<Plan>,
}

/// All plans, one for each tier.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlanCatalogue {
    /// Discount of a yearly payment in percent.
    pub annual_discount_percent: u64,
    /// ISO 4217 code of all prices.
    pub currency: String,
    plans: [Plan; 5],
}

/// Why a catalogue cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum CatalogueError {
    /// Not TOML, a missing field or a wrong type; the message names line and field.
    #[error("plan catalogue: {0}")]
    Syntax(#[from] toml::de::Error),
    /// A tier has no plan.
    #[error("plan catalogue: no [[plan]] with code = \"{0}\"")]
    MissingTier(Tier),
    /// A tier has two plans.
    #[error("plan catalogue: two [[plan]] with code = \"{0}\"")]
    DuplicateTier(Tier),
    /// The discount is not a percentage.
    #[error("plan catalogue: annual_discount_percent must be from 0 to 100, not {0}")]
    Discount(u64),
}

impl PlanCatalogue {
    /// Reads a catalogue.
    ///
    /// # Errors
    /// [`CatalogueError`] naming the line and field, or the tier that is missing or doubled.
    pub fn parse(text: &str) -> Result<Self, CatalogueError> {
        let file: CatalogueFile = toml::from_str(text)?;
        if file.annual_discount_percent > 100 {
            return Err(CatalogueError::Discount(file.annual_discount_percent));
        }
        let pick = |tier: Tier| {
            let mut found = file.plan.iter().filter(|plan| plan.tier == tier);
            let plan = found.next().cloned().ok_or(CatalogueError::MissingTier(tier))?;
            match found.next() {
                None => Ok(plan),
                Some(_) => Err(CatalogueError::DuplicateTier(tier)),
            }
        };
        let [free, starter, pro, business, scale] = Tier::ALL;
        Ok(Self {
            plans: [pick(free)?, pick(starter)?, pick(pro)?, pick(business)?, pick(scale)?],
            annual_discount_percent: file.annual_discount_percent,
            currency: file.currency,
        })
    }

    /// The catalogue that ships with the program.
    ///
    /// # Errors
    /// Never in a build whose tests pass: the file is part of the program.
    pub fn built_in() -> Result<Self, CatalogueError> {
        Self::parse(DEFAULT_CATALOGUE)
    }

    /// The plan of `tier`.
    #[must_use]
    pub const fn plan(&self, tier: Tier) -> &Plan {
        &self.plans[tier as usize]
    }

    /// Every plan, from the smallest to the largest.
    #[must_use]
    pub const fn plans(&self) -> &[Plan; 5] {
        &self.plans
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_built_in_catalogue_states_the_documented_numbers() {
        let catalogue = PlanCatalogue::built_in().unwrap();
        let images: Vec<_> = catalogue.plans().iter().map(|plan| plan.monthly_images).collect();
        assert_eq!(images, [100, 10_000, 50_000, 100_000, 500_000]);
        let sizes: Vec<_> = catalogue.plans().iter().map(|plan| plan.max_file_bytes).collect();
        assert_eq!(sizes, [10_000_000, 25_000_000, 100_000_000, 150_000_000, 500_000_000]);
        let rates: Vec<_> = catalogue.plans().iter().map(|plan| plan.results_per_minute).collect();
        assert_eq!(rates, [30, 300, 1_000, 3_000, 10_000]);
        for tier in Tier::ALL {
            let plan = catalogue.plan(tier);
            assert_eq!(plan.tier, tier);
            assert_eq!(plan.results_per_minute_per_key * 2, plan.results_per_minute);
        }
        assert_eq!(catalogue.plan(Tier::Starter).annual_cents(15), 9_180);
    }

    #[test]
    fn mistakes_name_the_line_and_field() {
        let broken = DEFAULT_CATALOGUE.replace("monthly_images = 100\n", "monthly_images = \"many\"\n");
        let error = PlanCatalogue::parse(&broken).unwrap_err().to_string();
        assert!(error.contains("monthly_images"), "{error}");
        assert!(error.contains("line 11"), "{error}");
    }

    #[test]
    fn a_missing_and_a_doubled_tier_are_named() {
        let missing = DEFAULT_CATALOGUE.replace("code = \"pro\"", "code = \"scale\"");
        let error = PlanCatalogue::parse(&missing).unwrap_err();
        assert!(matches!(error, CatalogueError::MissingTier(Tier::Pro)));
        let error = PlanCatalogue::parse("annual_discount_percent = 1\ncurrency=\"USD\"\nplan=[]");
        assert!(matches!(error, Err(CatalogueError::MissingTier(Tier::Free))));
    }
}
