use domain::Compression;

use crate::encoders::Encoder;

/// The encoder's own quality (0–100) with which nine images of ten reach a level's visual floor, a
/// SSIMULACRA2 score: low 88, medium 80, auto 78, max 68.
///
/// Measured with `examples/scores.rs` on the 24 Kodak photos at interactive effort (rav1e: on 8 of them); in
/// brackets the score that 10 % of the images stay below:
///
/// | | low | medium | auto | max |
/// |---|---|---|---|---|
/// | jpegli | 95 (88.6) | 86 (80.2) | 83 (78.3) | 67 (69.0) |
/// | libwebp | 96 (87.7) | 89 (80.7) | 87 (78.9) | 79 (69.1) |
/// | libaom | 88 (90.1) | 75 (80.5) | 71 (78.8) | 58 (69.0) |
/// | rav1e | 82 (88.7) | 67 (80.8) | 63 (79.5) | 48 (65.4) |
///
/// What is used differs by up to 3 where the score measured is off the floor: interpolated. libaom was
/// measured at speed 8; at the speed 6 in use the same quality scores 1.5 to 6 points higher.
pub(crate) const fn quality(encoder: Encoder, level: Compression) -> f32 {
    let [low, medium, auto, max] = match encoder {
        Encoder::Jpegli => [95.0, 86.0, 83.0, 66.0],
        Encoder::WebPLossy => [97.0, 89.0, 87.0, 78.0],
        Encoder::Aom => [85.0, 75.0, 71.0, 57.0],
        Encoder::Rav1e => [82.0, 67.0, 62.0, 51.0],
        Encoder::WebPLossless | Encoder::Oxipng | Encoder::Gif => [100.0; 4],
    };
    match level {
        Compression::Low => low,
        Compression::Medium => medium,
        Compression::Auto => auto,
        Compression::Max => max,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_higher_floor_never_has_a_lower_quality() {
        for encoder in [Encoder::Jpegli, Encoder::WebPLossy, Encoder::Aom, Encoder::Rav1e] {
            let levels = [Compression::Max, Compression::Auto, Compression::Medium, Compression::Low];
            assert!(levels.windows(2).all(|pair| quality(encoder, pair[0]) < quality(encoder, pair[1])));
        }
    }
}
