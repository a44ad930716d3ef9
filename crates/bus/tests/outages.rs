//! A broker that goes away and comes back, seen through a proxy.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests fail by panicking")]

mod broker;

use std::time::{Duration, Instant};

use broker::{Broker, SOON};
use bus::{Bus, BusError, Outcome};
use domain::JobClass;
use testkit::Link;
use tokio::time::timeout;

async fn until_disconnected(bus: &Bus) {
    let gone = async {
        while bus.is_connected() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    timeout(SOON, gone).await.expect("the loss was not seen");
}

#[tokio::test]
async fn everything_goes_on_after_the_connection_was_cut() {
    let (proxy, broker) = Broker::start_behind_proxy().await;
    let mut running = broker.consume(JobClass::Paid, |_| Outcome::Done);
    let mut events = broker.bus.subscribe_events("#");
    assert!(timeout(SOON, events.live()).await.unwrap());
    broker.bus.publish(&broker.job(JobClass::Paid, "before")).await.unwrap();
    assert_eq!(running.next().await.body, b"before");

    proxy.set(Link::Refuse);
    until_disconnected(&broker.bus).await;
    let since = Instant::now();
    let error = broker.bus.publish(&broker.job(JobClass::Paid, "during")).await.unwrap_err();
    assert!(matches!(error, BusError::Unavailable(_)), "{error:?}");
    assert!(since.elapsed() < Duration::from_millis(100), "{:?}", since.elapsed());

    proxy.set(Link::Forward);
    assert!(timeout(SOON, broker.bus.connected()).await.unwrap());
    assert!(timeout(SOON, events.live()).await.unwrap());
    broker.bus.publish(&broker.job(JobClass::Paid, "after")).await.unwrap();
    broker.bus.publish(&broker.event("job.completed")).await.unwrap();
    let mut next = running.next().await;
    if next.redelivered {
        // The cut may have come between the handler and the acknowledgement.
        assert_eq!(next.body, b"before");
        next = running.next().await;
    }
    assert_eq!((next.body.as_slice(), next.redelivered), (b"after".as_slice(), false));
    assert_eq!(timeout(SOON, events.next()).await.unwrap().unwrap().routing_key, "job.completed");
    running.stop().await;
    broker.end().await;
}

#[tokio::test]
async fn a_silent_broker_ends_a_publish_in_time_and_the_connection_with_it() {
    let (proxy, broker) = Broker::start_behind_proxy().await;
    let job = broker.job(JobClass::Free, "held");
    broker.bus.publish(&job).await.unwrap();

    proxy.set(Link::Stall);
    let since = Instant::now();
    let error = broker.bus.publish(&job).await.unwrap_err();
    assert!(matches!(error, BusError::Timeout(_)), "{error:?}");
    let limit = broker.config.confirm_timeout + Duration::from_millis(500);
    assert!(since.elapsed() < limit, "{:?}", since.elapsed());
    assert!(!broker.bus.is_connected());

    proxy.set(Link::Forward);
    assert!(timeout(SOON, broker.bus.connected()).await.unwrap());
    broker.bus.publish(&job).await.unwrap();
    broker.end().await;
}

#[tokio::test]
async fn a_job_in_work_while_the_connection_ends_is_delivered_again() {
    let (proxy, broker) = Broker::start_behind_proxy().await;
    let bus = broker.bus.clone();
    broker.bus.publish(&broker.job(JobClass::Paid, "one")).await.unwrap();
    let (sender, mut deliveries) = tokio::sync::mpsc::unbounded_channel();
    let stop = bus::CancellationToken::new();
    let token = stop.clone();
    let task = tokio::spawn(async move {
        let watched = bus.clone();
        let handler = move |delivery: bus::Delivery| {
            let (first, watched) = (!delivery.redelivered, watched.clone());
            sender.send(delivery).unwrap();
            async move {
                if first {
                    until_disconnected(&watched).await;
                }
                Outcome::Done
            }
        };
        bus.consume_jobs(JobClass::Paid, std::num::NonZeroU16::MIN, token, handler).await;
    });
    assert!(!timeout(SOON, deliveries.recv()).await.unwrap().unwrap().redelivered);
    proxy.set(Link::Refuse);
    until_disconnected(&broker.bus).await;
    proxy.set(Link::Forward);
    let again = timeout(SOON, deliveries.recv()).await.unwrap().unwrap();
    assert_eq!((again.body.as_slice(), again.redelivered), (b"one".as_slice(), true));
    stop.cancel();
    timeout(SOON, task).await.unwrap().unwrap();
    broker.depth_is(JobClass::Paid, 0).await;
    broker.end().await;
}

#[tokio::test]
async fn without_a_broker_it_starts_and_answers_at_once() {
    let mut config = bus::Config::new("amqp://guest:guest@127.0.0.1:1/%2f".to_owned().into(), "nobody");
    config.confirm_timeout = Duration::from_secs(1);
    let bus = Bus::connect(&config).unwrap();
    assert!(!bus.is_connected());
    let error = bus.queue_depth(JobClass::Paid).await.unwrap_err();
    assert!(matches!(error, BusError::Unavailable(_)), "{error:?}");
    timeout(Duration::from_secs(2), bus.close()).await.expect("closing took too long");
}
