use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::process::ExitCode;
use std::time::Instant;

use domain::Sha256Hash;

use crate::confine::{confine, limit_job, unlimit_job};
use crate::protocol::{self, Answer, Hello, Order, Refusal};

/// The child's whole life with the real codec: the body of the hidden subcommand that a
/// [`Launcher`](crate::Launcher) names.
///
/// Reads from stdin, answers on stdout, ends when stdin does. Everything that goes wrong is told to the
/// parent, never to a terminal.
pub fn child_main(config: &imaging::CodecConfig) -> ExitCode {
    serve(|| imaging::start(config).map_err(|error| error.to_string()), imaging::optimize)
}

/// [`child_main`] with any codec: `start` runs once after the limits are set, `codec` once a job.
pub fn serve<E: Into<Refusal>>(
    start: impl FnOnce() -> Result<(), String>,
    codec: impl FnMut(&[u8], &imaging::Request) -> Result<imaging::Encoded, E>,
) -> ExitCode {
    match converse(start, codec) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Stderr is the parent's bounded buffer; where it is closed nobody is left to be told.
            let _ = writeln!(io::stderr(), "codec process: {error}");
            ExitCode::FAILURE
        }
    }
}

fn converse<E: Into<Refusal>>(
    start: impl FnOnce() -> Result<(), String>,
    mut codec: impl FnMut(&[u8], &imaging::Request) -> Result<imaging::Encoded, E>,
) -> io::Result<()> {
    let mut orders = io::stdin().lock();
    let mut answers = own_stdout()?;
    answers.write_all(protocol::PREAMBLE)?;
    let Some(hello) = protocol::receive::<Hello>(&mut orders)? else { return Ok(()) };
    if let Err(problem) = confine(&hello).and_then(|()| start()) {
        return protocol::send(&mut answers, &Answer::Failed(problem));
    }
    protocol::send(&mut answers, &Answer::Ready)?;
    while let Some(order) = protocol::receive::<Order>(&mut orders)? {
        protocol::send(&mut answers, &Answer::Accepted)?;
        let answer = work(&order, &mut codec);
        protocol::send(&mut answers, &answer)?;
    }
    Ok(())
}

/// Keeps the pipe for the answers alone: a library that prints to stdout prints to stderr from here on.
fn own_stdout() -> io::Result<File> {
    let pipe = rustix::io::fcntl_dupfd_cloexec(io::stdout(), 3)?;
    rustix::stdio::dup2_stdout(io::stderr())?;
    Ok(File::from(pipe))
}

fn work<E: Into<Refusal>>(
    order: &Order,
    codec: &mut impl FnMut(&[u8], &imaging::Request) -> Result<imaging::Encoded, E>,
) -> Answer {
    let answer = limit_job(order).and_then(|()| optimize(order, codec));
    unlimit_job().and(answer).unwrap_or_else(Answer::Failed)
}

fn optimize<E: Into<Refusal>>(
    order: &Order,
    codec: &mut impl FnMut(&[u8], &imaging::Request) -> Result<imaging::Encoded, E>,
) -> Result<Answer, String> {
    let source = fs::read(&order.source).map_err(|error| format!("the source: {error}"))?;
    forget_peak();
    let begin = Instant::now();
    let encoded = match codec(&source, &order.request) {
        Ok(encoded) => encoded,
        Err(refusal) => return Ok(Answer::Rejected(refusal.into())),
    };
    let codec_micros = u64::try_from(begin.elapsed().as_micros()).unwrap_or(u64::MAX);
    let peak_rss_bytes = peak_rss_bytes();
    fs::write(&order.result, &encoded.bytes).map_err(|error| format!("the result: {error}"))?;
    let sha256 = Sha256Hash::of(&encoded.bytes).to_string();
    Ok(Answer::Done { report: encoded.report, sha256, codec_micros, peak_rss_bytes })
}

/// Starts the count of peak memory anew (proc_pid_clear_refs(5)); where that is not permitted the peak is
/// that of the child's life.
fn forget_peak() {
    let _ = fs::write("/proc/self/clear_refs", "5");
}

fn peak_rss_bytes() -> Option<u64> {
    let mut status = String::new();
    File::open("/proc/self/status").ok()?.read_to_string(&mut status).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().strip_suffix(" kB")?.trim().parse::<u64>().ok()?.checked_mul(1_024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_peak_is_that_of_this_process() {
        let before = peak_rss_bytes().unwrap();
        let touched = vec![1_u8; 64 << 20];
        assert!(peak_rss_bytes().unwrap() >= before.max(64 << 20), "{}", touched.len());
    }
}
