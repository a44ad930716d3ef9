use std::collections::BTreeMap;
use std::sync::Mutex;

use crate::fixture::{Fixture, at, message};

#[tokio::test]
async fn confirmed_rows_go_and_refused_rows_stay() {
    let f = Fixture::new().await;
    let ids = [f.queued(1).await, f.queued(2).await, f.queued(3).await];
    let refused = ids[1].to_string();
    let report = f
        .store
        .sweep_outbox(10, at(1), |row| {
            let confirmed = row.message.message_id != refused;
            async move { confirmed }
        })
        .await
        .unwrap();
    assert_eq!((report.published, report.kept), (2, 1));
    let kept = Mutex::new(Vec::new());
    let keep = |row: store::OutboxRow| {
        kept.lock().unwrap().push(row.message);
        async { true }
    };
    assert_eq!(f.store.sweep_outbox(10, at(0), keep).await.unwrap().published, 0, "too young");
    assert_eq!(f.store.sweep_outbox(10, at(1), keep).await.unwrap().published, 1);
    assert_eq!(*kept.lock().unwrap(), [message(ids[1])], "as it was written");
    assert_eq!(f.store.outbox_depth(10).await.unwrap(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn two_sweepers_never_publish_the_same_row() {
    let f = Fixture::new().await;
    for number in 0..30 {
        f.queued(number).await;
    }
    let published = Mutex::new(BTreeMap::<i64, u32>::new());
    // Both must hold rows at the same time, or nothing is tested.
    let both = tokio::sync::Barrier::new(2);
    let sweep = async || {
        let met = tokio::sync::OnceCell::new();
        let publish = |row: store::OutboxRow| {
            let (met, both, published) = (&met, &both, &published);
            async move {
                met.get_or_init(async || {
                    both.wait().await;
                })
                .await;
                *published.lock().unwrap().entry(row.id).or_default() += 1;
                true
            }
        };
        f.store.sweep_outbox(15, at(1), publish).await.unwrap()
    };
    let (one, two) = tokio::join!(sweep(), sweep());
    assert_eq!((one.published, two.published), (15, 15));
    let published = published.into_inner().unwrap();
    assert_eq!((published.len(), published.values().max()), (30, Some(&1)));
}

#[tokio::test]
async fn the_depth_is_capped_and_rows_are_deleted_by_id() {
    let f = Fixture::new().await;
    for number in 0..5 {
        f.queued(number).await;
    }
    assert_eq!(f.store.outbox_depth(3).await.unwrap(), 3);
    assert_eq!(f.store.outbox_depth(100).await.unwrap(), 5);
    let first = f.number("SELECT min(id) FROM outbox").await;
    assert_eq!(f.store.delete_outbox(&[first, first + 1, -1]).await.unwrap(), 2);
    assert_eq!(f.store.outbox_depth(100).await.unwrap(), 3);
    assert_eq!(f.store.delete_outbox(&[]).await.unwrap(), 0);
}
