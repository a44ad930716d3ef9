use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use domain::plan::PlanCatalogue;
use settings::{Reader, Seconds};

/// Everything the worker reads from the environment.
pub struct Config {
    /// Address of the listener for metrics and health.
    pub metrics_listen: SocketAddr,
    /// How long a claim holds without a sign of life.
    pub lease: Duration,
    /// Program started as codec child; this program itself if none.
    pub codec_program: Option<PathBuf>,
    /// The plans, for how long results stay.
    pub plans: PlanCatalogue,
    /// When accounts are warned.
    pub alerts: store::Alerts,
    /// HTTP of the listener.
    pub web: web::Config,
    /// Codec settings of the child processes.
    pub codec: imaging::CodecConfig,
    /// Child processes.
    pub sandbox: sandbox::Config,
    /// Database.
    pub store: store::Config,
    /// Object storage.
    pub blob: blob::Config,
    /// Broker.
    pub bus: bus::Config,
    /// Draining.
    pub lifecycle: lifecycle::Config,
}

impl Config {
    /// Reads every setting of the worker.
    pub fn read(reader: &mut Reader) -> Self {
        let lease = Seconds(Duration::from_secs(60));
        Self {
            metrics_listen: reader.or(
                "WORKER_METRICS_LISTEN",
                ([127, 0, 0, 1], 9102).into(),
                "metrics and health listener of the worker",
            ),
            lease: reader
                .or("WORKER_LEASE_SECONDS", lease, "how long a claim holds without a sign of life")
                .0,
            codec_program: reader
                .optional("CODEC_PROGRAM", "program started as codec child; empty: this program itself"),
            plans: web::read_plans(reader),
            alerts: web::read_alerts(reader),
            web: web::Config::read(reader),
            codec: imaging::CodecConfig::read(reader),
            sandbox: sandbox::Config::read(reader),
            store: store::Config::read(reader),
            blob: blob::Config::read(reader),
            bus: bus::Config::read(reader),
            lifecycle: lifecycle::Config::read(reader),
        }
    }
}
