use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use actix_web::middleware::from_fn;
use actix_web::web::{self as actix, Data};
use auth::Sessions;
use blob::Blob;
use bus::Bus;
use domain::plan::PlanCatalogue;
use domain::{Clock, ImageIdSecret};
use fetch::{Fetcher, Resolver};
use lifecycle::Shutdown;
use limiter::Limiter;
use mail::Mailer;
use prometheus::Registry;
use store::Store;
use tokio::sync::mpsc;
use web::{Authenticator, BlockEntered, Gate, HttpMetrics, Listening, MetricsServer, Tally, TrustedHops};

use crate::config::{Config, Contact, UploadLimits};
use crate::metrics::GatewayMetrics;
use crate::payments::PaymentsConfig;
use crate::relay::{self, PoolLoad};
use crate::waiters::Waiters;
use crate::{limits, outgoing, resume, routes};

/// Longest wait for the first byte of batch-status.
const FORWARD_TIMEOUT: Duration = Duration::from_secs(5);

/// Everything a handler may use. Built once; clones are cheap.
#[derive(Clone)]
pub struct App {
    /// What time it is.
    pub clock: Arc<dyn Clock>,
    /// The plans.
    pub plans: Arc<PlanCatalogue>,
    /// Addresses shown to people.
    pub contact: Arc<Contact>,
    /// How credits are sold.
    pub payments: Arc<PaymentsConfig>,
    /// Secret behind image ids.
    pub secret: ImageIdSecret,
    /// Bounds of uploads.
    pub upload: Arc<UploadLimits>,
    /// Longest wait of a synchronous request.
    pub sync_wait: Duration,
    /// Unpublished messages beyond which no work is taken while the broker is away.
    pub outbox_cap: i64,
    /// Queued jobs that count as a full worker pool.
    pub queue_capacity: u32,
    /// Sign-ups and log-ins per minute and address.
    pub auth_attempts_per_minute: u32,
    /// Proxies that may be believed about addresses.
    pub trusted_hops: TrustedHops,
    /// Where batch-status is.
    pub batch_status_url: Arc<str>,
    /// Database.
    pub store: Store,
    /// Object storage.
    pub blob: Blob,
    /// Broker.
    pub bus: Bus,
    /// Limits.
    pub limiter: Limiter,
    /// Limits of every request.
    pub gate: Gate,
    /// Session tokens.
    pub sessions: Arc<Sessions>,
    /// Remote sources.
    pub fetcher: Arc<Fetcher>,
    /// Requests that wait for jobs.
    pub waiters: Waiters,
    /// Counters.
    pub metrics: GatewayMetrics,
    /// Sends letters; none where they are to wait.
    pub mailer: Option<Mailer>,
    /// Public address of the service, without a slash at the end.
    pub base_url: Arc<str>,
    /// Client for batch-status.
    pub(crate) client: reqwest::Client,
    /// Whether the queues are too full.
    pub(crate) pool_load: PoolLoad,
}

/// Why the gateway does not start.
#[derive(Debug, thiserror::Error)]
pub enum GatewayError {
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

fn part<E>(what: &'static str) -> impl FnOnce(E) -> GatewayError
where
    E: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    move |source| GatewayError::Part { what, source: source.into() }
}

/// A gateway that listens and serves once it is run.
pub struct Gateway {
    /// Where the API is.
    pub address: SocketAddr,
    /// Where the metrics are.
    pub metrics_address: SocketAddr,
    app: App,
    blocks: mpsc::UnboundedReceiver<BlockEntered>,
    listening: Listening,
    metrics: MetricsServer,
}

impl Gateway {
    /// Builds every collaborator and binds the listeners. Servers that are down do not keep it from starting.
    ///
    /// # Errors
    /// [`GatewayError`], naming the part or the address.
    pub async fn build(
        config: Config,
        clock: Arc<dyn Clock>,
        shutdown: &Shutdown,
    ) -> Result<Self, GatewayError> {
        let registry = telemetry::Metrics::new("optimagio-gateway", env!("CARGO_PKG_VERSION"))
            .map_err(part("metrics"))?
            .registry()
            .clone();
        let http = HttpMetrics::register(&registry).map_err(part("metrics"))?;
        let anonymous_account = config.anonymous_account.as_deref().map(Arc::from);
        let (listen, metrics_listen, web) = (config.listen, config.metrics_listen, config.web.clone());
        let (sender, blocks) = mpsc::unbounded_channel();
        let app = App::build(config, clock, &registry, sender).await?;
        let health = app.health(shutdown);
        let authenticator = Authenticator {
            store: app.store.clone(),
            sessions: app.sessions.clone(),
            plans: app.plans.clone(),
            anonymous_account,
            clock: app.clock.clone(),
        };
        let data = (
            (Data::new(app.clone()), Data::new(app.gate.clone())),
            Data::new(authenticator),
            Data::new(health),
            Data::new(http),
        );
        let listening = web::bind(&web, listen, move || {
            let ((app, gate), authenticator, health, http) = data.clone();
            actix_web::App::new()
                .app_data(app)
                .app_data(gate)
                .app_data(authenticator)
                .app_data(health)
                .app_data(http)
                .configure(routes::all)
                .default_service(actix::to(web::fallback))
                .wrap(from_fn(web::limit))
                .wrap(from_fn(web::observe))
        })
        .map_err(|source| GatewayError::Listen {
            address: listen,
            setting: "GATEWAY_LISTEN",
            source,
        })?;
        let metrics = MetricsServer::bind(metrics_listen, registry).map_err(|source| {
            GatewayError::Listen { address: metrics_listen, setting: "GATEWAY_METRICS_LISTEN", source }
        })?;
        Ok(Self {
            address: listening.address,
            metrics_address: metrics.address,
            app,
            blocks,
            listening,
            metrics,
        })
    }

    /// Serves until the shutdown says stop, then finishes what is in flight.
    pub async fn run(self, shutdown: Shutdown) {
        tracing::info!(address = %self.address, metrics = %self.metrics_address, "gateway is listening");
        let background = [
            tokio::spawn(relay::sweep(self.app.clone())),
            tokio::spawn(relay::reconcile(self.app.clone())),
            tokio::spawn(relay::wake(self.app.clone())),
            tokio::spawn(relay::watch(self.app.clone())),
            tokio::spawn(outgoing::send(self.app.clone())),
            tokio::spawn(resume::resume(self.app.clone())),
            tokio::spawn(limits::write_tally(self.app.clone())),
            tokio::spawn(limits::answer_blocks(self.app.clone(), self.blocks)),
        ];
        let (server, metrics) = (self.listening.server.handle(), self.metrics.server.handle());
        let stop = async move {
            shutdown.soft().cancelled().await;
            server.stop(true).await;
            metrics.stop(true).await;
        };
        let (served, _, ()) = tokio::join!(self.listening.server, self.metrics.server, stop);
        for task in background {
            task.abort();
        }
        self.app.bus.close().await;
        if let Err(error) = served {
            tracing::error!(%error, "the HTTP server stopped");
        }
    }
}

impl App {
    async fn build(
        config: Config,
        clock: Arc<dyn Clock>,
        registry: &Registry,
        blocks: mpsc::UnboundedSender<BlockEntered>,
    ) -> Result<Self, GatewayError> {
        let resolver = Resolver::system().map_err(part("the resolver"))?;
        let plans = Arc::new(config.plans);
        let alerts = config.contact.alerts.clone();
        let limiter = Limiter::connect(&config.limiter, clock.clone()).await.map_err(part("the limiter"))?;
        let gate = Gate {
            limiter: limiter.clone(),
            edge: config.edge,
            trusted_hops: config.web.trusted_hops,
            plans: plans.clone(),
            clock: clock.clone(),
            tally: Tally::default(),
            blocks,
        };
        Ok(Self {
            gate,
            plans,
            contact: Arc::new(config.contact),
            payments: Arc::new(config.payments),
            secret: config.image_id_secret,
            upload: Arc::new(config.upload),
            sync_wait: config.sync_wait,
            outbox_cap: config.outbox_cap,
            queue_capacity: config.queue_capacity,
            auth_attempts_per_minute: config.auth_attempts_per_minute,
            trusted_hops: config.web.trusted_hops,
            batch_status_url: config.batch_status_url.trim_end_matches('/').into(),
            store: Store::connect(&config.store).map_err(part("the database"))?.alerting(alerts),
            blob: Blob::connect(&config.blob).await,
            bus: Bus::connect(&config.bus).map_err(part("the broker"))?,
            limiter,
            sessions: Arc::new(Sessions::new(&config.auth).map_err(part("sessions"))?),
            fetcher: Arc::new(Fetcher::new(config.fetch, resolver).map_err(part("the downloader"))?),
            waiters: Waiters::default(),
            metrics: GatewayMetrics::register(registry).map_err(part("metrics"))?,
            mailer: Mailer::new(&config.mail).map_err(part("mail"))?,
            base_url: config.public_base_url.trim_end_matches('/').into(),
            client: reqwest::Client::builder()
                .no_proxy()
                .connect_timeout(Duration::from_secs(1))
                .read_timeout(FORWARD_TIMEOUT)
                .build()
                .map_err(part("the client of batch-status"))?,
            pool_load: PoolLoad::default(),
            clock,
        })
    }
}
