use domain::plan::PlanCatalogue;
use settings::Reader;

/// Reads `PLAN_CATALOGUE`: every service that enforces or shows plans reads the same file.
pub fn read_plans(reader: &mut Reader) -> PlanCatalogue {
    const NAME: &str = "PLAN_CATALOGUE";
    let given: Option<String> = reader.optional(
        NAME,
        "the plans: a TOML file, or a catalogue that ships with the program (default, conversion, generation, credits)",
    );
    let loaded = given.map(|given| {
        let text = match PlanCatalogue::shipped(&given) {
            Some(text) => text.to_owned(),
            None => {
                std::fs::read_to_string(&given).map_err(|error| format!("cannot read {given}: {error}"))?
            }
        };
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
