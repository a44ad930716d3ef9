use domain::{AccountId, UserId};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use store::{IntentUse, NewIntent};

use crate::fixture::{Fixture, at, new_account};

const LIFETIME: i64 = 300;

/// One step of a history with up to three intents.
#[derive(Debug, Clone)]
enum Step {
    Mint(u8),
    Use(u8),
    /// Presented by another person, in another account, for another action or for another object.
    Misuse(u8, u8),
    Wait(i64),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        2 => (0..3_u8).prop_map(Step::Mint),
        4 => (0..3_u8).prop_map(Step::Use),
        3 => (0..3_u8, 0..4_u8).prop_map(|(intent, how)| Step::Misuse(intent, how)),
        2 => prop_oneof![Just(1), Just(LIFETIME - 1), Just(LIFETIME)].prop_map(Step::Wait),
    ]
}

struct Given {
    number: u32,
    until: i64,
    used: bool,
}

fn intent(f: &Fixture, user: UserId, number: u32) -> NewIntent {
    let mut hash = [0; 32];
    hash[..4].copy_from_slice(&number.to_be_bytes());
    NewIntent {
        hash,
        user_id: user,
        account_id: f.account,
        action: "team.remove".to_owned(),
        object: "somebody".to_owned(),
    }
}

async fn follow(f: &Fixture, user: UserId, next: &mut u32, now: &mut i64, steps: &[Step]) {
    let mut given: [Option<Given>; 3] = [None, None, None];
    for step in steps {
        match *step {
            Step::Wait(seconds) => *now += seconds,
            Step::Mint(slot) => {
                *next += 1;
                let until = *now + LIFETIME;
                f.store.mint_intent(&intent(f, user, *next), at(until), at(*now)).await.unwrap();
                given[usize::from(slot)] = Some(Given { number: *next, until, used: false });
            }
            Step::Use(slot) => {
                let Some(one) = &mut given[usize::from(slot)] else { continue };
                let admitted = f.store.use_intent(&intent(f, user, one.number), at(*now)).await.unwrap();
                let expected = !one.used && *now < one.until;
                assert_eq!(admitted == IntentUse::Admitted, expected, "{steps:?}");
                if one.used && *now < one.until {
                    assert_eq!(admitted, IntentUse::Used, "{steps:?}");
                }
                one.used |= expected;
            }
            Step::Misuse(slot, how) => {
                let Some(one) = &given[usize::from(slot)] else { continue };
                let mut asked = intent(f, user, one.number);
                match how {
                    0 => asked.user_id = UserId::generate(),
                    1 => asked.account_id = AccountId::generate(),
                    2 => asked.action = "account.close".to_owned(),
                    _ => asked.object = "somebody else\0".to_owned(),
                }
                let refused = f.store.use_intent(&asked, at(*now)).await.unwrap();
                assert_eq!(refused, IntentUse::Refused, "{steps:?}");
            }
        }
    }
}

/// Whatever happens in whatever order: an intent is admitted at most once, in its time, for its own person, account,
/// action and object; and misuse does not use it up.
#[tokio::test]
async fn no_history_admits_an_intent_twice() {
    let f = Fixture::new().await;
    let user = f.store.user_by_email("owner@example.com").await.unwrap().unwrap().id;
    let mut runner = TestRunner::deterministic();
    let (mut next, mut now) = (0, 0);
    for _ in 0..120 {
        let steps = prop::collection::vec(step(), 1..20).new_tree(&mut runner).unwrap().current();
        follow(&f, user, &mut next, &mut now, &steps).await;
    }
    assert!(next > 100, "the histories have minted intents");
}

#[tokio::test(flavor = "multi_thread")]
async fn of_fifty_uses_at_once_one_is_admitted() {
    let f = Fixture::new().await;
    let user = f.store.user_by_email("owner@example.com").await.unwrap().unwrap().id;
    let one = intent(&f, user, 1);
    f.store.mint_intent(&one, at(LIFETIME), at(0)).await.unwrap();
    let tasks: Vec<_> = (0..50)
        .map(|_| {
            let (store, one) = (f.store.clone(), one.clone());
            tokio::spawn(async move { store.use_intent(&one, at(1)).await.unwrap() })
        })
        .collect();
    let mut admitted = 0;
    for task in tasks {
        match task.await.unwrap() {
            IntentUse::Admitted => admitted += 1,
            other => assert_eq!(other, IntentUse::Used),
        }
    }
    assert_eq!(admitted, 1);
}

#[tokio::test]
async fn old_intents_of_a_person_are_forgotten_when_they_ask_again() {
    let f = Fixture::new().await;
    let user = f.store.user_by_email("owner@example.com").await.unwrap().unwrap().id;
    f.store.create_account(new_account("other@example.com"), at(0)).await.unwrap();
    let other = f.store.user_by_email("other@example.com").await.unwrap().unwrap().id;
    f.store.mint_intent(&intent(&f, user, 1), at(LIFETIME), at(0)).await.unwrap();
    f.store.mint_intent(&intent(&f, other, 2), at(LIFETIME), at(0)).await.unwrap();
    f.store.mint_intent(&intent(&f, user, 3), at(2 * LIFETIME), at(LIFETIME)).await.unwrap();
    assert_eq!(f.rows("intents").await, 2);
}
