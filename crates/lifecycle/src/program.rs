use std::error::Error;
use std::future::Future;
use std::process::ExitCode;

/// Runs a service's `run` on a runtime of its own. A failure is one line with its causes on standard error,
/// after the name of the program, and a non-zero exit.
#[allow(clippy::print_stderr, reason = "the settings may be wrong: no log is set up yet")]
pub fn program<E>(name: &str, run: impl Future<Output = Result<(), E>>) -> ExitCode
where
    E: Into<Box<dyn Error + Send + Sync>>,
{
    let outcome = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(Into::into)
        .and_then(|runtime| runtime.block_on(run).map_err(Into::into));
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{name}: {}", chain(error.as_ref()));
            ExitCode::FAILURE
        }
    }
}

/// An error and its causes in one line.
#[must_use]
pub fn chain(error: &(dyn Error + 'static)) -> String {
    let mut line = error.to_string();
    let mut cause = error.source();
    while let Some(source) = cause {
        line = format!("{line}: {source}");
        cause = source.source();
    }
    line
}
