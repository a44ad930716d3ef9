use std::collections::BTreeMap;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, TimeZone, Utc};
use domain::credits::{CreditKind, Fund, Funds};
use domain::plan::PlanCatalogue;
use domain::{
    AccountId, BillingMonth, ImageId, JobClass, JobId, OutputFormat, OutputOptions, Sha256Hash, SourceFormat,
    SourceId, Tier,
};
use store::{
    Accepted, Claim, ClaimedJob, Completion, Config, Granted, NewAccount, NewJob, NewSource, NewTopup,
    OutgoingMessage, Store, TopupSource, WhenExhausted,
};
use testkit::TestDatabase;
use tokio_postgres::NoTls;

/// A store on a database of its own, with one account.
pub(crate) struct Fixture {
    pub(crate) store: Store,
    pub(crate) account: AccountId,
    pub(crate) database: TestDatabase,
}

pub(crate) const LEASE: TimeDelta = TimeDelta::seconds(60);

/// Noon of some day, plus `seconds`.
pub(crate) fn at(seconds: i64) -> DateTime<Utc> {
    Utc.with_ymd_and_hms(2026, 11, 20, 12, 0, 0).unwrap() + TimeDelta::seconds(seconds)
}

pub(crate) fn config(url: &str) -> Config {
    Config {
        url: url.to_owned().into(),
        max_connections: 12,
        connect_timeout: Duration::from_millis(800),
        statement_timeout: Duration::from_secs(10),
    }
}

pub(crate) fn new_account(email: &str) -> NewAccount {
    NewAccount { email: email.to_owned(), password_hash: None, tier: Tier::Pro, is_admin: false }
}

pub(crate) fn image(number: u32) -> ImageId {
    format!("v2-{number:032x}-cauto-w0000-h0000-webp-exiffalse").parse().unwrap()
}

pub(crate) fn message(job: JobId) -> OutgoingMessage {
    OutgoingMessage {
        exchange: "jobs".to_owned(),
        routing_key: "paid".to_owned(),
        message_id: job.to_string(),
        headers: BTreeMap::from([("traceparent".to_owned(), "00-1-2-01".to_owned())]),
        body: vec![0, 1, 255],
        job_id: Some(job),
    }
}

impl Fixture {
    pub(crate) async fn new() -> Self {
        let database = testkit::database().await;
        let store = Store::connect(&config(&database.url)).unwrap();
        let account = store.create_account(new_account("owner@example.com"), at(0)).await.unwrap().id;
        Self { store, account, database }
    }

    /// The job `image(number)` of the fixture's account.
    pub(crate) fn new_job(&self, number: u32) -> NewJob {
        let bytes = number.to_be_bytes();
        NewJob {
            id: JobId::generate(),
            account_id: self.account,
            api_key_id: None,
            source: NewSource {
                id: SourceId::generate(),
                sha256: Sha256Hash::of(&bytes),
                byte_size: 1_000,
                format: SourceFormat::Png,
                width: 40,
                height: 30,
                frames: 1,
                object_key: format!("sources/{number}"),
            },
            image_id: image(number),
            class: JobClass::Paid,
            storage_commit: false,
            keep_original: false,
            original_filename: "cat.png".to_owned(),
            src_url: None,
            site: None,
            adaptive: false,
            funds: Funds::default(),
            when_exhausted: WhenExhausted::Refuse,
            trace_context: BTreeMap::new(),
            options: OutputOptions::default(),
        }
    }

    pub(crate) async fn accept(&self, new: NewJob, now: DateTime<Utc>) -> Accepted {
        self.store.accept_job(new, message, now).await.unwrap()
    }

    /// A job that was just accepted.
    pub(crate) async fn queued(&self, number: u32) -> JobId {
        let new = self.new_job(number);
        let id = new.id;
        assert!(matches!(self.accept(new, at(0)).await, Accepted::Created { .. }));
        id
    }

    pub(crate) async fn claim(&self, job: JobId, now: DateTime<Utc>) -> ClaimedJob {
        match self.store.claim_job(job, now, LEASE, false).await.unwrap() {
            Claim::Won(claimed) => *claimed,
            other => panic!("not claimed: {other:?}"),
        }
    }

    pub(crate) async fn complete(&self, job: JobId, attempt: u32, now: DateTime<Utc>) -> Option<i64> {
        self.store.complete_job(completion(job, attempt), message(job), now).await.unwrap()
    }

    /// Panics where ledger, buckets, reservations, jobs and stored results disagree.
    pub(crate) async fn audit(&self) {
        let found = self.store.audit_ledger().await.unwrap();
        assert!(found.is_empty(), "{found:#?}");
    }

    /// What is used, set aside and sold beyond the month of one kind, and used and set aside of its top-ups.
    pub(crate) async fn bucket(&self, kind: CreditKind, now: DateTime<Utc>) -> [u64; 5] {
        let usage = self.store.usage(self.account, BillingMonth::containing(now)).await.unwrap();
        let of = usage.kinds.into_iter().find(|of| of.kind == kind).unwrap();
        [of.used, of.reserved, of.overage, of.topup_used, of.topup_reserved]
    }

    /// Gives the fixture's account credits.
    pub(crate) async fn grant(&self, kind: CreditKind, amount: u64) {
        let new = topup(self.account, kind, amount);
        assert!(matches!(self.store.grant_topup(new, at(0)).await.unwrap(), Granted::Granted(_)));
    }

    /// Executes statements.
    pub(crate) async fn execute(&self, statements: &str) {
        client(&self.database.url).await.batch_execute(statements).await.unwrap();
    }

    /// The number that a query answers.
    pub(crate) async fn number(&self, query: &str) -> i64 {
        let client = client(&self.database.url).await;
        client.query_one(query, &[]).await.unwrap().get(0)
    }

    pub(crate) async fn rows(&self, table: &str) -> i64 {
        self.number(&format!("SELECT count(*) FROM {table}")).await
    }
}

/// So many credits of one kind a month, and no limit of the others.
pub(crate) fn monthly(kind: CreditKind, credits: u64) -> Funds {
    Funds::default().with(kind, Fund { monthly: Some(credits), sells_more: false })
}

pub(crate) fn topup(account: AccountId, kind: CreditKind, amount: u64) -> NewTopup {
    let source = TopupSource::Admin { by: None };
    let amount = amount.try_into().unwrap();
    NewTopup { account_id: account, kind, amount, source, note: "sorry".to_owned() }
}

/// Plans without limits of their own: tier `pro` sells more of everything, and `free` nothing.
pub(crate) fn plans() -> PlanCatalogue {
    let text = r#"
        annual_discount_percent = 0
        currency = "USD"
        [[plan]]
        code = "free"
        name = "Free"
        monthly_cents = 0
        [[plan]]
        code = "pro"
        name = "Pro"
        monthly_cents = 100
        overage_cents = { images = 1, source_bytes = 1, result_bytes = 1 }
    "#;
    PlanCatalogue::parse(text).unwrap()
}

pub(crate) async fn client(url: &str) -> tokio_postgres::Client {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await.unwrap();
    tokio::spawn(connection);
    client
}

pub(crate) fn completion(job: JobId, attempt: u32) -> Completion {
    Completion {
        job_id: job,
        attempt,
        object_key: format!("results/{job}"),
        sha256: Sha256Hash::of(b"result"),
        byte_size: 400,
        format: OutputFormat::WebP,
        width: 40,
        height: 30,
        encoder: "libwebp".to_owned(),
        quality: Some(82.5),
        score: Some(80.5),
        placeholder: None,
        reason: None,
        expires_at: Some(at(3_600)),
        funds: Funds::default(),
        timings: serde_json::json!({ "encode_ms": 12 }),
    }
}
