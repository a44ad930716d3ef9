use std::process::ExitCode;

use serde_json::json;
use settings::Reader;
use store::Store;

/// `optimagio audit-ledger`: one JSON line for each disagreement, and then exit code 1; else one line that all is
/// well.
#[allow(clippy::print_stdout, reason = "the command line speaks to its user")]
pub(crate) async fn run() -> anyhow::Result<ExitCode> {
    let mut reader = Reader::from_env();
    let config = store::Config::read(&mut reader);
    reader.finish()?;
    let found = Store::connect(&config)?.audit_ledger().await?;
    for one in &found {
        let line = json!({
            "kind": one.kind,
            "account": one.account.to_string(),
            "period": one.period,
            "subject": one.subject,
            "expected": one.expected,
            "found": one.found,
        });
        println!("{line}");
    }
    if !found.is_empty() {
        return Ok(ExitCode::FAILURE);
    }
    println!("ledger, credits, jobs and stored results agree");
    Ok(ExitCode::SUCCESS)
}
