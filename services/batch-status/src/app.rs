use std::net::SocketAddr;
use std::sync::Arc;

use actix_web::middleware::from_fn;
use actix_web::web::{self as actix, Data};
use auth::Sessions;
use domain::Clock;
use lifecycle::Shutdown;
use store::Store;
use web::{Authenticator, Check, Health, HttpMetrics, Listening, MetricsServer};

use crate::config::Config;
use crate::jobs;

/// Why batch-status does not start.
#[derive(Debug, thiserror::Error)]
pub enum BatchStatusError {
    /// A listener's address cannot be used.
    #[error("cannot listen on {address} ({setting})")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// The variable that names it.
        setting: &'static str,
        /// Why.
        source: std::io::Error,
    },
    /// A part that it needs cannot be built.
    #[error("cannot set up {what}")]
    Part {
        /// Which part.
        what: &'static str,
        /// Why.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}

fn part<E>(what: &'static str) -> impl FnOnce(E) -> BatchStatusError
where
    E: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    move |source| BatchStatusError::Part { what, source: source.into() }
}

/// A batch-status service that listens and serves once it is run.
pub struct BatchStatus {
    /// Where it listens.
    pub address: SocketAddr,
    /// Where the metrics are.
    pub metrics_address: SocketAddr,
    listening: Listening,
    metrics: MetricsServer,
}

impl BatchStatus {
    /// Builds every collaborator and binds the listeners. A database that is down does not keep it from
    /// starting.
    ///
    /// # Errors
    /// [`BatchStatusError`], naming the part or the address.
    pub fn build(
        config: Config,
        clock: Arc<dyn Clock>,
        shutdown: &Shutdown,
    ) -> Result<Self, BatchStatusError> {
        let registry = telemetry::Metrics::new("optimagio-batch-status", env!("CARGO_PKG_VERSION"))
            .map_err(part("metrics"))?
            .registry()
            .clone();
        let http = Data::new(HttpMetrics::register(&registry).map_err(part("metrics"))?);
        let store = Store::connect(&config.store).map_err(part("the database"))?;
        let sessions = Arc::new(Sessions::new(&config.auth).map_err(part("sessions"))?);
        let health = Data::new(health(&store, shutdown));
        let authenticator = Data::new(Authenticator {
            store: store.clone(),
            sessions,
            plans: Arc::new(config.plans),
            anonymous_account: None,
            clock,
        });
        let store = Data::new(store);
        let listening = web::bind(&config.web, config.listen, move || {
            actix_web::App::new()
                .app_data(http.clone())
                .app_data(health.clone())
                .app_data(authenticator.clone())
                .app_data(store.clone())
                .service(actix::resource("/api/v1/jobs/{job_id}").get(jobs::get))
                .configure(web::health_routes)
                .default_service(actix::to(web::fallback))
                .wrap(from_fn(web::observe))
        })
        .map_err(|source| BatchStatusError::Listen {
            address: config.listen,
            setting: "BATCH_STATUS_LISTEN",
            source,
        })?;
        let metrics = MetricsServer::bind(config.metrics_listen, registry).map_err(|source| {
            BatchStatusError::Listen {
                address: config.metrics_listen,
                setting: "BATCH_STATUS_METRICS_LISTEN",
                source,
            }
        })?;
        Ok(Self { address: listening.address, metrics_address: metrics.address, listening, metrics })
    }

    /// Serves until the shutdown says stop, then finishes what is in flight.
    pub async fn run(self, shutdown: Shutdown) {
        tracing::info!(address = %self.address, metrics = %self.metrics_address, "batch-status is listening");
        let (server, metrics) = (self.listening.server.handle(), self.metrics.server.handle());
        let stop = async move {
            shutdown.soft().cancelled().await;
            server.stop(true).await;
            metrics.stop(true).await;
        };
        let (served, _, ()) = tokio::join!(self.listening.server, self.metrics.server, stop);
        if let Err(error) = served {
            tracing::error!(%error, "the HTTP server stopped");
        }
    }
}

fn health(store: &Store, shutdown: &Shutdown) -> Health {
    let store = store.clone();
    let database = Check::critical("database", move || {
        let store = store.clone();
        async move { store.ping().await.is_ok() }
    });
    Health {
        service: "optimagio-batch-status",
        readiness: shutdown.readiness().clone(),
        checks: vec![database],
    }
}
