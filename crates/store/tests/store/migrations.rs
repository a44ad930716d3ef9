use crate::fixture::{client, config};

/// A database as an operator creates it: empty.
async fn empty() -> testkit::TestDatabase {
    let database = testkit::database().await;
    let statements = "DROP SCHEMA public CASCADE; CREATE SCHEMA public";
    client(&database.url).await.batch_execute(statements).await.unwrap();
    database
}

#[tokio::test]
async fn a_second_run_applies_nothing() {
    let database = empty().await;
    let config = config(&database.url);
    let applied = store::migrate(&config).await.unwrap();
    assert_eq!(applied.first().map(String::as_str), Some("2026-11-20-000000_create_core"));
    assert!(store::migrate(&config).await.unwrap().is_empty());
    store::Store::connect(&config).unwrap().ping().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn two_at_once_take_turns() {
    let database = empty().await;
    let config = config(&database.url);
    let (one, two) = tokio::join!(store::migrate(&config), store::migrate(&config));
    let (one, two) = (one.unwrap(), two.unwrap());
    assert!(one.is_empty() != two.is_empty(), "{one:?} {two:?}");
}
