use std::fmt::Debug;
use std::net::SocketAddr;

use actix_http::{Request, Response};
use actix_service::IntoServiceFactory;
use actix_web::body::MessageBody;
use actix_web::dev::{AppConfig, Server, ServiceFactory};
use actix_web::{Error, HttpServer};

use crate::hang_up::{self, SendLimits};
use crate::{ApiError, Config};

/// A bound listener that serves once its server is awaited.
pub struct Listening {
    /// Where it listens; the port is real even where 0 was asked for.
    pub address: SocketAddr,
    /// Runs until its handle stops it.
    pub server: Server,
}

/// Binds a listener for the application that `factory` builds, once a thread.
///
/// # Errors
/// If the address is taken or not ours.
pub fn bind<F, I, S, B>(config: &Config, listen: SocketAddr, factory: F) -> std::io::Result<Listening>
where
    F: Fn() -> I + Send + Clone + 'static,
    I: IntoServiceFactory<S, Request> + 'static,
    S: ServiceFactory<Request, Config = AppConfig> + 'static,
    S::Error: Into<Error>,
    S::InitError: Debug,
    S::Response: Into<Response<B>>,
    B: MessageBody + 'static,
{
    let cores = std::thread::available_parallelism().map_or(2, usize::from);
    let threads = if config.threads == 0 { cores } else { config.threads };
    let sending = SendLimits { grace: config.send_grace, bytes_per_second: config.send_min_bytes_per_second };
    let server = HttpServer::new(factory)
        .workers(threads)
        .max_connections((config.max_connections / threads).max(1))
        .client_request_timeout(config.head_timeout)
        .client_disconnect_timeout(std::time::Duration::from_secs(2))
        .keep_alive(config.keep_alive)
        .shutdown_timeout(20)
        .on_connect(move |io, data| hang_up::remember(io, data, sending))
        .disable_signals()
        .bind(listen)?;
    let address = server.addrs().first().copied().unwrap_or(listen);
    Ok(Listening { address, server: server.run() })
}

/// The default service: nothing lives at this address.
///
/// # Errors
/// Always `not_found`.
pub async fn fallback() -> Result<String, ApiError> {
    Err(ApiError::not_found())
}
