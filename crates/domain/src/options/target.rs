use super::numbers::{Quality, Score, TargetBytes};
use crate::{ErrorCode, Rejection};

/// What decides how much is lost, in the place of a compression level.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Target {
    /// The encoder's own quality: encoded once, nothing is measured.
    Quality(Quality),
    /// The smallest result with this score.
    Score(Score),
    /// The best result that is no larger.
    Bytes(TargetBytes),
    /// No loss at all.
    Lossless,
}

impl Target {
    /// The one target among the fields of a request.
    ///
    /// # Errors
    /// `conflicting_options`, naming two that were given.
    pub fn one_of(
        quality: Option<Quality>,
        score: Option<Score>,
        bytes: Option<TargetBytes>,
        lossless: bool,
    ) -> Result<Option<Self>, Rejection> {
        let given = [
            quality.map(|quality| ("quality", Self::Quality(quality))),
            score.map(|score| ("target_score", Self::Score(score))),
            bytes.map(|bytes| ("target_bytes", Self::Bytes(bytes))),
            lossless.then_some(("lossless", Self::Lossless)),
        ];
        let mut given = given.into_iter().flatten();
        match (given.next(), given.next()) {
            (Some((one, _)), Some((other, _))) => Err(conflict(one, other)),
            (first, _) => Ok(first.map(|(_, target)| target)),
        }
    }

    /// The field that asks for it.
    pub(super) const fn field(self) -> &'static str {
        match self {
            Self::Quality(_) => "quality",
            Self::Score(_) => "target_score",
            Self::Bytes(_) => "target_bytes",
            Self::Lossless => "lossless",
        }
    }
}

pub(super) fn conflict(one: &str, other: &str) -> Rejection {
    let message = format!("`{one}` and `{other}` exclude each other; send one of them.");
    Rejection::field(ErrorCode::ConflictingOptions, other, message)
}
