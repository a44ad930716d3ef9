//! Inspection and removal of metadata agree: what one accepts, the other can rewrite into a file that shows
//! the same picture. Each case is a file for which they once did not.
#![allow(clippy::unwrap_used, clippy::panic, reason = "functions that only tests call may panic")]

mod samples;

use container::{Icc, Keep, inspect_bytes, is_clean, rewrite_metadata};
use domain::{ErrorCode, OutputFormat};
use samples::*;

const STRIP: Keep<'static> = Keep { icc: Icc::Drop, exif: None };

/// Rewrites a file that is accepted; the result is accepted too, with the same size, and stays as it is.
#[track_caller]
fn rewritten(format: OutputFormat, file: &[u8]) -> Vec<u8> {
    let before = inspect_bytes(file).unwrap();
    let out = rewrite_metadata(format, file, &STRIP).unwrap();
    let after = inspect_bytes(&out).unwrap();
    assert_eq!((before.width, before.height, before.frames), (after.width, after.height, after.frames));
    assert!(is_clean(format, &out));
    out
}

#[track_caller]
fn refused(file: &[u8], message: &str) {
    let error = inspect_bytes(file).unwrap_err();
    assert_eq!(error.code, ErrorCode::InvalidImage);
    assert!(error.message.contains(message), "{}", error.message);
}

#[test]
fn a_webp_canvas_behind_the_image_is_none() {
    let image = webp()[12..].to_vec();
    let simple = webp_of(&[image.clone(), canvas(0, 40, 40)]);
    assert!(rewritten(OutputFormat::WebP, &simple) == webp());
    let twice = webp_of(&[canvas(0x10, 33, 17), canvas(0, 40, 40), image.clone()]);
    let once = webp_of(&[canvas(0x10, 33, 17), image]);
    assert!(rewritten(OutputFormat::WebP, &twice) == once);
}

#[test]
fn a_second_webp_image_is_luggage() {
    let image = webp()[12..].to_vec();
    let file = webp_of(&[image.clone(), riff_chunk(b"VP8 ", b"luggage"), image]);
    assert!(rewritten(OutputFormat::WebP, &file) == webp());
}

#[test]
fn a_webp_canvas_or_frame_keeps_its_fields_inside() {
    let image = webp()[12..].to_vec();
    // The height's last byte would be the next chunk's first.
    refused(&webp_of(&[riff_chunk(b"VP8X", &[0, 0, 0, 0, 32, 0, 0, 16]), image.clone()]), "canvas");
    let head = [0, 0, 0, 0, 0, 0, 32, 0, 0, 16, 0, 0, 10, 0, 0, 0];
    // A chunk behind the frame's image leaves the frame.
    let frame = riff_chunk(b"ANMF", &[&head[..], &image, b"JUNK\xff\0\0\0"].concat());
    let after = riff_chunk(b"JUNK", &[0; 300]);
    let file = webp_of(&[canvas(2, 33, 17), riff_chunk(b"ANIM", &[0; 6]), frame, after]);
    refused(&file, "leaves its container");
}

#[test]
fn a_gif_graphic_control_loses_its_luggage_only() {
    let plain = gif();
    let at = plain.windows(3).position(|bytes| bytes == [0x21, 0xf9, 4]).unwrap();
    // The terminator gives way to a second sub-block.
    let file = [&plain[..at + 7], b"\x04evil\0", &plain[at + 8..]].concat();
    assert!(rewritten(OutputFormat::Gif, &file) == rewritten(OutputFormat::Gif, &plain));
}

/// [`avif`] with one of its boxes twice.
fn with_second(kind: &[u8; 4]) -> Vec<u8> {
    let file = avif(Avif::default());
    let at = file.windows(4).position(|bytes| bytes == kind).unwrap() - 4;
    let size = u32::from_be_bytes(file[at..at + 4].try_into().unwrap()) as usize;
    let second = iso_box(kind, &file[at + 8..at + size]);
    let mut file = insert(&file, at + size, &second);
    for parent in [b"meta", b"iprp"] {
        let start = file.windows(4).position(|bytes| bytes == parent).unwrap() - 4;
        let length = u32::from_be_bytes(file[start..start + 4].try_into().unwrap());
        if (start + 1..start + length as usize).contains(&at) {
            file[start..start + 4].copy_from_slice(&(length + second.len() as u32).to_be_bytes());
        }
    }
    file
}

#[test]
fn an_avif_box_of_which_there_is_one_does_not_come_twice() {
    // Readers differ in which of two they take, and only one of them would have been checked.
    for kind in [b"meta", b"pitm", b"iinf", b"iloc", b"iprp"] {
        let name = String::from_utf8_lossy(kind);
        refused(&with_second(kind), &format!("two {name} boxes"));
    }
    refused(&with_second(b"ipco"), "the AVIF box iprp is damaged");
}

#[test]
fn an_avif_item_has_one_place() {
    let file = avif(Avif { exif: &exif(6), ..Avif::default() });
    let at = file.windows(4).position(|bytes| bytes == b"iloc").unwrap();
    let entry = file[at..].windows(6).position(|bytes| bytes == [0, 2, 0, 0, 0, 1]).unwrap() + at;
    // libheif takes the first of two places for item 1, another reader may take the last.
    let mut twice = file.clone();
    twice[entry + 1] = 1;
    refused(&twice, "item 1 twice");
    let at = file.windows(4).position(|bytes| bytes == b"Exif").unwrap();
    let mut twice = file;
    twice[at - 3] = 1;
    refused(&twice, "item 1 twice");
}

#[test]
fn avif_metadata_that_lies_in_the_boxes_is_not_blanked() {
    let file = avif(Avif { exif: &exif(6), ..Avif::default() });
    let at = file.windows(4).position(|bytes| bytes == b"iloc").unwrap();
    // The entry of item 2: identifier, data reference, one extent, its offset.
    let entry = file[at..].windows(6).position(|bytes| bytes == [0, 2, 0, 0, 0, 1]).unwrap() + at + 6;
    for offset in [0, at as u32] {
        let mut file = file.clone();
        file[entry..entry + 4].copy_from_slice(&offset.to_be_bytes());
        file[entry + 4..entry + 8].copy_from_slice(&16_u32.to_be_bytes());
        let error = rewrite_metadata(OutputFormat::Avif, &file, &STRIP).unwrap_err();
        assert!(error.message.contains("outside of the data"), "{}", error.message);
    }
}
