//! The batch-status program.

use std::process::ExitCode;
use std::sync::Arc;

use batch_status::{BatchStatus, Config};
use domain::SystemClock;
use lifecycle::{Shutdown, Tasks};
use settings::Reader;

fn main() -> ExitCode {
    lifecycle::program("optimagio-batch-status", run())
}

async fn run() -> anyhow::Result<()> {
    let mut reader = Reader::from_env();
    let telemetry = telemetry::Config::read(&mut reader);
    let config = Config::read(&mut reader);
    reader.finish()?;
    let _telemetry = telemetry::init(&telemetry, "optimagio-batch-status", env!("CARGO_PKG_VERSION"))?;
    let clock = Arc::new(SystemClock);
    let shutdown = Shutdown::new(config.lifecycle);
    shutdown.listen_for_signals()?;
    let service = BatchStatus::build(config, clock, &shutdown)?;
    let tasks = Tasks::new();
    tasks.spawn_essential("batch-status", &shutdown, service.run(shutdown.clone()));
    shutdown.drain(&tasks).await;
    Ok(())
}
