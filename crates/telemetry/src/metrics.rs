use prometheus::core::Collector;
use prometheus::{
    Histogram, HistogramOpts, HistogramVec, IntCounter, IntCounterVec, IntGauge, IntGaugeVec, Opts, Registry,
    TextEncoder,
};

use crate::TelemetryError;

/// Put before the name of every metric of ours. Metrics of the process keep the names that all
/// dashboards know: `process_resident_memory_bytes`, `process_cpu_seconds_total`, `process_open_fds`.
pub const PREFIX: &str = "imgopt_";

/// Buckets of durations in seconds: those of `http.server.request.duration` in the OpenTelemetry semantic
/// conventions, and three more for encodes that take long.
pub const DURATION_BUCKETS: [f64; 17] =
    [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0, 30.0, 60.0, 120.0];

/// The metrics of one process. Clones share one registry; it is passed to whoever counts something, and
/// there is no global one.
///
/// Names are given without [`PREFIX`], in base units, with `_total`, `_seconds`, `_bytes` or `_ratio` at
/// the end. Labels have few values: a route's template, never an account, a key, a URL or an image. A
/// labelled metric appears when a label value is first used: touch those that matter at the start.
#[derive(Debug, Clone)]
pub struct Metrics {
    registry: Registry,
}

impl Metrics {
    /// A registry with `imgopt_build_info{service,version}` and the metrics of this process.
    ///
    /// # Errors
    /// [`TelemetryError::Metric`] never, as long as the tests pass; the same holds for all that follows
    /// unless a name or a label is invalid or used twice.
    pub fn new(service: &str, version: &str) -> Result<Self, TelemetryError> {
        let metrics = Self { registry: Registry::new() };
        let labels = &["service", "version"];
        metrics
            .gauges("build_info", "Always 1; the labels say what runs", labels)?
            .with_label_values(&[service, version])
            .set(1);
        #[cfg(target_os = "linux")]
        metrics.registry.register(Box::new(prometheus::process_collector::ProcessCollector::for_self()))?;
        Ok(metrics)
    }

    /// The registry, for collectors of others.
    #[must_use]
    pub fn registry(&self) -> &Registry {
        &self.registry
    }

    /// All metrics in the Prometheus text format.
    #[must_use]
    pub fn render(&self) -> String {
        render(&self.registry)
    }

    /// A counter that starts at 0.
    ///
    /// # Errors
    /// [`TelemetryError::Metric`], see [`Metrics::new`].
    pub fn counter(&self, name: &str, help: &str) -> Result<IntCounter, TelemetryError> {
        self.register(IntCounter::with_opts(opts(name, help))?)
    }

    /// Counters, one for each combination of label values.
    ///
    /// # Errors
    /// [`TelemetryError::Metric`], see [`Metrics::new`].
    pub fn counters(&self, name: &str, help: &str, labels: &[&str]) -> Result<IntCounterVec, TelemetryError> {
        self.register(IntCounterVec::new(opts(name, help), labels)?)
    }

    /// A gauge that starts at 0.
    ///
    /// # Errors
    /// [`TelemetryError::Metric`], see [`Metrics::new`].
    pub fn gauge(&self, name: &str, help: &str) -> Result<IntGauge, TelemetryError> {
        self.register(IntGauge::with_opts(opts(name, help))?)
    }

    /// Gauges, one for each combination of label values.
    ///
    /// # Errors
    /// [`TelemetryError::Metric`], see [`Metrics::new`].
    pub fn gauges(&self, name: &str, help: &str, labels: &[&str]) -> Result<IntGaugeVec, TelemetryError> {
        self.register(IntGaugeVec::new(opts(name, help), labels)?)
    }

    /// A histogram with the given upper bounds, in rising order.
    ///
    /// # Errors
    /// [`TelemetryError::Metric`], see [`Metrics::new`].
    pub fn histogram(&self, name: &str, help: &str, buckets: &[f64]) -> Result<Histogram, TelemetryError> {
        self.register(Histogram::with_opts(histogram_opts(name, help, buckets))?)
    }

    /// Histograms, one for each combination of label values, with the given upper bounds.
    ///
    /// # Errors
    /// [`TelemetryError::Metric`], see [`Metrics::new`].
    pub fn histograms(
        &self,
        name: &str,
        help: &str,
        labels: &[&str],
        buckets: &[f64],
    ) -> Result<HistogramVec, TelemetryError> {
        self.register(HistogramVec::new(histogram_opts(name, help, buckets), labels)?)
    }

    fn register<C: Collector + Clone + 'static>(&self, metric: C) -> Result<C, TelemetryError> {
        self.registry.register(Box::new(metric.clone()))?;
        Ok(metric)
    }
}

/// Everything in `registry` in the Prometheus text format (`text/plain; version=0.0.4`).
#[must_use]
pub fn render(registry: &Registry) -> String {
    TextEncoder::new().encode_to_string(&registry.gather()).unwrap_or_else(|error| {
        tracing::error!(%error, "the metrics cannot be rendered");
        String::new()
    })
}

fn opts(name: &str, help: &str) -> Opts {
    Opts::new(format!("{PREFIX}{name}"), help)
}

fn histogram_opts(name: &str, help: &str, buckets: &[f64]) -> HistogramOpts {
    HistogramOpts::new(format!("{PREFIX}{name}"), help).buckets(buckets.to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(text: &str, name: &str) -> Option<f64> {
        text.lines().find_map(|line| line.strip_prefix(name)?.trim().parse().ok())
    }

    #[test]
    fn what_is_counted_is_rendered() {
        let metrics = Metrics::new("gateway", "2.0.0").unwrap();
        metrics.counter("jobs_total", "Jobs").unwrap().inc_by(3);
        metrics
            .counters("rate_limited_total", "Refused", &["layer"])
            .unwrap()
            .with_label_values(&["key"])
            .inc();
        metrics.gauge("queue_depth", "Waiting").unwrap().set(-2);
        let durations =
            metrics.histograms("encode_duration_seconds", "Encodes", &["format"], &[0.1, 1.0]).unwrap();
        durations.with_label_values(&["avif"]).observe(0.5);
        metrics.histogram("wait_seconds", "Waits", &DURATION_BUCKETS).unwrap().observe(100.0);
        let text = metrics.clone().render();
        assert_eq!(value(&text, "imgopt_jobs_total"), Some(3.0), "{text}");
        assert_eq!(value(&text, "imgopt_rate_limited_total{layer=\"key\"}"), Some(1.0));
        assert_eq!(value(&text, "imgopt_queue_depth"), Some(-2.0));
        assert_eq!(
            value(&text, "imgopt_encode_duration_seconds_bucket{format=\"avif\",le=\"0.1\"}"),
            Some(0.0)
        );
        assert_eq!(
            value(&text, "imgopt_encode_duration_seconds_bucket{format=\"avif\",le=\"1\"}"),
            Some(1.0)
        );
        assert_eq!(value(&text, "imgopt_wait_seconds_bucket{le=\"120\"}"), Some(1.0));
        assert_eq!(value(&text, "imgopt_build_info{service=\"gateway\",version=\"2.0.0\"}"), Some(1.0));
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn the_process_is_measured_at_every_scrape() {
        let metrics = Metrics::new("gateway", "2.0.0").unwrap();
        let text = metrics.render();
        assert!(value(&text, "process_resident_memory_bytes").unwrap() > 1e6, "{text}");
        assert!(value(&text, "process_cpu_seconds_total").is_some());
        let before = value(&text, "process_open_fds").unwrap();
        let files: Vec<_> = (0..20).map(|_| std::fs::File::open("/dev/null").unwrap()).collect();
        let after = value(&metrics.render(), "process_open_fds").unwrap();
        assert!(after >= before + 10.0, "{before} and {after} with {} files", files.len());
    }

    #[test]
    fn a_name_is_used_once() {
        let metrics = Metrics::new("gateway", "2.0.0").unwrap();
        metrics.counter("jobs_total", "Jobs").unwrap();
        assert!(matches!(metrics.counter("jobs_total", "Jobs"), Err(TelemetryError::Metric(_))));
        assert!(metrics.counter("not a name", "Jobs").is_err());
    }
}
