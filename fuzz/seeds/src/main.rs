//! Writes small valid files of every format, made by the test samples of `crates/container`, into the folder
//! given: what a fuzz target begins to mutate.

use std::path::PathBuf;

#[path = "../../../crates/container/tests/samples/mod.rs"]
mod samples;

use samples::*;

fn main() -> std::io::Result<()> {
    let folder = PathBuf::from(std::env::args_os().nth(1).expect("usage: optimagio-fuzz-seeds FOLDER"));
    std::fs::create_dir_all(&folder)?;
    for (name, bytes) in files() {
        std::fs::write(folder.join(name), bytes)?;
    }
    Ok(())
}

fn files() -> Vec<(&'static str, Vec<u8>)> {
    let animation = [canvas(0x12, 33, 17), riff_chunk(b"ANIM", &[0; 6]), frame().repeat(2)];
    let extended = [
        canvas(0x3c, 33, 17),
        riff_chunk(b"ICCP", b"profile"),
        webp()[12..].to_vec(),
        riff_chunk(b"EXIF", &exif(6)),
        riff_chunk(b"XMP ", b"<x/>"),
    ];
    let turned = Avif { quarter_turns: 1, exif: &exif(3), ..Avif::default() };
    vec![
        ("plain.jpg", jpeg()),
        ("exif.jpg", insert(&jpeg(), 20, &segment(0xe1, &[&b"Exif\0\0"[..], &exif(6)].concat()))),
        ("plain.png", png()),
        ("exif.png", insert(&png(), 33, &[chunk(b"eXIf", &exif(6)), chunk(b"tEXt", b"a\0b")].concat())),
        ("plain.webp", webp()),
        ("extended.webp", webp_of(&extended)),
        ("animated.webp", webp_of(&animation)),
        ("plain.gif", gif()),
        ("comment.gif", with_comment(gif())),
        ("plain.avif", avif(Avif::default())),
        ("exif.avif", avif(turned)),
        ("plain.bmp", bmp()),
        ("runs.bmp", run_length_bmp()),
        ("plain.tiff", tiff(8, 8, 1, TIFF_PIXELS)),
        ("big.tiff", big_tiff()),
    ]
}

/// A frame that covers a canvas of 33x17.
fn frame() -> Vec<u8> {
    riff_chunk(b"ANMF", &[&[0, 0, 0, 0, 0, 0, 32, 0, 0, 16, 0, 0, 10, 0, 0, 0], &webp()[12..]].concat())
}

fn with_comment(file: Vec<u8>) -> Vec<u8> {
    let table = if file[10] & 0x80 == 0 { 0 } else { 3 << ((file[10] & 7) + 1) };
    insert(&file, 13 + table, b"\x21\xfe\x02hi\0")
}

/// 4x2 pixels of 8 bits, run-length coded: a run, a literal, a jump, the ends of line and picture.
fn run_length_bmp() -> Vec<u8> {
    let data = [4, 1, 0, 0, 0, 3, 0, 1, 0, 0, 0, 2, 1, 0, 0, 1];
    let at = 14 + 40 + 8;
    let mut out = b"BM".to_vec();
    out.extend((at + data.len() as u32).to_le_bytes());
    out.extend([0; 4]);
    out.extend(at.to_le_bytes());
    for field in [40, 4, 2, 1 | 8 << 16, 1, data.len() as u32, 0, 0, 2, 0] {
        out.extend(field.to_le_bytes());
    }
    out.extend([0, 0, 0, 0, 255, 255, 255, 0]);
    out.extend(data);
    out
}
