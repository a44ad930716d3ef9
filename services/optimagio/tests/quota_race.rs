//! A thousand jobs, a hundred credits, several workers: a hundred results, and not one more.

#![cfg(test)]

mod system;

use std::time::Duration;

use contracts::JobMessage;
use domain::credits::{CreditKind, Funds};
use domain::plan::{Limits, PlanCatalogue};
use domain::{
    AccountId, Clock, Edge, ImageId, JobClass, JobId, OptimizeParams, OutputOptions, SystemClock, Tier,
};
use store::{Accepted, NewJob, NewSource, NewTopup, OutgoingMessage, TopupSource, WhenExhausted};
use system::{Client, Form, System, plans};

const CREDITS: u64 = 100;
const JOBS: u32 = 1_000;
/// For a hundred small pictures, in a build without optimisation, beside other tests.
const LONG: Duration = Duration::from_secs(180);

/// The same picture at another width: another image of the same source.
struct Template {
    source: NewSource,
    account: AccountId,
    image: ImageId,
    exchange: String,
}

impl Template {
    fn job(&self, width: u32) -> NewJob {
        let params = OptimizeParams { width: Edge::new(width).ok(), ..self.image.params };
        NewJob {
            id: JobId::generate(),
            account_id: self.account,
            api_key_id: None,
            source: self.source.clone(),
            image_id: ImageId { params, ..self.image },
            options: OutputOptions::default(),
            class: JobClass::Free,
            storage_commit: false,
            keep_original: false,
            original_filename: "a.jpg".to_owned(),
            src_url: None,
            site: None,
            adaptive: false,
            funds: Funds::of(&limits(), &PlanCatalogue::built_in().unwrap().plan(Tier::Free).overage),
            when_exhausted: WhenExhausted::Pause,
            trace_context: std::collections::BTreeMap::new(),
        }
    }

    fn message(&self, job: JobId) -> OutgoingMessage {
        let message = JobMessage {
            job_id: job,
            account_id: self.account,
            source_key: self.source.object_key.clone(),
            source_bytes: self.source.byte_size,
            source_pixels: u64::from(self.source.width) * u64::from(self.source.height),
            class: JobClass::Free,
            enqueued_at: SystemClock.now(),
        };
        OutgoingMessage {
            exchange: self.exchange.clone(),
            routing_key: JobClass::Free.as_str().to_owned(),
            message_id: job.to_string(),
            headers: std::collections::BTreeMap::new(),
            body: message.encode(),
            job_id: Some(job),
        }
    }
}

fn catalogue() -> String {
    plans(&format!("monthly_images = {CREDITS}"))
}

fn limits() -> Limits {
    let text = std::fs::read_to_string(catalogue()).unwrap();
    PlanCatalogue::parse(&text).unwrap().plan(Tier::Free).limits.clone()
}

/// Sends one picture over HTTP, so that its source is where workers find it.
async fn template(system: &System, account: AccountId, key: String) -> Template {
    let client = Client::new(system.base(), Some(key));
    let (status, body) = client
        .optimize(Form::image("a.jpg", testkit::images::photo_jpeg(1_200, 40, 1)).text("format", "webp"))
        .await;
    assert_eq!(status, 200, "{body}");
    let image: ImageId = body["data"]["id"].as_str().unwrap().parse().unwrap();
    let sql = system.sql().await;
    let row = sql
        .query_one(
            "SELECT id, sha256, byte_size, object_key FROM sources WHERE account_id = $1",
            &[&account.0],
        )
        .await
        .unwrap();
    let source = NewSource {
        id: domain::SourceId(row.get(0)),
        sha256: domain::Sha256Hash(row.get::<_, Vec<u8>>(1).try_into().unwrap()),
        byte_size: u64::try_from(row.get::<_, i64>(2)).unwrap(),
        format: domain::SourceFormat::Jpeg,
        width: 1_200,
        height: 40,
        frames: 1,
        object_key: row.get(3),
    };
    let namespace = system.settings.get("AMQP_NAMESPACE").unwrap();
    let exchange = bus::Names::new(namespace).jobs_exchange();
    Template { source, account, image, exchange }
}

async fn count(system: &System, state: &str) -> i64 {
    let sql = system.sql().await;
    let query = "SELECT count(*) FROM jobs WHERE state = $1";
    sql.query_one(query, &[&state]).await.unwrap().get(0)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hundred_credits_make_a_hundred_results_of_a_thousand_jobs() {
    let settings = testkit::settings().await.with("PLAN_CATALOGUE", catalogue());
    let system = System::apart(settings, 3).await;
    let (account, key) = system.account(Tier::Free).await;
    let template = template(&system, account, key).await;
    let mut accepted = (0, 0);
    for width in 1..JOBS {
        let made = system.store.accept_job(template.job(width), |id| template.message(id), SystemClock.now());
        match made.await.unwrap() {
            Accepted::Created { .. } => accepted.0 += 1,
            Accepted::Paused(_) => accepted.1 += 1,
            other => panic!("{other:?}"),
        }
    }
    // The first picture was one of them.
    assert_eq!(accepted, (99, 900));
    testkit::wait_until(LONG, "a hundred results", async || count(&system, "completed").await == 100).await;
    assert_eq!((count(&system, "quota_paused").await, count(&system, "queued").await), (900, 0));
    system.assert_books_balance().await;

    let topup = NewTopup {
        account_id: account,
        kind: CreditKind::Images,
        amount: 20.try_into().unwrap(),
        source: TopupSource::Admin { by: None },
        note: String::new(),
    };
    system.store.grant_topup(topup, SystemClock.now()).await.unwrap();
    testkit::wait_until(LONG, "twenty more", async || count(&system, "completed").await == 120).await;
    assert_eq!(count(&system, "quota_paused").await, 880);
    assert_eq!(system.ledger_rows(account).await, 120);
    system.assert_books_balance().await;
}
