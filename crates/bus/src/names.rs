use std::time::Duration;

use domain::JobClass;

/// Every exchange and queue name: the only place that formats one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Names {
    namespace: String,
}

impl Names {
    /// The names of `namespace`.
    pub fn new(namespace: impl Into<String>) -> Self {
        Self { namespace: namespace.into() }
    }

    /// Direct exchange of jobs; the routing key is the class.
    #[must_use]
    pub fn jobs_exchange(&self) -> String {
        self.name("jobs")
    }

    /// Topic exchange of events; routing keys such as `job.completed`.
    #[must_use]
    pub fn events_exchange(&self) -> String {
        self.name("events")
    }

    /// Fan-out exchange of dead letters.
    #[must_use]
    pub fn dead_letter_exchange(&self) -> String {
        self.name("dlx")
    }

    /// Direct exchange in front of the delay queues; routing keys such as `paid.30s`.
    #[must_use]
    pub fn retry_exchange(&self) -> String {
        self.name("retry")
    }

    /// Where jobs of `class` wait.
    #[must_use]
    pub fn jobs_queue(&self, class: JobClass) -> String {
        self.name(&format!("jobs.{class}"))
    }

    /// Where messages end that nobody could work on.
    #[must_use]
    pub fn dead_letter_queue(&self) -> String {
        self.name("dlq")
    }

    /// Where jobs of `class` wait for another try.
    #[must_use]
    pub fn delay_queue(&self, class: JobClass, delay: Delay) -> String {
        self.name(&format!("retry.{}", Self::delay_key(class, delay)))
    }

    /// The routing key of a delay queue.
    pub(crate) fn delay_key(class: JobClass, delay: Delay) -> String {
        format!("{class}.{}", delay.as_str())
    }

    fn name(&self, rest: &str) -> String {
        format!("{}.{rest}", self.namespace)
    }
}

/// How long a delay queue holds a message (RELIABILITY D10).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Delay {
    /// 5 seconds.
    Short,
    /// 30 seconds.
    Medium,
    /// 120 seconds.
    Long,
}

impl Delay {
    /// Every delay, the shortest first.
    pub const ALL: [Self; 3] = [Self::Short, Self::Medium, Self::Long];

    /// The name in queues and routing keys.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Short => "5s",
            Self::Medium => "30s",
            Self::Long => "120s",
        }
    }

    /// The delay without jitter.
    #[must_use]
    pub const fn duration(self) -> Duration {
        Duration::from_secs(match self {
            Self::Short => 5,
            Self::Medium => 30,
            Self::Long => 120,
        })
    }

    /// The delay nearest to `after`; of two equally near the longer.
    #[must_use]
    pub fn nearest(after: Duration) -> Self {
        let [mut best, rest @ ..] = Self::ALL;
        for delay in rest {
            if delay.duration().abs_diff(after) <= best.duration().abs_diff(after) {
                best = delay;
            }
        }
        best
    }

    /// The delay with 20 % of jitter to either side; `random` is from 0 to 1.
    pub(crate) fn jittered(self, random: f64) -> Duration {
        self.duration().mul_f64(0.8 + 0.4 * random.clamp(0.0, 1.0))
    }

    /// The longest that [`Self::jittered`] returns.
    pub(crate) fn longest(self) -> Duration {
        self.jittered(1.0)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn no_delay_is_nearer_than_the_nearest(seconds in 0_u64..100_000, random in 0.0..=1.0) {
            let after = Duration::from_secs(seconds);
            let nearest = Delay::nearest(after);
            for other in Delay::ALL {
                prop_assert!(nearest.duration().abs_diff(after) <= other.duration().abs_diff(after));
            }
            let jittered = nearest.jittered(random).as_secs_f64() / nearest.duration().as_secs_f64();
            prop_assert!((0.799..=1.201).contains(&jittered));
            prop_assert!(nearest.jittered(random) <= nearest.longest());
        }
    }

    #[test]
    fn names_begin_with_the_namespace() {
        let names = Names::new("acme");
        assert_eq!(names.jobs_queue(JobClass::Paid), "acme.jobs.paid");
        assert_eq!(names.delay_queue(JobClass::Free, Delay::Long), "acme.retry.free.120s");
        assert_eq!(names.dead_letter_queue(), "acme.dlq");
    }
}
