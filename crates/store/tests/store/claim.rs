use domain::{JobId, JobState, MAX_ATTEMPTS};
use store::Claim;

use crate::fixture::{Fixture, LEASE, at};

#[tokio::test(flavor = "multi_thread")]
async fn eight_claimers_have_one_winner() {
    let f = Fixture::new().await;
    let id = f.queued(1).await;
    let tasks: Vec<_> = (0..8)
        .map(|_| {
            let store = f.store.clone();
            tokio::spawn(async move { store.claim_job(id, at(1), LEASE, false).await.unwrap() })
        })
        .collect();
    let mut won = 0;
    for task in tasks {
        match task.await.unwrap() {
            Claim::Won(claimed) => {
                won += 1;
                assert_eq!((claimed.attempt, claimed.job.id, claimed.source.width), (1, id, 40));
            }
            other => assert_eq!(other, Claim::Held { until: at(61) }),
        }
    }
    assert_eq!(won, 1);
}

#[tokio::test]
async fn a_dead_lease_is_taken_over_and_a_live_one_is_not() {
    let f = Fixture::new().await;
    let id = f.queued(1).await;
    assert_eq!(f.claim(id, at(0)).await.attempt, 1);
    assert!(f.store.extend_lease(id, 1, at(90)).await.unwrap());
    let held = f.store.claim_job(id, at(89), LEASE, false).await.unwrap();
    assert_eq!(held, Claim::Held { until: at(90) });
    assert_eq!(f.claim(id, at(90)).await.attempt, 2);
    assert!(!f.store.extend_lease(id, 1, at(500)).await.unwrap(), "the former holder is fenced off");
}

#[tokio::test]
async fn a_redelivery_steals_a_live_lease() {
    let f = Fixture::new().await;
    let id = f.queued(1).await;
    f.claim(id, at(0)).await;
    let Claim::Won(stolen) = f.store.claim_job(id, at(1), LEASE, true).await.unwrap() else { panic!() };
    assert_eq!((stolen.attempt, stolen.job.lease_until), (2, Some(at(61))));
    assert_eq!(f.complete(id, 1, at(2)).await, None);
    assert!(f.complete(id, 2, at(3)).await.is_some());
}

#[tokio::test]
async fn the_last_attempt_is_the_last() {
    let f = Fixture::new().await;
    let id = f.queued(1).await;
    for attempt in 1..=MAX_ATTEMPTS {
        let Claim::Won(claimed) = f.store.claim_job(id, at(0), LEASE, true).await.unwrap() else { panic!() };
        assert_eq!(claimed.attempt, attempt);
    }
    let exhausted = Claim::Exhausted { attempt: MAX_ATTEMPTS };
    // The last attempt may be alive: only the end of its lease says that it is not.
    let held = Claim::Held { until: at(60) };
    assert_eq!(f.store.claim_job(id, at(0), LEASE, true).await.unwrap(), held);
    assert_eq!(f.store.claim_job(id, at(61), LEASE, true).await.unwrap(), exhausted);
    assert_eq!(f.store.claim_job(id, at(61), LEASE, false).await.unwrap(), exhausted);
    assert_eq!(f.store.job(id).await.unwrap().unwrap().attempt, MAX_ATTEMPTS);
}

#[tokio::test]
async fn finished_and_unknown_jobs_are_told_apart() {
    let f = Fixture::new().await;
    let id = f.queued(1).await;
    f.claim(id, at(0)).await;
    f.complete(id, 1, at(1)).await.unwrap();
    let again = f.store.claim_job(id, at(2), LEASE, true).await.unwrap();
    assert_eq!(again, Claim::Finished(JobState::Completed));
    let unknown = f.store.claim_job(JobId::generate(), at(0), LEASE, false).await.unwrap();
    assert_eq!(unknown, Claim::Unknown);
}
