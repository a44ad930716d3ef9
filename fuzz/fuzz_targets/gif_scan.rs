//! The block walk of GIF, which counts its frames.
#![no_main]

use domain::SourceFormat;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| checks::check_walk(SourceFormat::Gif, bytes));
