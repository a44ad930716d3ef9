use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use chrono::{DateTime, Utc};
use domain::Sha256Hash;

use crate::{Decision, FixedWindow, Source};

/// One window of one subject.
#[derive(Debug)]
struct Entry {
    number: u64,
    length: u64,
    used: u32,
}

impl Entry {
    fn is_over(&self, millis: u64) -> bool {
        self.number != millis / self.length
    }
}

/// The windows of this process, used while Redis is away.
///
/// At most `capacity` subjects are remembered. When they are more, finished windows are forgotten, and if
/// that frees less than half of the room, all of them: lenient for one window, but the memory is bounded
/// and a request costs constant time on average.
#[derive(Debug)]
pub(crate) struct LocalWindows {
    entries: Mutex<HashMap<(&'static str, Sha256Hash), Entry>>,
    capacity: usize,
}

impl LocalWindows {
    pub(crate) fn new(capacity: usize) -> Self {
        Self { entries: Mutex::default(), capacity }
    }

    /// Takes `cost` units at the instant `now`; a time before 1970 counts as 1970.
    pub(crate) fn take(
        &self,
        window: &FixedWindow,
        subject: Sha256Hash,
        cost: u32,
        now: DateTime<Utc>,
    ) -> Decision {
        let millis = u64::try_from(now.timestamp_millis()).unwrap_or(0);
        let length = window.millis();
        let number = millis / length;
        let mut entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        let key = (window.name, subject);
        if !entries.contains_key(&key) && entries.len() >= self.capacity {
            entries.retain(|_, entry| !entry.is_over(millis));
            if entries.len() > self.capacity / 2 {
                entries.clear();
            }
        }
        let entry = entries.entry(key).or_insert(Entry { number, length, used: 0 });
        if entry.number != number || entry.length != length {
            *entry = Entry { number, length, used: 0 };
        }
        let total = entry.used.checked_add(cost).filter(|total| *total <= window.limit);
        entry.used = total.unwrap_or(entry.used);
        let reset_after = Duration::from_millis(length - millis % length);
        window.decision(total.is_some(), entry.used, reset_after, Source::Local)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use chrono::TimeDelta;
    use domain::{Clock, ManualClock};
    use proptest::prelude::*;

    use super::*;

    const MINUTE: FixedWindow = FixedWindow { name: "minute", limit: 5, window: Duration::from_secs(60) };
    const START: i64 = 1_800_000_000_000;

    fn at(millis: i64) -> DateTime<Utc> {
        DateTime::from_timestamp_millis(millis).unwrap()
    }

    fn subject(number: u32) -> Sha256Hash {
        Sha256Hash::of(&number.to_be_bytes())
    }

    #[test]
    fn a_window_refuses_what_does_not_fit_and_begins_anew() {
        let windows = LocalWindows::new(10);
        let take = |cost, millis| windows.take(&MINUTE, subject(1), cost, at(START + millis));
        assert_eq!((take(3, 0).allowed, take(3, 1).allowed, take(2, 2).allowed), (true, false, true));
        let full = take(1, 59_999);
        assert_eq!((full.allowed, full.used, full.remaining), (false, 5, 0));
        assert_eq!(full.reset_after, Duration::from_millis(1));
        let peek = take(0, 59_999);
        assert!(peek.allowed && peek.remaining == 0);
        assert_eq!((take(1, 60_000).used, take(u32::MAX, 60_001).allowed), (1, false));
    }

    #[test]
    fn a_clock_that_jumps_locks_nobody_out() {
        let windows = LocalWindows::new(10);
        let take = |millis| windows.take(&MINUTE, subject(1), 5, at(START + millis)).allowed;
        let hour = 3_600_000;
        assert!(take(0) && !take(1) && take(hour) && take(-hour) && !take(-hour));
        assert!(windows.take(&MINUTE, subject(2), 1, at(-5)).allowed, "before 1970");
    }

    #[test]
    fn memory_is_bounded_and_finished_windows_go_first() {
        let windows = LocalWindows::new(100);
        for number in 0..99 {
            windows.take(&MINUTE, subject(number), 1, at(START));
        }
        windows.take(&MINUTE, subject(1_000), 5, at(START + 60_000));
        windows.take(&MINUTE, subject(1_001), 5, at(START + 60_000));
        assert_eq!(windows.entries.lock().unwrap().len(), 2, "the finished ones are gone");
        assert!(!windows.take(&MINUTE, subject(1_000), 1, at(START + 60_001)).allowed);
        for number in 0..10_000 {
            windows.take(&MINUTE, subject(number), 1, at(START + 60_002));
            assert!(windows.entries.lock().unwrap().len() <= 100);
        }
    }

    proptest! {
        /// The model keeps every window of every subject for ever.
        #[test]
        fn it_agrees_with_an_exact_model(
            limit in 0_u32..8,
            length in 1_u64..2_000,
            steps in prop::collection::vec((0_u32..3, 0_u32..6, 0_i64..1_500), 1..200),
        ) {
            let window = FixedWindow { name: "model", limit, window: Duration::from_millis(length) };
            let windows = LocalWindows::new(100);
            let clock = ManualClock::at(at(START));
            let mut model = BTreeMap::<(u32, u64), u32>::new();
            for (who, cost, advance) in steps {
                clock.advance(TimeDelta::milliseconds(advance));
                let millis = u64::try_from(clock.now().timestamp_millis()).unwrap();
                let used = model.entry((who, millis / length)).or_default();
                let allowed = *used + cost <= limit;
                *used += if allowed { cost } else { 0 };
                let decision = windows.take(&window, subject(who), cost, clock.now());
                prop_assert_eq!(decision.allowed, allowed);
                prop_assert_eq!(decision.used, *used);
                prop_assert_eq!(decision.remaining, limit - *used);
                let next = millis + u64::try_from(decision.reset_after.as_millis()).unwrap();
                prop_assert!(next % length == 0 && next > millis && next <= millis + length);
            }
        }
    }
}
