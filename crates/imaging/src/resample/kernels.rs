//! The arithmetic on rows. Everything here is written so that the compiler makes vector instructions of it, and
//! `multiversion` picks the widest that the processor has at run time. Products are fused with sums, so that every
//! processor gives the same pixels.
#![allow(
    unsafe_code,
    reason = "calling the version for a processor's vector instructions is unsafe to the compiler"
)]

use multiversion::multiversion;

use super::light::STEPS;

/// Rows of the result that are made at once. Side by side in a vector they need no shuffling, in whatever order
/// their values are taken.
pub(super) const ROWS: usize = 8;

/// The values of [`ROWS`] rows in one place.
pub(super) type Column = [f32; ROWS];

/// Places whose columns are summed at once.
const PLACES: usize = 8;

/// Length that a row of so many values is stored with.
pub(super) const fn stored(values: usize) -> usize {
    values.next_multiple_of(PLACES)
}

/// Bytes to light.
pub(super) fn to_light(row: &[u8], light: &[f32; 256], out: &mut [f32]) {
    for (out, sample) in out.iter_mut().zip(row) {
        *out = light[usize::from(*sample)];
    }
}

/// Red, green, blue and alpha to light times alpha, and alpha.
pub(super) fn to_premultiplied_light(row: &[u8], light: &[f32; 256], out: &mut [f32]) {
    for (out, pixel) in out.as_chunks_mut::<4>().0.iter_mut().zip(row.as_chunks::<4>().0) {
        let alpha = f32::from(pixel[3]) / 255.0;
        let colour = |sample: u8| light[usize::from(sample)] * alpha;
        *out = [colour(pixel[0]), colour(pixel[1]), colour(pixel[2]), alpha];
    }
}

/// Sums rows of the source into columns: `weights` has the column of weights of each row. Rows are as long as `out`.
#[multiversion(targets("x86_64+avx512f+avx512vl+avx512dq+fma", "x86_64+avx2+fma", "aarch64+neon"))]
pub(super) fn sum_rows(rows: &[&[f32]], weights: &[Column], out: &mut [Column]) {
    for (at, out) in out.as_chunks_mut::<PLACES>().0.iter_mut().enumerate() {
        let mut sums = [[0.0_f32; ROWS]; PLACES];
        for (row, weights) in rows.iter().zip(weights) {
            let Some(part) = row.get(at * PLACES..).and_then(|rest| rest.first_chunk::<PLACES>()) else {
                break;
            };
            for (sum, value) in sums.iter_mut().zip(part) {
                add(sum, weights, *value);
            }
        }
        *out = sums;
    }
}

/// Sums windows along columns of light, of which `CHANNELS` make a pixel, into the bytes of at most [`ROWS`] rows of
/// `stride` bytes.
#[multiversion(targets("x86_64+avx512f+avx512vl+avx512dq+fma", "x86_64+avx2+fma", "aarch64+neon"))]
pub(super) fn along<const CHANNELS: usize>(
    columns: &[Column],
    starts: &[usize],
    weights: &[f32],
    codes: &[u8; STEPS],
    out: &mut [u8],
    stride: usize,
) {
    let pixels = columns.as_chunks::<CHANNELS>().0;
    let taps = weights.len() / starts.len().max(1);
    for (place, (start, weights)) in starts.iter().zip(weights.chunks_exact(taps.max(1))).enumerate() {
        let mut sums = [[0.0_f32; ROWS]; CHANNELS];
        for (pixel, weight) in pixels[*start..].iter().zip(weights) {
            for (sum, column) in sums.iter_mut().zip(pixel) {
                add(sum, column, *weight);
            }
        }
        let mut bytes = [[0_u8; CHANNELS]; ROWS];
        write_codes(&mut sums, codes, &mut bytes);
        let from = place * CHANNELS;
        for (row, bytes) in out.chunks_exact_mut(stride).zip(&bytes) {
            row[from..from + CHANNELS].copy_from_slice(bytes);
        }
    }
}

/// Light to codes. Where there are four channels the last is alpha, which has no curve and by which the others are
/// divided.
#[inline(always)]
fn write_codes<const CHANNELS: usize>(
    sums: &mut [Column; CHANNELS],
    codes: &[u8; STEPS],
    bytes: &mut [[u8; CHANNELS]; ROWS],
) {
    let colours = CHANNELS.min(3);
    if CHANNELS == 4 {
        let shares = sums[3].map(|alpha| if alpha > 0.0 { 1.0 / alpha } else { 0.0 });
        for sum in &mut sums[..3] {
            for (value, share) in sum.iter_mut().zip(shares) {
                *value *= share;
            }
        }
        for (bytes, alpha) in bytes.iter_mut().zip(sums[3]) {
            bytes[3] = byte(alpha);
        }
    }
    for (channel, sum) in sums[..colours].iter().enumerate() {
        for (bytes, step) in bytes.iter_mut().zip(steps(sum)) {
            bytes[channel] = codes[step as usize & (STEPS - 1)];
        }
    }
}

#[inline(always)]
fn add(sum: &mut Column, column: &Column, factor: f32) {
    for (sum, value) in sum.iter_mut().zip(column) {
        *sum = value.mul_add(factor, *sum);
    }
}

/// The nearest steps of light; beyond 0 and 1, where the kernel overshoots, the first and the last.
#[inline(always)]
fn steps(light: &Column) -> [u32; ROWS] {
    // From 2^23 on single precision has whole numbers only: the sum's lowest bits are the rounded number.
    const WHOLE: f32 = 8_388_608.0;
    #[allow(clippy::cast_precision_loss, reason = "few steps")]
    light.map(|light| (light.clamp(0.0, 1.0) * (STEPS - 1) as f32 + WHOLE).to_bits())
}

#[inline(always)]
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped before the cast")]
fn byte(alpha: f32) -> u8 {
    (alpha.clamp(0.0, 1.0) * 255.0 + 0.5) as u8
}
