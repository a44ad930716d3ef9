//! `optimagio settings`: the file `.env.sample`, made from the code.

use std::fmt::Write;
use std::process::ExitCode;

use settings::{Reader, Variable};

/// Prints every variable that a role reads.
#[allow(clippy::print_stdout, reason = "the command line speaks to its user")]
pub(crate) fn print() -> ExitCode {
    print!("{}", render(&variables()));
    ExitCode::SUCCESS
}

/// Every variable of every role, each once, in the order of reading.
fn variables() -> Vec<Variable> {
    let mut reader = Reader::from_pairs(Vec::<(String, String)>::new());
    gateway::Config::read(&mut reader);
    worker::Config::read(&mut reader);
    batch_status::Config::read(&mut reader);
    telemetry::Config::read(&mut reader);
    reader.variables().to_vec()
}

fn render(variables: &[Variable]) -> String {
    let mut text = String::from(
        "# Every setting of Optimagio, with its default. Printed by `optimagio settings`.\n\
         # NAME_FILE may name a file that holds the value of NAME.\n",
    );
    for variable in variables {
        // Writing to a String cannot fail.
        let _ = if variable.required {
            write!(text, "\n# {} (required)\n{}={}\n", variable.help, variable.name, variable.value)
        } else {
            write!(text, "\n# {}\n#{}={}\n", variable.help, variable.name, variable.value)
        };
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sample_file_is_the_one_that_the_code_prints() {
        let committed = include_str!("../../../.env.sample");
        let printed = render(&variables());
        assert_eq!(committed, printed, "run `cargo run -p optimagio -- settings > .env.sample`");
    }
}
