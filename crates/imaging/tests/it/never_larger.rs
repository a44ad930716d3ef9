use domain::{Compression, OptimizeParams, OutputFormat, SourceFormat};
use proptest::prelude::*;

use crate::picture::{file, of, picture, show};
use crate::shots::{optimize, params, run};

#[test]
fn a_source_that_cannot_be_beaten_comes_back_clean() {
    let image = picture(120, 90, 3);
    for format in OutputFormat::ALL {
        let once = optimize(&file(&image, SourceFormat::Png), format.into());
        let asked = OptimizeParams { compression: Compression::Low, ..params(format.into()) };
        let again = run(&once.bytes, asked).unwrap();
        assert!(again.bytes.len() <= once.bytes.len(), "{format}");
        assert_eq!(again.report.reason.as_deref(), Some("already_optimal"), "{format}");
        assert_eq!(again.report.encoder, "source", "{format}");
        assert!(show(&again.bytes).difference(&show(&once.bytes)) == 0.0, "{format}");
    }
}

#[test]
fn a_source_that_needs_its_profile_keeps_it() {
    use rs_vips::voption::{Setter, VOption};
    let image = picture(300, 200, 3);
    let wide = image.icc_transform_with_opts("p3", VOption::new().set("input_profile", "srgb")).unwrap();
    let small = wide.jpegsave_buffer_with_opts(VOption::new().set("Q", 8)).unwrap();
    let asked = OptimizeParams { compression: Compression::Low, ..params(OutputFormat::Jpeg.into()) };
    let result = run(&small, asked).unwrap();
    assert_eq!(result.report.reason.as_deref(), Some("already_optimal"));
    let loaded = rs_vips::VipsImage::jpegload_buffer(&result.bytes).unwrap();
    assert!(!loaded.get_blob("icc-profile-data").unwrap().is_empty());
    let seen = loaded.icc_transform_with_opts("srgb", VOption::new().set("embedded", true)).unwrap();
    assert!(of(&seen, 1).difference(&of(&image, 1)) < 20.0);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn no_result_is_larger_than_a_source_of_the_same_format_and_size(
        width in 1..80, height in 1..80, bands in prop_oneof![Just(1), Just(3), Just(4)],
        format in proptest::sample::select(OutputFormat::ALL.to_vec()),
        level in proptest::sample::select(Compression::ALL.to_vec()),
    ) {
        let source = file(&picture(width, height, bands), format.as_source());
        let asked = OptimizeParams { compression: level, ..params(format.into()) };
        let result = run(&source, asked).unwrap();
        prop_assert!(result.bytes.len() <= source.len(), "{} > {}", result.bytes.len(), source.len());
    }
}
