//! The smallest encoding that reaches a score, found with few trials.

use std::time::Instant;

use crate::ImagingError;
use crate::quality::Curve;

/// A score this far above the floor is near enough: another trial would save 1 % or less.
const NEAR: f64 = 0.3;
/// A score this far above the floor is worth another trial even where none is left.
const FAR: f64 = 2.5;
/// What is aimed at above the floor, because predictions miss.
const MARGIN: f64 = 0.15;
/// Bytes grow by about this share for every point of score (measured 3.7 to 5.3 % between 70 and 90).
const GROWTH_PER_POINT: f64 = 0.045;
/// An image needs at most this factor more or less than the average image at the same score: what is farther
/// above the limit at the first quality need not be scored.
const SPREAD: f64 = 1.6;
/// Trials beyond the permitted ones while no trial has reached the floor.
const RESCUES: u32 = 3;

/// One encoding at one quality.
#[derive(Debug, Clone)]
pub(crate) struct Trial {
    pub(crate) quality: f32,
    pub(crate) bytes: Vec<u8>,
    pub(crate) score: f64,
}

/// What is searched for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Aim {
    /// The score to reach.
    pub(crate) floor: f64,
    /// Trials, at least 1.
    pub(crate) trials: u32,
    /// An encoding that will not get below this size is of no interest.
    pub(crate) limit: Option<usize>,
    /// When a file above the floor is taken as it is, because somebody waits.
    pub(crate) until: Option<Instant>,
    /// The quality to begin with; where the average image reaches the floor if there is none.
    pub(crate) start: Option<f32>,
}

/// Finds the smallest encoding whose score is at least the floor. Where even quality 100 stays below it, the
/// trial with the best score; none where the limit is out of reach.
pub(crate) fn search(
    curve: &Curve,
    aim: Aim,
    mut encode: impl FnMut(f32) -> Result<Vec<u8>, ImagingError>,
    mut score: impl FnMut(&[u8]) -> Result<f64, ImagingError>,
) -> Result<Option<Trial>, ImagingError> {
    let mut bracket = Bracket::default();
    let mut quality = aim.start.unwrap_or_else(|| curve.quality_for(aim.floor + MARGIN));
    for round in 0..aim.trials.max(1) + RESCUES {
        let bytes = encode(quality)?;
        if round == 0 && aim.limit.is_some_and(|limit| share(&bytes, limit) > SPREAD) {
            return Ok(None);
        }
        let trial = Trial { quality, score: score(&bytes)?, bytes };
        if aim.limit.is_some_and(|limit| share(&trial.bytes, limit) * growth(&trial, aim.floor) > 1.0) {
            return Ok(None);
        }
        bracket.add(trial, aim.floor);
        let over = round + 1 >= aim.trials;
        // The file above the floor is taken, unless it is far above and two more trials were not made yet.
        let late = aim.until.is_some_and(|until| Instant::now() >= until);
        // One more trial is worth its time even then if the first one was far off.
        let near = |trial: &Trial| round > 0 || trial.score - aim.floor <= FAR;
        if late && bracket.reached.as_ref().is_some_and(near) {
            break;
        }
        let spent = round + 1 >= aim.trials + 2;
        if over && bracket.reached.as_ref().is_some_and(|trial| spent || trial.score - aim.floor <= FAR) {
            break;
        }
        // Later misses aim higher: a file above the floor by a point is better than none.
        let missing = over && bracket.reached.is_none();
        let extra = if missing { f64::from(round + 2 - aim.trials) * 1.5 } else { 0.0 };
        match bracket.next(curve, aim.floor, MARGIN + extra) {
            Some(next) => quality = next,
            None => break,
        }
    }
    Ok(bracket.reached.or(bracket.missed))
}

/// The best encoding of at most `limit` bytes: the largest quality that fits, within one step of the encoder
/// after at most eight trials. `Err` of the smallest size where nothing fits.
pub(crate) fn fit(
    curve: &Curve,
    limit: usize,
    mut attempt: impl FnMut(f32) -> Result<(f32, Vec<u8>), ImagingError>,
) -> Result<Result<(f32, Vec<u8>), usize>, ImagingError> {
    let (lowest, highest) = curve.range();
    let (mut low, mut high) = (lowest, highest);
    let mut best: Option<(f32, Vec<u8>)> = None;
    let mut quality = curve.quality_for(75.0);
    let mut smallest = usize::MAX;
    for _ in 0..8 {
        let (quality_used, bytes) = attempt(quality)?;
        smallest = smallest.min(bytes.len());
        if bytes.len() <= limit {
            let near = bytes.len() as f64 > limit as f64 * 0.98;
            low = quality;
            best = Some((quality_used, bytes));
            if near || quality >= highest {
                break;
            }
        } else {
            high = quality;
            if quality <= lowest {
                break;
            }
        }
        if high - low <= curve.step() && (best.is_some() || low > lowest) {
            break;
        }
        // The ends themselves are tried once nothing lies between.
        let middle = curve.round(f32::midpoint(low, high));
        quality = if middle <= low || middle >= high {
            if best.is_none() { lowest } else { high.min(highest) }
        } else {
            middle
        };
    }
    if best.is_none() && low > lowest {
        return Ok(Err(smallest));
    }
    Ok(best.ok_or(smallest))
}

/// By what factor the same encoder needs more bytes to score exactly `floor`: an estimate.
fn growth(trial: &Trial, floor: f64) -> f64 {
    (GROWTH_PER_POINT * (floor - trial.score)).exp()
}

#[allow(clippy::cast_precision_loss, reason = "a share")]
fn share(bytes: &[u8], limit: usize) -> f64 {
    bytes.len() as f64 / limit.max(1) as f64
}

/// The trials nearest to the floor on both sides.
#[derive(Default)]
struct Bracket {
    reached: Option<Trial>,
    missed: Option<Trial>,
}

impl Bracket {
    fn add(&mut self, trial: Trial, floor: f64) {
        if trial.score >= floor {
            // Two encodings above the floor: the smaller file, not the lower quality, is what is wanted.
            if self.reached.as_ref().is_none_or(|best| trial.bytes.len() < best.bytes.len()) {
                self.reached = Some(trial);
            }
        } else if self.missed.as_ref().is_none_or(|best| trial.quality > best.quality) {
            self.missed = Some(trial);
        }
    }

    /// The quality to try next; none where no trial could be better.
    fn next(&self, curve: &Curve, floor: f64, margin: f64) -> Option<f32> {
        let aimed = match (&self.reached, &self.missed) {
            (Some(reached), _) if reached.score - floor <= NEAR => return None,
            (Some(reached), None) => curve.shifted(reached.quality, reached.score, floor + margin),
            (None, Some(missed)) => curve.shifted(missed.quality, missed.score, floor + margin),
            (Some(reached), Some(missed)) => {
                let share = (floor + margin - missed.score) / (reached.score - missed.score);
                #[allow(clippy::cast_possible_truncation, reason = "a quality has few digits")]
                let share = share.clamp(0.0, 1.0) as f32;
                missed.quality + (reached.quality - missed.quality) * share
            }
            (None, None) => return None,
        };
        // A guess that rounds to a quality tried already means the next one beside it.
        let beside = |quality: f32, steps: f32| curve.round(quality + steps * curve.step());
        let mut next = curve.round(aimed);
        if let Some(missed) = &self.missed {
            next = next.max(beside(missed.quality, 1.0));
        }
        if let Some(reached) = &self.reached {
            next = next.min(beside(reached.quality, -1.0));
        }
        let above = self.missed.as_ref().is_none_or(|missed| next > missed.quality);
        let below = self.reached.as_ref().is_none_or(|reached| next < reached.quality);
        (above && below).then_some(next)
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use proptest::prelude::*;

    use super::*;
    use crate::encoders::Encoder;

    /// An encoder whose scores are the average ones moved by `offset` and bent by `bend`.
    fn fake(quality: f32, offset: f64, bend: f64) -> Trial {
        let curve = Curve::of(Encoder::Jpegli);
        let score = (curve.score_at(quality) + offset) - bend * (100.0 - f64::from(quality)) / 10.0;
        let size = 1_000.0 * (f64::from(quality) * 0.05).exp();
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
        Trial { quality, bytes: vec![0; size as usize], score }
    }

    /// Searches with the fake encoder; also says how many encodings and scores it took.
    fn search_fake(aim: Aim, offset: f64, bend: f64) -> (Option<Trial>, u32, u32) {
        let (last, scores, count) = (Cell::new(0.0), Cell::new(0), Cell::new(0));
        let encode = |quality| {
            let trial = fake(quality, offset, bend);
            last.set(trial.score);
            count.set(count.get() + 1);
            Ok(trial.bytes)
        };
        let score = |_: &[u8]| {
            scores.set(scores.get() + 1);
            Ok(last.get())
        };
        let found = search(&Curve::of(Encoder::Jpegli), aim, encode, score).unwrap();
        (found, count.get(), scores.get())
    }

    proptest! {
        #[test]
        fn the_floor_is_reached_whenever_it_can_be(
            floor in 40.0..92.0_f64, offset in -12.0..12.0_f64, bend in 0.0..1.0_f64, trials in 1..4_u32,
        ) {
            let curve = Curve::of(Encoder::Jpegli);
            let (found, count, _) = search_fake(Aim { floor, trials, limit: None, until: None, start: None }, offset, bend);
            let found = found.unwrap();
            prop_assert!(count <= trials + RESCUES);
            let best = fake(curve.range().1, offset, bend).score;
            prop_assert!(found.score >= floor || best < floor + 12.0, "{} of {floor}, best {best}", found.score);
        }

        #[test]
        fn three_trials_end_near_the_floor(floor in 60.0..85.0_f64, offset in -6.0..6.0_f64) {
            let found = search_fake(Aim { floor, trials: 3, limit: None, until: None, start: None }, offset, 0.0).0.unwrap();
            prop_assert!(found.score >= floor && found.score < floor + 2.5, "{} for {floor}", found.score);
        }

        #[test]
        fn what_fits_is_the_largest_that_fits(limit in 1_100..100_000_usize) {
            let curve = Curve::of(Encoder::Jpegli);
            let mut count = 0;
            let found = fit(&curve, limit, |quality| {
                count += 1;
                Ok((quality, fake(quality, 0.0, 0.0).bytes))
            }).unwrap();
            prop_assert!(count <= 8);
            match found {
                Ok((quality, bytes)) => {
                    prop_assert!(bytes.len() <= limit);
                    let more = fake(quality + 2.0 * curve.step(), 0.0, 0.0).bytes.len();
                    prop_assert!(bytes.len() as f64 > limit as f64 * 0.98 || more > limit || quality >= 99.0);
                }
                Err(smallest) => prop_assert!(smallest > limit),
            }
        }
    }

    /// The second guess rounds down to a quality that just misses; the third must be the one above it.
    #[test]
    fn a_guess_that_rounds_to_a_miss_is_followed_by_the_quality_beside_it() {
        let aim = Aim { floor: 84.453, trials: 3, limit: None, until: None, start: None };
        let found = search_fake(aim, 4.813, 0.0).0.unwrap();
        assert!(found.score < 86.0, "{}", found.score);
    }

    #[test]
    fn a_candidate_that_cannot_win_is_dropped_after_one_trial() {
        let first = fake(Curve::of(Encoder::Jpegli).quality_for(78.0 + MARGIN), 0.0, 0.0).bytes.len();
        let dropped = |limit| {
            let (found, encodings, scores) = search_fake(
                Aim { floor: 78.0, trials: 3, limit: Some(limit), until: None, start: None },
                0.0,
                0.0,
            );
            assert!(found.is_none());
            (encodings, scores)
        };
        assert_eq!(dropped(first * 4 / 5), (1, 1));
        assert_eq!(dropped(first / 2), (1, 0), "so far off that it need not be scored");
    }
}
