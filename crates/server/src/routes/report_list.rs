//! `/{tenant}/reports`: the list of reports with `LicenseRequired`.

use super::{answer, reports};
use crate::app::App;
use crate::layers::{Origin, RequestId};
use crate::legacy::LegacyError;
use axum::Router;
use axum::extract::{OriginalUri, Path, RawQuery, State};
use axum::response::Response;
use axum::routing::get;
use http::{HeaderMap, HeaderValue};
use model::reports::{Face, Rows, of};
use odata::options;
use odata::page::{self, ReportFacts};
use odata::prefer::{self, Annotations};
use std::sync::Arc;
use store::events::EventStore;

pub(super) fn routes() -> Router<Arc<App>> {
    let method = || get(list).fallback(answer::read_only);
    Router::new()
        .route("/{tenant}/reports", method())
        .route("/{tenant}/reports/", method())
}

async fn list(
    State(app): State<Arc<App>>,
    Path(tenant_word): Path<String>,
    RawQuery(query): RawQuery,
    request: RequestId,
    origin: Origin,
    original: OriginalUri,
    headers: HeaderMap,
) -> Response {
    answer_list(&app, &tenant_word, query.as_deref(), &origin, &original, &headers)
        .await
        .unwrap_or_else(|error| error.response(request))
}

async fn answer_list(
    app: &Arc<App>,
    tenant_word: &str,
    query: Option<&str>,
    origin: &Origin,
    original: &OriginalUri,
    headers: &HeaderMap,
) -> Result<Response, LegacyError> {
    let caller = answer::reader(app, headers, tenant_word)?;
    options::parse(query)?.check_for_report_list()?;
    let preferences = prefer::parse(
        headers
            .get_all("prefer")
            .iter()
            .filter_map(|value| value.to_str().ok()),
    );
    let reports: Vec<_> = match preferences.annotations {
        Annotations::None => of(Face::Reports).map(|report| (report, None)).collect(),
        Annotations::All => {
            let events = Arc::clone(&app.events);
            answer::blocking(move || facts(events.as_ref(), caller.tenant)).await?
        }
    };
    let (_, segment) = answer::addressed(original, tenant_word);
    let body = page::report_list(&origin.to_string(), segment, &reports);
    let mut response = answer::ok(body, page::CONTENT_TYPE);
    if let Some(applied) = preferences
        .applied()
        .and_then(|applied| HeaderValue::from_str(&applied).ok())
    {
        response.headers_mut().insert("preference-applied", applied);
    }
    Ok(response)
}

type Facts = Vec<(&'static model::reports::ReportDef, Option<ReportFacts>)>;

fn facts(
    events: &dyn EventStore,
    tenant: model::tenant::TenantId,
) -> Result<Facts, store::error::StoreError> {
    let totals = events.report_totals(tenant)?;
    let mut list = Vec::new();
    for report in of(Face::Reports) {
        let number = match report.rows {
            Rows::Rendered { from, .. } => from.number,
            _ => report.number,
        };
        let total = totals.iter().find(|total| total.report == number);
        let rows = match report.rows {
            Rows::One(_) => Some(1),
            _ => total.map_or(Some(0), |total| total.rows),
        };
        let why_empty = if rows == Some(0) {
            Some(reports::why_empty(events, tenant, report, None)?)
        } else {
            None
        };
        list.push((
            report,
            Some(ReportFacts {
                rows,
                newest_row: total.map(|total| total.newest),
                why_empty,
            }),
        ));
    }
    Ok(list)
}
