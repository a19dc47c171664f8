//! What is counted and measured, and `/metrics` in the format of Prometheus (OpenMetrics text 1.0).

use axum::Router;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use http::{Method, StatusCode, header};
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::{Registry, Unit};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// Every measure of the server. Labels never carry anything that a client can choose: no user, address or tenant.
#[derive(Debug)]
pub struct Metrics {
    registry: Mutex<Registry>,
    requests: Family<RequestLabels, Histogram>,
    ingest_events: Family<IngestLabels, Counter>,
    rows_served: Counter,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RequestLabels {
    method: &'static str,
    route: String,
    status: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct IngestLabels {
    source_kind: &'static str,
    result: &'static str,
}

/// Seconds; from a page out of the cache to an export's first byte.
const REQUEST_BUCKETS: [f64; 14] = [
    0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0,
];

impl Metrics {
    /// The measures, all zero.
    pub fn new() -> Arc<Metrics> {
        let mut registry = Registry::default();
        let requests = Family::new_with_constructor(request_histogram as fn() -> Histogram);
        registry.register_with_unit(
            "http_server_request_duration",
            "Time from a request's head to the end of its answer",
            Unit::Seconds,
            requests.clone(),
        );
        let ingest_events = Family::default();
        registry.register(
            "gatelog_ingest_events",
            "Records received, by what became of them",
            ingest_events.clone(),
        );
        let rows_served = Counter::default();
        registry.register(
            "gatelog_rows_served",
            "Rows of reports answered",
            rows_served.clone(),
        );
        registry.register(
            "gatelog_build",
            "The program that answers",
            Info::new(vec![("version", env!("CARGO_PKG_VERSION"))]),
        );
        Arc::new(Metrics {
            registry: Mutex::new(registry),
            requests,
            ingest_events,
            rows_served,
        })
    }

    /// Counts records of a kind of source (`http`, `import`) by result (`new`, `known`, `rejected`, …).
    pub fn count_ingested(&self, source_kind: &'static str, result: &'static str, records: u64) {
        self.ingest_events
            .get_or_create(&IngestLabels { source_kind, result })
            .inc_by(records);
    }

    /// Counts rows that were answered.
    pub fn count_rows_served(&self, rows: u64) {
        self.rows_served.inc_by(rows);
    }

    /// A gauge that somebody else sets, such as `gatelog_store_partitions_open`.
    pub fn gauge(&self, name: &'static str, help: &'static str) -> Gauge {
        let gauge = Gauge::default();
        self.registry
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .register(name, help, gauge.clone());
        gauge
    }

    /// A request that was answered. The route is the router's template, never the path.
    pub(crate) fn observe_request(
        &self,
        method: &Method,
        route: Option<&str>,
        status: StatusCode,
        span: Duration,
    ) {
        let labels = RequestLabels {
            method: method_label(method),
            route: route.unwrap_or("unmatched").to_owned(),
            status: status_class(status),
        };
        self.requests.get_or_create(&labels).observe(span.as_secs_f64());
    }

    /// Everything as text.
    pub fn render(&self) -> Result<String, std::fmt::Error> {
        let mut text = String::new();
        encode(
            &mut text,
            &self.registry.lock().unwrap_or_else(PoisonError::into_inner),
        )?;
        Ok(text)
    }
}

/// `/metrics`, for the admin listener.
pub fn routes(metrics: Arc<Metrics>) -> Router {
    Router::new().route("/metrics", get(answer)).with_state(metrics)
}

async fn answer(State(metrics): State<Arc<Metrics>>) -> Response {
    match metrics.render() {
        Ok(text) => {
            let content_type = "application/openmetrics-text; version=1.0.0; charset=utf-8";
            ([(header::CONTENT_TYPE, content_type)], text).into_response()
        }
        Err(error) => {
            tracing::error!("cannot write the metrics: {error}");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}

fn request_histogram() -> Histogram {
    Histogram::new(REQUEST_BUCKETS)
}

/// A client may invent methods; each would be a series of its own.
fn method_label(method: &Method) -> &'static str {
    match method.as_str() {
        "GET" => "GET",
        "HEAD" => "HEAD",
        "POST" => "POST",
        "PUT" => "PUT",
        "PATCH" => "PATCH",
        "DELETE" => "DELETE",
        "OPTIONS" => "OPTIONS",
        _ => "other",
    }
}

fn status_class(status: StatusCode) -> &'static str {
    match status.as_u16() / 100 {
        1 => "1xx",
        2 => "2xx",
        3 => "3xx",
        4 => "4xx",
        _ => "5xx",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(expected: &str) {
        let metrics = Metrics::new();
        metrics.observe_request(
            &Method::GET,
            Some("/{tenant}/reports"),
            StatusCode::OK,
            Duration::from_millis(3),
        );
        metrics.observe_request(
            &Method::from_bytes(b"HACK").unwrap(),
            None,
            StatusCode::NOT_FOUND,
            Duration::ZERO,
        );
        metrics.count_ingested("http", "new", 3);
        metrics.count_ingested("http", "new", 4);
        metrics.count_rows_served(1000);
        metrics
            .gauge("gatelog_store_partitions_open", "Partitions that are open")
            .set(5);
        let text = metrics.render().unwrap();
        assert!(
            text.lines().any(|line| line == expected),
            "no `{expected}` in\n{text}"
        );
    }

    #[test]
    fn requests_are_measured_by_route_template_and_class_of_status() {
        check(
            r#"http_server_request_duration_seconds_count{method="GET",route="/{tenant}/reports",status="2xx"} 1"#,
        );
        check(
            r#"http_server_request_duration_seconds_bucket{le="0.0025",method="GET",route="/{tenant}/reports",status="2xx"} 0"#,
        );
        check(
            r#"http_server_request_duration_seconds_bucket{le="0.005",method="GET",route="/{tenant}/reports",status="2xx"} 1"#,
        );
    }

    #[test]
    fn invented_methods_and_paths_make_no_series_of_their_own() {
        check(
            r#"http_server_request_duration_seconds_count{method="other",route="unmatched",status="4xx"} 1"#,
        );
    }

    #[test]
    fn counters_gauges_and_the_build_have_the_names_of_the_documentation() {
        check(r#"gatelog_ingest_events_total{source_kind="http",result="new"} 7"#);
        check("gatelog_rows_served_total 1000");
        check("gatelog_store_partitions_open 5");
        check(concat!(
            "gatelog_build_info{version=\"",
            env!("CARGO_PKG_VERSION"),
            "\"} 1"
        ));
        check("# EOF");
    }
}
