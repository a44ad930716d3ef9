//! Events reach every subscriber, and only those that match.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests fail by panicking")]

mod broker;

use broker::{Broker, SOON};
use bus::EventSubscription;
use tokio::time::timeout;

async fn next_topic(subscription: &mut EventSubscription) -> String {
    timeout(SOON, subscription.next()).await.expect("no event came").unwrap().routing_key
}

#[tokio::test]
async fn events_fan_out_by_pattern() {
    let broker = Broker::start().await;
    let mut all = broker.bus.subscribe_events("#");
    let mut failures = broker.bus.subscribe_events("job.failed");
    assert!(timeout(SOON, all.live()).await.unwrap() && timeout(SOON, failures.live()).await.unwrap());
    broker.bus.publish(&broker.event("job.completed")).await.unwrap();
    broker.bus.publish(&broker.event("job.failed")).await.unwrap();
    assert_eq!(next_topic(&mut all).await, "job.completed");
    let failed = timeout(SOON, all.next()).await.unwrap().unwrap();
    assert_eq!((failed.body, failed.headers.len()), (b"job.failed".to_vec(), 1));
    assert_eq!(next_topic(&mut failures).await, "job.failed");
    broker.end().await;
}

#[tokio::test]
async fn an_event_without_a_subscriber_is_no_error() {
    let broker = Broker::start().await;
    broker.bus.publish(&broker.event("job.completed")).await.unwrap();
    let mut late = broker.bus.subscribe_events("#");
    assert!(timeout(SOON, late.live()).await.unwrap());
    broker.bus.close().await;
    assert_eq!(timeout(SOON, late.next()).await.unwrap(), None);
    broker.end().await;
}
