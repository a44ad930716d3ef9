use std::net::SocketAddr;

use domain::plan::PlanCatalogue;
use settings::Reader;

/// Everything batch-status reads from the environment.
pub struct Config {
    /// Address of the listener; the gateway passes requests on to it.
    pub listen: SocketAddr,
    /// Address of the metrics listener.
    pub metrics_listen: SocketAddr,
    /// HTTP.
    pub web: web::Config,
    /// Database.
    pub store: store::Config,
    /// The plans.
    pub plans: PlanCatalogue,
    /// Sessions.
    pub auth: auth::Config,
    /// Draining.
    pub lifecycle: lifecycle::Config,
}

impl Config {
    /// Reads every setting of batch-status.
    pub fn read(reader: &mut Reader) -> Self {
        Self {
            listen: reader.or(
                "BATCH_STATUS_LISTEN",
                ([127, 0, 0, 1], 8081).into(),
                "listener of batch-status",
            ),
            metrics_listen: reader.or(
                "BATCH_STATUS_METRICS_LISTEN",
                ([127, 0, 0, 1], 9103).into(),
                "metrics listener of batch-status",
            ),
            web: web::Config::read(reader),
            store: store::Config::read(reader),
            plans: web::read_plans(reader),
            auth: auth::Config::read(reader),
            lifecycle: lifecycle::Config::read(reader),
        }
    }
}
