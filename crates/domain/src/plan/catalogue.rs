use std::collections::BTreeMap;

use serde::Deserialize;

use super::{Limits, Overrides, Plan, PlanEntry, TopupPack};
use crate::Tier;

/// The catalogues that ship with the program, by name.
const SHIPPED: [(&str, &str); 4] = [
    ("default", include_str!("../plans/default.toml")),
    ("conversion", include_str!("../plans/conversion.toml")),
    ("generation", include_str!("../plans/generation.toml")),
    ("credits", include_str!("../plans/credits.toml")),
];

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct CatalogueFile {
    annual_discount_percent: u64,
    currency: String,
    #[serde(default)]
    aliases: BTreeMap<String, String>,
    plan: Vec<PlanEntry>,
    #[serde(default)]
    topup: Vec<TopupPack>,
}

/// All plans: at most one for each tier, the lowest tier always.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlanCatalogue {
    /// Discount of a yearly payment in percent.
    pub annual_discount_percent: u64,
    /// ISO 4217 code of all prices.
    pub currency: String,
    aliases: BTreeMap<String, Tier>,
    plans: Vec<Plan>,
    topups: Vec<TopupPack>,
}

/// Why a catalogue cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum CatalogueError {
    /// Not TOML, a missing field, a wrong type or an unknown limit; the message names line and field.
    #[error("plan catalogue: {0}")]
    Syntax(#[from] toml::de::Error),
    /// The lowest tier has no plan: new accounts would have none.
    #[error("plan catalogue: no [[plan]] stands on the tier \"free\", which new accounts get")]
    NoFirst,
    /// A plan's code is not the name of a tier, and it names none.
    #[error(
        "plan catalogue: [[plan]] with code = \"{0}\" needs tier = \"free\", \"starter\", \"pro\", \"business\" or \"scale\""
    )]
    NoTier(String),
    /// Two plans stand on one tier.
    #[error("plan catalogue: two [[plan]] on the tier \"{0}\"")]
    DuplicateTier(Tier),
    /// Two plans have one code.
    #[error("plan catalogue: two [[plan]] with code = \"{0}\"")]
    DuplicateCode(String),
    /// An alias points to nothing.
    #[error("plan catalogue: [aliases] {alias} = \"{code}\" names no plan's code")]
    Alias {
        /// The old name.
        alias: String,
        /// What it points to.
        code: String,
    },
    /// Two packs have one code, or one sells nothing.
    #[error("plan catalogue: [[topup]] with code = \"{0}\" must stand there once and sell at least 1")]
    Topup(String),
    /// The discount is not a percentage.
    #[error("plan catalogue: annual_discount_percent must be from 0 to 100, not {0}")]
    Discount(u64),
}

impl PlanCatalogue {
    /// Reads a catalogue.
    ///
    /// # Errors
    /// [`CatalogueError`] naming the line and field, or the tier or code at fault.
    pub fn parse(text: &str) -> Result<Self, CatalogueError> {
        let file: CatalogueFile = toml::from_str(text)?;
        if file.annual_discount_percent > 100 {
            return Err(CatalogueError::Discount(file.annual_discount_percent));
        }
        let mut plans: Vec<Plan> =
            file.plan.into_iter().map(PlanEntry::into_plan).collect::<Result<_, _>>()?;
        plans.sort_by_key(|plan| plan.tier);
        for (index, plan) in plans.iter().enumerate() {
            let others = &plans[index + 1..];
            if others.iter().any(|other| other.tier == plan.tier) {
                return Err(CatalogueError::DuplicateTier(plan.tier));
            }
            if others.iter().any(|other| other.code == plan.code) {
                return Err(CatalogueError::DuplicateCode(plan.code.clone()));
            }
        }
        for (index, pack) in file.topup.iter().enumerate() {
            if pack.amount == 0 || file.topup[..index].iter().any(|other| other.code == pack.code) {
                return Err(CatalogueError::Topup(pack.code.clone()));
            }
        }
        if plans.first().is_none_or(|plan| plan.tier != Tier::Free) {
            return Err(CatalogueError::NoFirst);
        }
        let aliases = file
            .aliases
            .into_iter()
            .map(|(alias, code)| match plans.iter().find(|plan| plan.code == code) {
                Some(plan) => Ok((alias, plan.tier)),
                None => Err(CatalogueError::Alias { alias, code }),
            })
            .collect::<Result<_, _>>()?;
        Ok(Self {
            annual_discount_percent: file.annual_discount_percent,
            currency: file.currency,
            aliases,
            plans,
            topups: file.topup,
        })
    }

    /// The default catalogue.
    ///
    /// # Errors
    /// Never in a build whose tests pass: the file is part of the program.
    pub fn built_in() -> Result<Self, CatalogueError> {
        Self::parse(SHIPPED[0].1)
    }

    /// The text of a catalogue that ships with the program: `default`, `conversion`, `generation` or `credits`.
    #[must_use]
    pub fn shipped(name: &str) -> Option<&'static str> {
        SHIPPED.iter().find(|(known, _)| *known == name).map(|(_, text)| *text)
    }

    /// The plan of `tier`; of the next lower one where the catalogue offers none on it.
    #[must_use]
    pub fn plan(&self, tier: Tier) -> &Plan {
        // `parse` has seen that there is a first plan and that it stands on the lowest tier.
        self.plans.iter().rev().find(|plan| plan.tier <= tier).unwrap_or(&self.plans[0])
    }

    /// What an account may do: its plan's limits with its own in their place.
    #[must_use]
    pub fn limits(&self, tier: Tier, overrides: &Overrides) -> Limits {
        self.plan(tier).limits.with(overrides)
    }

    /// The next larger plan; the largest has none.
    #[must_use]
    pub fn next(&self, tier: Tier) -> Option<&Plan> {
        let own = self.plan(tier).tier;
        self.plans.iter().find(|plan| plan.tier > own)
    }

    /// The tier of a plan's code, a legacy name or a tier's own name.
    #[must_use]
    pub fn tier_of(&self, name: &str) -> Option<Tier> {
        let by_code = self.plans.iter().find(|plan| plan.code == name).map(|plan| plan.tier);
        by_code.or_else(|| self.aliases.get(name).copied()).or_else(|| name.parse().ok())
    }

    /// What is sold on top of plans, in the catalogue's order.
    #[must_use]
    pub fn topups(&self) -> &[TopupPack] {
        &self.topups
    }

    /// Every plan, from the smallest to the largest.
    #[must_use]
    pub fn plans(&self) -> &[Plan] {
        &self.plans
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::credits::CreditKind;
    use crate::plan::Dimension as D;

    fn of(catalogue: &PlanCatalogue, dimension: D) -> Vec<Option<u64>> {
        catalogue.plans().iter().map(|plan| plan.limits.get(dimension)).collect()
    }

    fn shipped(name: &str) -> PlanCatalogue {
        PlanCatalogue::parse(PlanCatalogue::shipped(name).unwrap()).unwrap()
    }

    #[test]
    fn the_built_in_catalogue_states_the_documented_numbers() {
        let catalogue = PlanCatalogue::built_in().unwrap();
        let some = |numbers: [u64; 5]| numbers.map(Some).to_vec();
        assert_eq!(of(&catalogue, D::MonthlyImages), some([100, 10_000, 50_000, 100_000, 500_000]));
        let mb = [10, 25, 100, 150, 500].map(|size: u64| size * 1_000_000);
        assert_eq!(of(&catalogue, D::FileBytes), some(mb));
        assert_eq!(of(&catalogue, D::ResultsPerMinute), some([30, 300, 1_000, 3_000, 10_000]));
        assert_eq!(of(&catalogue, D::ResultsPerMinutePerKey), some([15, 150, 500, 1_500, 5_000]));
        assert_eq!(of(&catalogue, D::ApiKeys), some([1, 3, 10, 25, 100]));
        let gb = [1, 50, 300, 1_000, 3_000].map(|size: u64| size * 1_000_000_000);
        assert_eq!(of(&catalogue, D::BandwidthBytes), some(gb));
        let gb = [0, 5, 50, 250, 2_000].map(|size: u64| size * 1_000_000_000);
        assert_eq!(of(&catalogue, D::StorageBytes), some(gb));
        assert_eq!(catalogue.plan(Tier::Starter).annual_cents(15), 9_180);
        assert!(catalogue.plans().iter().all(|plan| plan.overage == crate::credits::Overage::default()));
        assert_eq!(catalogue.tier_of("enterprise"), Some(Tier::Business));
        assert_eq!(catalogue.next(Tier::Free).unwrap().code, "starter");
        assert!(catalogue.next(Tier::Scale).is_none());
    }

    #[test]
    fn the_alternatives_state_their_documents_numbers() {
        let conversion = shipped("conversion");
        let limits = &conversion.plan(Tier::Free).limits;
        let three = [D::RequestsPerMinute, D::RequestsPerDay, D::ConcurrentRequests].map(|d| limits.get(d));
        assert_eq!(three, [Some(30), Some(1_000), Some(5)]);

        let generation = shipped("generation");
        let codes: Vec<_> = generation.plans().iter().map(|plan| plan.code.as_str()).collect();
        assert_eq!(codes, ["free", "starter", "pro", "agency", "publishing"]);
        let numbers = of(&generation, D::MonthlyImages);
        assert_eq!(numbers, [25, 500, 2_000, 10_000, 50_000].map(Some).to_vec());
        assert_eq!(of(&generation, D::RequestsPerSecond), [1, 5, 10, 25, 50].map(Some).to_vec());
        let overage: Vec<_> =
            generation.plans().iter().map(|plan| plan.overage.cents(CreditKind::Images)).collect();
        assert_eq!(overage, [None, Some(2), Some(1), Some(1), Some(1)]);
        assert_eq!(generation.tier_of("agency"), Some(Tier::Business));

        let credits = shipped("credits");
        let codes: Vec<_> = credits.plans().iter().map(|plan| plan.code.as_str()).collect();
        assert_eq!(codes, ["free", "starter", "pro", "agency"]);
        assert_eq!(credits.plan(Tier::Pro).limits.get(D::AiCredits), Some(1_000));
        assert_eq!(credits.plan(Tier::Pro).limits.get(D::MonthlyImages), None);
        assert_eq!(credits.plan(Tier::Scale).code, "agency", "the next lower plan");
        let packs: Vec<_> = credits.topups().iter().map(|pack| (pack.code.as_str(), pack.kind)).collect();
        assert_eq!(packs, ["small", "medium", "large"].map(|code| (code, CreditKind::Ai)));
    }

    #[test]
    fn mistakes_name_the_line_and_field() {
        let text = PlanCatalogue::shipped("default").unwrap();
        let line = text.lines().position(|line| line == "monthly_images = 100").unwrap() + 1;
        for (mistake, named) in
            [("monthly_images = \"many\"", "monthly_images"), ("monthly_image = 100", "monthly_image")]
        {
            let broken = text.replacen("monthly_images = 100", mistake, 1);
            let error = PlanCatalogue::parse(&broken).unwrap_err().to_string();
            assert!(error.contains(named), "{error}");
            assert!(error.contains(&format!("line {line}")), "{error}");
        }
    }

    #[test]
    fn tiers_codes_and_aliases_are_checked() {
        let text = PlanCatalogue::shipped("default").unwrap();
        let with = |from: &str, to: &str| PlanCatalogue::parse(&text.replacen(from, to, 1)).unwrap_err();
        let doubled = with("code = \"pro\"", "code = \"scale\"");
        assert!(matches!(doubled, CatalogueError::DuplicateTier(Tier::Scale)));
        assert!(matches!(with("code = \"pro\"", "code = \"gold\""), CatalogueError::NoTier(_)));
        let doubled = with("code = \"pro\"", "code = \"free\"\ntier = \"pro\"");
        assert!(matches!(doubled, CatalogueError::DuplicateCode(_)));
        assert!(matches!(with("premium = \"pro\"", "premium = \"gold\""), CatalogueError::Alias { .. }));
        let twice = with("code = \"medium\"", "code = \"small\"");
        assert!(matches!(twice, CatalogueError::Topup(code) if code == "small"));
        let none = PlanCatalogue::parse("annual_discount_percent = 1\ncurrency=\"USD\"\nplan=[]");
        assert!(matches!(none, Err(CatalogueError::NoFirst)));
    }
}
