//! Optimises files and prints a line for each: bytes before and after, encoder, milliseconds; at the end the
//! totals and the process's peak memory.
//!
//! `cargo run --release --example table -- FORMAT LEVEL FILE…`, e.g. `auto medium *.png`.

#![allow(clippy::print_stdout, reason = "printing is what this program is for")]

use std::error::Error;
use std::time::Instant;

use domain::OptimizeParams;
use imaging::{CodecConfig, Effort, Request};

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let format = arguments.next().unwrap_or_else(|| "auto".into()).parse()?;
    let compression = arguments.next().unwrap_or_else(|| "auto".into()).parse()?;
    let params = OptimizeParams { compression, width: None, height: None, format, keep_exif: false };
    let request = Request { params, options: domain::OutputOptions::default(), effort: Effort::Interactive };
    imaging::start(&CodecConfig::default())?;
    let (mut before, mut after, mut files) = (0, 0, 0);
    let all = Instant::now();
    for path in arguments {
        let source = std::fs::read(&path)?;
        let started = Instant::now();
        let result = imaging::optimize(&source, &request)?;
        let millis = started.elapsed().as_millis();
        let report = &result.report;
        println!(
            "{path}\t{}\t{}\t{}\t{:?}\t{millis} ms",
            source.len(),
            result.bytes.len(),
            report.encoder,
            report.reason.as_deref().unwrap_or("-")
        );
        before += source.len();
        after += result.bytes.len();
        files += 1;
    }
    let millis = all.elapsed().as_millis();
    println!("{files} files, {before} -> {after} bytes, {millis} ms, peak {}", peak_memory());
    Ok(())
}

/// `VmHWM` of Linux; empty elsewhere.
fn peak_memory() -> String {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.unwrap_or_default().trim().to_owned()
}
