use std::net::SocketAddr;
use std::num::NonZeroU16;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use actix_web::middleware::from_fn;
use actix_web::web::{self as actix, Data};
use blob::Blob;
use bus::Bus;
use domain::plan::PlanCatalogue;
use domain::{Clock, JobClass};
use futures_util::FutureExt;
use lifecycle::Shutdown;
use sandbox::{Launcher, Pool};
use settings::Reader;
use store::Store;
use tokio::sync::Semaphore;
use web::{Check, Health, HttpMetrics, Listening};

use crate::config::Config;
use crate::metrics::WorkerMetrics;
use crate::{dead_letters, handle};

/// The body of the hidden subcommand [`sandbox::CHILD_COMMAND`]: the codec's child process.
#[must_use]
pub fn codec_child() -> ExitCode {
    let mut reader = Reader::from_env();
    sandbox::child_main(&imaging::CodecConfig::read(&mut reader))
}

/// Why the worker does not start.
#[derive(Debug, thiserror::Error)]
pub enum WorkerError {
    /// A listener's address cannot be used.
    #[error("cannot listen on {address} (WORKER_METRICS_LISTEN)")]
    Listen {
        /// The address.
        address: SocketAddr,
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

fn part<E>(what: &'static str) -> impl FnOnce(E) -> WorkerError
where
    E: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    move |source| WorkerError::Part { what, source: source.into() }
}

/// Everything a delivery may use. Built once; clones are cheap.
#[derive(Clone)]
pub struct Worker {
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) plans: Arc<PlanCatalogue>,
    pub(crate) store: Store,
    pub(crate) blob: Blob,
    pub(crate) bus: Bus,
    pub(crate) pool: Pool,
    pub(crate) slots: Arc<Semaphore>,
    pub(crate) lease: Duration,
    pub(crate) metrics: WorkerMetrics,
}

/// A worker that is set up and works once it is run.
pub struct Service {
    /// Where metrics and health are.
    pub metrics_address: SocketAddr,
    worker: Worker,
    listening: Listening,
}

impl Worker {
    /// Builds every collaborator, starts the child processes and binds the listener for metrics and health.
    ///
    /// # Errors
    /// [`WorkerError`], naming the part or the address.
    pub async fn build(
        config: Config,
        clock: Arc<dyn Clock>,
        shutdown: &Shutdown,
    ) -> Result<Service, WorkerError> {
        let registry = telemetry::Metrics::new("optimagio-worker", env!("CARGO_PKG_VERSION"))
            .map_err(part("metrics"))?
            .registry()
            .clone();
        let metrics = WorkerMetrics::register(&registry).map_err(part("metrics"))?;
        let http = Data::new(HttpMetrics::register(&registry).map_err(part("metrics"))?);
        let mut launcher = Launcher::this_program(&config.codec);
        if let Some(program) = config.codec_program {
            launcher.program = program;
        }
        let pool =
            Pool::start(config.sandbox, launcher).await.map_err(part("the codec's child processes"))?;
        let worker = Self {
            clock,
            plans: Arc::new(config.plans),
            store: Store::connect(&config.store).map_err(part("the database"))?.alerting(config.alerts),
            blob: Blob::connect(&config.blob).await,
            bus: Bus::connect(&config.bus).map_err(part("the broker"))?,
            slots: Arc::new(Semaphore::new(pool.slots())),
            pool,
            lease: config.lease,
            metrics,
        };
        let (health, registry) = (Data::new(worker.health(shutdown)), Data::new(registry));
        let listening = web::bind(&config.web, config.metrics_listen, move || {
            actix_web::App::new()
                .app_data(health.clone())
                .app_data(http.clone())
                .app_data(registry.clone())
                .route("/metrics", actix::get().to(web::metrics))
                .configure(web::health_routes)
                .default_service(actix::to(web::fallback))
                .wrap(from_fn(web::observe))
        })
        .map_err(|source| WorkerError::Listen { address: config.metrics_listen, source })?;
        Ok(Service { metrics_address: listening.address, worker, listening })
    }

    /// Brings the gauge up to date.
    pub(crate) fn watch_busy(&self) {
        let slots = u32::try_from(self.pool.slots()).unwrap_or(u32::MAX).max(1);
        let free = u32::try_from(self.slots.available_permits()).unwrap_or(u32::MAX);
        self.metrics.busy_ratio.set(f64::from(slots.saturating_sub(free)) / f64::from(slots));
    }

    fn health(&self, shutdown: &Shutdown) -> Health {
        let (store, blob, bus) = (self.store.clone(), self.blob.clone(), self.bus.clone());
        Health {
            service: "optimagio-worker",
            readiness: shutdown.readiness().clone(),
            checks: vec![
                Check::critical("queue", move || {
                    let bus = bus.clone();
                    async move { bus.is_connected() }
                }),
                Check::reported("database", move || {
                    let store = store.clone();
                    async move { store.ping().await.is_ok() }
                }),
                Check::reported("storage", move || {
                    let blob = blob.clone();
                    async move { blob.ping().await.is_ok() }
                }),
            ],
        }
    }
}

impl Service {
    /// Works until the shutdown says stop, then finishes what is in flight; what was not begun goes back.
    pub async fn run(self, shutdown: Shutdown) {
        let Self { metrics_address, worker, listening } = self;
        tracing::info!(slots = worker.pool.slots(), metrics = %metrics_address, "worker is working");
        let stop = shutdown.soft().clone();
        let server = listening.server.handle();
        let slots =
            u16::try_from(worker.pool.slots()).ok().and_then(NonZeroU16::new).unwrap_or(NonZeroU16::MIN);
        let consume = |class: JobClass| {
            let handling = worker.clone();
            worker.bus.consume_jobs(class, slots, stop.clone(), move |delivery| {
                handle::delivery(handling.clone(), delivery).boxed()
            })
        };
        let dead = {
            let handling = worker.clone();
            worker.bus.consume_dead_letters(stop.clone(), move |delivery| {
                dead_letters::delivery(handling.clone(), delivery).boxed()
            })
        };
        let work = async {
            tokio::join!(consume(JobClass::Paid), consume(JobClass::Free), dead);
            worker.pool.shutdown().await;
            worker.bus.close().await;
            server.stop(true).await;
        };
        let hard = shutdown.hard();
        let bounded = async {
            tokio::select! {
                () = work => {}
                // Unfinished work is redelivered to others; the attempt number fences this process off.
                () = hard.cancelled() => server.stop(false).await,
            }
        };
        let (served, ()) = tokio::join!(listening.server, bounded);
        if let Err(error) = served {
            tracing::error!(%error, "the HTTP server stopped");
        }
    }
}
