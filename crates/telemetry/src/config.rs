use std::fmt;
use std::str::FromStr;

use settings::Reader;
use tracing_subscriber::filter::Targets;

/// How log lines look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    /// One JSON object a line, for collectors.
    Json,
    /// For people.
    Text,
}

impl fmt::Display for LogFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Json => "json",
            Self::Text => "text",
        })
    }
}

impl FromStr for LogFormat {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "json" => Ok(Self::Json),
            "text" => Ok(Self::Text),
            _ => Err(format!("must be json or text, not {text:?}")),
        }
    }
}

/// Settings of logs and traces. The OTEL variables are those of the OpenTelemetry specification; they are
/// read here and passed on, so that `.env.sample` can list them.
#[derive(Debug, Clone)]
pub struct Config {
    /// Which events are logged: `info` or `info,limiter=debug`.
    pub log_filter: Targets,
    /// How log lines look.
    pub log_format: LogFormat,
    /// Base URL of an OTLP collector (HTTP, protobuf); without one no traces are exported.
    pub otlp_endpoint: Option<String>,
    /// Instead of the service's own name.
    pub service_name: Option<String>,
    /// Share of traces that are recorded where the caller has not decided, 0 to 1.
    pub sample_ratio: f64,
    /// Further attributes of the resource.
    pub resource_attributes: Vec<(String, String)>,
}

impl Config {
    /// Reads `LOG_FILTER`, `LOG_FORMAT` and the `OTEL_*` variables.
    pub fn read(reader: &mut Reader) -> Self {
        Self {
            log_filter: log_filter(reader),
            log_format: reader.or("LOG_FORMAT", LogFormat::Json, "Form of log lines: json or text"),
            otlp_endpoint: otlp_endpoint(reader),
            service_name: reader.optional("OTEL_SERVICE_NAME", "Name of the service in traces"),
            sample_ratio: sample_ratio(reader),
            resource_attributes: resource_attributes(reader),
        }
    }
}

fn log_filter(reader: &mut Reader) -> Targets {
    let text = reader.or(
        "LOG_FILTER",
        // lapin logs as errors what `bus` handles and logs itself, actix what clients do wrong.
        "info,lapin=off,actix_http=off,actix_server=warn".to_owned(),
        "Which events are logged: a level, then target=level pairs, for example info,limiter=debug",
    );
    text.parse().unwrap_or_else(|error| {
        reader.fail("LOG_FILTER", format!("must be like info,limiter=debug: {error}"));
        Targets::new()
    })
}

fn otlp_endpoint(reader: &mut Reader) -> Option<String> {
    let endpoint: Option<String> = reader.optional(
        "OTEL_EXPORTER_OTLP_ENDPOINT",
        "Base URL of an OTLP collector (http, protobuf), for example http://localhost:4318; empty: no traces",
    );
    // The exporter is built without TLS: a collector is a neighbour that forwards.
    if endpoint.as_ref().is_some_and(|url| !url.starts_with("http://")) {
        reader.fail("OTEL_EXPORTER_OTLP_ENDPOINT", "must be a URL that begins with http://");
    }
    endpoint
}

fn sample_ratio(reader: &mut Reader) -> f64 {
    let ratio = reader.or(
        "OTEL_TRACES_SAMPLER_ARG",
        1.0,
        "Share of traces that are recorded, 0 to 1, unless the caller decided",
    );
    if !(0.0..=1.0).contains(&ratio) {
        reader.fail("OTEL_TRACES_SAMPLER_ARG", "must be from 0 to 1");
    }
    ratio
}

fn resource_attributes(reader: &mut Reader) -> Vec<(String, String)> {
    let text: Option<String> = reader.optional(
        "OTEL_RESOURCE_ATTRIBUTES",
        "Attributes of this process in traces, key=value separated by commas",
    );
    let text = text.unwrap_or_default();
    let parts = text.split(',').map(str::trim).filter(|part| !part.is_empty());
    let pairs = parts.map(|part| {
        let (key, value) = part.split_once('=')?;
        Some((key.trim().to_owned(), value.trim().to_owned())).filter(|(key, _)| !key.is_empty())
    });
    pairs.collect::<Option<_>>().unwrap_or_else(|| {
        reader.fail("OTEL_RESOURCE_ATTRIBUTES", "must be key=value pairs separated by commas");
        Vec::new()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_mistake_is_named() {
        let mut reader = Reader::from_pairs([
            ("LOG_FILTER", "info,limiter=loud"),
            ("LOG_FORMAT", "xml"),
            ("OTEL_EXPORTER_OTLP_ENDPOINT", "localhost:4318"),
            ("OTEL_TRACES_SAMPLER_ARG", "NaN"),
            ("OTEL_RESOURCE_ATTRIBUTES", "a=1,=2"),
        ]);
        Config::read(&mut reader);
        let mut names: Vec<_> = reader.finish().unwrap_err().0.into_iter().map(|error| error.name).collect();
        names.sort_unstable();
        assert_eq!(
            names,
            [
                "LOG_FILTER",
                "LOG_FORMAT",
                "OTEL_EXPORTER_OTLP_ENDPOINT",
                "OTEL_RESOURCE_ATTRIBUTES",
                "OTEL_TRACES_SAMPLER_ARG"
            ]
        );
    }

    #[test]
    fn the_defaults_log_json_and_export_nothing() {
        let mut reader = Reader::from_pairs([("OTEL_RESOURCE_ATTRIBUTES", "k8s.pod.name=a, b=c=d,")]);
        let config = Config::read(&mut reader);
        assert!(reader.finish().is_ok());
        assert_eq!((config.log_format, config.otlp_endpoint), (LogFormat::Json, None));
        let expected = [("k8s.pod.name", "a"), ("b", "c=d")].map(|(k, v)| (k.to_owned(), v.to_owned()));
        assert_eq!(config.resource_attributes, expected);
    }
}
