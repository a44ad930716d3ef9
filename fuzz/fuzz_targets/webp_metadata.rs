//! The removal of metadata from WebP: what comes out holds neither EXIF nor XMP.
#![no_main]

use checks::{check_rewriting, repaired};
use domain::{OutputFormat, SourceFormat};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    check_rewriting(OutputFormat::WebP, bytes, check_chunks);
    check_rewriting(OutputFormat::WebP, &repaired(SourceFormat::WebP, bytes), check_chunks);
});

/// Walks the chunks with a reader of its own, so that a mistake of the rewriter cannot hide itself.
fn check_chunks(file: &[u8], has_exif: bool) {
    let (head, mut rest) = file.split_at(12);
    let length = u32::from_le_bytes(head[4..8].try_into().expect("four bytes"));
    assert_eq!((&head[..4], &head[8..]), (&b"RIFF"[..], &b"WEBP"[..]));
    assert_eq!(length as usize, file.len() - 8);
    let mut exifs = 0;
    while !rest.is_empty() {
        let (head, payload) = rest.split_at(8);
        let length = u32::from_le_bytes(head[4..].try_into().expect("four bytes")) as usize;
        rest = &payload[length.next_multiple_of(2)..];
        match &head[..4] {
            b"VP8X" => {
                assert_eq!(payload[0] & 0x0c, if has_exif { 0x08 } else { 0 }, "flags of EXIF and XMP")
            }
            b"EXIF" => exifs += 1,
            b"VP8 " | b"VP8L" | b"ALPH" | b"ANIM" | b"ANMF" | b"ICCP" => {}
            other => panic!("a chunk {} is left", other.escape_ascii()),
        }
    }
    assert_eq!(exifs, usize::from(has_exif));
}
