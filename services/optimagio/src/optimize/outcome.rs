use std::path::PathBuf;

use domain::Rejection;

/// How one file went.
#[derive(Debug, Clone)]
pub(super) struct Outcome {
    /// The source.
    pub(super) path: PathBuf,
    /// Bytes of the source, where it could be read.
    pub(super) original_size: Option<u64>,
    /// The result, or why there is none.
    pub(super) result: Result<Written, Rejection>,
}

/// A result in its place.
#[derive(Debug, Clone)]
pub(super) struct Written {
    /// The file.
    pub(super) path: PathBuf,
    /// Its bytes.
    pub(super) size: u64,
    /// What the codec did.
    pub(super) report: imaging::Report,
}

/// How the whole run went.
#[derive(Debug)]
pub(super) struct Run {
    /// One for each named or found image, in order; those that an interruption prevented are missing.
    pub(super) outcomes: Vec<Outcome>,
    /// Files in folders that are no images.
    pub(super) skipped: u64,
    /// Stopped by the user before its end.
    pub(super) interrupted: bool,
}

/// Sums over all images that were optimized.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Totals {
    pub(super) optimized: u64,
    pub(super) failed: u64,
    pub(super) original_size: u64,
    pub(super) optimized_size: u64,
}

impl Run {
    pub(super) fn totals(&self) -> Totals {
        let mut totals = Totals { optimized: 0, failed: 0, original_size: 0, optimized_size: 0 };
        for outcome in &self.outcomes {
            match &outcome.result {
                Ok(written) => {
                    totals.optimized += 1;
                    totals.original_size += outcome.original_size.unwrap_or_default();
                    totals.optimized_size += written.size;
                }
                Err(_) => totals.failed += 1,
            }
        }
        totals
    }

    /// The documented exit status.
    pub(super) fn exit_status(&self) -> u8 {
        let totals = self.totals();
        match (totals.optimized, totals.failed) {
            _ if self.interrupted => 130,
            (0, _) => 2,
            (_, 0) => 0,
            _ => 1,
        }
    }
}

/// How much smaller in percent, to one decimal; negative where the result is larger.
pub(super) fn percent(before: u64, after: u64) -> f64 {
    if before == 0 {
        return 0.0;
    }
    #[allow(clippy::cast_precision_loss, reason = "one decimal of a percentage needs no 53 bits")]
    let saved = 1.0 - after as f64 / before as f64;
    // Adding zero turns -0.0 into 0.0.
    (saved * 1_000.0).round() / 10.0 + 0.0
}

#[cfg(test)]
mod tests {
    use domain::{ErrorCode, OutputFormat};

    use super::*;

    fn run(good: usize, bad: usize, interrupted: bool) -> Run {
        let report = imaging::Report {
            format: OutputFormat::Png,
            width: 1,
            height: 1,
            frames: 1,
            encoder: "x".to_owned(),
            quality: None,
            score: None,
            placeholder: None,
            reason: None,
            notes: Vec::new(),
            decode_micros: 1,
            encode_micros: 1,
        };
        let outcome = |result| Outcome { path: "a".into(), original_size: Some(10), result };
        let written = Written { path: "b".into(), size: 4, report };
        let rejection = Rejection::new(ErrorCode::InvalidImage, "broken");
        let mut outcomes = vec![outcome(Ok(written)); good];
        outcomes.extend(vec![outcome(Err(rejection)); bad]);
        Run { outcomes, skipped: 0, interrupted }
    }

    #[test]
    fn the_exit_status_is_the_documented_one() {
        let status = |good, bad, interrupted| run(good, bad, interrupted).exit_status();
        assert_eq!(status(2, 0, false), 0);
        assert_eq!(status(2, 1, false), 1);
        assert_eq!(status(0, 1, false), 2);
        assert_eq!(status(0, 0, false), 2);
        assert_eq!(status(1, 0, true), 130);
    }

    #[test]
    fn totals_count_what_was_written() {
        let expected = Totals { optimized: 2, failed: 1, original_size: 20, optimized_size: 8 };
        assert_eq!(run(2, 1, false).totals(), expected);
    }

    #[test]
    fn percentages_have_one_decimal() {
        assert_eq!(percent(3, 1).to_string(), "66.7");
        assert_eq!(percent(100, 150).to_string(), "-50");
        assert_eq!(percent(7, 7).to_string(), "0");
        assert_eq!(percent(0, 5).to_string(), "0");
    }
}
