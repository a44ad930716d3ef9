use chrono::{DateTime, Utc};
use domain::{AccountId, JobClass, JobId};
use prost::Message;

use crate::error::{instant, parse};
use crate::{ContractError, wire};

/// One piece of work for a worker. Delivery may repeat; the claim in the database decides who works.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JobMessage {
    /// The job; also the AMQP message id.
    pub job_id: JobId,
    /// The owner, for metrics and logs: the row is the authority.
    pub account_id: AccountId,
    /// Key of the source object in the bucket.
    pub source_key: String,
    /// Source size in bytes.
    pub source_bytes: u64,
    /// width × height × frames from the source's header: what the memory budget is computed from.
    pub source_pixels: u64,
    /// Which queue it waits in; also the routing key.
    pub class: JobClass,
    /// When the message was written; whole milliseconds travel, the rest is cut.
    pub enqueued_at: DateTime<Utc>,
}

impl JobMessage {
    /// The message as bytes.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let class = match self.class {
            JobClass::Paid => wire::JobClass::Paid,
            JobClass::Free => wire::JobClass::Free,
        };
        wire::Job {
            job_id: self.job_id.to_string(),
            account_id: self.account_id.to_string(),
            source_key: self.source_key.clone(),
            source_bytes: self.source_bytes,
            source_pixels: self.source_pixels,
            class: class.into(),
            enqueued_at_ms: self.enqueued_at.timestamp_millis(),
        }
        .encode_to_vec()
    }

    /// Reads a message; fields that this version does not know are ignored.
    ///
    /// # Errors
    /// [`ContractError`] where the bytes are no message, or a field is missing or malformed.
    pub fn decode(bytes: &[u8]) -> Result<Self, ContractError> {
        let job = wire::Job::decode(bytes)?;
        let class = match job.class() {
            wire::JobClass::Paid => JobClass::Paid,
            wire::JobClass::Free => JobClass::Free,
            wire::JobClass::Unspecified => {
                return Err(ContractError::field("class", format!("unknown class {}", job.class)));
            }
        };
        if job.source_key.is_empty() {
            return Err(ContractError::field("source_key", "is empty"));
        }
        Ok(Self {
            job_id: parse("job_id", &job.job_id)?,
            account_id: parse("account_id", &job.account_id)?,
            source_key: job.source_key,
            source_bytes: job.source_bytes,
            source_pixels: job.source_pixels,
            class,
            enqueued_at: instant("enqueued_at_ms", job.enqueued_at_ms)?,
        })
    }
}
