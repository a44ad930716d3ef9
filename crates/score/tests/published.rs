#![cfg(test)]
//! Against the published metric: computed the plain way in double precision, and by the crate `ssimulacra2`.
//!
//! The published implementations blur by a recursion in single precision, whose noise lowers the scores of
//! smooth pictures; ours does the same down the columns. The plain way shows that there is no other difference.

mod plain;

use proptest::prelude::*;
use score::{Channels, Picture, ssimulacra2};
use ssimulacra2::{ColorPrimaries, Rgb, TransferCharacteristic, compute_frame_ssimulacra2};

/// Smooth areas, edges and texture in colour; `detail` sets how fine.
fn scene(width: u32, height: u32, detail: f32) -> Vec<u8> {
    let sample = |x: u32, y: u32, channel: u32| {
        let (u, v) = (x as f32 * detail, y as f32 * detail);
        let wave = (u * 0.11 + channel as f32).sin() * (v * 0.07).cos() * 60.0;
        let step = if (x / 23 + y / 17).is_multiple_of(2) { 30.0 } else { -20.0 };
        let grain = ((x * 7 + y * 13 + channel * 5) % 11) as f32 * 2.0;
        (120.0 + wave + step + grain + channel as f32 * 9.0).clamp(0.0, 255.0) as u8
    };
    (0..height).flat_map(|y| (0..width).flat_map(move |x| (0..3).map(move |c| sample(x, y, c)))).collect()
}

/// What codecs do: colours in coarse steps, and blocks with one value.
fn damaged(data: &[u8], width: u32, step: u8, block: u32) -> Vec<u8> {
    let at = |x: u32, y: u32, c: usize| data[((y * width + x) * 3) as usize + c];
    let height = data.len() as u32 / 3 / width;
    let one = |x: u32, y: u32, c: usize| {
        let (bx, by) = (x / block * block, y / block * block);
        let mixed = (u16::from(at(x, y, c)) * 3 + u16::from(at(bx, by, c))) / 4;
        (mixed as u8) / step * step
    };
    (0..height).flat_map(|y| (0..width).flat_map(move |x| (0..3).map(move |c| one(x, y, c)))).collect()
}

fn published(data: &[u8], width: u32, height: u32) -> Rgb {
    let pixels = data.chunks_exact(3).map(|p| [p[0], p[1], p[2]].map(|s| f32::from(s) / 255.0)).collect();
    Rgb::new(pixels, width as usize, height as usize, TransferCharacteristic::SRGB, ColorPrimaries::BT709)
        .unwrap()
}

fn both(original: &[u8], distorted: &[u8], width: u32, height: u32) -> (f64, f64) {
    let picture = |data| Picture::new(width, height, Channels::Rgb, data).unwrap();
    let ours = ssimulacra2(picture(original), picture(distorted)).unwrap();
    let theirs =
        compute_frame_ssimulacra2(published(original, width, height), published(distorted, width, height))
            .unwrap();
    (ours, theirs)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    /// Odd and even sizes, from those with two scales to those with six.
    #[test]
    fn scores_are_those_of_the_published_metric(
        width in 16..420_u32, height in 16..420_u32, detail in 0.2..4.0_f32, step in 2..24_u8, block in 1..9_u32,
    ) {
        let original = scene(width, height, detail);
        let (ours, theirs) = both(&original, &damaged(&original, width, step, block), width, height);
        prop_assert!((ours - theirs).abs() < 0.15, "{width} x {height}: {ours} for {theirs}");
        let plain = plain::ssimulacra2(&original, &damaged(&original, width, step, block), width as usize);
        prop_assert!((ours - plain).abs() < 0.6, "{width} x {height}: {ours} for {plain}");
    }
}

#[test]
fn identical_pictures_score_100() {
    let data = scene(300, 200, 1.0);
    assert_eq!(both(&data, &data, 300, 200).0, 100.0);
    for edge in [1, 3, 7, 9] {
        let tiny = scene(edge, 2, 1.0);
        assert_eq!(ssimulacra2(rgb(edge, 2, &tiny), rgb(edge, 2, &tiny)), Ok(100.0));
    }
}

#[test]
fn more_damage_scores_lower_in_every_layout() {
    let data = scene(256, 256, 1.0);
    let grey = |data: &[u8]| data.chunks_exact(3).map(|p| p[1]).collect::<Vec<_>>();
    let rgba = |data: &[u8]| {
        data.chunks_exact(3)
            .enumerate()
            .flat_map(|(i, p)| [p[0], p[1], p[2], (i % 256) as u8])
            .collect::<Vec<_>>()
    };
    let (less, more) = (damaged(&data, 256, 4, 2), damaged(&data, 256, 16, 8));
    let score = |channels, original: &[u8], other: &[u8]| {
        let picture = |data| Picture::new(256, 256, channels, data).unwrap();
        ssimulacra2(picture(original), picture(other)).unwrap()
    };
    for (channels, convert) in [
        (Channels::Grey, &grey as &dyn Fn(&[u8]) -> Vec<u8>),
        (Channels::Rgb, &|data: &[u8]| data.to_vec()),
        (Channels::Rgba, &rgba),
    ] {
        let (original, less, more) = (convert(&data), convert(&less), convert(&more));
        let (good, bad) = (score(channels, &original, &less), score(channels, &original, &more));
        assert!(bad + 3.0 < good && good < 99.0, "{channels:?}: {bad} {good}");
    }
}

/// Black that turns white where it cannot be seen is no damage; where it is half to be seen, it is.
#[test]
fn what_is_transparent_does_not_count() {
    let with = |alpha: u8, sample: u8| [sample, sample, sample, alpha].repeat(64 * 64);
    let score = |alpha| {
        let (black, white) = (with(alpha, 0), with(alpha, 255));
        let picture = |data| Picture::new(64, 64, Channels::Rgba, data).unwrap();
        ssimulacra2(picture(&black), picture(&white)).unwrap()
    };
    assert_eq!(score(0), 100.0);
    assert!(score(128) < 90.0, "{}", score(128));
}

#[test]
fn different_sizes_are_refused() {
    let data = scene(16, 16, 1.0);
    let refused = ssimulacra2(rgb(16, 16, &data), rgb(8, 32, &data)).unwrap_err().to_string();
    assert!(refused.contains("(16, 16)") && refused.contains("(8, 32)"), "{refused}");
}

fn rgb(width: u32, height: u32, data: &[u8]) -> Picture<'_> {
    Picture::new(width, height, Channels::Rgb, data).unwrap()
}

#[test]
fn rows_that_do_not_belong_are_refused() {
    let data = scene(16, 2, 1.0);
    let started = || score::Comparison::new(rgb(16, 2, &data), Channels::Rgb);
    let mut comparison = started();
    assert!(comparison.push(&data[..47]).is_err(), "too short");
    comparison.push(&data[..48]).unwrap();
    comparison.push(&data[48..]).unwrap();
    assert!(comparison.push(&data[..48]).is_err(), "too many");
    assert_eq!(comparison.finish(), Ok(100.0));
    assert!(started().finish().is_err(), "missing");
}
