use domain::{OptimizeParams, OutputFormat, RequestedFormat, SourceFormat};

use crate::picture::{picture, show};
use crate::planted::{holds_marker, marked};
use crate::shots::{optimize, params, run};

#[test]
fn no_result_carries_a_word_of_the_sources_metadata() {
    for source in SourceFormat::ALL {
        let bytes = marked(&picture(96, 64, 3), source, 1);
        assert!(holds_marker(&bytes) || source == SourceFormat::Bmp, "{source}: the test tests nothing");
        for format in OutputFormat::ALL {
            let result = optimize(&bytes, format.into());
            assert!(!holds_marker(&result.bytes), "{source} -> {format}");
            assert!(container::is_clean(format, &result.bytes), "{source} -> {format}");
        }
    }
}

#[test]
fn exif_is_kept_where_asked_for_with_its_orientation_reset() {
    for source in [SourceFormat::Jpeg, SourceFormat::Png, SourceFormat::WebP] {
        let bytes = marked(&picture(96, 64, 3), source, 6);
        assert_eq!(container::inspect_bytes(&bytes).unwrap().orientation, 6, "{source}");
        for format in [OutputFormat::Jpeg, OutputFormat::Png, OutputFormat::WebP, OutputFormat::Avif] {
            let asked = OptimizeParams { keep_exif: true, ..params(format.into()) };
            let result = run(&bytes, asked).unwrap();
            let header = container::inspect_bytes(&result.bytes).unwrap();
            assert_eq!(
                (header.width, header.height, header.orientation),
                (64, 96, 1),
                "{source} -> {format}"
            );
            let exif = container::read_exif(format.as_source(), &result.bytes)
                .unwrap_or_else(|| panic!("{source} -> {format}: {:?}", result.report));
            assert!(holds_marker(&exif), "{source} -> {format}");
            let shown = show(&result.bytes);
            assert_eq!((shown.width, shown.height), (64, 96), "{source} -> {format}");
        }
        let asked = OptimizeParams { keep_exif: true, ..params(RequestedFormat::Gif) };
        let result = run(&bytes, asked).unwrap();
        assert!(!holds_marker(&result.bytes));
        assert!(result.report.notes.iter().any(|note| note.contains("EXIF")), "{:?}", result.report.notes);
    }
}
