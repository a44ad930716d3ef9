//! The gateway program.

use std::process::ExitCode;
use std::sync::Arc;

use domain::SystemClock;
use gateway::{Config, Gateway};
use lifecycle::{Shutdown, Tasks};
use settings::Reader;

fn main() -> ExitCode {
    lifecycle::program("optimagio-gateway", run())
}

async fn run() -> anyhow::Result<()> {
    let mut reader = Reader::from_env();
    let telemetry = telemetry::Config::read(&mut reader);
    let config = Config::read(&mut reader);
    reader.finish()?;
    let _telemetry = telemetry::init(&telemetry, "optimagio-gateway", env!("CARGO_PKG_VERSION"))?;
    let clock = Arc::new(SystemClock);
    let shutdown = Shutdown::new(config.lifecycle);
    shutdown.listen_for_signals()?;
    let service = Gateway::build(config, clock, &shutdown).await?;
    let tasks = Tasks::new();
    tasks.spawn_essential("gateway", &shutdown, service.run(shutdown.clone()));
    shutdown.drain(&tasks).await;
    Ok(())
}
