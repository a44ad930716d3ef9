//! The worker program.

use std::process::ExitCode;
use std::sync::Arc;

use domain::SystemClock;
use lifecycle::{Shutdown, Tasks};
use settings::Reader;
use worker::{Config, Worker};

fn main() -> ExitCode {
    if std::env::args().nth(1).is_some_and(|argument| argument == worker::CODEC_CHILD) {
        return worker::codec_child();
    }
    lifecycle::program("optimagio-worker", run())
}

async fn run() -> anyhow::Result<()> {
    let mut reader = Reader::from_env();
    let telemetry = telemetry::Config::read(&mut reader);
    let config = Config::read(&mut reader);
    reader.finish()?;
    let _telemetry = telemetry::init(&telemetry, "optimagio-worker", env!("CARGO_PKG_VERSION"))?;
    let clock = Arc::new(SystemClock);
    let shutdown = Shutdown::new(config.lifecycle);
    shutdown.listen_for_signals()?;
    let service = Worker::build(config, clock, &shutdown).await?;
    let tasks = Tasks::new();
    tasks.spawn_essential("worker", &shutdown, service.run(shutdown.clone()));
    shutdown.drain(&tasks).await;
    Ok(())
}
