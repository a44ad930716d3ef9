use std::time::Duration;

const FIRST: Duration = Duration::from_millis(500);
const LONGEST: Duration = Duration::from_secs(30);

/// Pauses between attempts to connect: 0.5 s, doubled up to 30 s, each cut by up to half at random so
/// that a thousand clients do not return at the same instant (RELIABILITY D12).
#[derive(Debug)]
pub(crate) struct Backoff {
    next: Duration,
}

impl Backoff {
    pub(crate) const fn new() -> Self {
        Self { next: FIRST }
    }

    pub(crate) const fn reset(&mut self) {
        self.next = FIRST;
    }

    /// The next pause; `random` is from 0 to 1.
    pub(crate) fn pause(&mut self, random: f64) -> Duration {
        let pause = self.next.mul_f64(1.0 - random.clamp(0.0, 1.0) / 2.0);
        self.next = (self.next * 2).min(LONGEST);
        pause
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_doubles_to_the_longest_and_starts_again() {
        let mut backoff = Backoff::new();
        let pauses: Vec<_> = (0..9).map(|_| backoff.pause(0.0).as_secs_f64()).collect();
        assert_eq!(pauses, [0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 30.0, 30.0, 30.0]);
        backoff.reset();
        assert_eq!(backoff.pause(1.0), FIRST / 2);
    }
}
