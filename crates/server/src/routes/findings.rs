//! `/{tenant}/findings`: what Gatelog's own detection found, and why.
//!
//! Whoever may read one of the six reports of findings may ask; each finding is shown as far as its report is.

use super::admin::apart;
use super::admin::sources::bad_question;
use super::refused::{self, Face};
use crate::app::App;
use crate::auth::{self, Caller, Denied};
use crate::findings::{self, Asked, KeepError, NoAnswer, SIX, View};
use crate::layers::{ClientAddress, RequestId};
use crate::own_events;
use crate::problem::Problem;
use crate::routes::listed::Routes;
use axum::extract::{Path, Query, State};
use axum::response::Response;
use axum::routing::get;
use http::{HeaderMap, StatusCode};
use issuer::audience::{Permission, REPORTS_RESOURCE};
use model::reports::{self, ReportDef};
use std::collections::HashMap;
use std::sync::Arc;
use uuid::Uuid;

const READS: Face = Face {
    resource: REPORTS_RESOURCE,
    may_not: "The application or its user may not read findings",
};

pub(super) fn routes() -> Routes {
    Routes::new()
        .route("/{tenant}/findings", get(list))
        .route("/{tenant}/findings/{id}", get(one))
}

async fn list(
    State(app): State<Arc<App>>,
    Path(tenant_word): Path<String>,
    Query(words): Query<HashMap<String, String>>,
    headers: HeaderMap,
    address: ClientAddress,
    request: RequestId,
) -> Response {
    let caller = match reader(&app, &headers, &tenant_word) {
        Ok(caller) => caller,
        Err(denied) => return refused::answer(&READS, &app, &tenant_word, &denied, request),
    };
    apart(request, move || {
        let asked = Asked::read(words.iter().map(|(name, value)| (name.as_str(), value.as_str())))
            .map_err(|error| bad_question(error.to_string()))?;
        let config = app.config();
        let view = View {
            reads: &caller.reads,
            config: &config,
            now: app.now(),
        };
        if asked.user.is_some() && view.hides_users() {
            return Err(Problem::new(
                StatusCode::FORBIDDEN,
                "masked",
                "Your roles do not show that property",
            )
            .detail(
                "The property `userName` of a report of findings is masked for your roles, so `user` cannot be asked for.",
            )
            .member("maskedProperty", "userName"));
        }
        let answer =
            findings::list(app.events.as_ref(), caller.tenant, &asked, &view).map_err(|error| match error {
                NoAnswer::Question(error) => bad_question(error.to_string()),
                NoAnswer::Kept(error) => failed(&error),
            })?;
        served(&app, &caller, address, answer.findings.len());
        Ok(answer)
    })
    .await
}

async fn one(
    State(app): State<Arc<App>>,
    Path(words): Path<HashMap<String, String>>,
    headers: HeaderMap,
    address: ClientAddress,
    request: RequestId,
) -> Response {
    let word = |name: &str| words.get(name).cloned().unwrap_or_default();
    let (tenant_word, id) = (word("tenant"), word("id"));
    let caller = match reader(&app, &headers, &tenant_word) {
        Ok(caller) => caller,
        Err(denied) => return refused::answer(&READS, &app, &tenant_word, &denied, request),
    };
    apart(request, move || {
        let config = app.config();
        let view = View {
            reads: &caller.reads,
            config: &config,
            now: app.now(),
        };
        let found = match Uuid::try_parse(&id) {
            Ok(id) => findings::one(app.events.as_ref(), caller.tenant, id, &view)
                .map_err(|error| failed(&error))?,
            Err(_) => None,
        };
        let found = found.ok_or_else(|| no_such_finding(&id))?;
        served(&app, &caller, address, 1);
        Ok(found)
    })
    .await
}

/// Whoever may read at least one of the reports of findings.
fn reader(app: &App, headers: &HeaderMap, tenant_word: &str) -> Result<Caller, Denied> {
    let caller = auth::caller(app, headers, tenant_word, Permission::DirectoryReadAll)?;
    let mut refused = None;
    for report in six() {
        match caller.may_read(report) {
            Ok(_) => return Ok(caller),
            Err(denied) => refused = Some(denied),
        }
    }
    Err(refused.unwrap_or(Denied::NoToken))
}

fn six() -> impl Iterator<Item = &'static ReportDef> {
    SIX.iter()
        .filter_map(|name| reports::by_name(reports::Face::Reports, name))
}

/// Findings that go out count like rows of the report that shows them all: also towards an export.
fn served(app: &Arc<App>, caller: &Caller, address: ClientAddress, findings: usize) {
    app.metrics.count_rows_served(findings as u64);
    let union = "allUsersWithAnomalousSignInActivityEvents";
    if let Some(report) = reports::by_name(reports::Face::Reports, union) {
        own_events::page(app, caller, address, report, findings as u64);
    }
}

fn no_such_finding(id: &str) -> Problem {
    let id: String = id.chars().take(60).collect();
    Problem::new(StatusCode::NOT_FOUND, "no-such-finding", "There is no such finding").detail(format!(
        "No finding has the id {id:?}, or it is not yours to see; `gatelog findings --state all` lists those that are."
    ))
}

fn failed(error: &KeepError) -> Problem {
    if let KeepError::Store(error) = error
        && error.is_passing()
    {
        return Problem::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "cannot-read",
            "The service cannot read now",
        )
        .detail("Ask again in a moment.")
        .retry_after_seconds(5);
    }
    tracing::error!("findings could not be read: {error}");
    Problem::new(
        StatusCode::INTERNAL_SERVER_ERROR,
        "internal",
        "The service failed",
    )
}
