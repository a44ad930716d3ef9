//! The sniffer, and the inspection of whatever format it finds.
#![no_main]

use checks::{check_inspection, check_sniffing};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    check_sniffing(bytes);
    check_inspection(bytes);
});
