use std::time::Duration;

use crate::hashed::Hashed;
use crate::{Escalation, Request, Rule};

use super::*;

const MINUTE: Rule = Rule::Window { limit: 5, length: Duration::from_secs(60) };
const START: u64 = 1_800_000_000_000;

fn request(subject: u32, cost: u32) -> Request {
    let check = Check { policy: "minute", subject: subject.to_string(), rule: MINUTE, cost };
    Request { checks: vec![check], penalty: None }
}

fn decide(local: &Local, request: &Request, now: u64) -> Answer {
    local.decide(&Hashed::new(request), Uuid::new_v4(), now)
}

fn counters(local: &Local) -> usize {
    local.lock().counters.len()
}

#[test]
fn memory_is_bounded_and_finished_windows_go_first() {
    let local = Local::new(100);
    for subject in 0..99 {
        decide(&local, &request(subject, 1), START);
    }
    decide(&local, &request(1_000, 5), START + 60_000);
    decide(&local, &request(1_001, 5), START + 60_000);
    assert_eq!(counters(&local), 2, "the finished ones are gone");
    assert!(!decide(&local, &request(1_000, 1), START + 60_001).is_taken());
    for subject in 0..10_000 {
        decide(&local, &request(subject, 1), START + 60_002);
        assert!(counters(&local) <= 100);
    }
}

#[test]
fn offenders_are_bounded_and_the_blocked_stay_longest() {
    let local = Local::new(100);
    let settings = Escalation { thresholds: [2, 50, 100, 200], ..Escalation::default() };
    let offend = |subject: u32| {
        let subject = subject.to_string();
        let penalty = Some(Penalty { label: subject.clone(), subject, settings });
        decide(&local, &Request { penalty, ..request(0, 6) }, START)
    };
    assert_eq!((offend(0).blocked, offend(0).blocked.map(|block| block.tier)), (None, Some(2)));
    for subject in 1..150 {
        assert_eq!(offend(subject).refused, Some(0));
        assert!(local.lock().offenders.len() <= 100);
    }
    assert!(offend(0).blocked.is_some_and(|block| !block.entered), "still remembered");
}

#[test]
fn a_share_is_rounded_up_and_nothing_stays_nothing() {
    let share = |limit, nodes| Rule::Lease { limit, ttl: Duration::ZERO }.share(nodes).limit();
    assert_eq!([share(10, 3), share(10, 1), share(1, 9), share(0, 9), share(7, 0)], [4, 10, 1, 0, 7]);
}

#[test]
fn largest_numbers_and_shortest_periods_do_not_overflow() {
    let local = Local::new(100);
    let limit = u32::MAX;
    for rule in [
        Rule::Bucket { limit, per: Duration::MAX },
        Rule::Bucket { limit, per: Duration::ZERO },
        Rule::Window { limit, length: Duration::MAX },
        Rule::Window { limit, length: Duration::ZERO },
    ] {
        let check = Check { policy: "extreme", subject: format!("{rule:?}"), rule, cost: limit };
        let request = Request { checks: vec![check], penalty: None };
        assert!(decide(&local, &request, 0).is_taken(), "{rule:?}");
        assert!(!decide(&local, &request, 0).is_taken(), "{rule:?}");
    }
}
