//! One connection: settings, TLS and session parameters.

use std::str::FromStr;
use std::sync::Arc;

use diesel::{ConnectionError, ConnectionResult};
use diesel_async::{AsyncPgConnection, SimpleAsyncConnection};
use rustls::{ClientConfig, RootCertStore};
use tokio_postgres::NoTls;
use tokio_postgres::config::SslMode;
use tokio_postgres_rustls::MakeRustlsConnect;

use crate::{Config, StoreError};

/// What every new connection needs, parsed once.
#[derive(Clone)]
pub(crate) struct Connector {
    server: tokio_postgres::Config,
    tls: Option<MakeRustlsConnect>,
    session: String,
}

impl Connector {
    pub(crate) fn new(config: &Config) -> Result<Self, StoreError> {
        let mut server = tokio_postgres::Config::from_str(config.url.expose())
            .map_err(|error| StoreError::Config { source: error.into() })?;
        server
            .connect_timeout(config.connect_timeout)
            .tcp_user_timeout(config.connect_timeout)
            .application_name("optimagio");
        let tls = match server.get_ssl_mode() {
            SslMode::Require => Some(verified_tls()?),
            // "prefer" cannot tell a server without TLS from an attacker who removed it, and many servers
            // come with a certificate that no root signs: without `require` there is no TLS at all.
            _ => {
                server.ssl_mode(SslMode::Disable);
                None
            }
        };
        let session = format!("SET statement_timeout = {}", config.statement_timeout.as_millis());
        Ok(Self { server, tls, session })
    }

    /// The same without a limit for statements: a migration may take long, or wait for another one.
    pub(crate) fn without_statement_timeout(mut self) -> Self {
        "SET statement_timeout = 0".clone_into(&mut self.session);
        self
    }

    pub(crate) async fn connect(&self) -> ConnectionResult<AsyncPgConnection> {
        let mut connection = match &self.tls {
            None => {
                let (client, driver) = self.server.connect(NoTls).await.map_err(refused)?;
                AsyncPgConnection::try_from_client_and_connection(client, driver).await?
            }
            Some(tls) => {
                let (client, driver) = self.server.connect(tls.clone()).await.map_err(refused)?;
                AsyncPgConnection::try_from_client_and_connection(client, driver).await?
            }
        };
        connection.batch_execute(&self.session).await.map_err(ConnectionError::CouldntSetupConfiguration)?;
        Ok(connection)
    }
}

fn verified_tls() -> Result<MakeRustlsConnect, StoreError> {
    let roots = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
    let client = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|error| StoreError::Config { source: error.into() })?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(MakeRustlsConnect::new(client))
}

/// Keeps the reason, which the driver puts into the source of its error.
fn refused(error: tokio_postgres::Error) -> ConnectionError {
    let reason = std::error::Error::source(&error).map(ToString::to_string);
    ConnectionError::BadConnection(
        reason.map_or_else(|| error.to_string(), |reason| format!("{error}: {reason}")),
    )
}
