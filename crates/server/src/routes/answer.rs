//! What the legacy routes share: letting in, the tenant word, headers, and the addresses that name nothing.

use crate::app::App;
use crate::auth::{self, Caller};
use crate::layers::RequestId;
use crate::legacy::LegacyError;
use axum::body::Body;
use axum::extract::{OriginalUri, Path, State};
use axum::response::Response;
use http::{HeaderMap, HeaderValue, header};
use issuer::audience::Permission;
use model::reports::{self, Face};
use odata::nearest::nearest_report;
use std::sync::Arc;
use store::error::StoreError;
use tokio::task::spawn_blocking;

/// Lets in a reader of the addressed tenant.
pub(super) fn reader(app: &App, headers: &HeaderMap, tenant_word: &str) -> Result<Caller, LegacyError> {
    auth::caller(app, headers, tenant_word, Permission::DirectoryReadAll)
        .map_err(|denied| LegacyError::denied(app, tenant_word, &denied))
}

/// A good answer with the headers of the contract's 1.6.
pub(super) fn ok(body: Vec<u8>, content_type: &'static str) -> Response {
    let mut response = Response::new(Body::from(body));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    headers.insert(header::PRAGMA, HeaderValue::from_static("no-cache"));
    headers.insert(header::EXPIRES, HeaderValue::from_static("-1"));
    headers.insert("odata-version", HeaderValue::from_static("4.0"));
    response
}

/// Runs what waits for the disk apart from the event loop.
pub(super) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, StoreError> + Send + 'static,
) -> Result<T, LegacyError> {
    match spawn_blocking(work).await {
        Ok(done) => Ok(done?),
        Err(panic) => Err(LegacyError::internal(&panic)),
    }
}

/// The path as the client wrote it, and its tenant segment: links repeat both.
pub(super) fn addressed<'a>(original: &'a OriginalUri, tenant_word: &'a str) -> (&'a str, &'a str) {
    let path = original.path();
    let first = path
        .split('/')
        .find(|segment| !segment.is_empty())
        .unwrap_or_default();
    let is_left_out = ["reports", "activities", "$metadata", "%24metadata"]
        .iter()
        .any(|word| word.eq_ignore_ascii_case(first));
    (
        path,
        if is_left_out || auth::is_own_tenant(tenant_word) {
            ""
        } else {
            first
        },
    )
}

/// 404 for a report that is not there; says which was meant.
pub(super) fn no_such_report(face: Face, name: &str) -> LegacyError {
    let family = match face {
        Face::Reports => "reports",
        Face::Activities => "activities",
    };
    let shown: String = name
        .chars()
        .filter(|character| !character.is_control())
        .take(80)
        .collect();
    let Some(meant) = nearest_report(face, name) else {
        let hint = format!(
            "GET /<tenant>/{family}?api-version=beta lists the reports; names are plural and case-sensitive."
        );
        return LegacyError::not_found(format!("Resource '{shown}' does not exist. {hint}"));
    };
    let (place, note) = match meant.face {
        Face::Reports => (
            format!("/reports/{}", meant.name),
            "names are plural and case-sensitive",
        ),
        Face::Activities => (format!("/activities/{}", meant.name), "names are case-sensitive"),
    };
    LegacyError::not_found(format!(
        "Resource '{shown}' does not exist. Did you mean {place}? Report {note}."
    ))
    .with("didYouMean", meant.name)
}

/// The answer to every address that no route has.
pub(super) async fn no_such_address(request: RequestId, original: OriginalUri) -> Response {
    let path: String = original.path().chars().take(120).collect();
    let known = reports::of(Face::Reports).find(|report| {
        original
            .path()
            .split('/')
            .any(|segment| segment.eq_ignore_ascii_case(report.name))
    });
    let hint = match known {
        Some(report) => format!(
            "The report is at /<tenant>/reports/{}?api-version=beta.",
            report.name
        ),
        None => "Reports are at /<tenant>/reports?api-version=beta.".to_owned(),
    };
    LegacyError::not_found(format!("Resource '{path}' does not exist. {hint}")).response(request)
}

/// The answer to every method but GET and HEAD.
pub(super) async fn read_only(
    State(app): State<Arc<App>>,
    request: RequestId,
    Path(segments): Path<Vec<String>>,
    headers: HeaderMap,
) -> Response {
    let tenant_word = segments.first().map_or("", String::as_str);
    match reader(&app, &headers, tenant_word) {
        Ok(_) => LegacyError::read_only().response(request),
        Err(error) => error.response(request),
    }
}
