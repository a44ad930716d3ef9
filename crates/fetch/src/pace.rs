use std::time::Duration;

/// Measures whether the source keeps the minimum rate.
///
/// Only the time spent waiting for the source counts, not the time that the reader of the download takes
/// between two chunks, so a slow disk of ours is never held against the source.
#[derive(Debug)]
pub(crate) struct Pace {
    window: Duration,
    min_bytes: u64,
    waited: Duration,
    received: u64,
}

impl Pace {
    pub(crate) fn new(min_bytes_per_second: u64, window: Duration) -> Self {
        let millis = u64::try_from(window.as_millis()).unwrap_or(u64::MAX);
        let min_bytes = min_bytes_per_second.saturating_mul(millis) / 1_000;
        Self { window, min_bytes, waited: Duration::ZERO, received: 0 }
    }

    /// The waiting after which the rate is judged next.
    pub(crate) fn left(&self) -> Duration {
        self.window.saturating_sub(self.waited)
    }

    /// The span over which the rate is measured.
    pub(crate) fn window(&self) -> Duration {
        self.window
    }

    /// Records that `bytes` came after `waited` more; `false` if the window ended with too few.
    pub(crate) fn record(&mut self, waited: Duration, bytes: usize) -> bool {
        self.waited = self.waited.saturating_add(waited);
        self.received = self.received.saturating_add(bytes as u64);
        if self.waited < self.window {
            return true;
        }
        let enough = self.received >= self.min_bytes;
        (self.waited, self.received) = (Duration::ZERO, 0);
        enough
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const WINDOW: Duration = Duration::from_secs(5);

    #[test]
    fn a_window_with_too_few_bytes_fails_and_the_next_starts_anew() {
        let mut pace = Pace::new(10_000, WINDOW);
        assert!(pace.record(Duration::from_secs(4), 10));
        assert_eq!(pace.left(), Duration::from_secs(1));
        assert!(!pace.record(Duration::from_secs(1), 49_989));
        assert!(pace.record(WINDOW, 50_000));
        assert!(!pace.record(WINDOW, 49_999));
    }

    proptest! {
        #[test]
        fn a_steady_source_passes_exactly_from_the_minimum_on(rate in 0_u64..200_000, min in 0_u64..200_000) {
            let mut pace = Pace::new(min, WINDOW);
            let bytes = usize::try_from(rate).unwrap();
            let verdicts: Vec<bool> = (0..20).map(|_| pace.record(Duration::from_secs(1), bytes)).collect();
            prop_assert_eq!(verdicts.iter().all(|ok| *ok), rate >= min);
        }
    }
}
