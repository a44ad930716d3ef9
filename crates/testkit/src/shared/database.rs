use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, Result};
use settings::Reader;
use sha2::{Digest, Sha256};
use tokio_postgres::{Client, NoTls};

use super::servers::{unique, variable};
use crate::or_fail::OrFail;
use crate::project::project_file;

/// The advisory lock under which the template is made: the bytes "template" as a number.
const TEMPLATE_LOCK: i64 = 0x7465_6d70_6c61_7465;

/// A migrated database of one test. It is dropped with this value, unless the test fails: then it stays for
/// a look.
#[derive(Debug)]
pub struct TestDatabase {
    /// `postgres://…`
    pub url: String,
    maintenance_url: String,
    name: String,
}

/// A fresh database with every migration applied.
///
/// The migrations run once per server, into a template that is keyed by their content; a test's database is
/// a copy of it.
///
/// # Panics
/// If the tests run without `scripts/test`, or the server refuses.
pub async fn database() -> TestDatabase {
    let maintenance_url = variable("TEST_DATABASE_URL");
    create(&maintenance_url).await.or_fail("cannot create a database for the test")
}

/// Applies every migration to the database of `url`, as `optimagio migrate` does.
///
/// # Errors
/// The server or one migration.
pub(crate) async fn migrate(url: &str) -> Result<()> {
    // The service's own timeout is for users who wait; a crowded test machine may take longer.
    let variables = [("DATABASE_URL", url), ("DATABASE_CONNECT_TIMEOUT_SECONDS", "30")];
    let mut reader = Reader::from_pairs(variables);
    let config = store::Config::read(&mut reader);
    reader.finish()?;
    store::migrate(&config).await?;
    Ok(())
}

async fn create(maintenance_url: &str) -> Result<TestDatabase> {
    let client = connect(maintenance_url).await?;
    let template = template(&client, maintenance_url).await?;
    let name = format!("optimagio_test_{}", unique());
    client.batch_execute(&format!("CREATE DATABASE {name} TEMPLATE {template}")).await?;
    let url = with_database(maintenance_url, &name)?;
    Ok(TestDatabase { url, maintenance_url: maintenance_url.to_owned(), name })
}

/// The template's name; the first test of a server makes it, the others wait for that.
async fn template(client: &Client, maintenance_url: &str) -> Result<String> {
    let name = format!("optimagio_template_{}", key()?);
    if exists(client, &name).await? {
        return Ok(name);
    }
    client.execute("SELECT pg_advisory_lock($1)", &[&TEMPLATE_LOCK]).await?;
    if !exists(client, &name).await? {
        let draft = format!("optimagio_draft_{}", unique());
        client.batch_execute(&format!("CREATE DATABASE {draft}")).await?;
        migrate(&with_database(maintenance_url, &draft)?).await?;
        // A template must have no visitors, and the migration's connection may still be closing.
        client
            .execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1", &[&draft])
            .await?;
        client.batch_execute(&format!("ALTER DATABASE {draft} ALLOW_CONNECTIONS false")).await?;
        rename(client, &draft, &name).await?;
    }
    client.execute("SELECT pg_advisory_unlock($1)", &[&TEMPLATE_LOCK]).await?;
    Ok(name)
}

/// Renames as soon as the last connection to the database is gone.
async fn rename(client: &Client, draft: &str, name: &str) -> Result<()> {
    let statement = format!("ALTER DATABASE {draft} RENAME TO {name}");
    for _ in 0..100 {
        match client.batch_execute(&statement).await {
            Err(error) if error.code() == Some(&tokio_postgres::error::SqlState::OBJECT_IN_USE) => {
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
            result => return Ok(result?),
        }
    }
    anyhow::bail!("{draft} is in use for more than 5 s")
}

async fn exists(client: &Client, name: &str) -> Result<bool> {
    Ok(client.query_opt("SELECT 1 FROM pg_database WHERE datname = $1", &[&name]).await?.is_some())
}

async fn connect(url: &str) -> Result<Client> {
    let (client, connection) =
        tokio_postgres::connect(url, NoTls).await.context("cannot reach PostgreSQL")?;
    tokio::spawn(async move {
        if let Err(error) = connection.await {
            tracing::debug!(%error, "the connection to PostgreSQL ended early");
        }
    });
    Ok(client)
}

/// `url` with another database.
fn with_database(url: &str, name: &str) -> Result<String> {
    let mut url = url::Url::parse(url).context("TEST_DATABASE_URL")?;
    url.set_path(name);
    Ok(url.into())
}

/// 16 hexadecimal digits that change with any migration.
fn key() -> Result<String> {
    let mut hash = Sha256::new();
    for path in migrations()? {
        hash.update(path.as_os_str().as_encoded_bytes());
        hash.update(std::fs::read(&path)?);
    }
    Ok(hex::encode(&hash.finalize()[..8]))
}

/// Every `up.sql` in order.
fn migrations() -> Result<Vec<PathBuf>> {
    let root = project_file("migrations");
    let folders = std::fs::read_dir(&root).with_context(|| format!("{}", root.display()))?;
    let mut paths = folders.map(|folder| Ok(folder?.path().join("up.sql"))).collect::<Result<Vec<_>>>()?;
    paths.sort();
    Ok(paths)
}

impl Drop for TestDatabase {
    fn drop(&mut self) {
        if std::thread::panicking() {
            return;
        }
        let (url, name) = (self.maintenance_url.clone(), self.name.clone());
        // A thread of its own: the test's runtime may be the one that is going down.
        let dropped = std::thread::spawn(move || drop_database(&url, &name)).join();
        if !matches!(dropped, Ok(Ok(()))) {
            tracing::warn!(database = self.name, "the test's database could not be dropped: {dropped:?}");
        }
    }
}

fn drop_database(url: &str, name: &str) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let client = connect(url).await?;
        Ok(client.batch_execute(&format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)")).await?)
    })
}
