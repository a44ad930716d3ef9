use std::fmt::Display;

/// The one place where this crate gives up on a test.
pub(crate) trait OrFail<T> {
    /// The value, or the end of the test with a sentence about what could not be done.
    fn or_fail(self, what: impl Display) -> T;
}

impl<T, E: Display> OrFail<T> for Result<T, E> {
    #[track_caller]
    fn or_fail(self, what: impl Display) -> T {
        match self {
            Ok(value) => value,
            // `#` prints the causes of an anyhow error too.
            Err(error) => fail(format!("{what}: {error:#}")),
        }
    }
}

impl<T> OrFail<T> for Option<T> {
    #[track_caller]
    fn or_fail(self, what: impl Display) -> T {
        match self {
            Some(value) => value,
            None => fail(what),
        }
    }
}

#[track_caller]
#[allow(clippy::panic, reason = "a test that has no server, or waited in vain, must fail")]
pub(crate) fn fail(what: impl Display) -> ! {
    panic!("{what}")
}
