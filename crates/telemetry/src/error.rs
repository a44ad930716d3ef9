/// What can go wrong when telemetry is set up.
#[derive(Debug, thiserror::Error)]
pub enum TelemetryError {
    /// [`crate::init`] was called before, or something else has set up logging in this process.
    #[error("logging is already set up in this process")]
    AlreadyInitialised(#[source] tracing_subscriber::util::TryInitError),
    /// The exporter of traces cannot be built.
    #[error("the OTLP exporter cannot be built: {0}")]
    Exporter(#[from] opentelemetry_otlp::ExporterBuildError),
    /// A metric has an invalid name, or was registered before.
    #[error("a metric cannot be registered: {0}")]
    Metric(#[from] prometheus::Error),
}
