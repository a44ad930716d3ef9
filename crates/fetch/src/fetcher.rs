use std::net::SocketAddr;

use hyper::StatusCode;
use tokio::time::{timeout, timeout_at};
use url::Url;

use crate::connect::dial;
use crate::download::Deadline;
use crate::exchange::{Exchange, exchange, vet_head};
use crate::file_name::file_name;
use crate::policy::{Policy, port, written_address};
use crate::redirect::target;
use crate::tls::Tls;
use crate::{Config, Download, FetchError, Phase, Resolver, vet_url};

/// Downloads sources that callers name by URL. One for the whole service; it keeps no connection.
pub struct Fetcher {
    config: Config,
    policy: Policy,
    resolver: Resolver,
    tls: Tls,
}

impl Fetcher {
    /// Prepares the trusted certificates.
    ///
    /// # Errors
    /// [`FetchError::CertificateSetup`] if `extra_ca_pem` holds no certificate.
    pub fn new(config: Config, resolver: Resolver) -> Result<Self, FetchError> {
        Ok(Self { policy: Policy::new(&config), tls: Tls::new(&config)?, resolver, config })
    }

    /// Checks a URL as far as possible without the network: [`vet_url`] plus ports, own hosts and written
    /// addresses. [`Fetcher::get`] does the same; call this to answer before any other work.
    ///
    /// # Errors
    /// [`FetchError::InvalidUrl`], [`FetchError::UnsupportedScheme`] or [`FetchError::NotAllowed`].
    pub fn vet(&self, url: &str) -> Result<Url, FetchError> {
        let url = vet_url(url)?;
        self.policy.vet(&url)?;
        Ok(url)
    }

    /// Starts the download of at most `max_bytes` bytes. When this returns, the head of the final response
    /// was vetted: status 200, no coding, and no announced size above the limit.
    ///
    /// # Errors
    /// Any [`FetchError`] but the two of the start-up.
    pub async fn get(&self, url: &str, max_bytes: u64) -> Result<Download, FetchError> {
        let deadline = Deadline::after(self.config.total_timeout);
        let requested = self.vet(url)?;
        let (exchange, final_url) = timeout_at(deadline.at, self.follow(requested.clone()))
            .await
            .map_err(|_| deadline.missed())??;
        vet_head(&exchange.response)?;
        let name = file_name(&requested).or_else(|| file_name(&final_url));
        Download::start(exchange, final_url, name, max_bytes, deadline, &self.config)
    }

    /// Follows redirects to the response with status 200.
    async fn follow(&self, mut url: Url) -> Result<(Exchange, Url), FetchError> {
        for _ in 0..=self.config.max_redirects {
            let exchange = self.hop(&url).await?;
            match target(&url, &exchange.response)? {
                Some(next) => url = next,
                None if exchange.response.status() == StatusCode::OK => return Ok((exchange, url)),
                None => return Err(FetchError::Status(exchange.response.status().as_u16())),
            }
        }
        Err(FetchError::TooManyRedirects { limit: self.config.max_redirects })
    }

    /// One request: vet, resolve, vet, connect to what was vetted.
    async fn hop(&self, url: &Url) -> Result<Exchange, FetchError> {
        self.policy.vet(url)?;
        let tcp = dial(&self.destinations(url).await?, self.config.connect_timeout).await?;
        if url.scheme() == "https" {
            let stream = self.tls.handshake(url, tcp).await?;
            exchange(stream, url, &self.config).await
        } else {
            exchange(tcp, url, &self.config).await
        }
    }

    /// The vetted sockets of the URL's host: the only resolution of the hop.
    async fn destinations(&self, url: &Url) -> Result<Vec<SocketAddr>, FetchError> {
        let addresses = match written_address(url) {
            Some(address) => vec![address],
            None => {
                let limit = self.config.connect_timeout;
                timeout(limit, self.resolver.addresses(url.host_str().unwrap_or_default()))
                    .await
                    .map_err(|_| FetchError::Timeout { phase: Phase::Resolve, limit })??
            }
        };
        self.policy.admit(&addresses, port(url))
    }
}
