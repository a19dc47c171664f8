//! `/status` and `/check`: what is stored, where it came from, and whether a recount agrees.

use super::{apart, store_problem, tenant};
use crate::app::App;
use crate::layers::RequestId;
use crate::problem::Problem;
use crate::routes::listed::Routes;
use axum::extract::{Query, State};
use axum::response::Response;
use axum::routing::get;
use model::reports;
use model::tenant::TenantId;
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use std::sync::Arc;
use uuid::Uuid;

/// What is stored.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct StatusAnswer {
    /// Tenant by tenant.
    pub tenants: Vec<TenantStatus>,
    /// Why the last write failed, if it did.
    pub write_failure: Option<String>,
}

/// What is stored for a tenant.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TenantStatus {
    /// Its GUID.
    pub id: Uuid,
    /// Its names.
    pub names: Vec<String>,
    /// Month by month.
    pub months: Vec<MonthAnswer>,
    /// Report by report.
    pub reports: Vec<ReportAnswer>,
    /// Source by source.
    pub sources: Vec<SourceAnswer>,
}

/// A stored month.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct MonthAnswer {
    /// `2017-05`
    pub month: String,
    /// The first event's time.
    pub first: String,
    /// The last event's time.
    pub last: String,
    /// When it was last written.
    pub last_write: String,
}

/// A report's rows.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ReportAnswer {
    /// The report.
    pub report: String,
    /// Its rows; null where they are counted only when asked for.
    pub rows: Option<u64>,
    /// The newest one's time.
    pub newest: String,
}

/// A line of the ledger.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SourceAnswer {
    /// The source.
    pub source: String,
    /// Records read.
    pub read: u64,
    /// Events not seen before.
    pub new: u64,
    /// Events seen before with other content.
    pub changed: u64,
    /// Events seen before with this content.
    pub known: u64,
    /// Records that are none of our business.
    pub ignored: u64,
    /// Records that were not taken.
    pub rejected: u64,
    /// Of new and changed: late.
    pub late: u64,
    /// Of new and changed: too far in the future.
    pub quarantined: u64,
    /// The last hour in which it brought something.
    pub last_arrival: String,
    /// Its newest event.
    pub newest: Option<String>,
}

/// What a recount found.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CheckAnswer {
    /// Tenants that were looked at.
    pub tenants: u64,
    /// Events that were looked at.
    pub events: u64,
    /// Rows that were looked at.
    pub rows: u64,
    /// What does not agree.
    pub faults: Vec<String>,
}

pub(super) fn routes() -> Routes {
    Routes::new()
        .route("/status", get(status))
        .route("/check", get(check))
}

async fn status(
    State(app): State<Arc<App>>,
    request: RequestId,
    Query(asked): Query<HashMap<String, String>>,
) -> Response {
    apart(request, move || {
        look(&app, asked.get("tenant").map(String::as_str))
    })
    .await
}

async fn check(
    State(app): State<Arc<App>>,
    request: RequestId,
    Query(asked): Query<HashMap<String, String>>,
) -> Response {
    apart(request, move || {
        recount(&app, asked.get("tenant").map(String::as_str))
    })
    .await
}

fn look(app: &App, word: Option<&str>) -> Result<StatusAnswer, Problem> {
    let only = word.map(|word| tenant(app, word)).transpose()?;
    let mut tenants = Vec::new();
    for known in app.control.tenants()? {
        if only.is_some_and(|only| only != known.id) {
            continue;
        }
        let (months, reports, sources) = stored(app, known.id).map_err(|error| store_problem(&error))?;
        let names = known.names.iter().map(ToString::to_string).collect();
        tenants.push(TenantStatus {
            id: known.id.guid(),
            names,
            months,
            reports,
            sources,
        });
    }
    Ok(StatusAnswer {
        tenants,
        write_failure: app.events.health().write_failure,
    })
}

type Stored = (Vec<MonthAnswer>, Vec<ReportAnswer>, Vec<SourceAnswer>);

fn stored(app: &App, tenant: TenantId) -> Result<Stored, store::error::StoreError> {
    let months = app.events.months(tenant)?.into_iter().map(|month| MonthAnswer {
        month: month.month.to_string(),
        first: month.first.to_string(),
        last: month.last.to_string(),
        last_write: month.last_write.to_string(),
    });
    let reports = app
        .events
        .report_totals(tenant)?
        .into_iter()
        .map(|total| ReportAnswer {
            report: reports::by_number(total.report)
                .map_or_else(|| total.report.to_string(), |report| report.name.to_owned()),
            rows: total.rows,
            newest: total.newest.to_string(),
        });
    let sources = app.events.ledger(tenant)?.into_iter().map(|line| SourceAnswer {
        source: line.source,
        read: line.counts.read,
        new: line.counts.new,
        changed: line.counts.changed,
        known: line.counts.known,
        ignored: line.counts.ignored,
        rejected: line.counts.rejected,
        late: line.counts.late,
        quarantined: line.counts.quarantined,
        last_arrival: line.last_arrival.to_string(),
        newest: line.newest.map(|time| time.to_string()),
    });
    Ok((months.collect(), reports.collect(), sources.collect()))
}

fn recount(app: &App, word: Option<&str>) -> Result<CheckAnswer, Problem> {
    let tenants = match word {
        Some(word) => vec![tenant(app, word)?],
        None => app.events.tenants().map_err(|error| store_problem(&error))?,
    };
    let mut answer = CheckAnswer::default();
    for tenant in tenants {
        let report = app.events.check(tenant).map_err(|error| store_problem(&error))?;
        answer.tenants += 1;
        answer.events += report.events;
        answer.rows += report.rows;
        answer.faults.extend(report.faults);
    }
    Ok(answer)
}
