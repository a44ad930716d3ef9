//! Whatever the bytes are: no panic, an end, and an answer of the closed list.
#![allow(clippy::unwrap_used, clippy::panic, reason = "functions that only tests call may panic")]

mod samples;

use container::{Icc, Keep, inspect_bytes, is_clean, read_exif, rewrite_metadata, sniff, upright_exif};
use domain::limits::{MAX_FRAMES, MAX_INPUT_EDGE, MAX_INPUT_PIXELS};
use domain::{ErrorCode, OutputFormat, SourceFormat};
use proptest::prelude::*;
use samples::*;

/// Runs everything on `bytes` and checks what must hold for any input.
fn survive(bytes: &[u8]) -> Result<(), TestCaseError> {
    match inspect_bytes(bytes) {
        Ok(header) => {
            prop_assert_eq!(sniff(bytes), Some(header.format));
            prop_assert!((1..=MAX_INPUT_EDGE).contains(&header.width));
            prop_assert!((1..=MAX_INPUT_EDGE).contains(&header.height));
            prop_assert!((1..=MAX_FRAMES).contains(&header.frames));
            prop_assert!(header.pixels() <= MAX_INPUT_PIXELS);
            prop_assert!((1..=8).contains(&header.orientation));
        }
        Err(error) => prop_assert!(matches!(
            error.code,
            ErrorCode::UnsupportedFormat | ErrorCode::InvalidImage | ErrorCode::ImageTooLarge
        )),
    }
    for format in SourceFormat::ALL {
        if let Some(exif) = read_exif(format, bytes) {
            let _ = upright_exif(&exif);
        }
    }
    for format in OutputFormat::ALL {
        let keep = Keep { icc: Icc::Keep, exif: None };
        if let Ok(rewritten) = rewrite_metadata(format, bytes, &keep) {
            prop_assert!(rewritten.len() <= bytes.len() * 2 + 64);
            prop_assert!(is_clean(format, &rewritten), "{} is not clean after a rewrite", format);
        }
    }
    Ok(())
}

fn valid() -> Vec<Vec<u8>> {
    vec![
        jpeg(),
        png(),
        webp(),
        gif(),
        bmp(),
        tiff(8, 8, 1, TIFF_PIXELS),
        big_tiff(),
        avif(Avif { exif: &exif(3), ..Avif::default() }),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn noise_behind_a_signature(which in 0_usize..8, noise in prop::collection::vec(any::<u8>(), 0..400)) {
        let file = valid().swap_remove(which);
        let kept = 12.min(file.len());
        survive(&[&file[..kept], &noise].concat())?;
        survive(&noise)?;
    }

    #[test]
    fn mutated_files(
        which in 0_usize..8,
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
        cut in prop::option::of(any::<prop::sample::Index>()),
    ) {
        let mut file = valid().swap_remove(which);
        // Most fields that matter stand in the first hundred bytes.
        for (turn, (index, value)) in changes.into_iter().enumerate() {
            let reach = if turn % 2 == 0 { file.len().min(300) } else { file.len() };
            file[index.index(reach)] = value;
        }
        if let Some(cut) = cut {
            file.truncate(cut.index(file.len()));
        }
        survive(&file)?;
    }
}
