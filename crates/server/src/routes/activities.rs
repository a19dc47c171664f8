//! `/{tenant}/activities/…`: the address family of late 2016, for clients that had moved on.

use super::answer;
use super::metadata;
use super::reports::Request;
use crate::app::App;
use crate::layers::{ClientAddress, Origin, RequestId};
use crate::routes::listed::Routes;
use axum::extract::{OriginalUri, Path, RawQuery, State};
use axum::response::Response;
use axum::routing::get;
use http::HeaderMap;
use model::reports::Face;
use model::reports::activity_types;
use odata::metadata::Document;
use odata::{options, page};
use std::sync::Arc;

pub(super) fn routes() -> Routes {
    Routes::new().route(
        "/{tenant}/activities/{report}",
        get(rows).fallback(answer::read_only),
    )
}

async fn rows(
    State(app): State<Arc<App>>,
    Path((tenant_word, name)): Path<(String, String)>,
    RawQuery(query): RawQuery,
    request: RequestId,
    (origin, address): (Origin, ClientAddress),
    original: OriginalUri,
    headers: HeaderMap,
) -> Response {
    match name.as_str() {
        "$metadata" => metadata::serve(
            &app,
            &tenant_word,
            query.as_deref(),
            &headers,
            Document::Activities,
        )
        .unwrap_or_else(|error| error.response(request)),
        "auditActivityTypes" => {
            match types(&app, &tenant_word, query.as_deref(), &origin, &original, &headers) {
                Ok(response) => response,
                Err(error) => error.response(request),
            }
        }
        _ => {
            let asked = Request {
                face: Face::Activities,
                tenant_word,
                name,
                query,
                origin,
                address,
                original,
                headers,
            };
            asked
                .answer(&app)
                .await
                .unwrap_or_else(|error| error.response(request))
        }
    }
}

/// An object with `activityTypes`, not `value` (wire contract 2.5 \[C: DR18\]).
fn types(
    app: &App,
    tenant_word: &str,
    query: Option<&str>,
    origin: &Origin,
    original: &OriginalUri,
    headers: &HeaderMap,
) -> Result<Response, crate::legacy::LegacyError> {
    answer::reader(app, headers, tenant_word)?;
    options::parse(query)?.check_for_report_list()?;
    let (_, segment) = answer::addressed(original, tenant_word);
    let segment = if segment.is_empty() {
        "myorganization"
    } else {
        segment
    };
    let types: Vec<serde_json::Value> = activity_types()
        .iter()
        .map(|known| serde_json::json!({ "category": known.category, "activityType": known.activity_type, "activity": known.activity }))
        .collect();
    let body = model::json::ObjectWriter::new()
        .text(
            "@odata.context",
            Some(&format!(
                "{origin}/{segment}/activities/$metadata#auditActivityTypes"
            )),
        )
        .value("activityTypes", &serde_json::Value::Array(types))
        .finish();
    Ok(answer::ok(body, page::CONTENT_TYPE))
}
