use std::time::{Duration, Instant};

use store::Store;
use testkit::{FaultProxy, Link, wait_until};

use crate::fixture::{Fixture, config};

/// How long until the store says that the database is down.
async fn refused_after(store: &Store) -> Duration {
    let start = Instant::now();
    let error = store.account(domain::AccountId::generate()).await.unwrap_err();
    assert!(error.is_unavailable(), "{error:?}");
    start.elapsed()
}

#[tokio::test]
async fn a_closed_port_is_unavailable_within_a_second() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("postgres://x:y@{}/z", listener.local_addr().unwrap());
    drop(listener);
    let store = Store::connect(&config(&url)).unwrap();
    assert!(refused_after(&store).await < Duration::from_secs(1));
    assert!(store.ping().await.unwrap_err().is_unavailable());
    assert!(store::migrate(&config(&url)).await.unwrap_err().is_unavailable());
}

#[tokio::test]
async fn a_server_that_never_answers_is_unavailable_within_a_second() {
    // The kernel accepts; nobody reads.
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("postgres://x:y@{}/z", listener.local_addr().unwrap());
    let store = Store::connect(&config(&url)).unwrap();
    let calls = (0..40).map(|_| {
        let store = store.clone();
        tokio::spawn(async move { refused_after(&store).await })
    });
    for call in calls.collect::<Vec<_>>() {
        assert!(call.await.unwrap() < Duration::from_secs(1), "also for those who wait for the pool");
    }
}

/// A store whose connections go through a proxy.
async fn through_proxy(f: &Fixture) -> (FaultProxy, Store) {
    let url: tokio_postgres::Config = f.database.url.parse().unwrap();
    let port = url.get_ports()[0];
    let proxy = FaultProxy::start(format!("127.0.0.1:{port}")).await;
    let through = f.database.url.replace(&format!(":{port}/"), &format!(":{}/", proxy.address().port()));
    let store = Store::connect(&config(&through)).unwrap();
    store.ping().await.unwrap();
    (proxy, store)
}

#[tokio::test]
async fn a_server_that_stops_answering_is_unavailable_within_a_second() {
    let f = Fixture::new().await;
    let (proxy, store) = through_proxy(&f).await;
    proxy.set(Link::Stall);
    // Each of these gives up after 0.8 s; by then the connection has rested.
    assert!(store.ping().await.unwrap_err().is_unavailable());
    assert!(refused_after(&store).await < Duration::from_secs(1));
    proxy.set(Link::Forward);
    wait_until(Duration::from_secs(5), "the recovery", async || store.ping().await.is_ok()).await;
}

#[tokio::test]
async fn the_pool_recovers_by_itself() {
    let f = Fixture::new().await;
    let (proxy, store) = through_proxy(&f).await;
    proxy.set(Link::Refuse);
    wait_until(Duration::from_secs(2), "the outage", async || store.ping().await.is_err()).await;
    assert!(refused_after(&store).await < Duration::from_secs(1));
    proxy.set(Link::Forward);
    wait_until(Duration::from_secs(5), "the recovery", async || store.ping().await.is_ok()).await;
    assert_eq!(store.account(f.account).await.unwrap().unwrap().id, f.account);
}

#[tokio::test]
async fn an_ended_session_is_unavailable_and_not_our_fault() {
    let f = Fixture::new().await;
    let end = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity \
               WHERE datname = current_database() AND application_name = 'optimagio'";
    assert!(f.number(end).await >= 1);
    wait_until(Duration::from_secs(5), "a new connection", async || match f.store.ping().await {
        Ok(()) => true,
        Err(error) => {
            assert!(error.is_unavailable(), "{error:?}");
            false
        }
    })
    .await;
}

#[tokio::test]
async fn a_url_that_is_none_is_a_mistake_in_the_settings() {
    let error = Store::connect(&config("not a url")).unwrap_err();
    assert!(matches!(error, store::StoreError::Config { .. }), "{error:?}");
}
