//! The real services as processes of their own, on fresh resources of the test servers, spoken to over HTTP.

#![allow(dead_code, unused_imports, reason = "each test binary uses a part of it")]

mod client;
mod process;

use std::time::Duration;

use auth::ApiKey;
use domain::{AccountId, Clock, SystemClock, Tier};
use settings::Reader;
use store::{NewAccount, NewApiKey, Store};
use testkit::TestSettings;

pub(crate) use client::{Client, Form, json, json as answer};
pub(crate) use process::Role;

/// The path of a catalogue with one plan, `free`, that has these limits. Left to the system's temporary directory.
pub(crate) fn plans(limits: &str) -> String {
    let text = format!(
        "annual_discount_percent = 0\ncurrency = \"USD\"\n[[plan]]\ncode = \"free\"\nname = \"Free\"\n\
         monthly_cents = 0\n[plan.limits]\n{limits}\n"
    );
    let file = tempfile::Builder::new().prefix("plans-").suffix(".toml").tempfile().unwrap();
    std::fs::write(file.path(), text).unwrap();
    file.into_temp_path().keep().unwrap().to_str().unwrap().to_owned()
}

/// Time for anything to happen that takes no work.
pub(crate) const SOON: Duration = Duration::from_secs(20);

/// How many files there are in a directory and below it.
pub(crate) fn files(directory: &std::path::Path) -> usize {
    let found = walkdir::WalkDir::new(directory).into_iter();
    found.filter(|entry| entry.as_ref().unwrap().file_type().is_file()).count()
}

/// Services that run, and the resources they use. Dropping it kills them.
pub(crate) struct System {
    pub(crate) settings: TestSettings,
    pub(crate) store: Store,
    pub(crate) roles: Vec<Role>,
    base: String,
}

impl System {
    /// Every role in one process.
    pub(crate) async fn start() -> Self {
        Self::with(testkit::settings().await).await
    }

    /// Every role in one process, with these settings.
    pub(crate) async fn with(settings: TestSettings) -> Self {
        let role = Role::start(&["serve"], &settings).await;
        let base = format!("http://{}", role.address("gateway is listening").await);
        Self::new(settings, vec![role], base)
    }

    /// Gateway, batch-status and `workers` workers as processes of their own, in this order.
    pub(crate) async fn apart(settings: TestSettings, workers: usize) -> Self {
        let status = Role::start(&["serve", "--only", "batch-status"], &settings).await;
        let address = status.address("batch-status is listening").await;
        let settings = settings.with("BATCH_STATUS_URL", format!("http://{address}"));
        let gateway = Role::start(&["serve", "--only", "gateway"], &settings).await;
        let base = format!("http://{}", gateway.address("gateway is listening").await);
        let mut roles = vec![gateway, status];
        for _ in 0..workers {
            roles.push(Role::start(&["serve", "--only", "worker"], &settings).await);
        }
        Self::new(settings, roles, base)
    }

    fn new(settings: TestSettings, roles: Vec<Role>, base: String) -> Self {
        let mut reader = Reader::from_pairs(settings.pairs());
        let store = Store::connect(&store::Config::read(&mut reader)).unwrap();
        Self { settings, store, roles, base }
    }

    /// Address of the API, without a slash at the end.
    pub(crate) fn base(&self) -> &str {
        &self.base
    }

    /// A client without credentials.
    pub(crate) fn anonymous(&self) -> Client {
        Client::new(&self.base, None)
    }

    /// A client with the key of a new account.
    pub(crate) async fn client(&self, tier: Tier) -> Client {
        let (_, key) = self.account(tier).await;
        Client::new(&self.base, Some(key))
    }

    /// A new account and its key.
    pub(crate) async fn account(&self, tier: Tier) -> (AccountId, String) {
        let now = SystemClock.now();
        let email = format!("{}@example.com", hex::encode(rand::random::<[u8; 8]>()));
        let new = NewAccount { email, password_hash: None, tier, is_admin: false };
        let account = self.store.create_account(new, now).await.unwrap();
        let key = ApiKey::generate(&mut rand::rng());
        let new = NewApiKey {
            account_id: account.id,
            label: "test".to_owned(),
            prefix: key.prefix().to_owned(),
            hash: key.hash(),
            expires_at: None,
        };
        self.store.create_api_key(new, 100, now).await.unwrap();
        (account.id, key.expose().to_owned())
    }

    /// One more key of an account.
    pub(crate) async fn key_of(&self, account: AccountId) -> String {
        let key = ApiKey::generate(&mut rand::rng());
        let new = NewApiKey {
            account_id: account,
            label: "another".to_owned(),
            prefix: key.prefix().to_owned(),
            hash: key.hash(),
            expires_at: None,
        };
        self.store.create_api_key(new, 100, SystemClock.now()).await.unwrap();
        key.expose().to_owned()
    }

    /// How many results an account has paid for: the rows of the ledger that are no cache hits.
    pub(crate) async fn ledger_rows(&self, account: AccountId) -> i64 {
        let query = "SELECT count(*) FROM ledger WHERE account_id = $1 AND kind = 'result'";
        self.sql().await.query_one(query, &[&account.0]).await.unwrap().get(0)
    }

    /// Fails unless ledger, buckets, jobs and stored results agree.
    pub(crate) async fn assert_books_balance(&self) {
        let found = self.store.audit_ledger().await.unwrap();
        assert!(found.is_empty(), "the books do not balance: {found:#?}");
    }

    /// A connection to the database, for looking at what no interface shows.
    pub(crate) async fn sql(&self) -> tokio_postgres::Client {
        let url = self.settings.get("DATABASE_URL").unwrap();
        let (client, connection) = tokio_postgres::connect(url, tokio_postgres::NoTls).await.unwrap();
        tokio::spawn(connection);
        client
    }

    /// Every line that the services have logged.
    pub(crate) fn logs(&self) -> String {
        self.roles.iter().map(Role::log).collect()
    }

    /// Fails if a service logged an error that the test did not expect.
    pub(crate) fn assert_no_errors_logged(&self) {
        let logs = self.logs();
        let errors: Vec<_> = logs.lines().filter(|line| line.contains("\"level\":\"ERROR\"")).collect();
        assert!(errors.is_empty(), "unexpected errors in the log:\n{}", errors.join("\n"));
    }
}

/// Every test ends with the accounting checker: whatever it did, ledger, buckets, jobs and results agree.
impl Drop for System {
    fn drop(&mut self) {
        if std::thread::panicking() {
            return;
        }
        let pairs = self.settings.pairs();
        // A thread and a runtime of its own: the test's own may be the one that this would block.
        let audited = std::thread::spawn(move || {
            let mut reader = Reader::from_pairs(pairs);
            let config = store::Config::read(&mut reader);
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async { Store::connect(&config).unwrap().audit_ledger().await })
        });
        match audited.join().unwrap() {
            Ok(found) => assert!(found.is_empty(), "the books do not balance: {found:#?}"),
            // A test that took the database away has looked at the books before.
            Err(error) => assert!(error.is_unavailable(), "the books cannot be read: {error:?}"),
        }
    }
}
