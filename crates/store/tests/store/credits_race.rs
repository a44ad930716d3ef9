//! Many at once, on few credits.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use domain::credits::{CreditKind, Funds};
use domain::plan::PlanCatalogue;
use domain::{ErrorCode, JobId, JobState, Rejection};
use store::{Accepted, CacheHit, Completion, NewJob, Store, WhenExhausted};

use crate::fixture::{Fixture, LEASE, at, completion, message, monthly, plans, topup};

const JOBS: usize = 1_000;
const CREDITS: u64 = 100;

/// Does `work` for each item, `tasks` at a time.
async fn at_once<T, F>(tasks: usize, items: Vec<T>, work: impl Fn(T) -> F + Clone + Send + Sync + 'static)
where
    T: Clone + Send + Sync + 'static,
    F: Future<Output = ()> + Send,
{
    let (next, items) = (Arc::new(AtomicUsize::new(0)), Arc::new(items));
    let workers: Vec<_> = (0..tasks)
        .map(|_| {
            let (next, items, work) = (Arc::clone(&next), Arc::clone(&items), work.clone());
            tokio::spawn(async move {
                while let Some(item) = items.get(next.fetch_add(1, Ordering::Relaxed)) {
                    work(item.clone()).await;
                }
            })
        })
        .collect();
    for worker in workers {
        worker.await.unwrap();
    }
}

async fn complete_all(store: &Store, jobs: Vec<JobId>, funds: Funds) {
    let store = store.clone();
    at_once(8, jobs, move |id| {
        let store = store.clone();
        async move {
            let claim = store.claim_job(id, at(1), LEASE, false).await.unwrap();
            assert!(matches!(claim, store::Claim::Won(_)), "{claim:?}");
            let made = Completion { funds, ..completion(id, 1) };
            assert!(store.complete_job(made, message(id), at(2)).await.unwrap().is_some());
        }
    })
    .await;
}

async fn in_state(f: &Fixture, state: JobState) -> i64 {
    f.rows(&format!("jobs WHERE state = '{state}'")).await
}

async fn queued(f: &Fixture, jobs: &[JobId]) -> Vec<JobId> {
    let mut found = Vec::new();
    for job in jobs {
        if f.store.job(*job).await.unwrap().unwrap().state == JobState::Queued {
            found.push(*job);
        }
    }
    found
}

/// R8: 100 credits and 1,000 jobs: exactly 100 are done, and after a top-up of 50 exactly 50 more; never 101.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_hundred_credits_do_a_hundred_of_a_thousand_jobs() {
    let f = Fixture::new().await;
    f.execute("UPDATE accounts SET tier = 'free', overrides = '{\"monthly_images\": 100}'").await;
    let funds = monthly(CreditKind::Images, CREDITS);
    let new = |number| NewJob { funds, when_exhausted: WhenExhausted::Pause, ..f.new_job(number) };
    let news: Vec<_> = (0..u32::try_from(JOBS).unwrap()).map(new).collect();
    let ids: Vec<_> = news.iter().map(|new| new.id).collect();
    let store = f.store.clone();
    at_once(16, news, move |new| {
        let store = store.clone();
        async move {
            let accepted = store.accept_job(new, message, at(0)).await.unwrap();
            assert!(matches!(accepted, Accepted::Created { .. } | Accepted::Paused(_)), "{accepted:?}");
        }
    })
    .await;
    assert_eq!([in_state(&f, JobState::Queued).await, in_state(&f, JobState::QuotaPaused).await], [100, 900]);
    assert_eq!(f.bucket(CreditKind::Images, at(0)).await, [0, 100, 0, 0, 0]);
    f.audit().await;
    complete_all(&f.store, queued(&f, &ids).await, funds).await;
    assert_eq!(f.bucket(CreditKind::Images, at(0)).await, [100, 0, 0, 0, 0]);
    f.audit().await;

    f.grant(CreditKind::Images, 50).await;
    let plans = Arc::new(plans());
    let store = f.store.clone();
    at_once(4, (0..20).collect(), move |_| {
        let (store, plans) = (store.clone(), Arc::clone(&plans));
        async move {
            let make = |job: &store::Job, _: &store::Source| message(job.id);
            store.resume_paused(&plans, at(3), 10, 20, make).await.unwrap();
        }
    })
    .await;
    let resumed = queued(&f, &ids).await;
    assert_eq!((resumed.len(), resumed.iter().collect::<HashSet<_>>().len()), (50, 50));
    complete_all(&f.store, resumed, funds).await;
    let counts = [in_state(&f, JobState::Completed).await, in_state(&f, JobState::QuotaPaused).await];
    assert_eq!(counts, [150, 850]);
    assert_eq!(f.bucket(CreditKind::Images, at(0)).await, [100, 0, 0, 50, 0]);
    f.audit().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn requests_at_once_never_overdraw() {
    let f = Fixture::new().await;
    f.grant(CreditKind::SourceBytes, 2_500).await;
    let funds = monthly(CreditKind::SourceBytes, 1_500);
    for round in 0..5 {
        let tasks: Vec<_> = (0..8)
            .map(|number| {
                let (store, new) = (f.store.clone(), NewJob { funds, ..f.new_job(round * 8 + number) });
                tokio::spawn(async move { store.accept_job(new, message, at(0)).await.unwrap() })
            })
            .collect();
        for task in tasks {
            let accepted = task.await.unwrap();
            assert!(matches!(accepted, Accepted::Created { .. } | Accepted::Refused(_)), "{accepted:?}");
        }
    }
    // Four sources of 1,000 bytes: the second is paid from both.
    assert_eq!(f.rows("jobs").await, 4);
    assert_eq!(f.bucket(CreditKind::SourceBytes, at(0)).await, [0, 1_500, 0, 0, 2_500]);
    f.audit().await;
}

/// The beginning of a month: nobody waits in a circle for rows that do not exist yet.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_first_requests_of_a_month_come_at_once() {
    let f = Fixture::new().await;
    for month in 0..6 {
        let now = at(month * 31 * 86_400);
        let tasks: Vec<_> = (0..8)
            .map(|number| {
                let number = u32::try_from(month * 8 + number).unwrap();
                let (store, new) = (f.store.clone(), f.new_job(number));
                let grant = topup(f.account, CreditKind::ALL[number as usize % 3], 1);
                tokio::spawn(async move {
                    let (accepted, granted) =
                        tokio::join!(store.accept_job(new, message, now), store.grant_topup(grant, now));
                    assert!(matches!(accepted.unwrap(), Accepted::Created { .. }));
                    granted.unwrap();
                })
            })
            .collect();
        for task in tasks {
            task.await.unwrap();
        }
    }
    f.audit().await;
}

/// One of the things that happen to an account, chosen by `dice`; any error fails the test.
async fn anything(store: &Store, new: NewJob, jobs: &[JobId], plans: &PlanCatalogue, dice: u32) {
    let (account, funds, now) = (new.account_id, new.funds, at(i64::from(dice % 97) * 40_000));
    let job = jobs[dice as usize / 10 % jobs.len()];
    let make = |job: &store::Job, _: &store::Source| message(job.id);
    match dice % 10 {
        0..=2 => drop(store.accept_job(new, message, now).await.unwrap()),
        3..=5 => {
            if let store::Claim::Won(won) = store.claim_job(job, now, LEASE, true).await.unwrap() {
                let made = Completion { funds, expires_at: Some(now), ..completion(job, won.attempt) };
                store.complete_job(made, message(job), now).await.unwrap();
            }
        }
        6 => {
            let rejection = Rejection::new(ErrorCode::InvalidImage, "x");
            store.fail_job(job, None, &rejection, message(job), now).await.unwrap();
        }
        7 => {
            let (image_id, site) = (new.image_id, None);
            let hit = CacheHit { account_id: account, api_key_id: None, site, image_id, bytes: 10, funds };
            store.record_cache_hit(hit, now).await.unwrap();
        }
        8 => {
            store.commit_result(&new.image_id, dice.is_multiple_of(3), Some(5_000), now).await.unwrap();
            let kind = CreditKind::ALL[dice as usize % 3];
            store.grant_topup(topup(account, kind, 3), now).await.unwrap();
        }
        _ => drop(store.resume_paused(plans, now, 3, 9, make).await.unwrap()),
    }
}

/// Everything at once on one account: no statement waits in a circle, and all agrees in the end.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn nobody_waits_in_a_circle() {
    let f = Fixture::new().await;
    f.execute("UPDATE accounts SET tier = 'free', overrides = '{\"monthly_images\": 20}'").await;
    let mut funds = monthly(CreditKind::Images, 20);
    funds.storage_bytes = Some(5_000);
    let pause = WhenExhausted::Pause;
    let new = |number: u32| NewJob {
        funds,
        when_exhausted: pause,
        storage_commit: number.is_multiple_of(2),
        keep_original: number.is_multiple_of(4),
        ..f.new_job(number % 30)
    };
    let mut jobs = Vec::new();
    for number in 0..30 {
        jobs.push(new(number).id);
        f.accept(NewJob { id: jobs[jobs.len() - 1], ..new(number) }, at(0)).await;
    }
    let items: Vec<_> = (0..1_500_u32)
        .map(|number| (new(number.wrapping_mul(7_919) / 3), number.wrapping_mul(2_654_435_761) >> 7))
        .collect();
    let (store, jobs, plans) = (f.store.clone(), Arc::new(jobs), Arc::new(plans()));
    at_once(12, items, move |(new, dice)| {
        let (store, jobs, plans) = (store.clone(), Arc::clone(&jobs), Arc::clone(&plans));
        async move { anything(&store, new, &jobs, &plans, dice).await }
    })
    .await;
    assert!(f.rows("ledger WHERE kind = 'result'").await > 10);
    f.audit().await;
}
