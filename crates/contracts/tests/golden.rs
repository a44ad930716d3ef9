//! Messages that were once written must decode forever.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests fail by panicking")]

mod samples;

use std::path::Path;

use contracts::{JobEndedMessage, JobMessage};

/// From this package's folder, in which its tests run.
const FIXTURES: &str = "../../proto/fixtures/v1";

fn golden(name: &str) -> Vec<u8> {
    let path = Path::new(FIXTURES).join(name);
    std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

#[test]
fn golden_jobs_decode_to_their_values() {
    for (name, expected) in samples::jobs() {
        assert_eq!(JobMessage::decode(&golden(name)).unwrap(), expected, "{name}");
    }
}

#[test]
fn golden_events_decode_to_their_values() {
    for (name, expected) in samples::endings() {
        assert_eq!(JobEndedMessage::decode(&golden(name)).unwrap(), expected, "{name}");
    }
}

#[test]
fn every_golden_file_has_a_sample() {
    let mut files: Vec<_> = std::fs::read_dir(FIXTURES)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    let mut known: Vec<_> = samples::jobs().into_iter().map(|(name, _)| name.to_owned()).collect();
    known.extend(samples::endings().into_iter().map(|(name, _)| name.to_owned()));
    files.sort();
    known.sort();
    assert_eq!(files, known);
}

#[test]
fn fields_of_a_later_version_are_ignored() {
    let (_, expected) = samples::jobs().remove(0);
    let mut bytes = expected.encode();
    bytes.extend([0xfa, 0x01, 0x03, b'n', b'e', b'w']); // field 31, length-delimited
    assert_eq!(JobMessage::decode(&bytes).unwrap(), expected);
}

#[test]
fn a_bad_field_is_named() {
    let error = JobMessage::decode(&[]).unwrap_err().to_string();
    assert!(error.contains("class"), "{error}");
    let error = JobEndedMessage::decode(&[]).unwrap_err().to_string();
    assert!(error.contains("outcome"), "{error}");
    let unknown_class = [0x30, 0x09]; // field 6 = 9
    let error = JobMessage::decode(&unknown_class).unwrap_err().to_string();
    assert!(error.contains("unknown class 9"), "{error}");
}
