use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::SandboxError;

const MIB: u64 = 1 << 20;

/// The memory that running jobs share, counted in MiB, first come, first served.
pub(crate) struct Budget {
    mebibytes: u32,
    free: Arc<Semaphore>,
}

impl Budget {
    pub(crate) fn new(bytes: u64) -> Self {
        // A semaphore counts up to usize::MAX >> 3, more than any u32 on the supported processors.
        let mebibytes = u32::try_from(bytes / MIB).unwrap_or(u32::MAX).max(1);
        Self { mebibytes, free: Arc::new(Semaphore::new(mebibytes as usize)) }
    }

    /// Waits until `bytes` are free. A job larger than the whole budget takes all of it, and so does one
    /// that must run `alone`.
    pub(crate) async fn take(&self, bytes: u64, alone: bool) -> Result<OwnedSemaphorePermit, SandboxError> {
        let weight = if alone { self.mebibytes } else { self.weight(bytes) };
        Arc::clone(&self.free).acquire_many_owned(weight).await.map_err(|_| SandboxError::Closed)
    }

    /// At least 1, so that a job that runs alone really is alone.
    fn weight(&self, bytes: u64) -> u32 {
        u32::try_from(bytes.div_ceil(MIB)).unwrap_or(u32::MAX).clamp(1, self.mebibytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weights_are_whole_mebibytes_within_the_budget() {
        let budget = Budget::new(100 * MIB);
        assert_eq!(budget.weight(0), 1);
        assert_eq!(budget.weight(MIB + 1), 2);
        assert_eq!(budget.weight(100 * MIB), 100);
        assert_eq!(budget.weight(u64::MAX), 100);
        assert_eq!(Budget::new(0).weight(5 * MIB), 1);
    }

    #[tokio::test]
    async fn a_job_alone_keeps_every_other_out() {
        let budget = Budget::new(100 * MIB);
        let small = budget.take(0, false).await.unwrap();
        assert_eq!(budget.free.available_permits(), 99);
        drop(small);
        let _alone = budget.take(0, true).await.unwrap();
        assert_eq!(budget.free.available_permits(), 0);
    }
}
