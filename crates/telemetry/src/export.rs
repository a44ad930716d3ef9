use std::time::Duration;

use opentelemetry::KeyValue;
use opentelemetry_otlp::{Protocol, SpanExporter, WithExportConfig};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::{Sampler, SdkTracerProvider};

use crate::{Config, TelemetryError};

/// How long one request to the collector may take.
const EXPORT_TIMEOUT: Duration = Duration::from_secs(3);

/// Where spans go: to the collector in batches, on a thread of their own, or nowhere. Also without a
/// collector every span has an identity, for logs and for the services behind this one.
pub(crate) fn tracer_provider(
    config: &Config,
    service: &'static str,
    version: &'static str,
) -> Result<SdkTracerProvider, TelemetryError> {
    let ratio = Sampler::TraceIdRatioBased(config.sample_ratio);
    let provider = SdkTracerProvider::builder()
        .with_sampler(Sampler::ParentBased(Box::new(ratio)))
        .with_resource(resource(config, service, version));
    let Some(endpoint) = &config.otlp_endpoint else { return Ok(provider.build()) };
    let exporter = SpanExporter::builder()
        .with_http()
        .with_protocol(Protocol::HttpBinary)
        .with_endpoint(format!("{}/v1/traces", endpoint.trim_end_matches('/')))
        .with_timeout(EXPORT_TIMEOUT)
        .build()?;
    Ok(provider.with_batch_exporter(exporter).build())
}

/// Not the library's default resource, which reads the environment.
fn resource(config: &Config, service: &'static str, version: &'static str) -> Resource {
    let name = config.service_name.clone().unwrap_or_else(|| service.to_owned());
    let given =
        config.resource_attributes.iter().map(|(key, value)| KeyValue::new(key.clone(), value.clone()));
    Resource::builder_empty()
        .with_attribute(KeyValue::new("service.instance.id", uuid::Uuid::new_v4().to_string()))
        .with_attributes(given)
        .with_attribute(KeyValue::new("service.version", version))
        .with_service_name(name)
        .build()
}
