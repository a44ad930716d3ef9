use std::time::Duration;

use prometheus::{Gauge, Histogram, HistogramOpts, HistogramVec, IntCounter, IntCounterVec, Opts, Registry};

/// Buckets in seconds from a thumbnail to the wall-clock limit of a child.
const BUCKETS: [f64; 11] = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 20.0];
/// Every way a delivery can end; each is created at 0.
const OUTCOMES: [&str; 6] = ["completed", "failed", "fenced", "duplicate", "retried", "exhausted"];

/// The worker's metrics. Labels are bounded.
#[derive(Clone)]
pub struct WorkerMetrics {
    jobs: IntCounterVec,
    encode: HistogramVec,
    queue_wait: Histogram,
    saved: IntCounter,
    /// Busy slots over all slots.
    pub busy_ratio: Gauge,
}

impl WorkerMetrics {
    /// Registers the metrics.
    ///
    /// # Errors
    /// If the registry holds them already.
    pub fn register(registry: &Registry) -> Result<Self, prometheus::Error> {
        let jobs =
            IntCounterVec::new(Opts::new("imgopt_jobs_total", "Deliveries by outcome."), &["outcome"])?;
        for outcome in OUTCOMES {
            jobs.with_label_values(&[outcome]).reset();
        }
        let encode = HistogramVec::new(
            HistogramOpts::new("imgopt_encode_duration_seconds", "Time in the codec.")
                .buckets(BUCKETS.to_vec()),
            &["format"],
        )?;
        let queue_wait = Histogram::with_opts(
            HistogramOpts::new("imgopt_queue_wait_seconds", "Age of a job when its work began.")
                .buckets(BUCKETS.to_vec()),
        )?;
        let saved = IntCounter::new("imgopt_saved_bytes_total", "Source bytes minus result bytes.")?;
        let busy_ratio = Gauge::new("imgopt_worker_busy_ratio", "Busy slots over all slots.")?;
        registry.register(Box::new(jobs.clone()))?;
        registry.register(Box::new(encode.clone()))?;
        registry.register(Box::new(queue_wait.clone()))?;
        registry.register(Box::new(saved.clone()))?;
        registry.register(Box::new(busy_ratio.clone()))?;
        Ok(Self { jobs, encode, queue_wait, saved, busy_ratio })
    }

    pub(crate) fn ended(&self, outcome: &str) {
        self.jobs.with_label_values(&[outcome]).inc();
    }

    pub(crate) fn encoded(&self, format: &str, codec: Duration, queued: Duration, saved_bytes: u64) {
        self.encode.with_label_values(&[format]).observe(codec.as_secs_f64());
        self.queue_wait.observe(queued.as_secs_f64());
        self.saved.inc_by(saved_bytes);
    }
}
