//! What a comparison costs beside the peer `fast-ssim2`: medians over turns, of generated pictures of 2.1 and
//! 12 megapixels, or of the first two arguments' PPM files.
//!
//! `cargo run --release -p optimagio-score --example speed`
#![allow(
    clippy::print_stdout,
    clippy::expect_used,
    clippy::cast_precision_loss,
    reason = "a tool for developers"
)]

use std::time::Instant;

use fast_ssim2::{PixelDescriptor, PixelSlice, Ssimulacra2Reference};
use score::{Channels, Picture, ssimulacra2};

const TURNS: usize = 7;

fn main() {
    for (width, height) in [(1_800, 1_168), (4_000, 3_000)] {
        let (original, distorted) = (scene(width, height, 0), scene(width, height, 3));
        let picture = |data| Picture::new(width, height, Channels::Rgb, data).expect("a whole picture");
        let stride = width as usize * 3;
        let slice = |data| {
            PixelSlice::new(data, width, height, stride, PixelDescriptor::RGB8_SRGB).expect("a whole picture")
        };
        let (mut ours, mut prepared, mut compared) = (Vec::new(), Vec::new(), Vec::new());
        let mut scores = (0.0, 0.0);
        for _ in 0..TURNS {
            let started = Instant::now();
            scores.0 = ssimulacra2(picture(&original), picture(&distorted)).expect("one size");
            ours.push(started.elapsed().as_secs_f64());
            let started = Instant::now();
            let reference = Ssimulacra2Reference::new(&slice(&original)).expect("a picture");
            prepared.push(started.elapsed().as_secs_f64());
            let started = Instant::now();
            scores.1 = reference.compare(&slice(&distorted)).expect("one size");
            compared.push(started.elapsed().as_secs_f64());
        }
        println!(
            "{width} x {height}: ours {:.1} ms; peer {:.1} ms to prepare, {:.1} ms to compare; scores {:.3} and {:.3}",
            median(ours),
            median(prepared),
            median(compared),
            scores.0,
            scores.1
        );
    }
}

fn median(mut seconds: Vec<f64>) -> f64 {
    seconds.sort_by(f64::total_cmp);
    seconds[seconds.len() / 2] * 1_000.0
}

fn scene(width: u32, height: u32, damage: u32) -> Vec<u8> {
    let sample =
        |x: u32, y: u32, c: u32| (x * (3 + c) + y * y / 900 + (x * y % (7 + damage)) * 3).to_le_bytes()[0];
    (0..height).flat_map(|y| (0..width).flat_map(move |x| (0..3).map(move |c| sample(x, y, c)))).collect()
}
