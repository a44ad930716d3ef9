//! One or two last encodings of an AVIF with more work, for results that nobody waits for.

use crate::ImagingError;
use crate::quality::Curve;
use crate::search::Trial;

/// Images that are encoded so: up to this size, because an image has 30 seconds.
pub(crate) const MOST_PIXELS: u64 = 3_000_000;

/// Images that may be encoded twice however long the search took.
pub(crate) const TWICE_PIXELS: u64 = 1_000_000;

/// Points that the thorough encoding scores above the quick one at the same quality: 0.75 to 1.6, measured on
/// four Kodak photos and two of CLIC. Aiming low pays where there is a second try.
const GAIN: f64 = 0.8;
const GAIN_OF_TWO: f64 = 1.2;

/// What is aimed at above the floor.
const MARGIN: f64 = 0.2;

/// A score this far above the floor is worth another try: a step of the quality is about one point.
const FAR: f64 = 0.9;

/// The smallest thorough encoding that reaches `floor`, if one of at most two does and is smaller than `found`;
/// `found` otherwise.
pub(crate) fn polish(
    curve: &Curve,
    floor: f64,
    found: Trial,
    twice: bool,
    mut attempt: impl FnMut(f32) -> Result<Trial, ImagingError>,
) -> Result<Trial, ImagingError> {
    let gain = if twice { GAIN_OF_TWO } else { GAIN };
    let first = attempt(curve.round(curve.shifted(found.quality, found.score + gain, floor + MARGIN)))?;
    let beside = match first.score - floor {
        over if over < 0.0 => Some(first.quality + curve.step()),
        over if over > FAR => Some(first.quality - curve.step()),
        _ => None,
    };
    let mut best = better(found, first, floor);
    if let (true, Some(quality)) = (twice, beside) {
        best = better(best, attempt(curve.round(quality))?, floor);
    }
    Ok(best)
}

fn better(best: Trial, new: Trial, floor: f64) -> Trial {
    if new.score >= floor && new.bytes.len() < best.bytes.len() { new } else { best }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::encoders::Encoder;

    fn trial(quality: f32, score: f64) -> Trial {
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
        Trial { quality, score, bytes: vec![0; (quality * 100.0) as usize] }
    }

    fn polished(gain: f64, twice: bool) -> (Trial, u32) {
        let curve = Curve::of(Encoder::Aom);
        let mut count = 0;
        let found = trial(64.0, 78.4);
        let best = polish(&curve, 78.0, found, twice, |quality| {
            count += 1;
            Ok(trial(quality, 78.4 + gain + curve.score_at(quality) - curve.score_at(64.0)))
        });
        (best.unwrap(), count)
    }

    #[test]
    fn a_result_is_smaller_or_the_one_before_and_reaches_the_floor() {
        for gain in [-1.0, 0.0, 0.5, 0.9, 1.3, 2.0, 4.0] {
            for twice in [false, true] {
                let (best, count) = polished(gain, twice);
                assert!(best.score >= 78.0 && best.quality <= 64.0, "{gain}");
                assert!(count <= 1 + u32::from(twice));
            }
        }
        assert!(polished(1.3, true).0.quality < 63.0);
        assert_eq!(polished(-1.0, true).0.quality, 64.0);
    }

    #[test]
    fn the_second_try_goes_to_the_other_side() {
        assert_eq!(polished(0.6, true).1, 2, "missed at first");
        assert!(polished(0.6, true).0.quality < 64.0);
        assert_eq!(polished(3.0, true).1, 2, "far above at first");
        assert!(polished(3.0, true).0.quality < polished(3.0, false).0.quality);
    }
}
