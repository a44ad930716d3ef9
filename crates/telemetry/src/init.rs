use std::io::IsTerminal;
use std::time::Duration;

use opentelemetry::trace::TracerProvider;
use opentelemetry_sdk::trace::SdkTracerProvider;
use tracing::{Level, Metadata, Subscriber};
use tracing_subscriber::filter::{FilterFn, LevelFilter, Targets, filter_fn};
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::fmt::format::JsonFields;
use tracing_subscriber::layer::{Layer, SubscriberExt};
use tracing_subscriber::util::SubscriberInitExt;

use crate::export::tracer_provider;
use crate::json::JsonLine;
use crate::{Config, LogFormat, TelemetryError};

/// How long the end of a process waits for the collector.
const FLUSH_TIMEOUT: Duration = Duration::from_secs(3);
/// What the exporter itself is made of: to trace it would make every export the cause of the next one.
const EXPORTER_TARGETS: [&str; 5] = ["hyper", "reqwest", "opentelemetry", "h2", "rustls"];

/// Keeps telemetry alive. Dropping it sends the spans that are left and waits for that, 3 s at most; keep
/// it until the end of `main`.
#[derive(Debug)]
pub struct Guard {
    provider: SdkTracerProvider,
}

impl Drop for Guard {
    fn drop(&mut self) {
        if let Err(error) = self.provider.shutdown_with_timeout(FLUSH_TIMEOUT) {
            tracing::warn!(%error, "some spans were not exported");
        }
    }
}

/// Sets up logs and traces for the whole process, once: several roles in one process share them.
/// `service` and `version` name it in traces.
///
/// # Errors
/// [`TelemetryError::AlreadyInitialised`] the second time, [`TelemetryError::Exporter`] if the collector's
/// URL cannot be used. A collector that is away is no error: spans are dropped.
pub fn init(config: &Config, service: &'static str, version: &'static str) -> Result<Guard, TelemetryError> {
    let provider = tracer_provider(config, service, version)?;
    subscriber(config, &provider, std::io::stderr).try_init().map_err(TelemetryError::AlreadyInitialised)?;
    Ok(Guard { provider })
}

fn subscriber<W>(
    config: &Config,
    provider: &SdkTracerProvider,
    writer: W,
) -> impl Subscriber + Send + Sync + use<W>
where
    W: for<'a> MakeWriter<'a> + Send + Sync + 'static,
{
    let traces = tracing_opentelemetry::layer()
        .with_tracer(provider.tracer("optimagio"))
        .with_filter(filter_fn(is_traced).with_max_level_hint(LevelFilter::INFO));
    let lines = tracing_subscriber::fmt::layer().with_writer(writer);
    let lines = match config.log_format {
        LogFormat::Json => lines.fmt_fields(JsonFields::new()).event_format(JsonLine).boxed(),
        LogFormat::Text => lines.with_ansi(std::io::stderr().is_terminal()).boxed(),
    };
    tracing_subscriber::registry().with(traces).with(lines.with_filter(log_filter(config.log_filter.clone())))
}

/// Spans and events up to level INFO, whatever the log filter says.
fn is_traced(metadata: &Metadata<'_>) -> bool {
    *metadata.level() <= Level::INFO
        && !EXPORTER_TARGETS.iter().any(|prefix| metadata.target().starts_with(prefix))
}

/// Events according to the filter; spans up to INFO always, because their fields (`request_id`) belong
/// to the events inside.
fn log_filter(targets: Targets) -> FilterFn<impl Fn(&Metadata<'_>) -> bool> {
    let levels = targets.iter().map(|(_, level)| level).chain(targets.default_level());
    let most = levels.chain([LevelFilter::INFO]).max().unwrap_or(LevelFilter::INFO);
    let enabled = move |metadata: &Metadata<'_>| {
        (metadata.is_span() && *metadata.level() <= Level::INFO)
            || targets.would_enable(metadata.target(), metadata.level())
    };
    filter_fn(enabled).with_max_level_hint(most)
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::sync::{Arc, Mutex};

    use serde_json::Value;
    use settings::Reader;
    use tracing::{debug, error, info, info_span, warn};

    use super::*;

    #[derive(Clone, Default)]
    struct Buffer(Arc<Mutex<Vec<u8>>>);

    impl Write for Buffer {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    fn logged(pairs: &[(&str, &str)], work: impl FnOnce()) -> String {
        let config = Config::read(&mut Reader::from_pairs(pairs.iter().copied()));
        let provider = tracer_provider(&config, "test", "1").unwrap();
        let buffer = Buffer::default();
        let writer = buffer.clone();
        tracing::subscriber::with_default(subscriber(&config, &provider, move || writer.clone()), work);
        let bytes = buffer.0.lock().unwrap().clone();
        String::from_utf8(bytes).unwrap()
    }

    fn lines(pairs: &[(&str, &str)], work: impl FnOnce()) -> Vec<Value> {
        logged(pairs, work).lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    #[test]
    fn a_line_is_json_with_the_identity_of_its_span() {
        let mut header = None;
        let lines = lines(&[], || {
            let request = info_span!("request", request_id = "r-1", otel.kind = "server", tier = "free");
            let _request = request.enter();
            let inner = info_span!("encode", tier = "pro", pixels = tracing::field::Empty);
            let _inner = inner.enter();
            inner.record("pixels", 7);
            header = crate::inject().remove("traceparent");
            let cause = std::io::Error::other("line\n\"two\"");
            error!(bytes = 5_u64, ok = false, error = &cause as &dyn std::error::Error, "it {}", "failed");
        });
        let line = &lines[0];
        assert_eq!(
            (&line["level"], &line["message"], &line["span"]),
            (&"ERROR".into(), &"it failed".into(), &"encode".into())
        );
        assert_eq!(line["request_id"], "r-1");
        assert_eq!(line["target"], "telemetry::init::tests");
        let expected = serde_json::json!(
            {"tier": "pro", "pixels": 7, "bytes": 5, "ok": false, "error": "line\n\"two\""});
        assert_eq!(line["fields"], expected);
        let identity =
            format!("{}-{}", line["trace_id"].as_str().unwrap(), line["span_id"].as_str().unwrap());
        assert_eq!(header.unwrap(), format!("00-{identity}-01"));
        assert!(line["timestamp"].as_str().unwrap().ends_with('Z'));
    }

    #[test]
    fn outside_of_a_span_there_is_no_identity() {
        let lines = lines(&[], || {
            assert!(crate::inject().is_empty());
            info!("hello");
        });
        let mut names: Vec<_> = lines[0].as_object().unwrap().keys().map(String::as_str).collect();
        names.sort_unstable();
        assert_eq!(names, ["level", "message", "target", "timestamp"]);
    }

    #[test]
    fn the_filter_drops_events_but_keeps_what_spans_say_about_the_others() {
        let lines = lines(&[("LOG_FILTER", "warn,loud=debug")], || {
            let _request = info_span!("request", request_id = "r-1").entered();
            info!("dropped");
            debug!(target: "loud", "kept");
            warn!("kept");
        });
        assert_eq!(lines.len(), 2);
        assert!(lines.iter().all(|line| line["message"] == "kept" && line["request_id"] == "r-1"));
        assert!(lines.iter().all(|line| line["trace_id"].is_string()));
    }

    #[test]
    fn text_is_for_people() {
        let text = logged(&[("LOG_FORMAT", "text")], || info!(jobs = 3, "ready"));
        assert!(text.contains("ready jobs=3") && text.contains(" INFO "), "{text}");
        assert!(!text.contains('\u{1b}') && !text.starts_with('{'), "{text}");
    }

    #[test]
    fn malformed_and_missing_parents_leave_a_root() {
        let parents = ["", "00-0-0-01", "00-00000000000000000000000000000000-0000000000000000-01", "x"];
        let lines = lines(&[], || {
            for parent in parents {
                let span = info_span!("job");
                crate::set_parent(&span, &[("traceparent".to_owned(), parent.to_owned())].into());
                span.in_scope(|| info!("root"));
            }
        });
        let mut traces: Vec<_> = lines.iter().map(|line| line["trace_id"].to_string()).collect();
        traces.sort();
        traces.dedup();
        assert_eq!(traces.len(), parents.len());
    }
}
