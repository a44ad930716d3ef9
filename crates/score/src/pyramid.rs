use std::sync::LazyLock;

use crate::level::{Level, Light};
use crate::picture::{Channels, write_linear};
use crate::pool::score;
use crate::weights::{SCALES, counts, weights};

/// The metric is defined for edges of at least this many pixels; smaller pictures are continued by their mirror
/// image.
const LEAST_EDGE: usize = 8;

/// sRGB's transfer function (IEC 61966-2-1), from 8 bits.
static LINEAR: LazyLock<[f32; 256]> = LazyLock::new(|| {
    std::array::from_fn(|value| {
        #[allow(clippy::cast_precision_loss, reason = "at most 255")]
        let encoded = value as f64 / 255.0;
        let light = if encoded <= 0.040_45 { encoded / 12.92 } else { ((encoded + 0.055) / 1.055).powf(2.4) };
        #[allow(clippy::cast_possible_truncation, reason = "single precision is what follows")]
        let light = light as f32;
        light
    })
});

/// A comparison of two pictures, both over the same grey.
pub(crate) struct Pyramid {
    background: u8,
    sizes: Vec<(usize, usize)>,
    /// One for each scale, without those after the last one that counts.
    levels: Vec<Level>,
    light: Light,
}

impl Pyramid {
    /// For pictures of this size, over grey of value `background`.
    pub(crate) fn new(width: usize, height: usize, background: u8) -> Self {
        let (width, height) = (width.max(LEAST_EDGE), height.max(LEAST_EDGE));
        let sizes = sizes(width, height);
        let scales = sizes.len();
        let counting = |scale| (0..3).any(|channel| counts(channel, scale, scales));
        let needed = (0..scales).rev().find(|&scale| counting(scale)).map_or(0, |last| last + 1);
        let levels = sizes
            .iter()
            .take(needed)
            .enumerate()
            .map(|(scale, &(width, height))| {
                Level::new(width, height, |channel| counts(channel, scale, scales))
            })
            .collect();
        Self { background, sizes, levels, light: Light::new(width) }
    }

    /// Rows that it takes: as many as the pictures have, or more where those are too low.
    pub(crate) fn rows(&self) -> usize {
        self.sizes[0].1
    }

    /// Takes the next row of both pictures.
    pub(crate) fn push(&mut self, rows: [(&[u8], Channels); 2]) {
        let width = self.sizes[0].0;
        for ((row, channels), planes) in rows.into_iter().zip(&mut self.light.0) {
            let mut planes = planes.each_mut().map(|plane| &mut plane[..width]);
            write_linear(row, channels, self.background, &LINEAR, &mut planes);
        }
        push(&mut self.levels, &self.light);
    }

    /// The score, once all rows came.
    pub(crate) fn finish(mut self) -> f64 {
        score(weighted(&mut self.levels, &self.sizes))
    }
}

fn push(levels: &mut [Level], light: &Light) {
    let Some((level, smaller)) = levels.split_first_mut() else { return };
    if let Some(half) = level.push(light) {
        push(smaller, half);
    }
}

/// The sizes of all scales, from the full one. A scale is halved as long as its edges are long enough, so that
/// the last one may be smaller, as in the published tool.
fn sizes(width: usize, height: usize) -> Vec<(usize, usize)> {
    let smaller = |&(width, height): &(usize, usize)| {
        (width >= LEAST_EDGE && height >= LEAST_EDGE).then(|| (width.div_ceil(2), height.div_ceil(2)))
    };
    std::iter::successors(Some((width, height)), smaller).take(SCALES).collect()
}

fn weighted(levels: &mut [Level], sizes: &[(usize, usize)]) -> f64 {
    let mut error = 0.0;
    for (scale, (level, &(width, height))) in levels.iter_mut().zip(sizes).enumerate() {
        #[allow(clippy::cast_precision_loss, reason = "pictures have less than 2^52 pixels")]
        let pixels = (width * height) as f64;
        for (channel, sums) in level.finish().into_iter().enumerate() {
            let Some(sums) = sums else { continue };
            let norms = sums.norms(pixels);
            error +=
                weights(channel, scale, sizes.len()).iter().zip(norms).map(|(w, norm)| w * norm).sum::<f64>();
        }
    }
    error
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scales_end_once_an_edge_is_too_short() {
        assert_eq!(sizes(500, 333), [(500, 333), (250, 167), (125, 84), (63, 42), (32, 21), (16, 11)]);
        assert_eq!(sizes(20, 300), [(20, 300), (10, 150), (5, 75)]);
    }
}
