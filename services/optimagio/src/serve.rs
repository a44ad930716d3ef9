//! `optimagio serve`: every role, or some, in one process, against the same real servers.

use std::sync::Arc;

use batch_status::BatchStatus;
use clap::{Args, ValueEnum};
use domain::{Clock, SystemClock};
use gateway::Gateway;
use lifecycle::{Shutdown, Tasks};
use settings::Reader;
use worker::Worker;

/// `optimagio serve`
#[derive(Args)]
pub(crate) struct ServeArgs {
    /// Serve only this role; may be repeated.
    #[arg(long, value_name = "ROLE")]
    only: Vec<Role>,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Role {
    /// The public API.
    Gateway,
    /// Encoding.
    Worker,
    /// Status of jobs.
    BatchStatus,
}

impl ServeArgs {
    fn includes(&self, role: Role) -> bool {
        self.only.is_empty() || self.only.contains(&role)
    }
}

/// The configurations of the roles that are served.
struct Configs {
    telemetry: telemetry::Config,
    lifecycle: lifecycle::Config,
    gateway: Option<gateway::Config>,
    worker: Option<worker::Config>,
    batch_status: Option<batch_status::Config>,
}

fn read(args: &ServeArgs) -> Result<Configs, settings::SettingErrors> {
    let mut reader = Reader::from_env();
    let configs = Configs {
        telemetry: telemetry::Config::read(&mut reader),
        lifecycle: lifecycle::Config::read(&mut reader),
        gateway: args.includes(Role::Gateway).then(|| gateway::Config::read(&mut reader)),
        worker: args.includes(Role::Worker).then(|| worker::Config::read(&mut reader)),
        batch_status: args.includes(Role::BatchStatus).then(|| batch_status::Config::read(&mut reader)),
    };
    reader.finish()?;
    Ok(configs)
}

pub(crate) async fn run(args: ServeArgs) -> anyhow::Result<()> {
    let configs = read(&args)?;
    let _telemetry = telemetry::init(&configs.telemetry, "optimagio", env!("CARGO_PKG_VERSION"))?;
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let shutdown = Shutdown::new(configs.lifecycle);
    shutdown.listen_for_signals()?;
    let tasks = Tasks::new();
    let mut status_url = None;
    if let Some(config) = configs.batch_status {
        let service = BatchStatus::build(config, clock.clone(), &shutdown)?;
        status_url = Some(format!("http://{}", service.address));
        tasks.spawn_essential("batch-status", &shutdown, service.run(shutdown.clone()));
    }
    if let Some(config) = configs.worker {
        let service = Worker::build(config, clock.clone(), &shutdown).await?;
        tasks.spawn_essential("worker", &shutdown, service.run(shutdown.clone()));
    }
    if let Some(mut config) = configs.gateway {
        // In one process the neighbour is known better than by any setting.
        config.batch_status_url = status_url.unwrap_or(config.batch_status_url);
        let service = Gateway::build(config, clock, &shutdown).await?;
        tasks.spawn_essential("gateway", &shutdown, service.run(shutdown.clone()));
    }
    shutdown.drain(&tasks).await;
    Ok(())
}
