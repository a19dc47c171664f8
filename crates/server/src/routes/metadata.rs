//! `$metadata` at its three addresses.

use super::answer;
use crate::app::App;
use crate::layers::RequestId;
use crate::legacy::LegacyError;
use crate::routes::listed::Routes;
use axum::extract::{OriginalUri, Path, RawQuery, State};
use axum::response::Response;
use axum::routing::get;
use http::HeaderMap;
use model::reports::{self, Face, ReportDef};
use odata::metadata::{self, Document};
use odata::options;
use std::sync::{Arc, OnceLock};

pub(super) fn routes() -> Routes {
    Routes::new().route("/{tenant}/{document}", get(of_tenant).fallback(answer::read_only))
}

async fn of_tenant(
    State(app): State<Arc<App>>,
    Path((tenant_word, document)): Path<(String, String)>,
    RawQuery(query): RawQuery,
    request: RequestId,
    original: OriginalUri,
    headers: HeaderMap,
) -> Response {
    if document != "$metadata" {
        return answer::no_such_address(request, original).await;
    }
    serve(&app, &tenant_word, query.as_deref(), &headers, Document::Service)
        .unwrap_or_else(|error| error.response(request))
}

/// The document of an address; it is made once.
pub(super) fn serve(
    app: &App,
    tenant_word: &str,
    query: Option<&str>,
    headers: &HeaderMap,
    document: Document,
) -> Result<Response, LegacyError> {
    static SERVICE: OnceLock<String> = OnceLock::new();
    static REPORTS: OnceLock<String> = OnceLock::new();
    static ACTIVITIES: OnceLock<String> = OnceLock::new();
    answer::reader(app, headers, tenant_word)?;
    options::parse(query)?.check_for_metadata()?;
    let (text, face) = match document {
        Document::Service => (&SERVICE, Face::Reports),
        Document::Reports => (&REPORTS, Face::Reports),
        Document::Activities => (&ACTIVITIES, Face::Activities),
    };
    let text = text.get_or_init(|| {
        let reports: Vec<&'static ReportDef> = reports::of(face).collect();
        metadata::csdl(document, &reports)
    });
    Ok(answer::ok(text.clone().into_bytes(), metadata::CONTENT_TYPE))
}
