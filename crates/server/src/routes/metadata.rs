//! `$metadata` at its three addresses.

use super::answer;
use crate::app::App;
use crate::layers::RequestId;
use crate::legacy::LegacyError;
use axum::Router;
use axum::extract::{Path, RawQuery, State};
use axum::response::Response;
use axum::routing::get;
use http::HeaderMap;
use model::reports::{self, Face, ReportDef};
use odata::metadata::{self, Document};
use odata::options;
use std::sync::{Arc, OnceLock};

pub(super) fn routes() -> Router<Arc<App>> {
    Router::new().route("/{tenant}/{document}", get(of_tenant).fallback(answer::read_only))
}

async fn of_tenant(
    State(app): State<Arc<App>>,
    Path((tenant_word, document)): Path<(String, String)>,
    RawQuery(query): RawQuery,
    request: RequestId,
    original: axum::extract::OriginalUri,
    headers: HeaderMap,
) -> Response {
    static DOCUMENT: OnceLock<String> = OnceLock::new();
    if document != "$metadata" {
        return answer::no_such_address(request, original).await;
    }
    serve(
        &app,
        &tenant_word,
        query.as_deref(),
        request,
        &headers,
        &DOCUMENT,
        Document::Service,
        Face::Reports,
    )
}

/// `/{tenant}/reports/$metadata`
pub(super) async fn reports(
    State(app): State<Arc<App>>,
    Path(tenant_word): Path<String>,
    RawQuery(query): RawQuery,
    request: RequestId,
    headers: HeaderMap,
) -> Response {
    static DOCUMENT: OnceLock<String> = OnceLock::new();
    serve(
        &app,
        &tenant_word,
        query.as_deref(),
        request,
        &headers,
        &DOCUMENT,
        Document::Reports,
        Face::Reports,
    )
}

/// `/{tenant}/activities/$metadata`
pub(super) async fn activities(
    State(app): State<Arc<App>>,
    Path(tenant_word): Path<String>,
    RawQuery(query): RawQuery,
    request: RequestId,
    headers: HeaderMap,
) -> Response {
    static DOCUMENT: OnceLock<String> = OnceLock::new();
    serve(
        &app,
        &tenant_word,
        query.as_deref(),
        request,
        &headers,
        &DOCUMENT,
        Document::Activities,
        Face::Activities,
    )
}

fn serve(
    app: &App,
    tenant_word: &str,
    query: Option<&str>,
    request: RequestId,
    headers: &HeaderMap,
    document: &OnceLock<String>,
    kind: Document,
    face: Face,
) -> Response {
    let answer = || -> Result<Response, LegacyError> {
        answer::reader(app, headers, tenant_word)?;
        options::parse(query)?.check_for_metadata()?;
        let text = document.get_or_init(|| {
            let reports: Vec<&'static ReportDef> = reports::of(face).collect();
            metadata::csdl(kind, &reports)
        });
        Ok(answer::ok(text.clone().into_bytes(), metadata::CONTENT_TYPE))
    };
    answer().unwrap_or_else(|error| error.response(request))
}
