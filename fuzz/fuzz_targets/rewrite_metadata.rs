//! The removal of metadata from JPEG, PNG, GIF and AVIF; the input's own first bytes choose which.
#![no_main]

use checks::{check_rewriting, repaired};
use domain::{OutputFormat, SourceFormat};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let format = match container::sniff(bytes) {
        Some(SourceFormat::Jpeg) => OutputFormat::Jpeg,
        Some(SourceFormat::Png) => OutputFormat::Png,
        Some(SourceFormat::Gif) => OutputFormat::Gif,
        Some(SourceFormat::Avif) => OutputFormat::Avif,
        _ => return,
    };
    check_rewriting(format, bytes, |_, _| {});
    if format == OutputFormat::Png {
        check_rewriting(format, &repaired(SourceFormat::Png, bytes), |_, _| {});
    }
});
