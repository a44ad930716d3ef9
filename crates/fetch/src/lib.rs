//! The guarded downloader of remote sources.
//!
//! A caller's URL is untrusted, and so is everything that it leads to. Each hop runs through the same gate:
//! the URL is vetted as text, its host is resolved once, **every** resolved address must be public, and the
//! TCP connection goes to one of exactly these vetted addresses. Nothing resolves a second time, so a name
//! that changes its answer (DNS rebinding) gains nothing. A redirect is a new hop and passes the gate anew.
//!
//! What is deliberately absent: a connection pool (a connection serves one request), proxies and their
//! environment variables, cookies, credentials, referrers, content decoding, and any look at the content
//! type: what the bytes are is decided by whoever reads them.
//!
//! ```no_run
//! # async fn example() -> Result<(), fetch::FetchError> {
//! let fetcher = fetch::Fetcher::new(fetch::Config::default(), fetch::Resolver::system()?)?;
//! let mut download = fetcher.get("https://example.com/photo.jpg", 50_000_000).await?;
//! while let Some(chunk) = download.next_chunk().await? {
//!     println!("{} bytes", chunk.len());
//! }
//! # Ok(())
//! # }
//! ```

mod address;
mod config;
mod connect;
mod download;
mod error;
mod exchange;
mod fetcher;
mod file_name;
mod head_budget;
mod pace;
mod policy;
mod redirect;
mod rejection;
mod resolver;
mod tls;
mod vet;

pub use address::is_public;
pub use config::{Config, OwnHost, TestAllowance};
pub use download::Download;
pub use error::{FetchError, InvalidAnswer, Phase, Refusal, UrlFault};
pub use fetcher::Fetcher;
pub use resolver::{Resolver, Script};
pub use vet::vet_url;
