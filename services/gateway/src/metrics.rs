use prometheus::{IntCounter, IntGauge, Registry};

/// The gateway's own metrics; those of HTTP are in `web`.
#[derive(Clone)]
pub struct GatewayMetrics {
    /// Jobs accepted.
    pub accepted: IntCounter,
    /// Requests answered from an earlier result.
    pub cached: IntCounter,
    /// Messages published by the relay because the first publish failed.
    pub relayed: IntCounter,
    /// Jobs for which a lost message was written again.
    pub republished: IntCounter,
    /// Jobs that waited for credits and were queued.
    pub resumed: IntCounter,
    /// Jobs waiting in the queues.
    pub queue_depth: IntGauge,
}

impl GatewayMetrics {
    /// Registers the metrics, each at 0.
    ///
    /// # Errors
    /// If the registry holds them already.
    pub fn register(registry: &Registry) -> Result<Self, prometheus::Error> {
        let counter = |name: &str, help: &str| -> Result<IntCounter, prometheus::Error> {
            let counter = IntCounter::new(name, help)?;
            registry.register(Box::new(counter.clone()))?;
            Ok(counter)
        };
        let queue_depth = IntGauge::new("imgopt_queue_depth", "Jobs waiting in the queues.")?;
        registry.register(Box::new(queue_depth.clone()))?;
        Ok(Self {
            accepted: counter("imgopt_jobs_accepted_total", "Jobs accepted.")?,
            cached: counter("imgopt_cache_hits_total", "Requests answered from an earlier result.")?,
            relayed: counter("imgopt_outbox_relayed_total", "Messages published by the relay.")?,
            republished: counter(
                "imgopt_jobs_republished_total",
                "Jobs whose lost message was written again.",
            )?,
            resumed: counter("imgopt_jobs_resumed_total", "Jobs that waited for credits and were queued.")?,
            queue_depth,
        })
    }
}
