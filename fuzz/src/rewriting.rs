use container::{Header, Icc, Keep, inspect_bytes, is_clean, read_exif, rewrite_metadata};
use domain::OutputFormat;

/// An upright EXIF payload, as `upright_exif` gives it: orientation 1 and a camera's name.
const UPRIGHT: &[u8] = b"II*\0\x08\0\0\0\x02\0\
    \x0f\x01\x02\0\x0a\0\0\0\x26\0\0\0\
    \x12\x01\x03\0\x01\0\0\0\x01\0\0\0\
    \0\0\0\0CameraInc\0";

/// The rewriters do not look into a profile.
const PROFILE: &[u8] = b"a colour profile";

/// Rewrites `bytes` as a file of `format` in every way there is: what comes out can be rewritten again, to
/// the same bytes; a file that could be inspected before can be afterwards, and shows the same picture.
/// `each` sees every result and whether an EXIF was put in.
pub fn check_rewriting(format: OutputFormat, bytes: &[u8], each: impl Fn(&[u8], bool)) {
    let before = inspect_bytes(bytes).ok().filter(|header| header.format == format.as_source());
    for (icc, exif) in [(Icc::Drop, None), (Icc::Keep, None), (Icc::Drop, Some(UPRIGHT)), (Icc::Put(PROFILE), None)] {
        let keep = Keep { icc, exif };
        match rewrite_metadata(format, bytes, &keep) {
            Ok(out) => {
                assert_eq!(rewrite_metadata(format, &out, &keep).as_ref(), Ok(&out), "{keep:?}");
                assert!(exif.is_some() || is_clean(format, &out), "{keep:?}");
                if let Some(before) = &before {
                    let after = inspect_bytes(&out).unwrap_or_else(|error| panic!("{keep:?}: {error:?}"));
                    compare(before, &after);
                    check_exif(format, &out, exif);
                }
                each(&out, exif.is_some());
            }
            // An AVIF is changed in place: its items may lie so that this is impossible.
            Err(error) => assert!(before.is_none() || format == OutputFormat::Avif, "{keep:?}: {error:?}"),
        }
    }
}

fn compare(before: &Header, after: &Header) {
    let shown = |header: &Header| (header.format, header.width, header.height, header.frames);
    assert_eq!(shown(before), shown(after));
    assert_eq!(after.orientation, 1);
    // Transparency that is announced in vain may go with the block that announced it.
    assert!(before.has_alpha || !after.has_alpha, "{before:?} became {after:?}");
}

fn check_exif(format: OutputFormat, out: &[u8], wanted: Option<&[u8]>) {
    let found = read_exif(format.as_source(), out);
    match (format, wanted) {
        (_, None) | (OutputFormat::Gif, _) => assert_eq!(found, None),
        // In place there may be no room, or more than enough of it.
        (OutputFormat::Avif, Some(wanted)) => assert!(found.is_none_or(|found| found.starts_with(wanted))),
        (_, Some(wanted)) => assert_eq!(found.as_deref(), Some(wanted)),
    }
}
