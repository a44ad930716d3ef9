//! SSIMULACRA2 (Sneyers, <https://github.com/cloudinary/ssimulacra2>): how alike two pictures look, 100 for
//! identical ones.
//!
//! The pictures pass through once, row by row. Every scale holds the last eleven rows of what it blurs and
//! nothing else, so that a comparison takes memory for rows (about 1 kB a pixel of width) where other
//! implementations take planes (about 100 bytes a pixel of the picture), and the rows stay in the cache. The
//! result is that of the published implementations for the whole picture, within 0.15.

mod comparison;
mod kernels;
mod level;
mod picture;
mod pool;
mod pyramid;
mod weights;

pub use comparison::Comparison;
pub use picture::{Channels, Picture, ScoreError};

/// Scores `distorted` against `original`: at most 100, below 0 for pictures with nothing in common.
///
/// Transparent pictures are scored over a dark and over a light background, and the lower score counts.
///
/// # Errors
/// [`ScoreError::Sizes`] if the pictures differ in size.
pub fn ssimulacra2(original: Picture<'_>, distorted: Picture<'_>) -> Result<f64, ScoreError> {
    if original.size() != distorted.size() {
        return Err(ScoreError::Sizes { original: original.size(), distorted: distorted.size() });
    }
    if original == distorted {
        return Ok(100.0);
    }
    let mut comparison = Comparison::new(original, distorted.channels());
    for row in distorted.rows() {
        comparison.push(row)?;
    }
    comparison.finish()
}
