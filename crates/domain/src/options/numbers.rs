//! Numbers with a range.

use std::fmt;
use std::str::FromStr;

/// A SSIMULACRA2 score in tenths: 100 is identical, 90 visually lossless side by side, 80 hard to tell apart,
/// 70 good web quality.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
#[serde(try_from = "f64", into = "f64")]
pub struct Score(u16);

impl Score {
    /// A whole score, 1–100; anything above counts as 100.
    #[must_use]
    pub const fn whole(score: u8) -> Self {
        let score = if score > 100 { 100 } else { score };
        Self(score as u16 * 10)
    }

    /// The score, 1.0–100.0.
    #[must_use]
    pub fn value(self) -> f64 {
        f64::from(self.0) / 10.0
    }
}

impl TryFrom<f64> for Score {
    type Error = String;

    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "checked before the cast")]
    fn try_from(score: f64) -> Result<Self, Self::Error> {
        if (1.0..=100.0).contains(&score) {
            Ok(Self((score * 10.0).round() as u16))
        } else {
            Err(format!("must be a score from 1 to 100, not {score}"))
        }
    }
}

impl From<Score> for f64 {
    fn from(score: Score) -> Self {
        score.value()
    }
}

impl FromStr for Score {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let plain = text.len() <= 6 && text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
        match text.parse::<f64>() {
            Ok(score) if plain => Self::try_from(score),
            _ => Err(format!("must be a score from 1 to 100, not {text:?}")),
        }
    }
}

impl fmt::Display for Score {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.value())
    }
}

/// An encoder's own quality, 1–100.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(try_from = "u8", into = "u8")]
pub struct Quality(u8);

impl Quality {
    /// The quality.
    #[must_use]
    pub const fn value(self) -> u8 {
        self.0
    }
}

impl TryFrom<u8> for Quality {
    type Error = String;

    fn try_from(quality: u8) -> Result<Self, Self::Error> {
        if (1..=100).contains(&quality) {
            Ok(Self(quality))
        } else {
            Err(format!("must be a whole number from 1 to 100, not {quality}"))
        }
    }
}

impl From<Quality> for u8 {
    fn from(quality: Quality) -> Self {
        quality.0
    }
}

impl FromStr for Quality {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let refused = || format!("must be a whole number from 1 to 100, not {text:?}");
        let plain = text.bytes().all(|byte| byte.is_ascii_digit());
        text.parse::<u8>()
            .ok()
            .filter(|_| plain)
            .and_then(|quality| Self::try_from(quality).ok())
            .ok_or_else(refused)
    }
}

/// A size of a result in bytes, 100 and more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(try_from = "u64", into = "u64")]
pub struct TargetBytes(u64);

impl TargetBytes {
    /// The size in bytes.
    #[must_use]
    pub const fn value(self) -> u64 {
        self.0
    }
}

impl TryFrom<u64> for TargetBytes {
    type Error = String;

    fn try_from(bytes: u64) -> Result<Self, Self::Error> {
        if (100..=1_000_000_000).contains(&bytes) {
            Ok(Self(bytes))
        } else {
            Err(format!("must be a number of bytes from 100 to 1000000000, not {bytes}"))
        }
    }
}

impl From<TargetBytes> for u64 {
    fn from(bytes: TargetBytes) -> Self {
        bytes.0
    }
}

impl FromStr for TargetBytes {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let plain = text.bytes().all(|byte| byte.is_ascii_digit());
        match text.parse::<u64>() {
            Ok(bytes) if plain => Self::try_from(bytes),
            _ => Err(format!("must be a number of bytes from 100 to 1000000000, not {text:?}")),
        }
    }
}
