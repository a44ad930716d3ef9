use std::net::SocketAddr;
use std::time::Duration;

use actix_web::web::Data;
use actix_web::{App, HttpResponse, HttpServer, web};
use prometheus::{HistogramOpts, HistogramVec, IntGauge, Opts, Registry};

/// Buckets in seconds of OpenTelemetry's HTTP conventions.
const BUCKETS: [f64; 14] = [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0];

/// Request counts, durations and concurrency. Labels are bounded: method, route template, status.
#[derive(Clone)]
pub struct HttpMetrics {
    duration: HistogramVec,
    active: IntGauge,
}

/// Lowers the number of active requests when dropped.
pub(crate) struct ActiveRequest(IntGauge);

impl Drop for ActiveRequest {
    fn drop(&mut self) {
        self.0.dec();
    }
}

impl HttpMetrics {
    /// Registers the metrics.
    ///
    /// # Errors
    /// If the registry holds them already.
    pub fn register(registry: &Registry) -> Result<Self, prometheus::Error> {
        let duration = HistogramVec::new(
            HistogramOpts::new("imgopt_http_request_duration_seconds", "Duration of HTTP requests.")
                .buckets(BUCKETS.to_vec()),
            &["method", "route", "status"],
        )?;
        let active =
            IntGauge::with_opts(Opts::new("imgopt_http_active_requests", "HTTP requests in flight."))?;
        registry.register(Box::new(duration.clone()))?;
        registry.register(Box::new(active.clone()))?;
        Ok(Self { duration, active })
    }

    pub(crate) fn enter(&self) -> ActiveRequest {
        self.active.inc();
        ActiveRequest(self.active.clone())
    }

    pub(crate) fn observe(&self, method: &str, route: &str, status: u16, elapsed: Duration) {
        let method = match method {
            known @ ("GET" | "HEAD" | "POST" | "PUT" | "PATCH" | "DELETE" | "OPTIONS") => known,
            _ => "other",
        };
        self.duration.with_label_values(&[method, route, &status.to_string()]).observe(elapsed.as_secs_f64());
    }
}

/// `/metrics` on a listener of its own, away from the public one.
pub struct MetricsServer {
    /// Where it listens.
    pub address: SocketAddr,
    /// Runs until its handle stops it.
    pub server: actix_web::dev::Server,
}

impl MetricsServer {
    /// Binds the listener.
    ///
    /// # Errors
    /// If the address is taken.
    pub fn bind(listen: SocketAddr, registry: Registry) -> std::io::Result<Self> {
        let server = HttpServer::new(move || {
            App::new().app_data(Data::new(registry.clone())).route("/metrics", web::get().to(metrics))
        })
        .workers(1)
        .disable_signals()
        .bind(listen)?;
        let address = server.addrs().first().copied().unwrap_or(listen);
        Ok(Self { address, server: server.run() })
    }
}

/// `GET /metrics`: needs `Data<Registry>`.
pub async fn metrics(registry: Data<Registry>) -> HttpResponse {
    HttpResponse::Ok()
        .content_type("text/plain; version=0.0.4; charset=utf-8")
        .body(telemetry::render(&registry))
}
