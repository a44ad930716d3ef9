//! Jobs on the real broker: delivery, redelivery, retries and dead letters.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests fail by panicking")]

mod broker;

use std::num::NonZeroU16;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use broker::{Broker, SOON};
use bus::{BusError, CancellationToken, Death, Delivery, Outcome, Outgoing};
use domain::JobClass;
use tokio::sync::Notify;
use tokio::time::timeout;

#[tokio::test]
async fn a_job_arrives_as_published_and_is_gone_when_done() {
    let broker = Broker::start().await;
    broker.bus.publish(&broker.job(JobClass::Paid, "one")).await.unwrap();
    assert_eq!(broker.bus.queue_depth(JobClass::Paid).await.unwrap(), 1);
    let mut running = broker.consume(JobClass::Paid, |_| Outcome::Done);
    let delivery = running.next().await;
    assert_eq!(delivery.body, b"one");
    assert_eq!(delivery.message_id.as_deref(), Some("one"));
    assert_eq!(delivery.headers, broker.job(JobClass::Paid, "one").headers);
    assert_eq!((delivery.redelivered, delivery.delivery_count, delivery.death), (false, 0, None));
    running.stop().await;
    broker.depth_is(JobClass::Paid, 0).await;
    broker.end().await;
}

#[tokio::test]
async fn a_dropped_handler_gives_its_job_back() {
    let broker = Broker::start().await;
    broker.bus.publish(&broker.job(JobClass::Paid, "one")).await.unwrap();
    let begun = Arc::new(Notify::new());
    let (bus, signal) = (broker.bus.clone(), Arc::clone(&begun));
    let task = tokio::spawn(async move {
        let handler = move |_: Delivery| {
            let signal = Arc::clone(&signal);
            async move {
                signal.notify_one();
                std::future::pending::<Outcome>().await
            }
        };
        bus.consume_jobs(JobClass::Paid, NonZeroU16::MIN, CancellationToken::new(), handler).await;
    });
    timeout(SOON, begun.notified()).await.unwrap();
    task.abort();
    let mut running = broker.consume(JobClass::Paid, |_| Outcome::Done);
    let delivery = running.next().await;
    assert_eq!((delivery.body.as_slice(), delivery.redelivered), (b"one".as_slice(), true));
    assert_eq!(delivery.delivery_count, 1);
    running.stop().await;
    broker.end().await;
}

#[tokio::test]
async fn a_job_whose_handler_panics_is_dead_after_three_deliveries() {
    let broker = Broker::start().await;
    let tries = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&tries);
    let running = broker.consume(JobClass::Free, move |_| {
        count.fetch_add(1, Ordering::SeqCst);
        panic!("as a broken handler does")
    });
    broker.bus.publish(&broker.job(JobClass::Free, "poison")).await.unwrap();
    let mut dead = broker.consume_dead_letters(|_| Outcome::Done);
    let letter = dead.next().await;
    assert_eq!(tries.load(Ordering::SeqCst), 3);
    assert_eq!(letter.body, b"poison");
    assert_eq!(letter.routing_key, "free");
    let queue = broker.bus.names().jobs_queue(JobClass::Free);
    assert_eq!(letter.death, Some(Death { reason: "delivery_limit".into(), queue }));
    running.stop().await;
    dead.stop().await;
    broker.end().await;
}

#[tokio::test]
async fn a_retry_comes_back_after_its_delay_with_its_headers() {
    let broker = Broker::start().await;
    let mut running = broker.consume(JobClass::Paid, |delivery| match &delivery.death {
        None => Outcome::Retry { after: Duration::from_secs(1) },
        Some(_) => Outcome::Done,
    });
    let since = Instant::now();
    broker.bus.publish(&broker.job(JobClass::Paid, "later")).await.unwrap();
    let first = running.next().await;
    let second = running.next().await;
    assert!(since.elapsed() >= Duration::from_millis(3_900), "{:?}", since.elapsed());
    assert_eq!((second.body, second.message_id), (first.body, first.message_id));
    assert_eq!((second.headers, second.delivery_count), (first.headers, 0));
    assert_eq!(second.death.unwrap().reason, "expired");
    running.stop().await;
    broker.depth_is(JobClass::Paid, 0).await;
    broker.end().await;
}

#[tokio::test]
async fn a_rejected_job_is_a_dead_letter_until_that_is_settled() {
    let broker = Broker::start().await;
    let running = broker.consume(JobClass::Paid, |_| Outcome::Reject("not a job".into()));
    broker.bus.publish(&broker.job(JobClass::Paid, "bad")).await.unwrap();
    let mut dead = broker.consume_dead_letters(|delivery| match delivery.redelivered {
        false => Outcome::Retry { after: Duration::from_millis(100) },
        true => Outcome::Done,
    });
    let letter = dead.next().await;
    assert_eq!(letter.death.unwrap().reason, "rejected");
    assert_eq!((dead.next().await.body.as_slice(), letter.redelivered), (b"bad".as_slice(), false));
    running.stop().await;
    dead.stop().await;
    broker.depth_is(JobClass::Paid, 0).await;
    broker.end().await;
}

#[tokio::test]
async fn classes_have_queues_of_their_own() {
    let broker = Broker::start().await;
    let mut paid = broker.consume(JobClass::Paid, |_| Outcome::Done);
    broker.bus.publish(&broker.job(JobClass::Free, "f")).await.unwrap();
    broker.bus.publish(&broker.job(JobClass::Paid, "p")).await.unwrap();
    assert_eq!(paid.next().await.body, b"p");
    broker.depth_is(JobClass::Free, 1).await;
    let mut free = broker.consume(JobClass::Free, |_| Outcome::Done);
    assert_eq!(free.next().await.body, b"f");
    assert!(paid.is_quiet());
    paid.stop().await;
    free.stop().await;
    broker.end().await;
}

#[tokio::test]
async fn each_of_many_concurrent_publishes_learns_its_own_fate() {
    let broker = Broker::start().await;
    let publish = |index: usize| {
        let broker = &broker;
        async move {
            let class = if index.is_multiple_of(3) { "nobody" } else { "free" };
            let job = broker.job(JobClass::Free, &index.to_string());
            (class, broker.bus.publish(&Outgoing { routing_key: class.into(), ..job }).await)
        }
    };
    let fates = futures_util::future::join_all((0..120).map(publish)).await;
    for (class, fate) in fates {
        match class {
            "nobody" => assert!(matches!(fate, Err(BusError::Unroutable { .. })), "{fate:?}"),
            _ => assert!(fate.is_ok(), "{fate:?}"),
        }
    }
    broker.depth_is(JobClass::Free, 80).await;
    broker.end().await;
}

#[tokio::test]
async fn a_stop_finishes_what_is_in_work_and_leaves_the_rest() {
    let broker = Broker::start().await;
    for id in ["a", "b", "c", "d", "e"] {
        broker.bus.publish(&broker.job(JobClass::Paid, id)).await.unwrap();
    }
    let (begun, go_on) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let (bus, stop) = (broker.bus.clone(), CancellationToken::new());
    let (signal, gate, token) = (Arc::clone(&begun), Arc::clone(&go_on), stop.clone());
    let task = tokio::spawn(async move {
        let handler = move |_: Delivery| {
            let (signal, gate) = (Arc::clone(&signal), Arc::clone(&gate));
            async move {
                signal.notify_one();
                gate.notified().await;
                Outcome::Done
            }
        };
        bus.consume_jobs(JobClass::Paid, NonZeroU16::new(2).unwrap(), token, handler).await;
    });
    timeout(SOON, begun.notified()).await.unwrap();
    timeout(SOON, begun.notified()).await.unwrap();
    broker.depth_is(JobClass::Paid, 3).await;
    stop.cancel();
    assert!(!task.is_finished());
    go_on.notify_waiters();
    timeout(SOON, task).await.expect("the consumer did not stop").unwrap();
    broker.depth_is(JobClass::Paid, 3).await;
    broker.end().await;
}
