use std::collections::BTreeMap;

use chrono::TimeDelta;
use serde::{Deserialize, Serialize};

use super::Dimension;

/// What an account may do: a number for each [`Dimension`], or no limit.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(transparent)]
pub struct Limits(BTreeMap<Dimension, Option<u64>>);

impl Limits {
    /// The limit, in the dimension's own unit; `None` is no limit.
    #[must_use]
    pub fn get(&self, dimension: Dimension) -> Option<u64> {
        self.0.get(&dimension).copied().unwrap_or_else(|| dimension.unstated())
    }

    /// The limit as a rate or a count; beyond 2^32 - 1 it is that.
    #[must_use]
    pub fn count(&self, dimension: Dimension) -> Option<u32> {
        self.get(dimension).map(|limit| u32::try_from(limit).unwrap_or(u32::MAX))
    }

    /// Whether `value` is within the limit.
    #[must_use]
    pub fn allows(&self, dimension: Dimension, value: u64) -> bool {
        self.get(dimension).is_none_or(|limit| value <= limit)
    }

    /// How long a result can be read that is not saved.
    #[must_use]
    pub fn result_lifetime(&self) -> TimeDelta {
        match self.get(Dimension::RetentionDays) {
            Some(0) => TimeDelta::hours(1),
            days => days
                .and_then(|days| i64::try_from(days).ok())
                .and_then(TimeDelta::try_days)
                .unwrap_or(TimeDelta::days(36_500)),
        }
    }

    /// These limits with an account's own in their place.
    #[must_use]
    pub fn with(&self, overrides: &Overrides) -> Self {
        let mut limits = self.clone();
        limits.0.extend(&overrides.0);
        limits
    }
}

/// The limits of one account that differ from its plan (contract values). `null` is no limit.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Overrides(pub BTreeMap<Dimension, Option<u64>>);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_override_replaces_a_limit_or_lifts_it() {
        let plan = Limits(BTreeMap::from([
            (Dimension::MonthlyImages, Some(100)),
            (Dimension::ApiKeys, Some(1)),
            (Dimension::Seats, Some(1)),
        ]));
        let contract: Overrides =
            serde_json::from_str(r#"{"monthly_images": 5000, "api_keys": null}"#).unwrap();
        let limits = plan.with(&contract);
        assert_eq!(limits.get(Dimension::MonthlyImages), Some(5_000));
        assert_eq!(limits.get(Dimension::ApiKeys), None);
        assert_eq!(limits.get(Dimension::Seats), Some(1));
        assert_eq!(limits.get(Dimension::RequestsPerDay), None);
        assert_eq!(limits.get(Dimension::AiCredits), Some(0));
        let error = serde_json::from_str::<Overrides>(r#"{"monthly_image": 1}"#).unwrap_err().to_string();
        assert!(error.contains("monthly_image") && error.contains("bandwidth_bytes"), "{error}");
    }

    #[test]
    fn an_unsaved_result_stays_an_hour_or_its_days() {
        let days = |days| Limits(BTreeMap::from([(Dimension::RetentionDays, days)])).result_lifetime();
        assert_eq!(days(Some(0)), TimeDelta::hours(1));
        assert_eq!(days(Some(30)), TimeDelta::days(30));
        assert!(days(None) > TimeDelta::days(3_650));
    }
}
