use std::fmt;
use std::str::FromStr;

/// An access tier: it decides quotas and rates and is no proof of payment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Tier {
    /// No payment, smallest quotas.
    Free,
    /// First paid tier.
    Starter,
    /// The popular tier.
    Pro,
    /// Large teams.
    Business,
    /// By contract.
    Scale,
}

impl Tier {
    /// Every tier, from the smallest to the largest.
    pub const ALL: [Self; 5] = [Self::Free, Self::Starter, Self::Pro, Self::Business, Self::Scale];

    /// The identifier, `subscription_tier` of the API.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Free => "free",
            Self::Starter => "starter",
            Self::Pro => "pro",
            Self::Business => "business",
            Self::Scale => "scale",
        }
    }

    /// The next larger tier; the largest has none.
    #[must_use]
    pub const fn next(self) -> Option<Self> {
        match self {
            Self::Free => Some(Self::Starter),
            Self::Starter => Some(Self::Pro),
            Self::Pro => Some(Self::Business),
            Self::Business => Some(Self::Scale),
            Self::Scale => None,
        }
    }
}

impl fmt::Display for Tier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Tier {
    type Err = UnknownTier;

    /// Parses an identifier; the legacy names `premium`, `enterprise` and `unlimited` resolve to `pro`,
    /// `business` and `scale`.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "premium" => return Ok(Self::Pro),
            "enterprise" => return Ok(Self::Business),
            "unlimited" => return Ok(Self::Scale),
            _ => {}
        }
        Self::ALL.into_iter().find(|tier| tier.as_str() == text).ok_or_else(|| UnknownTier(text.to_owned()))
    }
}

/// A text that names no tier.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unknown tier {0:?}; expected free, starter, pro, business or scale")]
pub struct UnknownTier(pub String);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn legacy_names_resolve() {
        assert_eq!("premium".parse(), Ok(Tier::Pro));
        assert_eq!("enterprise".parse(), Ok(Tier::Business));
        assert_eq!("unlimited".parse(), Ok(Tier::Scale));
        assert!("gold".parse::<Tier>().is_err());
    }

    #[test]
    fn the_largest_tier_has_no_next() {
        assert_eq!(Tier::Scale.next(), None);
        assert_eq!(Tier::Free.next(), Some(Tier::Starter));
    }
}
