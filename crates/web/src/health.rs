use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use actix_web::HttpResponse;
use actix_web::http::header;
use actix_web::web::{self, Data, ServiceConfig};
use futures_util::future::join_all;
use lifecycle::Readiness;
use serde::Serialize;

/// Longest wait for one dependency: a probe must answer before the prober gives up.
const PROBE_TIMEOUT: Duration = Duration::from_millis(900);

type Probe = Arc<dyn Fn() -> Pin<Box<dyn Future<Output = bool> + Send>> + Send + Sync>;

/// One dependency that readiness looks at.
#[derive(Clone)]
pub struct Check {
    name: &'static str,
    critical: bool,
    probe: Probe,
}

impl Check {
    /// A dependency without which the service should get no traffic.
    pub fn critical<F>(name: &'static str, probe: impl Fn() -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = bool> + Send + 'static,
    {
        Self { name, critical: true, probe: Arc::new(move || Box::pin(probe())) }
    }

    /// A dependency without which most of the service goes on; its state is only reported.
    pub fn reported<F>(name: &'static str, probe: impl Fn() -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = bool> + Send + 'static,
    {
        Self { critical: false, ..Self::critical(name, probe) }
    }
}

/// What the health routes of one service report.
#[derive(Clone)]
pub struct Health {
    /// The name in `/api/health`, e.g. `optimagio-api`.
    pub service: &'static str,
    /// Turned off while draining.
    pub readiness: Readiness,
    /// Looked at by `/api/healthz/ready`.
    pub checks: Vec<Check>,
}

#[derive(Serialize)]
struct Status {
    status: &'static str,
    service: &'static str,
    version: &'static str,
}

#[derive(Serialize)]
struct Ready {
    status: &'static str,
    checks: BTreeMap<&'static str, &'static str>,
}

/// Adds `/api/health`, `/api/healthz/live` and `/api/healthz/ready`; needs `Data<Health>`.
pub fn configure(service: &mut ServiceConfig) {
    service
        .service(web::resource("/api/health").get(health).head(health))
        .service(web::resource("/api/healthz/live").get(live).head(live))
        .service(web::resource("/api/healthz/ready").get(ready).head(ready));
}

async fn health(health: Data<Health>) -> HttpResponse {
    answer(200, &Status { status: "ok", service: health.service, version: env!("CARGO_PKG_VERSION") })
}

/// Needs no dependency: a restart would not bring one back.
async fn live() -> HttpResponse {
    answer(200, &Ready { status: "live", checks: BTreeMap::new() })
}

async fn ready(health: Data<Health>) -> HttpResponse {
    let states = join_all(health.checks.iter().map(|check| async move {
        let up = tokio::time::timeout(PROBE_TIMEOUT, (check.probe)()).await.unwrap_or(false);
        (check.name, check.critical, up)
    }))
    .await;
    let down = states.iter().any(|(_, _, up)| !up);
    let unusable = states.iter().any(|(_, critical, up)| *critical && !up);
    let checks = states.iter().map(|(name, _, up)| (*name, if *up { "ok" } else { "down" })).collect();
    if !health.readiness.state().is_ready() {
        return answer(503, &Ready { status: "draining", checks });
    }
    match (unusable, down) {
        (true, _) => answer(503, &Ready { status: "unready", checks }),
        (false, true) => answer(200, &Ready { status: "degraded", checks }),
        (false, false) => answer(200, &Ready { status: "ready", checks }),
    }
}

fn answer(status: u16, body: &impl Serialize) -> HttpResponse {
    let status = actix_web::http::StatusCode::from_u16(status).unwrap_or_default();
    let mut response = HttpResponse::build(status);
    response.insert_header((header::CACHE_CONTROL, "no-store"));
    if status.is_server_error() {
        response.insert_header((header::RETRY_AFTER, "2"));
    }
    response.json(body)
}
