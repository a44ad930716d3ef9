use domain::Compression;

use crate::encoders::Encoder;

/// The encoder's own quality (0–100) that reaches a level's visual floor on nine images of ten.
///
/// The floors are SSIMULACRA2 scores: low 88, medium 80, max 68, auto 78.
pub(crate) const fn quality(encoder: Encoder, level: Compression) -> f32 {
    let [low, medium, auto, max] = match encoder {
        Encoder::Jpegli => [95.0, 86.0, 83.0, 67.0],
        Encoder::WebPLossy => [96.0, 89.0, 87.0, 79.0],
        Encoder::Aom => [88.0, 75.0, 71.0, 58.0],
        Encoder::Rav1e => [82.0, 67.0, 63.0, 48.0],
        Encoder::WebPLossless | Encoder::Oxipng | Encoder::Gif => [100.0; 4],
    };
    match level {
        Compression::Low => low,
        Compression::Medium => medium,
        Compression::Auto => auto,
        Compression::Max => max,
    }
}
