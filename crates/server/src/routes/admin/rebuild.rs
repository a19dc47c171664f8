//! Rows and tallies made anew from the originals that are kept: after an upgrade that shows more, or when in doubt.

use super::{apart, store_problem, tenant};
use crate::app::App;
use crate::config::Config;
use crate::layers::RequestId;
use crate::problem::Problem;
use crate::routes::listed::Routes;
use axum::extract::{Query, State};
use axum::response::Response;
use axum::routing::post;
use http::StatusCode;
use model::reports::{self, Face, ReportDef, Rows};
use model::tenant::TenantId;
use model::time::Month;
use serde::{Deserialize, Serialize};
use sources::{Choice, Understanding, understand};
use std::collections::HashMap;
use std::sync::Arc;
use store::error::StoreError;
use store::events::{Reprojection, StoredEvent};

/// Events that are read, understood and committed together; ingestion goes on between two of these.
const EVENTS_AT_ONCE: usize = 2_000;

/// What making rows anew came to.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RebuildAnswer {
    /// Tenants that were gone through.
    pub tenants: u64,
    /// Months that were gone through.
    pub months: u64,
    /// Events that were gone through.
    pub events: u64,
    /// Rows that were not there.
    pub added: u64,
    /// Rows that say something else now.
    pub changed: u64,
    /// Rows that are no longer there.
    pub removed: u64,
    /// Events that count otherwise in the usage reports.
    pub recounted: u64,
    /// Events whose original this version does not understand; they stay as they were.
    pub not_understood: u64,
}

/// A month file of an older schema.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct OutdatedFile {
    /// Where it is.
    pub file: String,
    /// The schema that it has.
    pub from: i64,
    /// The schema that it gets.
    pub to: i64,
    /// Its size.
    pub bytes: u64,
}

/// The files that `/migrate` would bring up. Changes nothing, and needs no lock.
pub fn outdated_files(config: &Config) -> Result<Vec<OutdatedFile>, StoreError> {
    let files = store::sqlite::outdated(&config.data.folder)?;
    Ok(files
        .into_iter()
        .map(|outdated| OutdatedFile {
            file: outdated.path.display().to_string(),
            from: outdated.from,
            to: outdated.to,
            bytes: outdated.bytes,
        })
        .collect())
}

pub(super) fn routes() -> Routes {
    Routes::new()
        .route("/rebuild", post(rebuild))
        .route("/migrate", post(migrate))
}

/// What is made anew.
#[derive(Debug, Clone)]
struct Scope {
    /// The stored reports whose rows are.
    reports: Vec<u16>,
    /// Whether the tallies are.
    tallies: bool,
}

async fn rebuild(
    State(app): State<Arc<App>>,
    request: RequestId,
    Query(asked): Query<HashMap<String, String>>,
) -> Response {
    apart(request, move || {
        let scope = scope(asked.get("report").map(String::as_str))?;
        let tenants = match asked.get("tenant") {
            Some(word) => vec![tenant(&app, word)?],
            None => every_tenant(&app)?,
        };
        let mut answer = RebuildAnswer::default();
        for tenant in tenants {
            answer.tenants += 1;
            let months = app.events.months(tenant).map_err(|error| store_problem(&error))?;
            for month in months {
                rebuild_month(&app, tenant, month.month, &scope, &mut answer)
                    .map_err(|error| store_problem(&error))?;
            }
        }
        Ok(answer)
    })
    .await
}

/// Opening a tenant brings its files to the present schema; what that could not count is counted here.
async fn migrate(State(app): State<Arc<App>>, request: RequestId) -> Response {
    apart(request, move || {
        let mut answer = RebuildAnswer::default();
        let scope = Scope {
            reports: Vec::new(),
            tallies: true,
        };
        for tenant in every_tenant(&app)? {
            answer.tenants += 1;
            let uncounted = app
                .events
                .uncounted(tenant)
                .map_err(|error| store_problem(&error))?;
            for month in uncounted {
                rebuild_month(&app, tenant, month, &scope, &mut answer)
                    .map_err(|error| store_problem(&error))?;
            }
        }
        Ok(answer)
    })
    .await
}

fn every_tenant(app: &App) -> Result<Vec<TenantId>, Problem> {
    app.events.tenants().map_err(|error| store_problem(&error))
}

fn scope(word: Option<&str>) -> Result<Scope, Problem> {
    let stored = |report: &&&'static ReportDef| matches!(report.rows, Rows::Stored(_));
    let Some(word) = word else {
        return Ok(Scope {
            reports: reports::ALL
                .iter()
                .filter(stored)
                .map(|report| report.number)
                .collect(),
            tallies: true,
        });
    };
    let report = reports::by_name(Face::Reports, word).or_else(|| reports::by_name(Face::Activities, word));
    let only = |number: u16| Scope {
        reports: vec![number],
        tallies: false,
    };
    match report.map(|report| (report.number, report.rows)) {
        Some((number, Rows::Stored(_))) => Ok(only(number)),
        Some((_, Rows::Rendered { from, .. })) => Ok(only(from.number)),
        Some((_, Rows::Counted { .. })) => Ok(Scope {
            reports: Vec::new(),
            tallies: true,
        }),
        // Counted from both.
        Some((_, Rows::One(count))) => Ok(Scope {
            tallies: true,
            ..only(count.rows.number)
        }),
        Some((_, Rows::Empty)) => Err(Problem::new(
            StatusCode::BAD_REQUEST,
            "nothing-to-rebuild",
            "Nothing fills that report",
        )
        .detail(format!(
            "{word} is not filled from events by this version; see docs/reports.md."
        ))),
        None => Err(
            Problem::new(StatusCode::NOT_FOUND, "no-such-report", "There is no such report").detail(format!(
                "No report is called {word:?}; names are case-sensitive. Leave the name out to rebuild all."
            )),
        ),
    }
}

fn rebuild_month(
    app: &App,
    tenant: TenantId,
    month: Month,
    scope: &Scope,
    answer: &mut RebuildAnswer,
) -> Result<(), StoreError> {
    answer.months += 1;
    let lease = app.events.lease(tenant)?;
    let mut after = 0;
    loop {
        let events = app.events.winners(tenant, month, after, EVENTS_AT_ONCE)?;
        let Some((last, _)) = events.last() else { break };
        after = *last;
        let mut projected = Vec::with_capacity(events.len());
        for (number, event) in events {
            answer.events += 1;
            match project(number, event, scope) {
                Some(projection) => projected.push(projection),
                None => answer.not_understood += 1,
            }
        }
        let made = app.events.reproject(&lease, month, projected, app.now())?;
        answer.added += made.added;
        answer.changed += made.changed;
        answer.removed += made.removed;
        answer.recounted += made.recounted;
    }
    app.events.end_rebuild(&lease, month, scope.tallies, app.now())
}

/// What an event shows by this version's understanding of its original.
fn project(number: u64, event: StoredEvent, scope: &Scope) -> Option<Reprojection> {
    let choice = sources::stored_by_id(&event.format).map_or(Choice::Auto, Choice::Only);
    let Some(Understanding::Event(understood)) = understand(&choice, event.original) else {
        return None;
    };
    // The key stays the one that was given when the event was stored, whatever a recipe says today.
    let rows = reports::project(&understood.event, &event.key);
    Some(Reprojection {
        number,
        rows: rows
            .into_iter()
            .filter(|row| scope.reports.contains(&row.report))
            .collect(),
        reports: scope.reports.clone(),
        usage: scope.tallies.then(|| model::usage::usage(&understood.event)),
    })
}
