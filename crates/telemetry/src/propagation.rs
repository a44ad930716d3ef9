use std::collections::BTreeMap;

use opentelemetry::propagation::{Extractor, Injector, TextMapPropagator};
use opentelemetry_sdk::propagation::TraceContextPropagator;
use tracing::Span;
use tracing_opentelemetry::OpenTelemetrySpanExt;

struct Headers<'a>(&'a BTreeMap<String, String>);

impl Extractor for Headers<'_> {
    fn get(&self, key: &str) -> Option<&str> {
        self.0.get(key).map(String::as_str)
    }

    fn keys(&self) -> Vec<&str> {
        self.0.keys().map(String::as_str).collect()
    }
}

struct HeadersMut<'a>(&'a mut BTreeMap<String, String>);

impl Injector for HeadersMut<'_> {
    fn set(&mut self, key: &str, value: String) {
        self.0.insert(key.to_owned(), value);
    }
}

/// The current span as `traceparent` and `tracestate` (W3C Trace Context), for the headers of a message.
/// Empty outside of any span.
#[must_use]
pub fn inject() -> BTreeMap<String, String> {
    let mut headers = BTreeMap::new();
    TraceContextPropagator::new().inject_context(&Span::current().context(), &mut HeadersMut(&mut headers));
    headers.retain(|_, value| !value.is_empty());
    headers
}

/// Makes `span` a child of the span that [`inject`] wrote into `headers` (names in lower case). Call it
/// before the span is entered; missing or malformed headers leave the span a root.
pub fn set_parent(span: &Span, headers: &BTreeMap<String, String>) {
    let context = TraceContextPropagator::new().extract(&Headers(headers));
    if span.set_parent(context).is_err() {
        tracing::debug!("the span has begun or is disabled: it keeps its parent");
    }
}
