use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::{accounts, audit_ledger, keys, migrate, optimize, sample, serve};

/// The smallest image files at a stated visual quality.
#[derive(Parser)]
#[command(name = "optimagio", version, about, arg_required_else_help = true)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Optimize files and folders on this machine; needs no server.
    Optimize(optimize::OptimizeArgs),
    /// Run gateway, worker and batch-status in one process.
    Serve(serve::ServeArgs),
    /// Bring the database to the current schema; harmless when it is.
    Migrate,
    /// Make, look up and change accounts.
    #[command(subcommand)]
    Account(accounts::AccountCommand),
    /// Make, list, stop and revoke API keys.
    #[command(subcommand)]
    Key(keys::KeyCommand),
    /// Compare ledger, credits, jobs and stored results; print what disagrees, and exit with 1 if anything
    /// does.
    AuditLedger,
    /// Print every environment variable that the program reads, as a commented file.
    Settings,
    /// Encode images for a parent process (internal).
    #[command(name = worker::CODEC_CHILD, hide = true)]
    CodecChild,
}

/// Parses the command line and runs it.
#[must_use]
pub fn main() -> ExitCode {
    match Cli::parse().command {
        Command::CodecChild => worker::codec_child(),
        Command::Settings => sample::print(),
        command => run(command),
    }
}

fn run(command: Command) -> ExitCode {
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return failed(&error),
    };
    let outcome = match command {
        Command::Optimize(args) => return runtime.block_on(optimize::run(args)),
        Command::Serve(args) => runtime.block_on(serve::run(args)),
        Command::AuditLedger => match runtime.block_on(audit_ledger::run()) {
            Ok(code) => return code,
            Err(error) => Err(error),
        },
        Command::Migrate => runtime.block_on(migrate::run()),
        Command::Account(command) => runtime.block_on(accounts::account(command)),
        Command::Key(command) => runtime.block_on(keys::key(command)),
        Command::Settings | Command::CodecChild => Ok(()),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => failed(error.as_ref()),
    }
}

/// One clear line with its causes, on stderr.
#[allow(clippy::print_stderr, reason = "the command line speaks to its user")]
fn failed(error: &(dyn std::error::Error + 'static)) -> ExitCode {
    eprintln!("optimagio: {}", lifecycle::chain(error));
    ExitCode::FAILURE
}
