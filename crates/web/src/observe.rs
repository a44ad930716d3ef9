use std::time::Instant;

use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{self, HeaderMap, HeaderValue};
use actix_web::http::{ConnectionType, StatusCode};
use actix_web::middleware::Next;
use actix_web::{Error, HttpMessage, web::Data};
use domain::ErrorCode;
use tracing::{Instrument, Span, field};

use crate::hang_up::Connection;
use crate::request_id::{self, RequestId};
use crate::{ApiError, HttpMetrics};

/// The outermost middleware: request id, span, metrics, and the one place where errors become bodies.
///
/// # Errors
/// Those of services that answer with none: handlers' errors arrive as responses and are rendered here.
pub async fn observe(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let started = Instant::now();
    let id = RequestId::accept(request.headers().get(request_id::HEADER).map(HeaderValue::as_bytes));
    request.extensions_mut().insert(id.clone());
    let method = request.method().clone();
    let route = route_of(&request).unwrap_or_else(|| "unmatched".to_owned());
    let problem = wants_problem(request.headers());
    let body = RequestBody::of(&request);
    let connection = request.conn_data::<Connection>().cloned();
    let metrics = request.app_data::<Data<HttpMetrics>>().cloned();
    let span = request_span(&request, method.as_str(), &route, &id);

    let _active = metrics.as_ref().map(|metrics| metrics.enter());
    let outcome = next.call(request).instrument(span.clone()).await?;
    let mut response = render_error(outcome.map_into_boxed_body(), problem, &id);
    finish(&mut response, &id);
    crate::limits::write_headers(&mut response);
    if body.may_remain_after(response.status()) {
        response.response_mut().head_mut().set_connection_type(ConnectionType::Close);
        if let Some(connection) = &connection {
            connection.hang_up();
        }
    }
    let response = match connection {
        Some(connection) => response.map_body(|_, body| connection.watch(body)),
        None => response,
    };
    let status = response.status();
    span.record("http.response.status_code", status.as_u16());
    if status.is_server_error() {
        span.record("error.type", status.as_u16());
    }
    if let Some(metrics) = metrics {
        metrics.observe(method.as_str(), &route, status.as_u16(), started.elapsed());
    }
    Ok(response)
}

/// The pattern of the route that will serve the request. The path is taken as the router takes it, percent-decoded:
/// `/api/%6Fptimize` is served by `/api/optimize`, and must be counted as that.
pub(crate) fn route_of(request: &ServiceRequest) -> Option<String> {
    request.resource_map().match_pattern(request.match_info().as_str())
}

/// How the body of a request is delimited.
#[derive(Clone, Copy, PartialEq, Eq)]
enum RequestBody {
    None,
    Sized,
    Chunked,
}

impl RequestBody {
    fn of(request: &ServiceRequest) -> Self {
        let headers = request.headers();
        if headers.contains_key(header::TRANSFER_ENCODING) {
            Self::Chunked
        } else if headers.get(header::CONTENT_LENGTH).is_some_and(|length| length != "0") {
            Self::Sized
        } else {
            Self::None
        }
    }

    /// Whether bytes of it may still be on the wire after the answer: the connection cannot be used again.
    fn may_remain_after(self, status: StatusCode) -> bool {
        match self {
            Self::None => false,
            Self::Sized => status.as_u16() >= 400,
            Self::Chunked => true,
        }
    }
}

/// The path itself stays out of the span: it may hold a capability.
fn request_span(request: &ServiceRequest, method: &str, route: &str, id: &RequestId) -> Span {
    let span = tracing::info_span!(
        "request",
        otel.name = %format_args!("{method} {route}"),
        otel.kind = "server",
        http.request.method = method,
        http.route = route,
        url.scheme = "http",
        http.response.status_code = field::Empty,
        error.r#type = field::Empty,
        request_id = id.as_str(),
    );
    let context = ["traceparent", "tracestate", "baggage"]
        .into_iter()
        .filter_map(|name| {
            let value = request.headers().get(name)?.to_str().ok()?;
            Some((name.to_owned(), value.to_owned()))
        })
        .collect();
    telemetry::set_parent(&span, &context);
    span
}

/// Turns an error that a handler returned, or a bare error status of the framework, into our body.
fn render_error(response: ServiceResponse, problem: bool, id: &RequestId) -> ServiceResponse {
    if let Some(error) = response.response().error() {
        let rendered = render(error, problem, id);
        return keep_allow(response, rendered);
    }
    let ours = response.headers().contains_key(header::CONTENT_TYPE);
    match framework_error(response.status()) {
        Some(error) if !ours => {
            let rendered = error.render(problem, Some(id.as_str()));
            keep_allow(response, rendered)
        }
        _ => response,
    }
}

fn render(error: &Error, problem: bool, id: &RequestId) -> actix_web::HttpResponse {
    let Some(api) = error.as_error::<ApiError>() else {
        let status = error.as_response_error().status_code();
        let error = framework_error(status)
            .unwrap_or_else(|| ApiError::internal(format!("the framework answered {status}: {error}")));
        return error.render(problem, Some(id.as_str()));
    };
    if crate::status_of(api.code()).is_server_error() {
        tracing::error!(request_id = id.as_str(), error = %api, "request failed");
    }
    // One body for every 401: an id inside it would be the only difference between two causes.
    let shown = (api.code() != ErrorCode::Unauthorized).then_some(id.as_str());
    api.render(problem, shown)
}

/// Our words for the statuses that the framework answers by itself, without a body.
fn framework_error(status: StatusCode) -> Option<ApiError> {
    Some(match status {
        StatusCode::NOT_FOUND => ApiError::not_found(),
        StatusCode::METHOD_NOT_ALLOWED => {
            ApiError::new(ErrorCode::MethodNotAllowed, "This address exists, but not with this method.")
        }
        StatusCode::REQUEST_TIMEOUT => {
            ApiError::new(ErrorCode::RequestTimeout, "The request did not arrive in time.")
        }
        StatusCode::PAYLOAD_TOO_LARGE => {
            ApiError::new(ErrorCode::FileSizeExceeded, "The request body is too large.")
        }
        StatusCode::BAD_REQUEST => {
            ApiError::new(ErrorCode::InvalidRequest, "The request cannot be understood.")
        }
        _ => return None,
    })
}

fn keep_allow(before: ServiceResponse, rendered: actix_web::HttpResponse) -> ServiceResponse {
    let allow = before.headers().get(header::ALLOW).cloned();
    let mut after = before.into_response(rendered);
    if let Some(allow) = allow {
        after.headers_mut().insert(header::ALLOW, allow);
    }
    after
}

fn finish(response: &mut ServiceResponse, id: &RequestId) {
    if let Ok(value) = HeaderValue::from_str(id.as_str()) {
        response.headers_mut().insert(request_id::HEADER, value);
    }
    if !response.headers().contains_key(header::X_CONTENT_TYPE_OPTIONS) {
        let nosniff = HeaderValue::from_static("nosniff");
        response.headers_mut().insert(header::X_CONTENT_TYPE_OPTIONS, nosniff);
    }
}

fn wants_problem(headers: &HeaderMap) -> bool {
    headers
        .get_all(header::ACCEPT)
        .filter_map(|value| value.to_str().ok())
        .any(|value| value.to_ascii_lowercase().contains("application/problem+json"))
}
