//! Removal of metadata: pixels stay, everything planted goes.
#![allow(clippy::unwrap_used, clippy::panic, reason = "functions that only tests call may panic")]

mod samples;

use container::{Icc, Keep, inspect_bytes, is_clean, read_exif, rewrite_metadata, upright_exif};
use domain::{ErrorCode, OutputFormat};
use proptest::prelude::*;
use samples::*;

const PLANTED: &[u8] = b"PLANTED-MARKER";
const STRIP: Keep<'static> = Keep { icc: Icc::Drop, exif: None };

fn contains(haystack: &[u8], needle: &[u8]) -> bool {
    haystack.windows(needle.len()).any(|window| window == needle)
}

/// The planted marker with a payload of `filler` around it.
fn luggage(prefix: &[u8], filler: &[u8]) -> Vec<u8> {
    [prefix, filler, PLANTED, filler].concat()
}

fn planted_jpeg(filler: &[u8]) -> Vec<u8> {
    let segments = [
        segment(0xe1, &[&b"Exif\0\0"[..], &exif(6), PLANTED].concat()),
        segment(0xe1, &luggage(b"http://ns.adobe.com/xap/1.0/\0", filler)),
        segment(0xe2, &luggage(b"ICC_PROFILE\0\x01\x01", filler)),
        segment(0xed, &luggage(b"Photoshop 3.0\0", filler)),
        segment(0xe0, &luggage(b"JFXX\0", filler)),
        segment(0xfe, &luggage(b"", filler)),
    ];
    [insert(&jpeg(), 20, &segments.concat()), PLANTED.to_vec()].concat()
}

fn planted_png(filler: &[u8]) -> Vec<u8> {
    let chunks = [
        chunk(b"tEXt", &luggage(b"profile\0", filler)),
        chunk(b"zTXt", &luggage(b"a\0\0", filler)),
        chunk(b"iTXt", &luggage(b"XML:com.adobe.xmp\0", filler)),
        chunk(b"iCCP", &luggage(b"name\0\0", filler)),
        chunk(b"eXIf", &[exif(6), PLANTED.to_vec()].concat()),
        chunk(b"prVt", PLANTED),
        chunk(b"gAMA", PLANTED),
    ];
    [insert(&png(), 33, &chunks.concat()), PLANTED.to_vec()].concat()
}

fn planted_webp(filler: &[u8]) -> Vec<u8> {
    let file = webp_of(&[
        canvas(0x3c, 33, 17),
        riff_chunk(b"ICCP", &luggage(b"", filler)),
        webp()[12..].to_vec(),
        riff_chunk(b"EXIF", &[exif(6), PLANTED.to_vec()].concat()),
        riff_chunk(b"XMP ", &luggage(b"", filler)),
        riff_chunk(b"JUNK", PLANTED),
    ]);
    [file, PLANTED.to_vec()].concat()
}

fn planted_gif(filler: &[u8]) -> Vec<u8> {
    let block = |bytes: &[u8]| [&[bytes.len() as u8][..], bytes].concat();
    let text = block(&luggage(b"", filler.get(..100).unwrap_or(filler)));
    let blocks = [
        [&[0x21, 0xfe][..], &text, &[0]].concat(),
        [&[0x21, 0xff][..], &block(b"XMP DataXMP"), &text, &[0]].concat(),
        [&[0x21, 0xff][..], &block(b"ICCRGBG1012"), &text, &[0]].concat(),
        [&[0x21, 0xf9, 4, 1, 0, 0, 0, 0, 0x21, 0x01][..], &text, &[0]].concat(),
    ];
    let file = gif();
    let table = if file[10] & 0x80 == 0 { 0 } else { 3 << ((file[10] & 7) + 1) };
    [insert(&file, 13 + table, &blocks.concat()), PLANTED.to_vec()].concat()
}

fn pixels(format: OutputFormat, bytes: &[u8]) -> Vec<Vec<u8>> {
    use image::AnimationDecoder;
    if format == OutputFormat::Gif {
        let decoder = image::codecs::gif::GifDecoder::new(std::io::Cursor::new(bytes)).unwrap();
        return decoder.into_frames().map(|frame| frame.unwrap().into_buffer().into_raw()).collect();
    }
    vec![image::load_from_memory(bytes).unwrap().to_rgba8().into_raw()]
}

fn files(filler: &[u8]) -> [(OutputFormat, Vec<u8>, Vec<u8>); 4] {
    [
        (OutputFormat::Jpeg, jpeg(), planted_jpeg(filler)),
        (OutputFormat::Png, png(), planted_png(filler)),
        (OutputFormat::WebP, webp(), planted_webp(filler)),
        (OutputFormat::Gif, gif(), planted_gif(filler)),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn stripped_files_show_the_same_pixels(filler in prop::collection::vec(any::<u8>(), 0..600)) {
        for (format, plain, planted) in files(&filler) {
            prop_assert!(contains(&planted, PLANTED));
            prop_assert!(!is_clean(format, &planted), "{}", format);
            let stripped = rewrite_metadata(format, &planted, &STRIP).unwrap();
            prop_assert!(!contains(&stripped, PLANTED), "{}", format);
            prop_assert!(!contains(&stripped, b"CameraInc"), "{}", format);
            prop_assert_eq!(pixels(format, &stripped), pixels(format, &plain));
            prop_assert!(is_clean(format, &stripped), "{}", format);
            prop_assert!(inspect_bytes(&stripped).is_ok());
            prop_assert_eq!(inspect_bytes(&stripped).unwrap().orientation, 1);
            prop_assert_eq!(rewrite_metadata(format, &stripped, &STRIP).unwrap(), stripped);
        }
    }
}

#[test]
fn a_kept_exif_is_upright_and_the_only_metadata() {
    for (format, plain, planted) in files(b"") {
        let read = read_exif(format.as_source(), &planted);
        if format == OutputFormat::Gif {
            assert_eq!(read, None);
            continue;
        }
        let upright = upright_exif(&read.unwrap()).unwrap();
        let keep = Keep { icc: Icc::Drop, exif: Some(&upright) };
        for source in [&planted, &plain] {
            let kept = rewrite_metadata(format, source, &keep).unwrap();
            assert!(!contains(&kept, PLANTED), "{format}");
            assert_eq!(read_exif(format.as_source(), &kept).as_ref(), Some(&upright), "{format}");
            assert_eq!(pixels(format, &kept), pixels(format, &plain), "{format}");
            assert_eq!(inspect_bytes(&kept).unwrap().orientation, 1, "{format}");
            assert!(!is_clean(format, &kept), "{format}");
        }
    }
}

#[test]
fn an_icc_profile_stays_only_if_it_is_kept() {
    for (format, _, planted) in files(b"") {
        let kept = rewrite_metadata(format, &planted, &Keep { icc: Icc::Keep, exif: None }).unwrap();
        assert!(contains(&kept, PLANTED), "{format}");
        assert!(is_clean(format, &kept), "{format}");
        assert!(kept.len() < planted.len(), "{format}");
    }
}

#[test]
fn a_given_profile_takes_the_place_of_the_files_own() {
    let profile: Vec<u8> = (0..70_000_u32).map(|at| (at * 7 % 251) as u8).collect();
    let put = Keep { icc: Icc::Put(&profile), exif: None };
    for (format, plain, planted) in files(b"") {
        for source in [&planted, &plain] {
            let rewritten = rewrite_metadata(format, source, &put).unwrap();
            let has = contains(&rewritten, &profile[..1_000]);
            assert_eq!(has, !matches!(format, OutputFormat::Gif | OutputFormat::Avif), "{format}");
            assert!(!has || !contains(&rewritten, PLANTED), "{format}");
            assert!(is_clean(format, &rewritten), "{format}");
            assert_eq!(rewrite_metadata(format, &rewritten, &put).as_ref(), Ok(&rewritten), "{format}");
            assert_eq!(pixels(format, &rewritten), pixels(format, &plain), "{format}");
            inspect_bytes(&rewritten).unwrap();
        }
    }
}

#[test]
fn jfif_loses_its_thumbnail() {
    let thumbnail = [&b"JFIF\0\x01\x01\0\0\x01\0\x01\x02\x01"[..], &PLANTED[..6]].concat();
    let plain = jpeg();
    assert_eq!(&plain[6..10], b"JFIF");
    let with = [&plain[..2], &segment(0xe0, &thumbnail), &plain[20..]].concat();
    let stripped = rewrite_metadata(OutputFormat::Jpeg, &with, &STRIP).unwrap();
    assert!(!contains(&stripped, &PLANTED[..6]));
    assert_eq!(pixels(OutputFormat::Jpeg, &stripped), pixels(OutputFormat::Jpeg, &plain));
}

#[test]
fn avif_metadata_is_blanked_in_place() {
    let source = avif(Avif { exif: &exif(6), ..Avif::default() });
    let format = OutputFormat::Avif;
    assert!(!is_clean(format, &source));
    assert_eq!(read_exif(format.as_source(), &source), Some(exif(6)));
    let stripped = rewrite_metadata(format, &source, &STRIP).unwrap();
    assert_eq!(stripped.len(), source.len());
    assert!(!contains(&stripped, b"CameraInc"));
    assert!(is_clean(format, &stripped));
    assert_eq!(inspect_bytes(&stripped), inspect_bytes(&source));
    assert_eq!(read_exif(format.as_source(), &stripped), None);

    let upright = upright_exif(&exif(6)).unwrap();
    let keep = Keep { icc: Icc::Drop, exif: Some(&upright) };
    let kept = rewrite_metadata(format, &source, &keep).unwrap();
    assert_eq!(read_exif(format.as_source(), &kept), Some(upright.clone()));
    let bare = avif(Avif::default());
    assert_eq!(rewrite_metadata(format, &bare, &keep).unwrap(), bare, "there is no room for an item");
}

#[test]
fn a_broken_file_is_refused() {
    for (format, plain, _) in files(b"") {
        if format != OutputFormat::Gif {
            let error = rewrite_metadata(format, &plain[..plain.len() - 3], &STRIP).unwrap_err();
            assert_eq!(error.code, ErrorCode::InvalidImage);
        }
        assert!(rewrite_metadata(format, b"", &STRIP).is_err(), "{format}");
        assert!(!is_clean(format, b""));
    }
}
