use crate::encoders::Encoder;

/// How an encoder's own quality (0–100) and the SSIMULACRA2 score go together on an average photo: points of
/// a rising line. A single photo lies above or below it, by about the same amount everywhere.
///
/// jpegli, libwebp at method 4 and libaom: means over every second of the 24 Kodak photos, measured with
/// `examples/curves.rs`. rav1e: estimated from the levels of eight of them.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Curve {
    points: &'static [(f32, f64)],
    /// Qualities nearer together give the same file.
    step: f32,
    /// How far below the mean the score of one image in twenty lies.
    certainty: f64,
}

const JPEGLI: Curve = Curve {
    points: &[
        (20.0, 43.1),
        (35.0, 56.2),
        (50.0, 62.5),
        (60.0, 67.3),
        (70.0, 72.1),
        (75.0, 74.6),
        (80.0, 77.6),
        (85.0, 81.0),
        (90.0, 85.0),
        (95.0, 89.6),
        (100.0, 94.5),
    ],
    step: 1.0,
    certainty: 2.5,
};

const LIBWEBP: Curve = Curve {
    points: &[
        (20.0, 33.1),
        (35.0, 47.8),
        (50.0, 57.1),
        (60.0, 62.3),
        (70.0, 66.2),
        (75.0, 68.7),
        (80.0, 74.5),
        (85.0, 79.6),
        (90.0, 84.4),
        (95.0, 88.4),
        (100.0, 90.1),
    ],
    step: 0.5,
    certainty: 6.0,
};

const LIBAOM: Curve = Curve {
    points: &[
        (20.0, 5.8),
        (35.0, 40.8),
        (50.0, 65.0),
        (60.0, 76.5),
        (70.0, 82.1),
        (75.0, 84.6),
        (80.0, 87.2),
        (85.0, 90.7),
        (90.0, 93.1),
        (95.0, 94.8),
        (100.0, 96.7),
    ],
    step: 1.6,
    certainty: 4.0,
};

const RAV1E: Curve = Curve {
    points: &[
        (20.0, 40.0),
        (40.0, 60.0),
        (50.0, 68.0),
        (60.0, 78.0),
        (70.0, 84.0),
        (80.0, 88.5),
        (90.0, 93.0),
        (100.0, 98.0),
    ],
    step: 1.0,
    certainty: 5.0,
};

/// Estimated from graphics; the steps are those of libwebp.
const NEAR_LOSSLESS: Curve = Curve {
    points: &[(5.0, 55.0), (20.0, 75.0), (40.0, 86.0), (60.0, 93.0), (80.0, 97.0), (100.0, 100.0)],
    step: 20.0,
    certainty: 8.0,
};

/// Estimated from graphics: how many colours a picture needs differs more than anything else here.
const PALETTE: Curve = Curve {
    points: &[
        (12.5, 10.0),
        (25.0, 35.0),
        (37.5, 50.0),
        (50.0, 62.0),
        (62.5, 71.0),
        (75.0, 78.0),
        (87.5, 83.0),
        (100.0, 90.0),
    ],
    step: 6.25,
    certainty: 10.0,
};

const FLAT: Curve = Curve { points: &[(0.0, 100.0), (100.0, 100.0)], step: 100.0, certainty: 0.0 };

impl Curve {
    /// The curve of a lossy encoder; lossless ones have a flat one.
    pub(crate) const fn of(encoder: Encoder) -> Self {
        match encoder {
            Encoder::Jpegli => JPEGLI,
            Encoder::WebPLossy => LIBWEBP,
            Encoder::Aom | Encoder::AomThorough => LIBAOM,
            Encoder::Rav1e => RAV1E,
            Encoder::WebPNearLossless => NEAR_LOSSLESS,
            Encoder::PngPalette | Encoder::WebPPalette => PALETTE,
            Encoder::WebPLossless | Encoder::Oxipng | Encoder::Gif => FLAT,
        }
    }

    /// The quality at which an average image scores `score`, on the encoder's grid.
    pub(crate) fn quality_for(&self, score: f64) -> f32 {
        self.round(self.inverse(score))
    }

    /// The quality at which nineteen images of twenty score `score` or more.
    pub(crate) fn safe_quality_for(&self, score: f64) -> f32 {
        self.quality_for(score + self.certainty)
    }

    /// The quality at which an image that scored `score` at `quality` should score `wanted`.
    pub(crate) fn shifted(&self, quality: f32, score: f64, wanted: f64) -> f32 {
        self.inverse(self.score_at(quality) + wanted - score)
    }

    /// An average image's score.
    pub(crate) fn score_at(&self, quality: f32) -> f64 {
        let (one, other) = self.segment(|(at, _)| *at >= quality);
        one.1 + f64::from(quality - one.0) * (other.1 - one.1) / f64::from(other.0 - one.0)
    }

    #[allow(clippy::cast_possible_truncation, reason = "a quality has few digits")]
    fn inverse(&self, score: f64) -> f32 {
        let (one, other) = self.segment(|(_, at)| *at >= score);
        let slope = (other.1 - one.1).max(f64::EPSILON);
        let quality = f64::from(one.0) + (score - one.1) * f64::from(other.0 - one.0) / slope;
        (quality as f32).clamp(self.range().0, self.range().1)
    }

    /// The two points around the first for which `beyond` holds; the outermost two outside of the curve.
    fn segment(&self, beyond: impl Fn(&(f32, f64)) -> bool) -> ((f32, f64), (f32, f64)) {
        let last = self.points.len() - 1;
        let at = self.points.iter().position(beyond).unwrap_or(last).clamp(1, last);
        (self.points[at - 1], self.points[at])
    }

    /// The lowest and highest quality worth trying.
    pub(crate) const fn range(&self) -> (f32, f32) {
        (5.0, 100.0)
    }

    /// Qualities nearer together than this give the same file.
    pub(crate) const fn step(&self) -> f32 {
        self.step
    }

    /// The nearest quality on the encoder's grid.
    pub(crate) fn round(&self, quality: f32) -> f32 {
        let (lowest, highest) = self.range();
        ((quality / self.step).round() * self.step).clamp(lowest, highest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOSSY: [Encoder; 6] = [
        Encoder::Jpegli,
        Encoder::WebPLossy,
        Encoder::WebPNearLossless,
        Encoder::Aom,
        Encoder::Rav1e,
        Encoder::PngPalette,
    ];

    #[test]
    fn curves_rise() {
        for encoder in LOSSY {
            let curve = Curve::of(encoder);
            assert!(curve.points.windows(2).all(|pair| pair[0].0 < pair[1].0 && pair[0].1 < pair[1].1));
        }
    }

    #[test]
    fn quality_and_score_are_each_others_inverse() {
        for encoder in LOSSY {
            let curve = Curve::of(encoder);
            for score in [60.0, 68.0, 78.0, 80.0, 88.0] {
                let back = curve.score_at(curve.inverse(score));
                assert!((back - score).abs() < 0.01, "{encoder:?}: {back} for {score}");
                assert!(curve.safe_quality_for(score) >= curve.quality_for(score));
            }
        }
    }

    #[test]
    fn an_image_that_scores_as_the_average_is_sent_where_the_average_goes() {
        let curve = Curve::of(Encoder::Jpegli);
        let quality = curve.shifted(80.0, curve.score_at(80.0), 88.0);
        assert!((quality - curve.inverse(88.0)).abs() < 0.01);
        assert!(curve.shifted(80.0, curve.score_at(80.0) - 3.0, 80.0) > 80.0);
    }
}
