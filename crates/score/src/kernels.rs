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

/// Rows and columns that the blur sees to each side.
pub(crate) const RADIUS: usize = 4;

/// Rows that one blurred row is made of.
pub(crate) const WINDOW: usize = 2 * RADIUS + 1;

/// The impulse response of libjxl's `FastGaussian` for sigma 1.5, from its middle outwards: a truncated sum of
/// three cosines (Charalampidis, "Recursive implementation of the Gaussian filter using truncated cosine
/// functions"), which is zero from the fifth tap on. Outside of the picture there is nothing: no
/// normalisation at the borders.
const TAPS: [f32; RADIUS + 1] = [0.264_621_1, 0.212_928_6, 0.109_335_37, 0.036_011_115, 0.009_414_368];

/// Stabilises the quotient of variances in flat areas (`kC2`).
const C2: f32 = 0.0009;

/// The bias of the opsin absorbance, and its cube root.
const BIAS: f32 = 0.003_793_073_4;
const BIAS_ROOT: f32 = 0.155_954_2;

/// Nine rows of one blurred quantity.
pub(crate) type Column<'a> = [&'a [f32]; WINDOW];

/// What the errors of one row of a channel are computed from.
pub(crate) struct Neighbourhood<'a> {
    /// Rows around the original's blurred in one direction.
    pub(crate) original: Column<'a>,
    /// The same of the other picture.
    pub(crate) distorted: Column<'a>,
    /// The same of the sum of both squares.
    pub(crate) squares: Column<'a>,
    /// The same of the product of both.
    pub(crate) products: Column<'a>,
    /// The row itself, of both.
    pub(crate) row: [&'a [f32]; 2],
}

/// Linear light to Y of XYB.
#[multiversion(targets("x86_64+avx512f+avx512vl+avx512dq", "x86_64+avx2", "aarch64+neon"))]
pub(crate) fn luma([red, green, blue]: [&[f32]; 3], y: &mut [f32]) {
    let light = red.iter().zip(green).zip(blue);
    for (((red, green), blue), y) in light.zip(y) {
        let (long, middle, _) = absorbed(*red, *green, *blue);
        *y = 0.5 * (root(long) + root(middle)) + 0.01;
    }
}

/// Linear light to XYB, moved and scaled so that all is positive (`MakePositiveXYB`).
#[multiversion(targets("x86_64+avx512f+avx512vl+avx512dq", "x86_64+avx2", "aarch64+neon"))]
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

/// The sum of the squares, and the product.
#[multiversion(targets("x86_64+avx512f+avx512vl+avx512dq", "x86_64+avx2", "aarch64+neon"))]
pub(crate) fn moments(original: &[f32], distorted: &[f32], squares: &mut [f32], products: &mut [f32]) {
    for ((original, distorted), (square, product)) in
        original.iter().zip(distorted).zip(squares.iter_mut().zip(products))
    {
        *square = original * original + distorted * distorted;
        *product = original * distorted;
    }
}

/// Blurs along a row: `blurred` holds a multiple of [`LANES`], `row` has [`RADIUS`] more on both sides.
#[multiversion(targets("x86_64+avx512f+avx512vl+avx512dq", "x86_64+avx2", "aarch64+neon"))]
pub(crate) fn blur_along(row: &[f32], blurred: &mut [f32]) {
    for (at, blurred) in blurred.as_chunks_mut::<LANES>().0.iter_mut().enumerate() {
        let Some(near) = row[at * LANES..].first_chunk::<{ LANES + 2 * RADIUS }>() else { return };
        for (x, blurred) in blurred.iter_mut().enumerate() {
            let pair = |distance: usize| near[x + RADIUS - distance] + near[x + RADIUS + distance];
            *blurred = TAPS[0] * near[x + RADIUS]
                + (TAPS[1] * pair(1) + TAPS[2] * pair(2))
                + (TAPS[3] * pair(3) + TAPS[4] * pair(4));
        }
    }
}

/// Blurs across the rows and adds up the errors of the first `width` pixels of the middle row.
#[multiversion(targets("x86_64+avx512f+avx512vl+avx512dq", "x86_64+avx2", "aarch64+neon"))]
pub(crate) fn add_errors(near: &Neighbourhood<'_>, width: usize, sums: &mut Sums) {
    let mut lanes = [[0.0_f32; LANES]; 6];
    for from in (0..width).step_by(LANES) {
        let original = blur_across(&near.original, from);
        let distorted = blur_across(&near.distorted, from);
        let squares = blur_across(&near.squares, from);
        let products = blur_across(&near.products, from);
        let row = near.row.map(|row| chunk(row, from));
        let mut errors = [[0.0_f32; LANES]; 3];
        for x in 0..LANES {
            let (mean, other) = (original[x], distorted[x]);
            let difference = mean - other;
            let likeness = 1.0 - difference * difference;
            let covariance = 2.0 * (products[x] - mean * other) + C2;
            // Exactly the covariance where both pictures are the same.
            let variances = (squares[x] - (mean * mean + other * other)) + C2;
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
fn blur_across(rows: &Column<'_>, from: usize) -> [f32; LANES] {
    let near: [&[f32; LANES]; WINDOW] = rows.map(|row| chunk(row, from));
    let mut blurred = [0.0; LANES];
    for (x, blurred) in blurred.iter_mut().enumerate() {
        let pair = |distance: usize| near[RADIUS - distance][x] + near[RADIUS + distance][x];
        *blurred = TAPS[0] * near[RADIUS][x]
            + (TAPS[1] * pair(1) + TAPS[2] * pair(2))
            + (TAPS[3] * pair(3) + TAPS[4] * pair(4));
    }
    blurred
}

#[inline(always)]
fn chunk(row: &[f32], from: usize) -> &[f32; LANES] {
    const NOTHING: &[f32; LANES] = &[0.0; LANES];
    row[from..].first_chunk().unwrap_or(NOTHING)
}

/// Averages squares of four pixels; the last column of an odd width counts twice.
#[multiversion(targets("x86_64+avx512f+avx512vl+avx512dq", "x86_64+avx2", "aarch64+neon"))]
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
