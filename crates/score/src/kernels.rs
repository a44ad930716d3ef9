//! The arithmetic on rows. Everything here is written so that the compiler makes vector instructions of it, and
//! `multiversion` picks the widest that the processor has at run time.
#![allow(
    unsafe_code,
    reason = "calling the version for a processor's vector instructions is unsafe to the compiler"
)]

use multiversion::multiversion;

use crate::pool::Sums;

/// Pixels that are worked on at once. Rows are stored in multiples of it.
pub(crate) const LANES: usize = 16;

/// Rows and columns that the blur sees to each side, and how far ahead samples enter it.
pub(crate) const RADIUS: usize = 4;

/// Rows that are held: from six above the blurred one to four below it.
pub(crate) const WINDOW: usize = ABOVE + RADIUS + 1;

/// How far above the blurred row the row lies that leaves the recursion.
pub(crate) const ABOVE: usize = 6;

/// The impulse response of the filter, from its middle outwards; zero from the fifth tap on.
#[cfg(test)]
const TAPS: [f32; RADIUS + 1] = [0.264_621_1, 0.212_928_6, 0.109_335_37, 0.036_011_115, 0.009_414_368];

/// libjxl's `FastGaussian` for sigma 1.5: three oscillators (Charalampidis, "Recursive implementation of the
/// Gaussian filter using truncated cosine functions"), each of which takes the sum of the samples that enter
/// and leave, times the first number, plus its last value times the second, less the one before. Outside
/// of the picture there is nothing: no normalisation at the borders.
///
/// A sum of nine products would be the same filter. But the published tools compute the recursion in single
/// precision; its rounding errors never fade, and in flat areas they are a thousandth of the constant that
/// variances are compared with: they lower the score of a picture with large flat areas by up to two points.
/// Whoever checks a score of ours uses those tools, so that the errors belong to the metric.
const OSCILLATORS: [(f32, f32); 3] =
    [(0.055295236, 1.902_113_1), (-0.058836687, 1.1755705), (0.012955819, 0.0)];

/// Stabilises the quotient of variances in flat areas (`kC2`).
const C2: f32 = 0.0009;

/// The bias of the opsin absorbance, and its cube root.
const BIAS: f32 = 0.003_793_073_4;
const BIAS_ROOT: f32 = 0.155_954_2;

/// The rows of one quantity that leave and enter the recursion.
pub(crate) type Column<'a> = [&'a [f32]; 2];

/// The last two values of the oscillators, for each pixel of a row.
pub(crate) struct State([[Vec<f32>; 2]; 3]);

impl State {
    /// Before the first row of a picture whose rows are stored with this length.
    pub(crate) fn new(length: usize) -> Self {
        Self(std::array::from_fn(|_| [vec![0.0; length], vec![0.0; length]]))
    }
}

/// What is blurred in a channel, in this order: both pictures, their squares, and their product.
pub(crate) const QUANTITIES: usize = 5;

/// The same, filled up to a vector register.
const QUANTITY_LANES: usize = 8;

/// Linear light to Y of XYB.
#[multiversion(targets("x86_64+avx512f+avx512vl+avx512dq+fma", "x86_64+avx2+fma", "aarch64+neon"))]
pub(crate) fn luma([red, green, blue]: [&[f32]; 3], y: &mut [f32]) {
    let light = red.iter().zip(green).zip(blue);
    for (((red, green), blue), y) in light.zip(y) {
        let (long, middle, _) = absorbed(*red, *green, *blue);
        *y = 0.5 * (root(long) + root(middle)) + 0.01;
    }
}

/// Linear light to XYB, moved and scaled so that all is positive (`MakePositiveXYB`).
#[multiversion(targets("x86_64+avx512f+avx512vl+avx512dq+fma", "x86_64+avx2+fma", "aarch64+neon"))]
pub(crate) fn xyb([red, green, blue]: [&[f32]; 3], [x, y, b]: [&mut [f32]; 3]) {
    let light = red.iter().zip(green).zip(blue);
    for ((((red, green), blue), x), (y, b)) in light.zip(x).zip(y.iter_mut().zip(b)) {
        let (long, middle, short) = absorbed(*red, *green, *blue);
        let (long, middle, short) = (root(long), root(middle), root(short));
        let luma = 0.5 * (long + middle);
        *x = 0.5 * (long - middle) * 14.0 + 0.42;
        *y = luma + 0.01;
        *b = (short - luma) + 0.55;
    }
}

#[inline(always)]
fn absorbed(red: f32, green: f32, blue: f32) -> (f32, f32, f32) {
    (
        0.3 * red + (0.622 * green + (0.078 * blue + BIAS)),
        0.23 * red + (0.692 * green + (0.078 * blue + BIAS)),
        0.243_422_69 * red + (0.204_767_45 * green + (0.551_809_87 * blue + BIAS)),
    )
}

/// The cube root less that of the bias: from the exponent to three steps of Newton for the inverse root and one
/// correction, as libjxl computes it (`CubeRootAndAdd`).
#[inline(always)]
fn root(value: f32) -> f32 {
    const THIRD: f32 = 1.0 / 3.0;
    let exponent = value.to_bits() >> 23;
    let mut inverse = f32::from_bits(0x5480_0000_u32.wrapping_sub(exponent.wrapping_mul(0x002a_aaaa)));
    let third = THIRD * value;
    for _ in 0..3 {
        let square = inverse * inverse;
        inverse = (4.0 / 3.0) * inverse - third * (square * square);
    }
    let square = inverse * inverse;
    inverse += THIRD * (inverse - value * (square * square));
    inverse * inverse * value - BIAS_ROOT
}

/// The squares, and the product.
#[multiversion(targets("x86_64+avx512f+avx512vl+avx512dq+fma", "x86_64+avx2+fma", "aarch64+neon"))]
pub(crate) fn moments(original: &[f32], distorted: &[f32], [first, second, product]: [&mut [f32]; 3]) {
    let sources = original.iter().zip(distorted);
    for ((original, distorted), ((first, second), product)) in
        sources.zip(first.iter_mut().zip(second).zip(product))
    {
        *first = original * original;
        *second = distorted * distorted;
        *product = original * distorted;
    }
}

/// Blurs along the row, all quantities side by side. `rows` have [`ABOVE`] empty pixels before the picture and
/// [`RADIUS`] behind what `blurred` holds.
#[multiversion(targets("x86_64+avx512f+avx512vl+avx512dq+fma", "x86_64+avx2+fma", "aarch64+neon"))]
pub(crate) fn blur_along(rows: [&[f32]; QUANTITIES], blurred: [&mut [f32]; QUANTITIES]) {
    let mut oscillators = [[[0.0_f32; QUANTITY_LANES]; 2]; 3];
    let lanes = |[a, b, c, d, e]: [f32; QUANTITIES]| [a, b, c, d, e, 0.0, 0.0, 0.0];
    for at in 0..RADIUS {
        oscillate(&mut oscillators, [0.0; QUANTITY_LANES], lanes(rows.map(|row| row[ABOVE + at])));
    }
    let [first, second, third, fourth, fifth] = blurred;
    let length = first.len();
    let leaving = rows.map(|row| &row[..length]);
    let entering = rows.map(|row| &row[ABOVE + RADIUS..][..length]);
    let (second, third) = (&mut second[..length], &mut third[..length]);
    let (fourth, fifth) = (&mut fourth[..length], &mut fifth[..length]);
    for x in 0..length {
        let (leaving, entering) = (lanes(leaving.map(|row| row[x])), lanes(entering.map(|row| row[x])));
        [first[x], second[x], third[x], fourth[x], fifth[x], ..] =
            oscillate(&mut oscillators, leaving, entering);
    }
}

/// One step of the recursion; gives the blurred values.
#[inline(always)]
fn oscillate<const N: usize>(
    states: &mut [[[f32; N]; 2]; 3],
    leaving: [f32; N],
    entering: [f32; N],
) -> [f32; N] {
    let mut blurred = [0.0; N];
    for ((input, feedback), [last, before]) in OSCILLATORS.into_iter().zip(states) {
        for lane in 0..N {
            // Rounded as the published tools round.
            let driven = (leaving[lane] + entering[lane]) * input - before[lane];
            let value = feedback.mul_add(last[lane], driven);
            before[lane] = last[lane];
            last[lane] = value;
            blurred[lane] += value;
        }
    }
    blurred
}

/// Blurs down the columns to the next row, and adds up the errors of its first `width` pixels. Without `row`,
/// which is that row of both pictures, the recursion only moves on.
#[multiversion(targets("x86_64+avx512f+avx512vl+avx512dq+fma", "x86_64+avx2+fma", "aarch64+neon"))]
pub(crate) fn add_errors(
    columns: &[Column<'_>; QUANTITIES],
    states: &mut [State; QUANTITIES],
    row: Option<[&[f32]; 2]>,
    width: usize,
    sums: &mut Sums,
) {
    let mut lanes = [[0.0_f32; LANES]; 6];
    for from in (0..width).step_by(LANES) {
        let mut blurred = [[0.0; LANES]; QUANTITIES];
        for ((blurred, column), state) in blurred.iter_mut().zip(columns).zip(states.iter_mut()) {
            *blurred = recur(column, state, from);
        }
        let Some(row) = row else { continue };
        let row = row.map(|row| chunk(row, from));
        let [original, distorted, squares, other_squares, products] = &blurred;
        let mut errors = [[0.0_f32; LANES]; 3];
        for x in 0..LANES {
            let (mean, other) = (original[x], distorted[x]);
            let difference = mean - other;
            let likeness = 1.0 - difference * difference;
            let covariance = 2.0 * (products[x] - mean * other) + C2;
            // Exactly the covariance where both pictures are the same.
            let variances = ((squares[x] - mean * mean) + (other_squares[x] - other * other)) + C2;
            errors[0][x] = (1.0 - likeness * covariance / variances).max(0.0);
            let edge = (row[0][x] - mean).abs();
            let change = ((row[1][x] - other).abs() - edge) / (1.0 + edge);
            errors[1][x] = change.max(0.0);
            errors[2][x] = (-change).max(0.0);
        }
        // The last pixels of a stored row may lie beyond the picture.
        for x in width.saturating_sub(from)..LANES {
            for error in &mut errors {
                error[x] = 0.0;
            }
        }
        for (error, sum) in errors.iter().zip(lanes.as_chunks_mut::<2>().0) {
            for x in 0..LANES {
                let square = error[x] * error[x];
                sum[0][x] += error[x];
                sum[1][x] += square * square;
            }
        }
    }
    let total = |lane: usize| lanes[lane].iter().copied().map(f64::from).sum::<f64>();
    for (at, sum) in [&mut sums.structure, &mut sums.artifact, &mut sums.lost].into_iter().enumerate() {
        sum[0] += total(2 * at);
        sum[1] += total(2 * at + 1);
    }
}

#[inline(always)]
fn recur(column: &Column<'_>, state: &mut State, from: usize) -> [f32; LANES] {
    let [leaving, entering] = column.map(|row| chunk(row, from));
    let mut blurred = [0.0; LANES];
    for ((input, feedback), [last, before]) in OSCILLATORS.into_iter().zip(&mut state.0) {
        let (Some(last), Some(before)) =
            (last[from..].first_chunk_mut::<LANES>(), before[from..].first_chunk_mut::<LANES>())
        else {
            continue;
        };
        for x in 0..LANES {
            let driven = (leaving[x] + entering[x]) * input - before[x];
            let value = feedback.mul_add(last[x], driven);
            before[x] = last[x];
            last[x] = value;
            blurred[x] += value;
        }
    }
    blurred
}

#[inline(always)]
fn chunk(row: &[f32], from: usize) -> &[f32; LANES] {
    const NOTHING: &[f32; LANES] = &[0.0; LANES];
    row[from..].first_chunk().unwrap_or(NOTHING)
}

/// Averages squares of four pixels; the last column of an odd width counts twice.
#[multiversion(targets("x86_64+avx512f+avx512vl+avx512dq+fma", "x86_64+avx2+fma", "aarch64+neon"))]
pub(crate) fn halve(upper: &[f32], lower: &[f32], width: usize, half: &mut [f32]) {
    let pairs = upper[..width].as_chunks::<2>().0.iter().zip(lower[..width].as_chunks::<2>().0);
    for ((upper, lower), half) in pairs.zip(half.iter_mut()) {
        *half = 0.25 * (upper[0] + upper[1] + lower[0] + lower[1]);
    }
    if width % 2 == 1 {
        half[width / 2] = 0.5 * (upper[width - 1] + lower[width - 1]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The taps from their definition: the impulse response of the recursion in libjxl's `gauss_blur.cc`.
    #[test]
    fn taps_are_those_of_the_recursive_filter() {
        let (radius, sigma) = (5.0_f64, 1.5_f64);
        let omega = [1.0, 3.0, 5.0].map(|k| k * std::f64::consts::PI / (2.0 * radius));
        let p = [1.0, -1.0, 1.0].into_iter().zip(omega).map(|(s, o)| s / (0.5 * o).tan()).collect::<Vec<_>>();
        let r = [1.0, -1.0, 1.0]
            .into_iter()
            .zip(omega)
            .zip(&p)
            .map(|((s, o), p)| s * p * p / o.sin())
            .collect::<Vec<_>>();
        let rho = omega.map(|o| (-0.5 * sigma * sigma * o * o).exp() / radius);
        let cross = |a: usize, b: usize| p[a] * r[b] - r[a] * p[b];
        let zeta = [cross(1, 2) / cross(0, 1), cross(2, 0) / cross(0, 1)];
        let rows = [[p[0], p[1], p[2]], [r[0], r[1], r[2]], [zeta[0], zeta[1], 1.0]];
        let right = [1.0, radius * radius - sigma * sigma, zeta[0] * rho[0] + zeta[1] * rho[1] + rho[2]];
        let determinant = |m: [[f64; 3]; 3]| {
            (0..3)
                .map(|i| {
                    m[0][i] * (m[1][(i + 1) % 3] * m[2][(i + 2) % 3] - m[1][(i + 2) % 3] * m[2][(i + 1) % 3])
                })
                .sum::<f64>()
        };
        let beta: [f64; 3] = std::array::from_fn(|i| {
            let mut replaced = rows;
            (0..3).for_each(|row| replaced[row][i] = right[row]);
            determinant(replaced) / determinant(rows)
        });
        for (distance, tap) in TAPS.iter().chain([&0.0]).enumerate() {
            let expected: f64 = beta.iter().zip(omega).map(|(b, o)| b * (o * distance as f64).cos()).sum();
            assert!((f64::from(*tap) - expected).abs() < 1e-7, "{distance}: {tap} for {expected}");
        }
    }

    #[test]
    fn the_recursion_answers_an_impulse_with_the_taps() {
        let mut state = State::new(LANES);
        let (nothing, impulse) = ([0.0; LANES], [1.0; LANES]);
        let blurred: Vec<_> = (0..20)
            .map(|row| {
                // The impulse is in row 0: it enters four rows before that is blurred and leaves six after.
                let at = |wanted: bool| if wanted { &impulse[..] } else { &nothing[..] };
                recur(&[at(row == RADIUS + ABOVE), at(row == 0)], &mut state, 0)[3]
            })
            .collect();
        for (row, value) in blurred.iter().enumerate() {
            let expected = TAPS.get(row.abs_diff(RADIUS)).copied().unwrap_or(0.0);
            assert!((value - expected).abs() < 1e-6, "{row}: {value} for {expected}");
        }
    }

    #[test]
    fn the_root_is_the_cube_root() {
        assert!((BIAS_ROOT - BIAS.cbrt()).abs() < 1e-7);
        for value in [BIAS, 0.01, 0.1, 0.5, 1.0, 1.004] {
            let expected = value.cbrt() - BIAS_ROOT;
            assert!((root(value) - expected).abs() < 1e-6, "{} for {expected}", root(value));
        }
    }

    #[test]
    fn halving_an_odd_row_counts_its_last_pixel_twice() {
        let mut half = [0.0; 2];
        halve(&[1.0, 3.0, 5.0], &[5.0, 7.0, 9.0], 3, &mut half);
        assert_eq!(half, [4.0, 7.0]);
    }
}
