/// Sums over the pixels of one channel at one scale: of each error map the values and their fourth powers.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(crate) struct Sums {
    /// Structural dissimilarity.
    pub(crate) structure: [f64; 2],
    /// Edges that the original does not have.
    pub(crate) artifact: [f64; 2],
    /// Edges that were lost.
    pub(crate) lost: [f64; 2],
}

impl Sums {
    /// The 1-norms and 4-norms over `pixels` pixels, in the order of the weights: for each norm structure,
    /// artifact and lost.
    pub(crate) fn norms(&self, pixels: f64) -> [f64; 6] {
        let mean = |sum: f64| sum / pixels;
        let fourth = |sum: f64| (sum / pixels).sqrt().sqrt();
        [
            mean(self.structure[0]),
            mean(self.artifact[0]),
            mean(self.lost[0]),
            fourth(self.structure[1]),
            fourth(self.artifact[1]),
            fourth(self.lost[1]),
        ]
    }
}

/// The published fit of weighted errors to opinions (SSIMULACRA2 2.1).
pub(crate) fn score(weighted: f64) -> f64 {
    let error = weighted * 0.956_238_261_683_484_4;
    let error = 2.326_765_642_916_932 * error - 0.020_884_521_182_843_837 * error * error
        + 6.248_496_625_763_138e-05 * error * error * error;
    if error > 0.0 { 100.0 - 10.0 * error.powf(0.627_633_646_783_138_7) } else { 100.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn norms_are_means_and_fourth_roots_of_mean_fourth_powers() {
        let sums = Sums { structure: [8.0, 64.0], artifact: [4.0, 4.0], lost: [0.0, 0.0] };
        assert_eq!(sums.norms(4.0), [2.0, 1.0, 0.0, 2.0, 1.0, 0.0]);
    }

    #[test]
    fn no_error_is_100() {
        assert_eq!(score(0.0), 100.0);
        assert!(score(1.0) < 90.0 && score(20.0) < score(10.0));
    }
}
