use std::io::{BufReader, Cursor};

use container::{Header, InspectError, SNIFF_BYTES, inspect, inspect_bytes, read_exif, sniff, upright_exif};
use domain::limits::{MAX_FRAMES, MAX_INPUT_EDGE, MAX_INPUT_PIXELS};
use domain::{ErrorCode, SourceFormat};

use crate::repaired;

/// A buffer so small that every read and skip crosses its end at some time.
const SMALL_BUFFER_BYTES: usize = 16;

/// Inspects `bytes`: a header keeps to the published limits, a refusal has a code of the closed list, and
/// both are the same through a reader with a small buffer.
pub fn check_inspection(bytes: &[u8]) -> Option<Header> {
    let answer = inspect_bytes(bytes);
    let mut reader = BufReader::with_capacity(SMALL_BUFFER_BYTES, Cursor::new(bytes));
    match inspect(&mut reader) {
        Ok(header) => assert_eq!(answer.as_ref(), Ok(&header)),
        Err(InspectError::Rejected(rejection)) => assert_eq!(answer.as_ref(), Err(&rejection)),
        Err(InspectError::Io(error)) => panic!("bytes in memory cannot fail to be read: {error}"),
    }
    match answer {
        Ok(header) => {
            check_header(&header);
            assert_eq!(sniff(bytes), Some(header.format));
            Some(header)
        }
        Err(rejection) => {
            assert!(
                matches!(
                    rejection.code,
                    ErrorCode::UnsupportedFormat | ErrorCode::InvalidImage | ErrorCode::ImageTooLarge
                ),
                "{rejection:?}"
            );
            None
        }
    }
}

/// [`check_inspection`] of `bytes` if they begin like `format`, and of what [`repaired`] makes of them: a
/// target for one format does not learn to write the others.
pub fn check_walk(format: SourceFormat, bytes: &[u8]) {
    if sniff(bytes) == Some(format) {
        check_inspection(bytes);
    }
    check_inspection(&repaired(format, bytes));
}

fn check_header(header: &Header) {
    assert!((1..=MAX_INPUT_EDGE).contains(&header.width), "{header:?}");
    assert!((1..=MAX_INPUT_EDGE).contains(&header.height), "{header:?}");
    assert!((1..=MAX_FRAMES).contains(&header.frames), "{header:?}");
    assert!(header.pixels() <= MAX_INPUT_PIXELS, "{header:?}");
    assert!((1..=8).contains(&header.orientation), "{header:?}");
}

/// Sniffing looks at the first bytes only, and an EXIF that is found can be set upright once and for all.
pub fn check_sniffing(bytes: &[u8]) {
    let found = sniff(bytes);
    assert_eq!(found, sniff(bytes.get(..SNIFF_BYTES).unwrap_or(bytes)));
    for format in SourceFormat::ALL {
        if let Some(upright) = read_exif(format, bytes).and_then(|exif| upright_exif(&exif)) {
            assert_eq!(upright_exif(&upright).as_ref(), Some(&upright));
        }
    }
}
