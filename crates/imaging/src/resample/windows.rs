/// What every place of a resized line is made of: a window of the source's places and their weights.
#[derive(Debug)]
pub(super) struct Windows {
    /// First place of each window.
    starts: Vec<usize>,
    /// Of each window as many as `taps`, which sum to 1.
    weights: Vec<f32>,
    taps: usize,
}

/// Lobes of the Lanczos kernel to each side.
const LOBES: f64 = 3.0;

impl Windows {
    /// For a line of `from` places that becomes one of `to`. The kernel is stretched with the line where it becomes
    /// shorter, and cut off at the line's ends.
    pub(super) fn new(from: usize, to: usize) -> Self {
        let (length, count) = (float(from), float(to));
        let scale = length / count;
        let stretch = scale.max(1.0);
        let reach = LOBES * stretch;
        let taps = from.min(whole(2.0 * reach) + 1);
        let mut windows =
            Self { starts: Vec::with_capacity(to), weights: Vec::with_capacity(to * taps), taps };
        for place in 0..to {
            let middle = (float(place) + 0.5) * scale;
            // The first place whose middle the kernel covers.
            let start = whole((middle - reach - 0.5).ceil().max(0.0)).min(from - taps);
            let first = float(start) + 0.5 - middle;
            let weights: Vec<f64> = (0..taps).map(|tap| lanczos((first + float(tap)) / stretch)).collect();
            let sum: f64 = weights.iter().sum();
            windows.starts.push(start);
            #[allow(clippy::cast_possible_truncation, reason = "light has single precision")]
            windows.weights.extend(weights.iter().map(|weight| (weight / sum) as f32));
        }
        windows
    }

    /// Most places that `count` windows side by side cover together.
    pub(super) fn span(&self, count: usize) -> usize {
        let firsts = self.starts.iter().step_by(count).enumerate();
        let lasts = firsts
            .map(|(group, first)| (first, self.end((group * count + count).min(self.starts.len()) - 1)));
        lasts.map(|(first, end)| end - first).max().unwrap_or(0)
    }

    /// Where a window ends.
    pub(super) fn end(&self, place: usize) -> usize {
        self.starts[place] + self.taps
    }

    pub(super) fn starts(&self) -> &[usize] {
        &self.starts
    }

    /// Of all windows, one after the other.
    pub(super) fn weights(&self) -> &[f32] {
        &self.weights
    }

    /// First place and weights of one window.
    pub(super) fn window(&self, place: usize) -> (usize, &[f32]) {
        (self.starts[place], &self.weights[place * self.taps..(place + 1) * self.taps])
    }
}

/// The Lanczos kernel: `sinc(x) sinc(x / 3)` within its lobes (Duchon, "Lanczos filtering in one and two
/// dimensions", 1979).
pub(super) fn lanczos(x: f64) -> f64 {
    let sinc = |x: f64| {
        let angle = x * std::f64::consts::PI;
        if angle == 0.0 { 1.0 } else { angle.sin() / angle }
    };
    if x.abs() < LOBES { sinc(x) * sinc(x / LOBES) } else { 0.0 }
}

#[allow(clippy::cast_precision_loss, reason = "edges have less than 2^52 pixels")]
const fn float(places: usize) -> f64 {
    places as f64
}

#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "not negative, and rounded down")]
const fn whole(places: f64) -> usize {
    places as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn windows_lie_within_the_line_and_keep_the_light() {
        for (from, to) in [(90, 45), (90, 31), (31, 90), (1, 7), (7, 1), (2, 3), (1776, 1200), (5, 5)] {
            let windows = Windows::new(from, to);
            assert_eq!(windows.starts().len(), to);
            for place in 0..to {
                let (start, weights) = windows.window(place);
                assert!(start + weights.len() <= from, "{from} to {to}");
                assert!((weights.iter().sum::<f32>() - 1.0).abs() < 1e-5, "{from} to {to}");
            }
        }
    }

    #[test]
    fn a_line_of_the_same_length_stays_as_it_is() {
        let windows = Windows::new(9, 9);
        for place in 0..9 {
            let (start, weights) = windows.window(place);
            for (tap, weight) in weights.iter().enumerate() {
                let expected = if start + tap == place { 1.0 } else { 0.0 };
                assert!((weight - expected).abs() < 1e-6, "{place}: {weights:?}");
            }
        }
    }
}
