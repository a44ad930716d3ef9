//! Resizing in linear light, row by row.

mod kernels;
mod light;
mod windows;

use crate::ImagingError;
use crate::pixels::{Layout, Pixels};
use kernels::{Column, ROWS};
use light::{CODES, LIGHT};
use windows::Windows;

/// Resizes to exactly `width` × `height`, as [`Resampler`] does.
pub(crate) fn resample(pixels: &Pixels, size: (u32, u32)) -> Result<Pixels, ImagingError> {
    let mut resampler = Resampler::new(pixels.layout(), (pixels.width(), pixels.height()), size);
    for row in pixels.data().chunks_exact(pixels.stride()) {
        resampler.push(row)?;
    }
    resampler.finish()
}

/// Resizes to an exact size in linear light with alpha premultiplied, Lanczos3, while the rows of the source come.
/// Light adds linearly: averaging sRGB values instead darkens fine detail.
///
/// Of the source no more rows are held than a few rows of the result are made of, as light of single precision.
pub(crate) struct Resampler {
    layout: Layout,
    /// Bytes of a row of the source.
    stride: usize,
    size: (u32, u32),
    across: Windows,
    down: Windows,
    /// Light of the last rows: row `y` is in slot `y % slots`.
    ring: Vec<f32>,
    slots: usize,
    /// Rows that came so far.
    seen: usize,
    /// Rows of the result so far.
    made: usize,
    /// The next rows of the result, of the source's width.
    columns: Vec<Column>,
    out: Vec<u8>,
}

impl Resampler {
    /// For a source of size `from`.
    pub(crate) fn new(layout: Layout, from: (u32, u32), size: (u32, u32)) -> Self {
        let edge = |pixels: u32| pixels.max(1) as usize;
        let (across, down) =
            (Windows::new(edge(from.0), edge(size.0)), Windows::new(edge(from.1), edge(size.1)));
        let stride = edge(from.0) * layout.channels();
        let (stored, slots) = (kernels::stored(stride), down.span(ROWS));
        Self {
            layout,
            stride,
            size,
            across,
            down,
            ring: vec![0.0; stored * slots],
            slots,
            seen: 0,
            made: 0,
            columns: vec![[0.0; ROWS]; stored],
            out: vec![0; edge(size.0) * edge(size.1) * layout.channels()],
        }
    }

    /// Bytes that a resampler with these arguments takes beside the result.
    pub(crate) fn needs(layout: Layout, from: (u32, u32), size: (u32, u32)) -> usize {
        let down = Windows::new(from.1.max(1) as usize, size.1.max(1) as usize);
        let stored = kernels::stored(from.0 as usize * layout.channels());
        stored.saturating_mul(down.span(ROWS) + ROWS).saturating_mul(size_of::<f32>())
    }

    /// Takes the next row of the source.
    pub(crate) fn push(&mut self, row: &[u8]) -> Result<(), ImagingError> {
        if row.len() != self.stride {
            return Err(failed(format!("a row of {} bytes instead of {}", row.len(), self.stride)));
        }
        let from = self.seen % self.slots * self.columns.len();
        let place = &mut self.ring[from..from + self.stride];
        match self.layout {
            Layout::Grey | Layout::Rgb => kernels::to_light(row, &LIGHT, place),
            Layout::Rgba => kernels::to_premultiplied_light(row, &LIGHT, place),
        }
        self.seen += 1;
        while self.made < self.size.1 as usize && self.down.end(self.last()) <= self.seen {
            self.sum_rows();
            self.write_rows();
            self.made = self.last() + 1;
        }
        Ok(())
    }

    /// The last of the rows that are made together.
    fn last(&self) -> usize {
        (self.made + ROWS).min(self.size.1 as usize) - 1
    }

    fn sum_rows(&mut self) {
        let (from, to) = (self.down.window(self.made).0, self.down.end(self.last()));
        let stored = self.columns.len();
        let rows: Vec<_> = (from..to).map(|y| &self.ring[y % self.slots * stored..][..stored]).collect();
        let mut weights = vec![[0.0; ROWS]; to - from];
        for (lane, y) in (self.made..=self.last()).enumerate() {
            let (start, window) = self.down.window(y);
            for (weights, weight) in weights[start - from..].iter_mut().zip(window) {
                weights[lane] = *weight;
            }
        }
        kernels::sum_rows(&rows, &weights, &mut self.columns);
    }

    fn write_rows(&mut self) {
        let stride = self.size.0 as usize * self.layout.channels();
        let rows = self.made * stride..(self.last() + 1) * stride;
        let out = &mut self.out[rows];
        let along = match self.layout {
            Layout::Grey => kernels::along::<1>,
            Layout::Rgb => kernels::along::<3>,
            Layout::Rgba => kernels::along::<4>,
        };
        along(&self.columns, self.across.starts(), self.across.weights(), &CODES, out, stride);
    }

    /// The result, once all rows came.
    pub(crate) fn finish(self) -> Result<Pixels, ImagingError> {
        if self.made < self.size.1 as usize {
            return Err(failed(format!("{} rows came", self.seen)));
        }
        Pixels::new(self.size.0, self.size.1, self.layout, self.out)
    }
}

fn failed(detail: String) -> ImagingError {
    ImagingError::Process { operation: "resizing", detail }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scene(layout: Layout) -> Pixels {
        let data = (0..45_u32 * 30)
            .flat_map(|at| {
                let (x, y) = (at % 45 * 2, at / 45 * 2);
                let sample = |scale: u32| u8::try_from((x * scale / 2 + y * 2) % 256).unwrap();
                let alpha = u8::try_from(255 - x).unwrap();
                [sample(3), sample(1), sample(2), alpha]
                    .into_iter()
                    .take(layout.channels())
                    .collect::<Vec<_>>()
            })
            .collect();
        Pixels::new(45, 30, layout, data).unwrap()
    }

    #[test]
    fn light_is_averaged_and_not_its_code() {
        let stripes = (0..64 * 64).map(|at| if at % 2 == 0 { 0 } else { 255 }).collect();
        let half = resample(&Pixels::new(64, 64, Layout::Grey, stripes).unwrap(), (16, 16)).unwrap();
        // The outer columns lack neighbours.
        for row in half.data().chunks_exact(16) {
            assert!(row[2..14].iter().all(|sample| (186..=190).contains(sample)), "{row:?}");
        }
    }

    #[test]
    fn colour_that_cannot_be_seen_does_not_bleed() {
        let pixel = |at: usize| if at % 64 < 32 { [255, 0, 0, 255] } else { [0, 255, 0, 0] };
        let data = (0..64 * 64).flat_map(pixel).collect();
        let small = resample(&Pixels::new(64, 64, Layout::Rgba, data).unwrap(), (13, 13)).unwrap();
        for pixel in small.data().chunks_exact(4).filter(|pixel| pixel[3] > 8) {
            assert!(pixel[0] > 240 && pixel[1] < 16, "{pixel:?}");
        }
    }

    /// The definition, in double precision: every pixel of the result is the sum of all pixels of the source.
    fn slowly(pixels: &Pixels, (width, height): (u32, u32)) -> Vec<u8> {
        let channels = pixels.layout().channels();
        let light: Vec<f64> = pixels
            .data()
            .chunks_exact(channels)
            .flat_map(|pixel| {
                let alpha = if channels == 4 { f64::from(pixel[3]) / 255.0 } else { 1.0 };
                let light = move |sample: u8| light::linear(f64::from(sample) / 255.0) * alpha;
                let colours = pixel.iter().take(3).map(move |sample| light(*sample));
                colours.chain((channels == 4).then_some(alpha)).collect::<Vec<_>>()
            })
            .collect();
        let weights = |place: u32, to: u32, from: u32| {
            let scale = f64::from(from) / f64::from(to);
            let middle = (f64::from(place) + 0.5) * scale;
            let weigh = |x| windows::lanczos((f64::from(x) + 0.5 - middle) / scale.max(1.0));
            let sum: f64 = (0..from).map(weigh).sum();
            (0..from).map(move |x| weigh(x) / sum).collect::<Vec<_>>()
        };
        let mut out = Vec::new();
        for (y, x) in (0..height).flat_map(|y| (0..width).map(move |x| (y, x))) {
            let (down, across) = (weights(y, height, pixels.height()), weights(x, width, pixels.width()));
            let sum = |channel: usize| {
                let row = |y: usize| {
                    let at = |x: usize| light[(y * pixels.width() as usize + x) * channels + channel];
                    across.iter().enumerate().map(|(x, weight)| weight * at(x)).sum::<f64>()
                };
                down.iter().enumerate().map(|(y, weight)| weight * row(y)).sum::<f64>()
            };
            let opacity = if channels == 4 { sum(3) } else { 1.0 };
            out.extend((0..channels).map(|channel| match channel {
                3 => (opacity.clamp(0.0, 1.0) * 255.0).round() as u8,
                _ if opacity <= 0.0 => 0,
                _ => {
                    let light = (sum(channel) / opacity).clamp(0.0, 1.0);
                    let below =
                        (0..255).filter(|code| light >= light::linear((f64::from(*code) + 0.5) / 255.0));
                    below.count() as u8
                }
            }));
        }
        out
    }

    #[test]
    fn results_are_those_of_the_definition() {
        for layout in [Layout::Grey, Layout::Rgb, Layout::Rgba] {
            for size in [(22, 15), (16, 24), (51, 32), (1, 1), (7, 30)] {
                let (fast, slow) = (resample(&scene(layout), size).unwrap(), slowly(&scene(layout), size));
                let off = fast.data().iter().zip(&slow).map(|(a, b)| a.abs_diff(*b)).max();
                assert!(off <= Some(1), "{layout:?} {size:?}: {off:?}");
            }
        }
    }

    #[test]
    fn missing_and_foreign_rows_are_errors() {
        let mut resampler = Resampler::new(Layout::Grey, (4, 4), (2, 2));
        assert!(resampler.push(&[0; 5]).is_err());
        resampler.push(&[0; 4]).unwrap();
        assert!(resampler.finish().is_err());
    }

    #[test]
    fn memory_grows_with_the_rows_that_a_row_is_made_of() {
        let needs = |height| Resampler::needs(Layout::Rgb, (6_000, 4_000), (1_200, height));
        assert!(needs(2_000) < needs(800) && needs(800) < needs(80));
    }
}
