//! The rows follow the state machine of `domain`, whatever happens in whatever order.

use chrono::TimeDelta;
use domain::{ErrorCode, JobEvent, JobId, JobState, MAX_ATTEMPTS, Rejection};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use store::Claim;

use crate::fixture::{Fixture, LEASE, at, message};

/// What the database should hold for the job.
struct Model {
    state: JobState,
    attempt: u32,
    releases: u32,
}

impl Model {
    /// Whether a claim is refused although the state machine permits it.
    fn exhausted(&self) -> bool {
        self.attempt - self.releases >= MAX_ATTEMPTS
    }
}

async fn happen(f: &Fixture, id: JobId, event: JobEvent, attempt: u32, now: i64) -> bool {
    let now = at(now);
    match event {
        JobEvent::Claim => {
            matches!(f.store.claim_job(id, now, LEASE, true).await.unwrap(), Claim::Won(_))
        }
        JobEvent::Release => f.store.release_job(id, attempt, now).await.unwrap(),
        JobEvent::Complete => f.complete(id, attempt, now).await.is_some(),
        JobEvent::Fail => {
            let failed = f
                .store
                .fail_job(id, None, &Rejection::new(ErrorCode::InvalidImage, "x"), message(id), now)
                .await;
            failed.unwrap().is_some()
        }
        JobEvent::Resume => false,
    }
}

async fn follow(f: &Fixture, number: u32, events: Vec<(JobEvent, bool)>) {
    let id = f.queued(number).await;
    let mut model = Model { state: JobState::Queued, attempt: 0, releases: 0 };
    let ledger_before = f.rows("ledger").await;
    for (now, (event, stale)) in (1..).zip(events) {
        let stale = stale && matches!(event, JobEvent::Release | JobEvent::Complete);
        let token = if stale { model.attempt + 7 } else { model.attempt };
        let refused = stale || (event == JobEvent::Claim && model.exhausted());
        let expected = if refused { None } else { model.state.after(event).ok() };
        assert_eq!(
            happen(f, id, event, token, now).await,
            expected.is_some(),
            "{event:?} in {}",
            model.state
        );
        if let Some(next) = expected {
            model.state = next;
            model.attempt += u32::from(event == JobEvent::Claim);
            model.releases += u32::from(event == JobEvent::Release);
        }
        let job = f.store.job(id).await.unwrap().unwrap();
        assert_eq!((job.state, job.attempt), (model.state, model.attempt));
    }
    let booked = f.rows("ledger").await - ledger_before;
    assert_eq!(booked, i64::from(model.state == JobState::Completed));
    let left = f
        .store
        .fail_job(
            id,
            None,
            &Rejection::new(ErrorCode::InvalidImage, "x"),
            message(id),
            at(0) + TimeDelta::days(1),
        )
        .await;
    assert_eq!(left.unwrap().is_none(), model.state.is_final());
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_follow_the_state_machine() {
    let f = Fixture::new().await;
    let event =
        prop::sample::select(vec![JobEvent::Claim, JobEvent::Release, JobEvent::Complete, JobEvent::Fail]);
    let events = prop::collection::vec((event, prop::bool::weighted(0.2)), 0..10);
    let mut runner = TestRunner::default();
    for number in 0..25 {
        follow(&f, number, events.new_tree(&mut runner).unwrap().current()).await;
    }
}
