use settings::Reader;

use crate::or_fail::OrFail;

/// The value of a variable that `scripts/test` sets.
///
/// # Panics
/// If it is not set: a missing server is a failure of the test.
pub(super) fn variable(name: &'static str) -> String {
    Reader::from_env().optional(name, "Set by scripts/test.").or_fail(format_args!(
        "{name} is not set: run scripts/test, or source the env file of scripts/test --keep"
    ))
}

/// A name that no other test has: a version 7 UUID's 32 hexadecimal digits, in order of time.
pub(super) fn unique() -> String {
    uuid::Uuid::now_v7().simple().to_string()
}
