//! `dev-s3`: an S3 server on one machine, with files in a directory. For development and tests only.

use std::net::SocketAddr;
use std::path::PathBuf;

use anyhow::Result;
use clap::Parser;
use testkit::s3::{self, Keys, Server, TcpDelay};
use tokio::signal::unix::{SignalKind, signal};
use tracing_subscriber::EnvFilter;

/// An S3 server on one machine, with files in a directory.
#[derive(Parser)]
struct Arguments {
    /// Address and port.
    #[arg(long, default_value = "127.0.0.1:19000")]
    listen: SocketAddr,
    /// The directory with one folder a bucket.
    #[arg(long)]
    root: PathBuf,
    /// The access key id that is accepted.
    #[arg(long, env = "S3_ACCESS_KEY_ID")]
    access_key: String,
    /// The secret access key.
    #[arg(long, env = "S3_SECRET_ACCESS_KEY", hide_env_values = true)]
    secret_key: String,
    /// A bucket that exists from the start; may be repeated.
    #[arg(long)]
    bucket: Vec<String>,
    /// Leaves Nagle's algorithm on, to measure what it costs.
    #[arg(long)]
    tcp_delay: bool,
}

#[tokio::main]
async fn main() -> Result<()> {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("warn,dev_s3=info"));
    tracing_subscriber::fmt().with_env_filter(filter).init();
    let arguments = Arguments::parse();
    for bucket in &arguments.bucket {
        s3::create_bucket(&arguments.root, bucket)?;
    }
    let keys = Keys { access_key_id: arguments.access_key, secret_access_key: arguments.secret_key };
    let delay = if arguments.tcp_delay { TcpDelay::On } else { TcpDelay::Off };
    let server = Server::bind(arguments.listen, &arguments.root, keys, delay).await?;
    tracing::info!(address = %server.local_addr()?, root = %arguments.root.display(), "serving S3");
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    server
        .run(async move {
            tokio::select! { _ = terminate.recv() => {} _ = interrupt.recv() => {} }
        })
        .await;
    Ok(())
}
