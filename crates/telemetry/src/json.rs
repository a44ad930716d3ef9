use std::error::Error;
use std::fmt::{self, Debug};

use opentelemetry::Context as OtelContext;
use opentelemetry::trace::TraceContextExt;
use serde_json::{Map, Value};
use tracing::field::{Field, Visit};
use tracing::{Event, Subscriber};
use tracing_subscriber::fmt::format::{JsonFields, Writer};
use tracing_subscriber::fmt::time::{FormatTime, SystemTime};
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormattedFields};
use tracing_subscriber::registry::LookupSpan;

/// One event as one line of JSON: `timestamp`, `level`, `target`, `message`, `trace_id`, `span_id`,
/// `request_id`, `span` (name of the innermost span) and `fields` (those of all spans around the event,
/// inner over outer, and its own).
///
/// Own code beside the library's JSON format, because that one knows nothing of traces.
#[derive(Debug)]
pub(crate) struct JsonLine;

impl<S> FormatEvent<S, JsonFields> for JsonLine
where
    S: Subscriber + for<'a> LookupSpan<'a>,
{
    fn format_event(
        &self,
        context: &FmtContext<'_, S, JsonFields>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        let mut fields = span_fields(context);
        event.record(&mut Collect(&mut fields));
        let mut line = Map::new();
        let mut put = |name: &str, value: Option<Value>| {
            if let Some(value) = value {
                line.insert(name.to_owned(), value);
            }
        };
        put("timestamp", Some(timestamp()?.into()));
        put("level", Some(event.metadata().level().as_str().into()));
        put("target", Some(target(event, &mut fields)));
        put("message", fields.remove("message"));
        put("span", context.lookup_current().map(|span| span.name().into()));
        put("request_id", fields.remove("request_id"));
        let otel = OtelContext::current();
        let identity = otel.span().span_context().clone();
        if identity.is_valid() {
            put("trace_id", Some(identity.trace_id().to_string().into()));
            put("span_id", Some(identity.span_id().to_string().into()));
        }
        fields.retain(|name, _| !name.starts_with("otel.") && !name.starts_with("log."));
        put("fields", Some(Value::Object(fields)).filter(|fields| fields != &Value::Object(Map::new())));
        writeln!(writer, "{}", Value::Object(line))
    }
}

fn timestamp() -> Result<String, fmt::Error> {
    let mut text = String::new();
    SystemTime.format_time(&mut Writer::new(&mut text))?;
    Ok(text)
}

/// Events of the `log` crate carry their real target in a field.
fn target(event: &Event<'_>, fields: &mut Map<String, Value>) -> Value {
    fields.remove("log.target").unwrap_or_else(|| event.metadata().target().into())
}

fn span_fields<S>(context: &FmtContext<'_, S, JsonFields>) -> Map<String, Value>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
{
    let mut fields = Map::new();
    for span in context.event_scope().into_iter().flat_map(|scope| scope.from_root()) {
        let extensions = span.extensions();
        let text = extensions.get::<FormattedFields<JsonFields>>();
        if let Some(Ok(own)) = text.map(|text| serde_json::from_str::<Map<_, _>>(&text.fields)) {
            fields.extend(own);
        }
    }
    fields
}

struct Collect<'a>(&'a mut Map<String, Value>);

impl Collect<'_> {
    fn put(&mut self, field: &Field, value: impl Into<Value>) {
        self.0.insert(field.name().trim_start_matches("r#").to_owned(), value.into());
    }
}

impl Visit for Collect<'_> {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.put(field, format!("{value:?}"));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.put(field, value);
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.put(field, value);
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.put(field, value);
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        self.put(field, value);
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.put(field, value);
    }

    fn record_error(&mut self, field: &Field, value: &(dyn Error + 'static)) {
        let causes = std::iter::successors(Some(value), |&error| error.source());
        self.put(field, causes.map(ToString::to_string).collect::<Vec<_>>().join(": "));
    }
}
