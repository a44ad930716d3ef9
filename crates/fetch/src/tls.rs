use std::sync::Arc;
use std::time::Duration;

use rustls::client::Resumption;
use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use url::{Host, Url};

use crate::{Config, FetchError, Phase};

/// Speaks TLS 1.2 or 1.3 with hosts that prove their name.
///
/// The trusted authorities are Mozilla's, compiled in, so that an image without `/etc/ssl` works, plus the
/// operator's own.
pub(crate) struct Tls {
    connector: TlsConnector,
    limit: Duration,
}

impl Tls {
    pub(crate) fn new(config: &Config) -> Result<Self, FetchError> {
        let setup = |error| FetchError::CertificateSetup(Box::new(error));
        let mut client = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(setup)?
            .with_root_certificates(roots(config.extra_ca_pem.as_deref())?)
            .with_no_client_auth();
        client.alpn_protocols = vec![b"http/1.1".to_vec()];
        // A resumed session would let a host link the downloads of different accounts.
        client.resumption = Resumption::disabled();
        Ok(Self { connector: TlsConnector::from(Arc::new(client)), limit: config.connect_timeout })
    }

    /// Shakes hands over an open connection. The certificate must be for the URL's host, whatever address
    /// the connection goes to.
    pub(crate) async fn handshake(
        &self,
        url: &Url,
        tcp: TcpStream,
    ) -> Result<TlsStream<TcpStream>, FetchError> {
        let connecting = self.connector.connect(server_name(url)?, tcp);
        timeout(self.limit, connecting)
            .await
            .map_err(|_| FetchError::Timeout { phase: Phase::Handshake, limit: self.limit })?
            .map_err(FetchError::Tls)
    }
}

fn roots(extra_pem: Option<&str>) -> Result<RootCertStore, FetchError> {
    let mut roots = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
    let Some(pem) = extra_pem else { return Ok(roots) };
    let before = roots.len();
    for certificate in CertificateDer::pem_slice_iter(pem.as_bytes()) {
        let certificate = certificate.map_err(|error| FetchError::CertificateSetup(Box::new(error)))?;
        roots.add(certificate).map_err(|error| FetchError::CertificateSetup(Box::new(error)))?;
    }
    if roots.len() == before {
        return Err(FetchError::CertificateSetup("FETCH_EXTRA_CA holds no PEM certificate".into()));
    }
    Ok(roots)
}

fn server_name(url: &Url) -> Result<ServerName<'static>, FetchError> {
    let refuse = || FetchError::InvalidUrl(crate::UrlFault::Host);
    match url.host() {
        Some(Host::Domain(name)) => {
            ServerName::try_from(name.trim_end_matches('.').to_owned()).map_err(|_| refuse())
        }
        Some(Host::Ipv4(address)) => Ok(ServerName::IpAddress(std::net::IpAddr::from(address).into())),
        Some(Host::Ipv6(address)) => Ok(ServerName::IpAddress(std::net::IpAddr::from(address).into())),
        None => Err(refuse()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_extra_authority_must_be_a_certificate() {
        for pem in ["", "no certificate", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"] {
            let config = Config { extra_ca_pem: Some(pem.to_owned()), ..Config::default() };
            assert!(matches!(Tls::new(&config), Err(FetchError::CertificateSetup(_))), "{pem:?}");
        }
        assert!(Tls::new(&Config::default()).is_ok());
    }

    #[test]
    fn the_name_to_prove_is_the_urls_host() {
        let name = |url: &str| server_name(&Url::parse(url).unwrap()).unwrap();
        assert_eq!(name("https://Example.com./x"), ServerName::try_from("example.com").unwrap());
        assert_eq!(name("https://[2606:4700::1]/"), ServerName::try_from("2606:4700::1").unwrap());
    }
}
