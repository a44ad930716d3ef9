use chrono::{DateTime, Utc};
use domain::{AccountId, ErrorCode, ImageId, JobId};
use prost::Message;

use crate::error::{instant, parse};
use crate::wire::job_ended::Outcome as WireOutcome;
use crate::{ContractError, wire};

/// A job ended. The message may be lost or repeated; the job's row may not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JobEndedMessage {
    /// The job.
    pub job_id: JobId,
    /// The owner.
    pub account_id: AccountId,
    /// When it ended; whole milliseconds travel, the rest is cut.
    pub ended_at: DateTime<Utc>,
    /// How it ended.
    pub outcome: Outcome,
}

/// How a job ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// A result exists.
    Completed {
        /// The result's public identity.
        image_id: ImageId,
        /// Size of the source in bytes.
        original_size: u64,
        /// Size of the result in bytes.
        optimized_size: u64,
    },
    /// The job was given up.
    Failed {
        /// A code of the closed list.
        code: ErrorCode,
        /// What the owner is told.
        message: String,
    },
}

impl Outcome {
    /// The routing key on the events exchange: `job.completed` or `job.failed`.
    #[must_use]
    pub const fn routing_key(&self) -> &'static str {
        match self {
            Self::Completed { .. } => "job.completed",
            Self::Failed { .. } => "job.failed",
        }
    }

    fn to_wire(&self) -> WireOutcome {
        match self {
            Self::Completed { image_id, original_size, optimized_size } => {
                WireOutcome::Completed(wire::Completed {
                    image_id: image_id.to_string(),
                    original_size: *original_size,
                    optimized_size: *optimized_size,
                })
            }
            Self::Failed { code, message } => WireOutcome::Failed(wire::Failed {
                error_code: code.as_str().to_owned(),
                message: message.clone(),
            }),
        }
    }

    fn from_wire(outcome: WireOutcome) -> Result<Self, ContractError> {
        match outcome {
            WireOutcome::Completed(done) => Ok(Self::Completed {
                image_id: parse("completed.image_id", &done.image_id)?,
                original_size: done.original_size,
                optimized_size: done.optimized_size,
            }),
            WireOutcome::Failed(failed) => Ok(Self::Failed {
                code: parse("failed.error_code", &failed.error_code)?,
                message: failed.message,
            }),
        }
    }
}

impl JobEndedMessage {
    /// The message as bytes.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        wire::JobEnded {
            job_id: self.job_id.to_string(),
            account_id: self.account_id.to_string(),
            ended_at_ms: self.ended_at.timestamp_millis(),
            outcome: Some(self.outcome.to_wire()),
        }
        .encode_to_vec()
    }

    /// Reads a message; fields that this version does not know are ignored.
    ///
    /// # Errors
    /// [`ContractError`] where the bytes are no message, or a field is missing or malformed.
    pub fn decode(bytes: &[u8]) -> Result<Self, ContractError> {
        let ended = wire::JobEnded::decode(bytes)?;
        let outcome = ended.outcome.ok_or_else(|| ContractError::field("outcome", "is missing"))?;
        Ok(Self {
            job_id: parse("job_id", &ended.job_id)?,
            account_id: parse("account_id", &ended.account_id)?,
            ended_at: instant("ended_at_ms", ended.ended_at_ms)?,
            outcome: Outcome::from_wire(outcome)?,
        })
    }
}
