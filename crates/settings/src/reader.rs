use std::collections::HashMap;
use std::fmt::{self, Display};
use std::str::FromStr;

/// One environment variable that the program reads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Variable {
    /// The name.
    pub name: &'static str,
    /// The default, or an example where the variable is required.
    pub value: String,
    /// Whether the program starts without it.
    pub required: bool,
    /// One sentence for the operator.
    pub help: &'static str,
}

/// What is wrong with one variable.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{name}: {problem}")]
pub struct SettingError {
    /// The variable.
    pub name: &'static str,
    /// What is wrong, without the value: it may be a secret.
    pub problem: String,
}

/// Everything that is wrong, one line a variable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SettingErrors(pub Vec<SettingError>);

impl Display for SettingErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the settings are not complete:")?;
        self.0.iter().try_for_each(|error| write!(f, "\n  {error}"))
    }
}

impl std::error::Error for SettingErrors {}

/// Reads variables, collects every failure, and remembers what was asked for.
///
/// A variable `NAME` may also come from a file named by `NAME_FILE` (Kubernetes secrets); one trailing
/// line break of that file is dropped. An empty value counts as not given.
#[derive(Debug)]
pub struct Reader {
    values: HashMap<String, String>,
    variables: Vec<Variable>,
    errors: Vec<SettingError>,
}

impl Reader {
    /// Reads the process's environment.
    #[must_use]
    #[allow(clippy::disallowed_methods, reason = "the one place that reads the environment")]
    pub fn from_env() -> Self {
        let text = |value: std::ffi::OsString| value.into_string().ok();
        Self::from_pairs(std::env::vars_os().filter_map(|(name, value)| Some((text(name)?, text(value)?))))
    }

    /// Reads the given pairs instead of the environment: for tests and for several roles in one process.
    pub fn from_pairs<N: Into<String>, V: Into<String>>(pairs: impl IntoIterator<Item = (N, V)>) -> Self {
        let values = pairs
            .into_iter()
            .map(|(name, value)| (name.into(), value.into()))
            .filter(|(_, value)| !value.is_empty())
            .collect();
        Self { values, variables: Vec::new(), errors: Vec::new() }
    }

    /// A variable with a default.
    pub fn or<T>(&mut self, name: &'static str, default: T, help: &'static str) -> T
    where
        T: FromStr + Display,
        T::Err: Display,
    {
        self.note(name, default.to_string(), false, help);
        self.given(name).unwrap_or(default)
    }

    /// A variable that may be left out.
    pub fn optional<T>(&mut self, name: &'static str, help: &'static str) -> Option<T>
    where
        T: FromStr,
        T::Err: Display,
    {
        self.note(name, String::new(), false, help);
        self.given(name)
    }

    /// A variable without which the program does not start. `example` is what `.env.sample` shows, and
    /// stands in for the value after a failure so that all failures can be reported together.
    ///
    /// # Panics
    /// If `example` itself does not parse: a mistake in the program, found by any test that reads it.
    #[allow(clippy::panic, reason = "a mistake in the program, not in the settings")]
    pub fn required<T>(&mut self, name: &'static str, example: &str, help: &'static str) -> T
    where
        T: FromStr,
        T::Err: Display,
    {
        self.note(name, example.to_owned(), true, help);
        let before = self.errors.len();
        self.given(name).unwrap_or_else(|| {
            if self.errors.len() == before {
                self.fail(name, "is required and not set");
            }
            example.parse().unwrap_or_else(|error| panic!("the example of {name} is wrong: {error}"))
        })
    }

    /// Reports a failure that only the composed configuration can see.
    pub fn fail(&mut self, name: &'static str, problem: impl Into<String>) {
        self.errors.push(SettingError { name, problem: problem.into() });
    }

    /// What was asked for, in order, each name once.
    #[must_use]
    pub fn variables(&self) -> &[Variable] {
        &self.variables
    }

    /// Ends the reading.
    ///
    /// # Errors
    /// Every failure so far.
    pub fn finish(self) -> Result<(), SettingErrors> {
        if self.errors.is_empty() { Ok(()) } else { Err(SettingErrors(self.errors)) }
    }

    fn note(&mut self, name: &'static str, value: String, required: bool, help: &'static str) {
        if !self.variables.iter().any(|variable| variable.name == name) {
            self.variables.push(Variable { name, value, required, help });
        }
    }

    fn given<T>(&mut self, name: &'static str) -> Option<T>
    where
        T: FromStr,
        T::Err: Display,
    {
        let text = self.text(name)?;
        match text.parse() {
            Ok(value) => Some(value),
            Err(error) => {
                self.fail(name, error.to_string());
                None
            }
        }
    }

    fn text(&mut self, name: &'static str) -> Option<String> {
        if let Some(text) = self.values.get(name) {
            return Some(text.clone());
        }
        let path = self.values.get(&format!("{name}_FILE"))?.clone();
        match std::fs::read_to_string(&path) {
            Ok(text) => Some(text.strip_suffix('\n').unwrap_or(&text).to_owned()),
            Err(error) => {
                self.fail(name, format!("cannot read {path} named by {name}_FILE: {error}"));
                None
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Secret;

    #[test]
    fn all_failures_are_reported_together_and_named() {
        let mut reader = Reader::from_pairs([("SLOTS", "many"), ("PORT", "80")]);
        assert_eq!(reader.or("SLOTS", 2_u16, "slots"), 2);
        assert_eq!(reader.or("PORT", 1_u16, "port"), 80);
        let _: String = reader.required("DATABASE_URL", "postgres://localhost/x", "database");
        let errors = reader.finish().unwrap_err().to_string();
        assert!(errors.contains("SLOTS: invalid digit"), "{errors}");
        assert!(errors.contains("DATABASE_URL: is required and not set"), "{errors}");
        assert!(!errors.contains("PORT"), "{errors}");
    }

    #[test]
    fn a_secret_may_come_from_a_file_and_never_prints() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), "hunter2\n").unwrap();
        let path = file.path().to_str().unwrap();
        let mut reader = Reader::from_pairs([("TOKEN_FILE", path)]);
        let secret: Secret = reader.required("TOKEN", "change-me", "token");
        assert_eq!(secret.expose(), "hunter2");
        assert_eq!(format!("{secret:?} {secret}"), "redacted redacted");
        assert!(reader.finish().is_ok());
    }

    #[test]
    fn an_unreadable_file_is_one_failure_and_an_empty_value_is_none() {
        let mut reader = Reader::from_pairs([("TOKEN_FILE", "/nonexistent/x"), ("HOST", "")]);
        let _: Secret = reader.required("TOKEN", "change-me", "token");
        assert_eq!(reader.optional::<String>("HOST", "host"), None);
        assert_eq!(reader.finish().unwrap_err().0.len(), 1);
    }

    #[test]
    fn it_remembers_what_was_asked_for_once() {
        let mut reader = Reader::from_pairs(Vec::<(String, String)>::new());
        reader.or("PORT", 1_u16, "port");
        reader.or("PORT", 1_u16, "port");
        assert_eq!(reader.variables().len(), 1);
    }
}
