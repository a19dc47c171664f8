//! `/{tenant}/reports`: the list of reports with `LicenseRequired`.

use super::{answer, reports};
use crate::app::App;
use crate::auth::Caller;
use crate::layers::{Origin, RequestId};
use crate::legacy::LegacyError;
use crate::routes::listed::Routes;
use axum::extract::{OriginalUri, Path, RawQuery, State};
use axum::response::Response;
use axum::routing::get;
use http::{HeaderMap, HeaderValue};
use model::query::{Query, TimeRanges};
use model::reports::{Face, ReportDef, Rows, of};
use model::tenant::TenantId;
use model::time::Timestamp;
use odata::options;
use odata::page::{self, ReportFacts};
use odata::prefer::{self, Annotations};
use std::sync::Arc;
use store::error::StoreError;
use store::events::{EventStore, ReportTotal};

pub(super) fn routes() -> Routes {
    let method = || get(list).fallback(answer::read_only);
    Routes::new()
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
            answer::blocking(move || facts(events.as_ref(), &caller)).await?
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

type Facts = Vec<(&'static ReportDef, Option<ReportFacts>)>;

fn facts(events: &dyn EventStore, caller: &Caller) -> Result<Facts, StoreError> {
    let totals = events.report_totals(caller.tenant)?;
    let mut list = Vec::new();
    for report in of(Face::Reports) {
        let facts = if caller.may_read(report).is_ok() {
            facts_of(events, caller.tenant, report, &totals)?
        } else {
            ReportFacts {
                rows: None,
                newest_row: None,
                why_empty: Some("none of your roles reads it".to_owned()),
            }
        };
        list.push((report, Some(facts)));
    }
    Ok(list)
}

fn facts_of(
    events: &dyn EventStore,
    tenant: TenantId,
    report: &'static ReportDef,
    totals: &[ReportTotal],
) -> Result<ReportFacts, StoreError> {
    let total_of = |number| totals.iter().find(|total| total.report == number);
    let (rows, newest_row) = match report.rows {
        Rows::One(_) => (Some(1), None),
        Rows::Rendered { from, .. } => match total_of(from.number) {
            Some(other) => rendered(events, tenant, report, other.rows)?,
            None => (Some(0), None),
        },
        _ => match total_of(report.number) {
            Some(total) => (total.rows, Some(total.newest)),
            None => (Some(0), None),
        },
    };
    let why_empty = if rows == Some(0) {
        Some(reports::why_empty(events, tenant, report, None)?)
    } else {
        None
    };
    Ok(ReportFacts {
        rows,
        newest_row,
        why_empty,
    })
}

/// A report that shows some of another's rows is counted row by row up to here.
const COUNTED_ROWS: u64 = 2_000;
/// Rows that are looked at for the newest one of a longer one.
const LOOKED_AT: u64 = 5_000;

/// A report that shows some of another's rows: which ones is seen only when they are read, so a long one has no number. The
/// newest is read in any case.
fn rendered(
    events: &dyn EventStore,
    tenant: TenantId,
    report: &'static ReportDef,
    of_the_other: Option<u64>,
) -> Result<(Option<u64>, Option<Timestamp>), StoreError> {
    let is_short = of_the_other.is_some_and(|rows| rows <= COUNTED_ROWS);
    let newest = Query {
        report,
        times: TimeRanges::all(),
        predicate: None,
        skip: 0,
        after: None,
        snapshot: None,
        limit: if is_short { COUNTED_ROWS as usize } else { 1 },
        max_examined: LOOKED_AT,
    };
    let page = events.scan(tenant, &newest)?;
    let is_whole = page.next.is_none();
    let mut rows = serde_json::Deserializer::from_slice(&page.block).into_iter::<serde_json::Value>();
    let first = rows.next().and_then(Result::ok).unwrap_or_default();
    let time = report.time_property.and_then(|name| first.get(name)?.as_str());
    let newest = time.and_then(|time| Timestamp::parse_vendor(time).ok());
    Ok((is_whole.then_some(page.rows as u64), newest))
}
