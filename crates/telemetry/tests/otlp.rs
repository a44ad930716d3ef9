//! Spans on their way to a collector, through the real set-up of a process.
#![cfg(test)]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::trace::v1::Span;
use prost::Message;
use settings::Reader;
use telemetry::{Config, TelemetryError};

/// Reads one request and answers 200.
fn receive(stream: TcpStream) -> Option<(String, Vec<u8>)> {
    let mut reader = BufReader::new(stream);
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        if reader.read_line(&mut head).ok()? == 0 {
            return None;
        }
    }
    let lower = head.to_lowercase();
    let length = lower.lines().find_map(|line| line.strip_prefix("content-length:"))?.trim().parse().ok()?;
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    reader.get_mut().write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n").ok()?;
    Some((lower, body))
}

fn collector() -> (String, mpsc::Receiver<(String, Vec<u8>)>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let (sender, requests) = mpsc::channel();
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            if let Some(request) = receive(stream) {
                let _ = sender.send(request);
            }
        }
    });
    (url, requests)
}

/// One test, because a process has one telemetry.
#[test]
fn spans_of_one_trace_reach_the_collector_when_the_guard_is_dropped() {
    let (url, requests) = collector();
    let pairs = [
        ("OTEL_EXPORTER_OTLP_ENDPOINT", url.as_str()),
        ("OTEL_RESOURCE_ATTRIBUTES", "deployment.environment.name=test"),
    ];
    let config = Config::read(&mut Reader::from_pairs(pairs));
    let guard = telemetry::init(&config, "gateway", "2.0.0").unwrap();
    assert!(matches!(
        telemetry::init(&config, "worker", "2.0.0"),
        Err(TelemetryError::AlreadyInitialised(_))
    ));

    let headers = tracing::info_span!("publish job", otel.kind = "producer").in_scope(telemetry::inject);
    assert!(headers.contains_key("traceparent"), "{headers:?}");
    let process = tracing::info_span!("process job", otel.kind = "consumer");
    telemetry::set_parent(&process, &headers);
    process.in_scope(|| tracing::info_span!("encode").in_scope(|| tracing::info!("encoded")));
    drop(process);
    let start = Instant::now();
    drop(guard);
    assert!(start.elapsed() < Duration::from_secs(4), "{:?}", start.elapsed());

    let (head, body) = requests.recv_timeout(Duration::from_secs(5)).unwrap();
    assert!(head.starts_with("post /v1/traces ") && head.contains("application/x-protobuf"), "{head}");
    let request = ExportTraceServiceRequest::decode(body.as_slice()).unwrap();
    let resource = request.resource_spans[0].resource.clone().unwrap();
    let keys: Vec<_> = resource.attributes.iter().map(|attribute| attribute.key.as_str()).collect();
    for key in ["service.name", "service.version", "service.instance.id", "deployment.environment.name"] {
        assert!(keys.contains(&key), "{keys:?}");
    }
    let spans: Vec<&Span> =
        request.resource_spans.iter().flat_map(|r| &r.scope_spans).flat_map(|s| &s.spans).collect();
    let find = |name: &str| *spans.iter().find(|span| span.name == name).unwrap();
    let (publish, process, encode) = (find("publish job"), find("process job"), find("encode"));
    assert_eq!(spans.len(), 3);
    assert!(spans.iter().all(|span| span.trace_id == publish.trace_id));
    assert_eq!((&process.parent_span_id, &encode.parent_span_id), (&publish.span_id, &process.span_id));
    assert!(publish.parent_span_id.is_empty());
}
