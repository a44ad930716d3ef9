use std::time::Duration;

use settings::{Reader, Seconds};

/// How long a shutdown may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Config {
    /// From the signal until nothing new is accepted: readiness is off, everything is still served.
    pub grace: Duration,
    /// From the signal until work in flight is given up; not shorter than `grace`.
    pub deadline: Duration,
}

impl Config {
    /// Reads `SHUTDOWN_GRACE_SECONDS` and `SHUTDOWN_DEADLINE_SECONDS`.
    pub fn read(reader: &mut Reader) -> Self {
        let Seconds(grace) = reader.or(
            "SHUTDOWN_GRACE_SECONDS",
            Seconds(Duration::from_secs(5)),
            "Seconds between the signal and the end of accepting, for load balancers to notice",
        );
        let Seconds(deadline) = reader.or(
            "SHUTDOWN_DEADLINE_SECONDS",
            Seconds(Duration::from_secs(25)),
            "Seconds between the signal and the end of work in flight; less than the orchestrator's patience",
        );
        if deadline < grace {
            reader.fail("SHUTDOWN_DEADLINE_SECONDS", "must not be less than SHUTDOWN_GRACE_SECONDS");
        }
        Self { grace, deadline }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn defaults_and_a_deadline_before_the_grace() {
        let mut reader = Reader::from_pairs(Vec::<(String, String)>::new());
        let config = Config::read(&mut reader);
        assert!(reader.finish().is_ok());
        assert_eq!((config.grace.as_secs(), config.deadline.as_secs()), (5, 25));
        let mut reader = Reader::from_pairs([("SHUTDOWN_GRACE_SECONDS", "30")]);
        Config::read(&mut reader);
        let errors = reader.finish().unwrap_err().to_string();
        assert!(errors.contains("SHUTDOWN_DEADLINE_SECONDS: must not be less"), "{errors}");
    }
}
