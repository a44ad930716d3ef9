use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use chrono::NaiveDate;
use domain::{AccountId, ApiKeyId};

/// Requests of one key on one day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DayCount {
    /// Whose key it is.
    pub account: AccountId,
    /// The key.
    pub key: ApiKeyId,
    /// The day in UTC.
    pub day: NaiveDate,
    /// All requests.
    pub requests: u64,
    /// Those answered 429.
    pub refused: u64,
    /// Those answered with another error.
    pub failed: u64,
}

/// Counts requests in memory, to be written from time to time. Clones share the counts.
///
/// They are for analytics, so a process that dies may lose the last seconds; nothing is billed by them.
#[derive(Debug, Clone, Default)]
pub struct Tally(Arc<Mutex<HashMap<(ApiKeyId, NaiveDate), DayCount>>>);

impl Tally {
    pub(crate) fn count(&self, account: AccountId, key: ApiKeyId, day: NaiveDate, status: u16) {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let count = counts.entry((key, day)).or_insert(DayCount {
            account,
            key,
            day,
            requests: 0,
            refused: 0,
            failed: 0,
        });
        count.requests += 1;
        match status {
            429 => count.refused += 1,
            400.. => count.failed += 1,
            _ => {}
        }
    }

    /// Takes what was counted since the last time.
    #[must_use]
    pub fn take(&self) -> Vec<DayCount> {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        counts.drain().map(|(_, count)| count).collect()
    }

    /// Puts back what could not be written.
    pub fn put_back(&self, taken: Vec<DayCount>) {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for old in taken {
            let count = counts.entry((old.key, old.day)).or_insert(DayCount {
                requests: 0,
                refused: 0,
                failed: 0,
                ..old
            });
            count.requests += old.requests;
            count.refused += old.refused;
            count.failed += old.failed;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_put_back_is_added() {
        let tally = Tally::default();
        let (account, key) = (AccountId::generate(), ApiKeyId::generate());
        let day = NaiveDate::from_ymd_opt(2026, 11, 26).unwrap();
        tally.count(account, key, day, 200);
        let taken = tally.take();
        assert!(tally.take().is_empty());
        tally.count(account, key, day, 429);
        tally.count(account, key, day, 503);
        tally.put_back(taken);
        let all = tally.take();
        assert_eq!((all[0].requests, all[0].refused, all[0].failed), (3, 1, 1));
        assert_eq!(all.len(), 1);
    }
}
