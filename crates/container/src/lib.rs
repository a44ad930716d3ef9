//! Image container formats in pure Rust: deciding the format from the bytes, checking a file's header
//! and structure before any decoder sees it (RELIABILITY D13), removing metadata from a finished file
//! without touching its pixels (RELIABILITY F1, R20) and carrying EXIF over to a result.
//!
//! Nothing here decodes pixels. A file that passes [`inspect`] may still be refused by its decoder; a
//! file that fails it never reaches one.

mod avif;
mod bmp;
mod cursor;
mod error;
mod exif;
mod gif;
mod header;
mod icc;
mod jpeg;
mod metadata;
mod png;
mod sniff;
mod stream;
mod tiff;
mod webp;

pub use error::InspectError;
pub use exif::{MAX_EXIF_BYTES, upright_exif};
pub use header::{Header, inspect, inspect_bytes};
pub use icc::Icc;
pub use metadata::{Keep, is_clean, read_exif, rewrite_metadata};
pub use sniff::{SNIFF_BYTES, sniff};
