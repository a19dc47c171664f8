//! `/{tenant}/reports/{report}`: the rows of a report, newest first.

use super::answer;
use super::metadata;
use crate::app::App;
use crate::layers::{ClientAddress, Origin, RequestId};
use crate::legacy::LegacyError;
use crate::own_events;
use crate::routes::listed::Routes;
use axum::extract::{OriginalUri, Path, RawQuery, State};
use axum::response::Response;
use axum::routing::get;
use http::{HeaderMap, HeaderValue};
use model::query::Query;
use model::reports::{self, Face, ReportDef, Rows};
use model::tenant::TenantId;
use model::time::{TICKS_PER_DAY, Timestamp};
use odata::ask::{Context, Progress};
use odata::metadata::Document;
use odata::{ask, mask, options, page, prefer};
use std::sync::Arc;
use store::events::EventStore;

pub(super) fn routes() -> Routes {
    Routes::new().route(
        "/{tenant}/reports/{report}",
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
    if name == "$metadata" {
        return metadata::serve(&app, &tenant_word, query.as_deref(), &headers, Document::Reports)
            .unwrap_or_else(|error| error.response(request));
    }
    let asked = Request {
        face: Face::Reports,
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

/// A request for rows under either legacy face.
pub(super) struct Request {
    pub(super) face: Face,
    pub(super) tenant_word: String,
    pub(super) name: String,
    pub(super) query: Option<String>,
    pub(super) origin: Origin,
    pub(super) address: ClientAddress,
    pub(super) original: OriginalUri,
    pub(super) headers: HeaderMap,
}

impl Request {
    pub(super) async fn answer(self, app: &Arc<App>) -> Result<Response, LegacyError> {
        let caller = answer::reader(app, &self.headers, &self.tenant_word)?;
        let report = reports::by_name(self.face, &self.name)
            .ok_or_else(|| answer::no_such_report(self.face, &self.name))?;
        let masked = caller
            .may_read(report)
            .map_err(|denied| LegacyError::denied(app, &self.tenant_word, &denied))?;
        let options = options::parse(self.query.as_deref())?;
        let preferences = prefer::parse(
            self.headers
                .get_all("prefer")
                .iter()
                .filter_map(|value| value.to_str().ok()),
        );
        let config = app.config();
        let limits = &config.limits;
        let now = app.now();
        let context = Context {
            tenant: caller.tenant,
            now,
            default_window_days: i64::from(config.reports.window_days),
            page_rows_max: limits.page_rows,
            max_page_size: preferences.max_page_size,
            max_examined: limits.rows_examined,
            snapshot: 0,
            epoch: 0,
            visible_since: config
                .reports
                .visibility_of(report)
                .map(|days| now.plus_days(-i64::from(days))),
        };
        let (events, tenant) = (Arc::clone(&app.events), caller.tenant);
        let is_at_hand = events.is_at_hand(tenant);
        let (snapshot, epoch) = if is_at_hand {
            state_of(events.as_ref(), tenant)?
        } else {
            // The tenant's files may have to be opened first.
            let events = Arc::clone(&events);
            answer::blocking(move || state_of(events.as_ref(), tenant)).await?
        };
        let context = Context {
            snapshot,
            epoch,
            ..context
        };
        let asked = ask::ask(report, &options, &context)?;
        // After the question is whole: a $skiptoken brings a $filter, too.
        mask::check(asked.query.predicate.as_ref(), &masked.0)?;
        let is_short = is_short(&asked.query);
        let reading = (is_at_hand && masked.0.is_empty() && is_short)
            .then(|| app.short_reads.here())
            .flatten();
        let origin = self.origin.to_string();
        let (path, segment) = answer::addressed(&self.original, &self.tenant_word);
        let mut head = Vec::new();
        page::open_envelope(&mut head, &page::context_url(&origin, segment, report));
        let mut page = if reading.is_some() {
            events.scan_onto(tenant, &asked.query, head)?
        } else {
            let (app, events, query) = (Arc::clone(app), Arc::clone(&events), asked.query.clone());
            answer::blocking(move || {
                let rows_from = head.len();
                let reading = is_short.then(|| app.short_reads.apart());
                let mut page = events.scan_onto(tenant, &query, head)?;
                drop(reading);
                let shown = mask::rows(&mut page.block, rows_from, &masked.0);
                Ok(shown.map(|()| page))
            })
            .await?
            .map_err(|error| LegacyError::internal(&error))?
        };
        drop(reading);
        let is_empty = page.rows == 0 && page.next.is_none() && asked.query.after.is_none();
        let why_empty = if is_empty {
            let window = asked.window;
            Some(answer::blocking(move || why_empty(events.as_ref(), tenant, report, window)).await?)
        } else {
            None
        };
        app.metrics.count_rows_served(page.rows as u64);
        own_events::page(app, &caller, self.address, report, page.rows as u64);
        let progress = Progress {
            rows: page.rows as u64,
            skipped: page.skipped,
            end: page.next,
        };
        let next = asked
            .next_token(&progress)
            .map(|token| page::next_link(&origin, path, &token));
        page::close_envelope(&mut page.block, next.as_deref());
        let mut response = answer::ok(page.block, page::CONTENT_TYPE);
        let headers = response.headers_mut();
        if let Some(applied) = preferences
            .applied()
            .and_then(|applied| HeaderValue::from_str(&applied).ok())
        {
            headers.insert("preference-applied", applied);
        }
        if let Some(why) = why_empty.and_then(|why| HeaderValue::from_str(&why).ok()) {
            headers.insert("gatelog-why-empty", why);
        }
        Ok(response)
    }
}

/// The tenant's last commit and its epoch.
fn state_of(events: &dyn EventStore, tenant: TenantId) -> Result<(u64, u64), store::error::StoreError> {
    Ok((events.snapshot(tenant)?, events.epoch(tenant)?))
}

/// Rows that a page may have to be read where it was asked for: handing it to another thread costs as much as reading it.
const SHORT_PAGE_ROWS: usize = 1_000;

/// Whether a question is answered by some leaves of the tree, whatever the data: nothing to examine, count or leave out.
fn is_short(query: &Query) -> bool {
    matches!(query.report.rows, Rows::Stored(_))
        && query.predicate.is_none()
        && query.skip == 0
        && query.limit <= SHORT_PAGE_ROWS
}

/// Why a report has no rows: what fills it, where its newest row is, and when something last arrived. One line of ASCII.
pub(super) fn why_empty(
    events: &dyn EventStore,
    tenant: TenantId,
    report: &ReportDef,
    window: Option<(Timestamp, Timestamp)>,
) -> Result<String, store::error::StoreError> {
    let stored = match report.rows {
        Rows::Stored(_) | Rows::Counted { .. } => report.number,
        Rows::Rendered { from, .. } => from.number,
        Rows::One(_) | Rows::Empty => return Ok("not filled by this version".to_owned()),
    };
    let ledger = events.ledger(tenant)?;
    let Some(last_arrival) = ledger.iter().map(|line| line.last_arrival).max() else {
        return Ok("nothing has been imported for this tenant".to_owned());
    };
    let arrived = format!("the last events arrived in the hour of {last_arrival}");
    let totals = events.report_totals(tenant)?;
    let Some(total) = totals.iter().find(|total| total.report == stored) else {
        return Ok(format!("no event for this report has arrived; {arrived}"));
    };
    let newest = total.newest;
    let Some((first, _)) = window else {
        return Ok(format!(
            "no row matches the filter; the newest row is of {newest}; {arrived}"
        ));
    };
    if newest < first {
        let days = (first.ticks() - newest.ticks()).div_euclid(TICKS_PER_DAY) + 1;
        let property = report.time_property.unwrap_or("eventTime");
        return Ok(format!(
            "the newest row is of {newest}, {days} days before the default window; ask with $filter={property} ge {newest}; {arrived}"
        ));
    }
    Ok(format!(
        "no row matches; the newest row is of {newest}; {arrived}"
    ))
}
