use domain::plan::PlanCatalogue;
use settings::Reader;

/// Reads `PLAN_CATALOGUE`: every service that enforces or shows plans reads the same file.
pub fn read_plans(reader: &mut Reader) -> PlanCatalogue {
    const NAME: &str = "PLAN_CATALOGUE";
    let path: Option<String> =
        reader.optional(NAME, "TOML file with the plans; empty: the built-in catalogue");
    let loaded = path.map(|path| {
        let text = std::fs::read_to_string(&path).map_err(|error| format!("cannot read {path}: {error}"))?;
        PlanCatalogue::parse(&text).map_err(|error| error.to_string())
    });
    match loaded {
        Some(Ok(plans)) => return plans,
        Some(Err(problem)) => reader.fail(NAME, problem),
        None => {}
    }
    #[allow(clippy::expect_used, reason = "the file is part of the program and a test reads it")]
    PlanCatalogue::built_in().expect("the built-in catalogue is valid")
}
