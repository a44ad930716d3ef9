use settings::Reader;

/// `optimagio migrate`: applies what is missing and says what it did.
#[allow(clippy::print_stdout, reason = "the command line speaks to its user")]
pub(crate) async fn run() -> anyhow::Result<()> {
    let mut reader = Reader::from_env();
    let config = store::Config::read(&mut reader);
    reader.finish()?;
    let applied = store::migrate(&config).await?;
    for name in &applied {
        println!("applied {name}");
    }
    if applied.is_empty() {
        println!("the database is up to date");
    }
    Ok(())
}
