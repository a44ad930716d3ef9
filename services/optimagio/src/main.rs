//! The command line of Optimagio.

use std::process::ExitCode;

fn main() -> ExitCode {
    optimagio::main()
}
