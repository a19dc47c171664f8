//! What is counted and measured, and `/metrics` in the format of Prometheus (OpenMetrics text 1.0).

use crate::detection::DetectionMetrics;
use crate::ledger::gaps::KINDS;
use crate::ledger::measures::{SourceMeasure, SourceMetrics};
use axum::Router;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use http::{Method, StatusCode, header};
use model::batch::Counts;
use model::time::Timestamp;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::{Metric, Registry, Unit};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// Every measure of the server. Labels never carry anything that a client can choose, no user or address; what
/// sources are called is chosen by whoever may bring records, and bounded.
#[derive(Debug)]
pub struct Metrics {
    registry: Mutex<Registry>,
    requests: Family<RequestLabels, Histogram>,
    ingest_events: Family<IngestLabels, Counter>,
    ingest_duplicates: Counter,
    last_success: Family<SourceLabels, Gauge>,
    lag: Family<SourceLabels, Gauge>,
    open_gaps: Family<GapLabels, Gauge>,
    detection: DetectionMetrics,
    gap_seconds: Gauge,
    sources: Arc<SourceMetrics>,
    rows_served: Counter,
    freed_months: Counter,
    password_verifications: Counter,
    issuer_answers: Family<IssuerLabels, Counter>,
    last_backup: Gauge,
    last_reload_succeeded: Gauge,
    last_reload: Gauge,
    store_bytes: Family<PartLabels, Gauge>,
    store_tenants: Gauge,
    store_months: Gauge,
    start: Gauge,
    resident_bytes: Gauge,
    open_files: Gauge,
    most_open_files: Gauge,
}

/// What is measured from time to time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Measures {
    /// The control store.
    pub control_bytes: u64,
    /// The file of what detection remembers.
    pub detection_bytes: u64,
    /// The catalogues of all tenants.
    pub catalogue_bytes: u64,
    /// The months of all tenants.
    pub month_bytes: u64,
    /// The logs beside all of them.
    pub log_bytes: u64,
    /// Tenants that have a folder.
    pub tenants: u64,
    /// Months of all tenants.
    pub months: u64,
    /// Memory of the process that is in RAM.
    pub resident_bytes: u64,
    /// Its open files, connections among them.
    pub open_files: u64,
    /// How many it may open.
    pub most_open_files: u64,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RequestLabels {
    method: &'static str,
    route: String,
    status: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct IngestLabels {
    source: &'static str,
    result: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct SourceLabels {
    source: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct GapLabels {
    kind: &'static str,
}

/// The name is the operator's own.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct IssuerLabels {
    issuer: String,
    result: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct PartLabels {
    part: &'static str,
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
        let ingest_duplicates = Counter::default();
        registry.register(
            "gatelog_ingest_duplicates",
            "Records that were stored before with the same content",
            ingest_duplicates.clone(),
        );
        let last_success = Family::default();
        registry.register_with_unit(
            "gatelog_source_last_success_timestamp",
            "When an upload or import was last stored to its end",
            Unit::Seconds,
            last_success.clone(),
        );
        let lag = Family::default();
        registry.register_with_unit(
            "gatelog_source_lag",
            "How old the newest event of the last upload or import was when it was stored",
            Unit::Seconds,
            lag.clone(),
        );
        let open_gaps = Family::<GapLabels, Gauge>::default();
        for kind in KINDS {
            // A series from the start, so that an alert has something to look at.
            open_gaps.get_or_create(&GapLabels { kind }).set(0);
        }
        registry.register(
            "gatelog_source_gaps",
            "Gaps of sources that are open, of all tenants",
            open_gaps.clone(),
        );
        let gap_seconds = registered_seconds(
            &mut registry,
            "gatelog_gap",
            "For how long events are missing against the habits of sources, all open gaps together",
        );
        let sources = Arc::new(SourceMetrics::default());
        registry.register_collector(Box::new(Arc::clone(&sources)));
        let detection = DetectionMetrics::register(&mut registry);
        let rows_served = Counter::default();
        registry.register(
            "gatelog_rows_served",
            "Rows of reports answered",
            rows_served.clone(),
        );
        let freed_months = Counter::default();
        registry.register(
            "gatelog_retention_freed_months",
            "Months that retention freed",
            freed_months.clone(),
        );
        let password_verifications = Counter::default();
        registry.register(
            "gatelog_password_verifications",
            "Passwords compared with a hash, those of unknown users among them",
            password_verifications.clone(),
        );
        let issuer_answers = Family::default();
        registry.register(
            "gatelog_trusted_issuer_requests",
            "How often outside issuers were asked for their keys, by what came of it",
            issuer_answers.clone(),
        );
        let last_backup = registered_seconds(
            &mut registry,
            "gatelog_backup_last_success_timestamp",
            "When the last backup was finished; 0 without one",
        );
        let last_reload_succeeded = Gauge::default();
        // What was read at the start was good.
        last_reload_succeeded.set(1);
        registry.register(
            "gatelog_config_last_reload_successful",
            "1 if the configuration that was read last is in effect, 0 if it was refused",
            last_reload_succeeded.clone(),
        );
        let last_reload = registered_seconds(
            &mut registry,
            "gatelog_config_last_reload_success_timestamp",
            "When configuration and certificate were last read",
        );
        let store_bytes = Family::default();
        registry.register_with_unit(
            "gatelog_store",
            "Size of the data folder's files",
            Unit::Bytes,
            store_bytes.clone(),
        );
        let store_tenants = registered(&mut registry, "gatelog_store_tenants", "Tenants that have events");
        let store_months = registered(&mut registry, "gatelog_store_months", "Months of all tenants");
        let start = registered_seconds(&mut registry, "process_start_time", "When the process started");
        let resident_bytes = Gauge::default();
        registry.register_with_unit(
            "process_resident_memory",
            "Memory of the process that is in RAM",
            Unit::Bytes,
            resident_bytes.clone(),
        );
        let open_files = registered(
            &mut registry,
            "process_open_fds",
            "Files and connections that are open",
        );
        let most_open_files = registered(
            &mut registry,
            "process_max_fds",
            "Files and connections that may be open",
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
            ingest_duplicates,
            last_success,
            lag,
            open_gaps,
            detection,
            gap_seconds,
            sources,
            rows_served,
            freed_months,
            password_verifications,
            issuer_answers,
            last_backup,
            last_reload_succeeded,
            last_reload,
            store_bytes,
            store_tenants,
            store_months,
            start,
            resident_bytes,
            open_files,
            most_open_files,
        })
    }

    /// Counts what an upload or import (`ingest`, `import`) brought and stored to its end. `newest` is its newest event.
    pub fn count_brought(
        &self,
        source: &'static str,
        counts: &Counts,
        newest: Option<Timestamp>,
        now: Timestamp,
    ) {
        for (result, records) in [
            ("new", counts.new),
            ("changed", counts.changed),
            ("known", counts.known),
            ("ignored", counts.ignored),
            ("rejected", counts.rejected),
        ] {
            self.ingest_events
                .get_or_create(&IngestLabels { source, result })
                .inc_by(records);
        }
        self.ingest_duplicates.inc_by(counts.known);
        self.last_success
            .get_or_create(&SourceLabels { source })
            .set(now.unix_seconds());
        if let Some(newest) = newest {
            self.lag
                .get_or_create(&SourceLabels { source })
                .set(now.unix_seconds() - newest.unix_seconds());
        }
    }

    /// The server started then, and with it the configuration that is in effect.
    pub fn note_start(&self, now: Timestamp) {
        self.start.set(now.unix_seconds());
        self.last_reload.set(now.unix_seconds());
    }

    /// Counts a month that retention freed.
    pub fn count_freed_month(&self) {
        self.freed_months.inc();
    }

    /// Counts a password that is compared with a hash.
    pub fn count_password_verification(&self) {
        self.password_verifications.inc();
    }

    /// How many passwords were compared so far.
    pub fn password_verifications(&self) -> u64 {
        self.password_verifications.get()
    }

    /// An outside issuer was asked for its keys, and gave them or not.
    pub fn note_issuer_answer(&self, issuer: &str, good: bool) {
        let labels = IssuerLabels {
            issuer: issuer.to_owned(),
            result: if good { "good" } else { "failed" },
        };
        self.issuer_answers.get_or_create(&labels).inc();
    }

    /// A backup was finished then, in seconds since 1970.
    pub fn note_backup(&self, finished_seconds: i64) {
        self.last_backup.set(finished_seconds);
    }

    /// Configuration and certificate were read again and are in effect.
    pub fn note_reload(&self, now: Timestamp) {
        self.last_reload_succeeded.set(1);
        self.last_reload.set(now.unix_seconds());
    }

    /// They were read again and refused.
    pub fn note_refused_reload(&self) {
        self.last_reload_succeeded.set(0);
    }

    /// Takes over what was measured.
    pub fn measured(&self, measures: &Measures) {
        for (part, bytes) in [
            ("control", measures.control_bytes),
            ("detection", measures.detection_bytes),
            ("catalogues", measures.catalogue_bytes),
            ("months", measures.month_bytes),
            ("logs", measures.log_bytes),
        ] {
            self.store_bytes
                .get_or_create(&PartLabels { part })
                .set(bytes as i64);
        }
        self.store_tenants.set(measures.tenants as i64);
        self.store_months.set(measures.months as i64);
        self.resident_bytes.set(measures.resident_bytes as i64);
        self.open_files.set(measures.open_files as i64);
        self.most_open_files.set(measures.most_open_files as i64);
    }

    /// Counts what a round of detection came to.
    pub(crate) fn count_detection(&self, round: &crate::detection::Round) {
        self.detection.count(round);
    }

    /// Counts a round that failed.
    pub(crate) fn count_detection_failure(&self) {
        self.detection.count_failure();
    }

    /// Takes over how many sign-ins wait for detection.
    pub(crate) fn note_detection_waiting(&self, waiting: u64) {
        self.detection.note_waiting(waiting);
    }

    /// Takes over how many gaps of a kind are open, in all tenants together.
    pub fn note_gaps(&self, kind: &'static str, open: usize) {
        self.open_gaps.get_or_create(&GapLabels { kind }).set(open as i64);
    }

    /// Takes over for how many seconds events are missing.
    pub fn note_gap_seconds(&self, seconds: i64) {
        self.gap_seconds.set(seconds);
    }

    /// Takes over what was measured of all sources.
    pub(crate) fn note_sources(&self, measures: Vec<SourceMeasure>) {
        self.sources.note(measures);
    }

    /// Counts rows that were answered.
    pub fn count_rows_served(&self, rows: u64) {
        self.rows_served.inc_by(rows);
    }

    /// Takes in a measure of somebody else's, by name; its unit is the end of its name.
    pub(crate) fn register(&self, name: &'static str, help: &'static str, metric: impl Metric) {
        let mut registry = self.registry.lock().unwrap_or_else(PoisonError::into_inner);
        registry.register(name, help, metric);
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

fn registered(registry: &mut Registry, name: &'static str, help: &'static str) -> Gauge {
    let gauge = Gauge::default();
    registry.register(name, help, gauge.clone());
    gauge
}

fn registered_seconds(registry: &mut Registry, name: &'static str, help: &'static str) -> Gauge {
    let gauge = Gauge::default();
    registry.register_with_unit(name, help, Unit::Seconds, gauge.clone());
    gauge
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
        let at = Timestamp::from_unix_seconds;
        metrics.note_start(at(1_000));
        let counts = Counts {
            new: 3,
            known: 5,
            ..Counts::default()
        };
        metrics.count_brought("ingest", &counts, Some(at(1_990)), at(2_000));
        metrics.count_brought("ingest", &counts, None, at(3_000));
        metrics.note_refused_reload();
        metrics.note_backup(5_000);
        metrics.measured(&Measures {
            month_bytes: 7,
            open_files: 8,
            ..Measures::default()
        });
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
        check(r#"gatelog_ingest_events_total{source="ingest",result="new"} 6"#);
        check("gatelog_ingest_duplicates_total 10");
        check(r#"gatelog_source_last_success_timestamp_seconds{source="ingest"} 3000"#);
        check(r#"gatelog_source_lag_seconds{source="ingest"} 10"#);
        check("gatelog_config_last_reload_successful 0");
        check("gatelog_config_last_reload_success_timestamp_seconds 1000");
        check("gatelog_backup_last_success_timestamp_seconds 5000");
        check(r#"gatelog_store_bytes{part="months"} 7"#);
        check("process_open_fds 8");
        check("process_start_time_seconds 1000");
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
