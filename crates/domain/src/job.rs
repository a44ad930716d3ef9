use std::fmt;
use std::str::FromStr;

use crate::Tier;

/// Attempts after which a job is given up as `processing_failed` (RELIABILITY D11): one first try and
/// two redeliveries.
pub const MAX_ATTEMPTS: u32 = 3;

/// Where a job stands. `Completed` and `Failed` are final.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum JobState {
    /// Accepted; waits for a worker.
    Queued,
    /// A worker holds it.
    Processing,
    /// Accepted, but its account has no credits left; goes on by itself when there are some.
    QuotaPaused,
    /// The result exists.
    Completed,
    /// It ended with an error code.
    Failed,
}

/// What can happen to a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum JobEvent {
    /// A worker takes it, for the first time or after the last holder's lease ended.
    Claim,
    /// The holder cannot go on now but another try may succeed.
    Release,
    /// The result is stored.
    Complete,
    /// It is given up.
    Fail,
    /// There are credits for it again.
    Resume,
}

/// An event that the state does not permit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a {state} job cannot {event:?}")]
pub struct TransitionError {
    /// The state before.
    pub state: JobState,
    /// The refused event.
    pub event: JobEvent,
}

impl JobState {
    /// Every state.
    pub const ALL: [Self; 5] =
        [Self::Queued, Self::Processing, Self::QuotaPaused, Self::Completed, Self::Failed];

    /// The name in the API and the database.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Processing => "processing",
            Self::QuotaPaused => "quota_paused",
            Self::Completed => "completed",
            Self::Failed => "failed",
        }
    }

    /// Whether nothing can happen any more.
    #[must_use]
    pub const fn is_final(self) -> bool {
        matches!(self, Self::Completed | Self::Failed)
    }

    /// The state after `event`.
    ///
    /// # Errors
    /// [`TransitionError`] where the state does not permit the event; a final state permits none.
    pub const fn after(self, event: JobEvent) -> Result<Self, TransitionError> {
        match (self, event) {
            (Self::Queued | Self::Processing, JobEvent::Claim) => Ok(Self::Processing),
            (Self::Processing, JobEvent::Release) => Ok(Self::Queued),
            (Self::Processing, JobEvent::Complete) => Ok(Self::Completed),
            (Self::Queued | Self::Processing | Self::QuotaPaused, JobEvent::Fail) => Ok(Self::Failed),
            (Self::QuotaPaused, JobEvent::Resume) => Ok(Self::Queued),
            (state, event) => Err(TransitionError { state, event }),
        }
    }
}

impl fmt::Display for JobState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for JobState {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .into_iter()
            .find(|state| state.as_str() == text)
            .ok_or_else(|| format!("unknown job state {text:?}"))
    }
}

/// Which queue a job waits in. Quorum queues have no priorities (RELIABILITY F9), so classes are queues.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum JobClass {
    /// Work of paid tiers.
    Paid,
    /// Work of the free tier; shed first under load.
    Free,
}

impl JobClass {
    /// Every class, the most urgent first.
    pub const ALL: [Self; 2] = [Self::Paid, Self::Free];

    /// The class of an account's jobs.
    #[must_use]
    pub const fn of(tier: Tier) -> Self {
        match tier {
            Tier::Free => Self::Free,
            Tier::Starter | Tier::Pro | Tier::Business | Tier::Scale => Self::Paid,
        }
    }

    /// The name in queues, metrics and the database.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Paid => "paid",
            Self::Free => "free",
        }
    }
}

impl fmt::Display for JobClass {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for JobClass {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .into_iter()
            .find(|class| class.as_str() == text)
            .ok_or_else(|| format!("unknown job class {text:?}"))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const EVENTS: [JobEvent; 5] =
        [JobEvent::Claim, JobEvent::Release, JobEvent::Complete, JobEvent::Fail, JobEvent::Resume];

    proptest! {
        #[test]
        fn a_final_state_is_never_left(events in prop::collection::vec(prop::sample::select(EVENTS.to_vec()), 0..40)) {
            let mut state = JobState::Queued;
            let mut ended = 0;
            for event in events {
                match state.after(event) {
                    Ok(next) => {
                        prop_assert!(!state.is_final());
                        ended += u32::from(next.is_final());
                        state = next;
                    }
                    Err(error) => prop_assert_eq!(error.state, state),
                }
            }
            prop_assert!(ended <= 1);
        }
    }

    #[test]
    fn a_queued_job_is_not_completed_without_a_claim() {
        assert!(JobState::Queued.after(JobEvent::Complete).is_err());
        assert!(JobState::Queued.after(JobEvent::Release).is_err());
    }

    #[test]
    fn a_paused_job_is_not_worked_on_until_it_is_resumed() {
        assert!(JobState::QuotaPaused.after(JobEvent::Claim).is_err());
        assert!(JobState::QuotaPaused.after(JobEvent::Complete).is_err());
        assert_eq!(JobState::QuotaPaused.after(JobEvent::Resume), Ok(JobState::Queued));
    }
}
