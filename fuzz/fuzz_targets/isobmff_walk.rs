//! The box walk of AVIF: items, their properties, references and places.
#![no_main]

use domain::SourceFormat;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| checks::check_walk(SourceFormat::Avif, bytes));
