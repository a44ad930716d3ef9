//! The independent judge of results: SSIMULACRA2 of many pairs by the reference crate, which the codec itself
//! does not use, so that an error in the codec's own metric shows. Decodes with libvips, as a viewer that manages
//! colours would show the file on an sRGB display of 8 bits.
//!
//! `judge [THREADS] < pairs`: one `REFERENCE<tab>DISTORTED` a line (paths); prints `LINE<tab>SCORE` (or
//! `LINE<tab>nan<tab>WHY`) in the order in which they are done, and fails if a pair could not be judged.

#![allow(clippy::print_stdout, reason = "printing is what this program is for")]

use std::error::Error;
use std::io::{self, BufRead};
use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

use rs_vips::enums::{BandFormat, Intent, Interpretation};
use rs_vips::voption::{Setter, VOption};
use rs_vips::{Vips, VipsImage};
use ssimulacra2::{ColorPrimaries, Rgb, TransferCharacteristic, compute_frame_ssimulacra2};

type Result<T> = std::result::Result<T, Box<dyn Error>>;

fn main() -> Result<ExitCode> {
    let threads = std::env::args().nth(1).map_or(Ok(2), |count| count.parse())?;
    Vips::init("judge")?;
    Vips::concurrency_set(1);
    let pairs = io::stdin().lock().lines().collect::<io::Result<Vec<_>>>()?;
    let (queue, failed) = (Mutex::new(pairs.iter().enumerate()), AtomicBool::new(false));
    let next = || queue.lock().ok()?.next();
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                while let Some((line, pair)) = next() {
                    match judge(pair) {
                        Ok(score) => println!("{line}\t{score}"),
                        Err(error) => {
                            failed.store(true, Ordering::Relaxed);
                            println!("{line}\tnan\t{pair:?}: {}", error.to_string().replace('\n', "; "));
                        }
                    }
                }
            });
        }
    });
    Ok(ExitCode::from(u8::from(failed.into_inner())))
}

fn judge(pair: &str) -> Result<f64> {
    let (reference, distorted) = pair.split_once('\t').ok_or("no tab")?;
    let (reference, distorted) = (Picture::open(reference)?, Picture::open(distorted)?);
    if (reference.width, reference.height) != (distorted.width, distorted.height) {
        return Err("the sizes differ".into());
    }
    if !reference.has_alpha() && !distorted.has_alpha() {
        return score(&reference, &distorted, 0.0);
    }
    // What shines through is unknown: the worse of a dark and a light page, as the metric's own tool does.
    Ok(score(&reference, &distorted, 0.1)?.min(score(&reference, &distorted, 0.9)?))
}

fn score(reference: &Picture, distorted: &Picture, background: f32) -> Result<f64> {
    Ok(compute_frame_ssimulacra2(reference.over(background)?, distorted.over(background)?)?)
}

/// sRGB with alpha; every channel is a multiple of 1/255.
struct Picture {
    width: usize,
    height: usize,
    pixels: Vec<[f32; 4]>,
}

impl Picture {
    fn open(path: &str) -> Result<Self> {
        let mut image = VipsImage::new_from_file(path)?;
        if image.get_typeof("icc-profile-data")? != 0 {
            let options = VOption::new().set("embedded", true).set("intent", Intent::Relative as i32);
            image = image.icc_transform_with_opts("srgb", options)?;
        }
        let (width, height) = (usize::try_from(image.get_width())?, usize::try_from(image.get_height())?);
        let wide = image.get_format()? == BandFormat::Ushort;
        let space = if wide { Interpretation::Rgb16 } else { Interpretation::Srgb };
        let image = image.colourspace(space)?;
        let bands = usize::try_from(image.get_bands())?;
        let bytes = image.write_to_memory();
        let values: Vec<f32> = if wide {
            let most = most(&image);
            let samples = bytes.as_chunks::<2>().0.iter().map(|&two| u16::from_ne_bytes(two));
            samples.map(|value| (f32::from(value) * 255.0 / most).round().min(255.0) / 255.0).collect()
        } else {
            bytes.iter().map(|&value| f32::from(value) / 255.0).collect()
        };
        let pixels = match bands {
            3 => values.as_chunks::<3>().0.iter().map(|&[r, g, b]| [r, g, b, 1.0]).collect(),
            4 => values.as_chunks::<4>().0.to_vec(),
            _ => return Err(format!("{bands} bands").into()),
        };
        Ok(Self { width, height, pixels })
    }

    fn has_alpha(&self) -> bool {
        self.pixels.iter().any(|&[.., alpha]| alpha < 1.0)
    }

    fn over(&self, background: f32) -> Result<Rgb> {
        let blend = |&[r, g, b, alpha]: &[f32; 4]| [r, g, b].map(|v| v * alpha + background * (1.0 - alpha));
        let pixels = self.pixels.iter().map(blend).collect();
        let (transfer, primaries) = (TransferCharacteristic::SRGB, ColorPrimaries::BT709);
        Ok(Rgb::new(pixels, self.width, self.height, transfer, primaries)?)
    }
}

/// White in a picture of 16 bits: libvips shifts the 10 or 12 bits of an AVIF to the left.
fn most(image: &VipsImage) -> f32 {
    let bits = image.get_int("heif-bitdepth").ok().and_then(|bits| u16::try_from(bits).ok()).unwrap_or(16);
    let shift = 16 - bits.clamp(9, 16);
    f32::from(u16::MAX >> shift << shift)
}
