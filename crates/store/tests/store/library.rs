use domain::JobId;
use domain::credits::Funds;
use store::{CommitOutcome, Completion, NewJob};

use crate::fixture::{Fixture, at, completion, image, message};

fn capped(cap: u64) -> Funds {
    let mut funds = Funds::default();
    funds.storage_bytes = Some(cap);
    funds
}

/// A claimed job whose result (400 bytes, source 1,000) is to be kept.
async fn to_keep(f: &Fixture, new: NewJob) -> JobId {
    let id = new.id;
    f.accept(NewJob { storage_commit: true, ..new }, at(0)).await;
    f.claim(id, at(1)).await;
    id
}

async fn complete(f: &Fixture, id: JobId, cap: u64) {
    let made = Completion { funds: capped(cap), ..completion(id, 1) };
    f.store.complete_job(made, message(id), at(2)).await.unwrap().unwrap();
}

async fn stored(f: &Fixture) -> u64 {
    f.audit().await;
    f.store.account(f.account).await.unwrap().unwrap().stored_bytes
}

#[tokio::test]
async fn a_result_without_room_expires_and_its_job_says_so() {
    let f = Fixture::new().await;
    let (first, second) = (to_keep(&f, f.new_job(1)).await, to_keep(&f, f.new_job(2)).await);
    complete(&f, first, 799).await;
    assert_eq!(stored(&f).await, 400);
    complete(&f, second, 799).await;
    assert_eq!(stored(&f).await, 400);
    let result = f.store.image(&image(2).to_string(), at(3)).await.unwrap().unwrap();
    assert_eq!((result.storage_commit, result.expires_at), (false, Some(at(3_600))));
    let refused = async |id| f.store.job(id).await.unwrap().unwrap().commit_refused;
    assert_eq!((refused(first).await, refused(second).await), (false, true));
    // With more room it can be kept later.
    let commit = async |cap| f.store.commit_result(&image(2), false, Some(cap), at(4)).await.unwrap();
    let full = CommitOutcome::CapReached { used: 400, cap: 799 };
    assert_eq!(commit(799).await, full);
    assert_eq!(commit(800).await, CommitOutcome::Committed);
    assert_eq!(commit(0).await, CommitOutcome::Committed, "it adds nothing");
    assert_eq!(stored(&f).await, 800);
}

#[tokio::test]
async fn a_source_that_several_results_keep_counts_once() {
    let f = Fixture::new().await;
    let one = NewJob { keep_original: true, ..f.new_job(1) };
    let two = NewJob { source: one.source.clone(), keep_original: true, ..f.new_job(2) };
    let three = NewJob { source: one.source.clone(), ..f.new_job(3) };
    let ids = [to_keep(&f, one).await, to_keep(&f, two).await, to_keep(&f, three).await];
    complete(&f, ids[0], 1_399).await;
    assert_eq!(stored(&f).await, 0, "the result alone is not what was asked");
    complete(&f, ids[1], 1_400).await;
    assert_eq!(stored(&f).await, 1_400);
    complete(&f, ids[2], 1_800).await;
    assert_eq!(stored(&f).await, 1_800);
    assert_eq!(
        f.store.commit_result(&image(3), true, Some(0), at(3)).await.unwrap(),
        CommitOutcome::Committed
    );
    assert_eq!(
        f.store.commit_result(&image(1), true, Some(2_200), at(3)).await.unwrap(),
        CommitOutcome::Committed
    );
    assert_eq!(stored(&f).await, 2_200);
}

#[tokio::test]
async fn a_kept_result_that_is_replaced_counts_once_and_stays_kept() {
    let f = Fixture::new().await;
    let id = f.queued(1).await;
    f.claim(id, at(1)).await;
    f.complete(id, 1, at(2)).await.unwrap();
    let again = f.new_job(1);
    let id = again.id;
    f.accept(again, at(4_000)).await;
    f.claim(id, at(4_000)).await;
    f.store.commit_result(&image(1), true, None, at(4_000)).await.unwrap();
    assert_eq!(stored(&f).await, 1_400);
    // There is no room for more, and what was kept stays.
    let larger = Completion { byte_size: 450, funds: capped(1_400), ..completion(id, 1) };
    f.store.complete_job(larger, message(id), at(4_001)).await.unwrap().unwrap();
    assert_eq!(stored(&f).await, 1_450);
    let result = f.store.image(&image(1).to_string(), at(9_999_999)).await.unwrap().unwrap();
    assert_eq!((result.byte_size, result.storage_commit, result.keep_original), (450, true, true));
}

#[tokio::test(flavor = "multi_thread")]
async fn ten_completions_at_once_fill_the_room_for_three() {
    let f = Fixture::new().await;
    let mut ids = Vec::new();
    for number in 0..10 {
        ids.push(to_keep(&f, f.new_job(number)).await);
    }
    let tasks: Vec<_> = ids
        .into_iter()
        .map(|id| {
            let store = f.store.clone();
            let made = Completion { funds: capped(1_599), ..completion(id, 1) };
            tokio::spawn(async move { store.complete_job(made, message(id), at(2)).await.unwrap() })
        })
        .collect();
    for task in tasks {
        assert!(task.await.unwrap().is_some());
    }
    assert_eq!(stored(&f).await, 1_200);
    assert_eq!(f.number("SELECT count(*) FROM jobs WHERE commit_refused").await, 7);
    assert_eq!(f.number("SELECT count(*) FROM results WHERE storage_commit").await, 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn later_wishes_and_completions_at_once_fill_the_room_for_three() {
    let f = Fixture::new().await;
    let mut completing = Vec::new();
    for number in 0..10 {
        if number % 2 == 0 {
            completing.push(to_keep(&f, f.new_job(number)).await);
        } else {
            let id = f.queued(number).await;
            f.claim(id, at(1)).await;
            f.complete(id, 1, at(2)).await.unwrap();
        }
    }
    let mut tasks = Vec::new();
    for id in completing {
        let store = f.store.clone();
        let made = Completion { funds: capped(1_599), ..completion(id, 1) };
        tasks.push(tokio::spawn(async move {
            store.complete_job(made, message(id), at(3)).await.unwrap();
        }));
    }
    for number in [1, 3, 5, 7, 9] {
        let store = f.store.clone();
        tasks.push(tokio::spawn(async move {
            store.commit_result(&image(number), false, Some(1_599), at(3)).await.unwrap();
        }));
    }
    for task in tasks {
        task.await.unwrap();
    }
    assert_eq!(stored(&f).await, 1_200);
    assert_eq!(f.number("SELECT count(*) FROM results WHERE storage_commit").await, 3);
}
