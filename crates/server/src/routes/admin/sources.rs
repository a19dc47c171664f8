//! `/sources`: what the sources of events brought, what is missing, closing a gap, and a recount.

use super::{Admin, apart, read, store_problem};
use crate::app::App;
use crate::layers::RequestId;
use crate::ledger::gaps::{self, ClosedBy, GapAnswer, GapsAnswer};
use crate::ledger::{self, HoursAsked, MOST_HOURS, ProofAnswer, SourceAnswer, SourcesAnswer};
use crate::own_events::{self, Act, Actor, Target};
use crate::problem::Problem;
use crate::routes::listed::Routes;
use axum::body::Bytes;
use axum::extract::{Path, Query, State};
use axum::response::Response;
use axum::routing::{get, post};
use http::StatusCode;
use model::tenant::TenantId;
use model::time::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use std::sync::Arc;
use store::ledger::{HourOf, Keeping};
use uuid::Uuid;

/// Hours of an answer if nothing is asked.
pub(in crate::routes) const HOURS: usize = 48;
/// Letters of a reason at the most.
const REASON_LETTERS: usize = 1_000;

/// The sources of a tenant.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TenantSources {
    /// The tenant.
    pub tenant: Uuid,
    /// Its names.
    pub names: Vec<String>,
    /// Source by source.
    #[serde(flatten)]
    pub sources: SourcesAnswer,
}

/// A source of a tenant, with hours.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TenantSource {
    /// The tenant.
    pub tenant: Uuid,
    /// The source.
    #[serde(flatten)]
    pub source: SourceAnswer,
}

/// The gaps of a tenant.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TenantGaps {
    /// The tenant.
    pub tenant: Uuid,
    /// Open ones first.
    #[serde(flatten)]
    pub gaps: GapsAnswer,
}

/// The recount of a tenant.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TenantProof {
    /// The tenant.
    pub tenant: Uuid,
    /// What it came to.
    #[serde(flatten)]
    pub proof: ProofAnswer,
}

/// Why a gap is closed.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CloseAsked {
    /// The reason, for whoever asks later.
    pub because: String,
}

pub(super) fn routes() -> Routes {
    Routes::new()
        .route("/sources", get(list))
        .route("/sources/hours", get(hours))
        .route("/sources/gaps", get(gaps_of))
        .route("/sources/gaps/{id}/close", post(close))
        .route("/sources/prove", post(prove))
}

type Asked = Query<HashMap<String, String>>;

fn word<'a>(asked: &'a Asked, name: &str) -> Option<&'a str> {
    asked.get(name).map(String::as_str)
}

async fn list(State(app): State<Arc<App>>, request: RequestId, admin: Admin, asked: Asked) -> Response {
    apart(request, move || {
        let mut answer = Vec::new();
        for tenant in admin.tenants(&app, word(&asked, "tenant"))? {
            let sources = ledger::sources(app.events.as_ref(), tenant, None, app.now())
                .map_err(|error| store_problem(&error))?;
            let known = app.control.tenant_by_id(tenant)?;
            let names = known.map(|known| known.names.clone()).unwrap_or_default();
            answer.push(TenantSources {
                tenant: tenant.guid(),
                names: names.iter().map(ToString::to_string).collect(),
                sources: SourcesAnswer { sources },
            });
        }
        Ok(answer)
    })
    .await
}

async fn hours(State(app): State<Arc<App>>, request: RequestId, admin: Admin, asked: Asked) -> Response {
    apart(request, move || {
        let name = word(&asked, "source").ok_or_else(|| bad_question("`source` is needed.".to_owned()))?;
        let which = hours_asked(&asked)?;
        let mut answer = Vec::new();
        for tenant in admin.tenants(&app, word(&asked, "tenant"))? {
            let found = ledger::source(app.events.as_ref(), tenant, name, which, app.now())
                .map_err(|error| store_problem(&error))?;
            answer.extend(found.map(|source| TenantSource {
                tenant: tenant.guid(),
                source,
            }));
        }
        if answer.is_empty() {
            return Err(no_such_source(name));
        }
        Ok(answer)
    })
    .await
}

async fn gaps_of(State(app): State<Arc<App>>, request: RequestId, admin: Admin, asked: Asked) -> Response {
    apart(request, move || {
        let all = word(&asked, "state") == Some("all");
        let mut answer = Vec::new();
        for tenant in admin.tenants(&app, word(&asked, "tenant"))? {
            let mut gaps = gaps::of(app.events.as_ref(), tenant, word(&asked, "source"), app.now())
                .map_err(|error| store_problem(&error))?;
            gaps.retain(|gap| all || gap.closed.is_none());
            answer.push(TenantGaps {
                tenant: tenant.guid(),
                gaps: GapsAnswer { gaps },
            });
        }
        Ok(answer)
    })
    .await
}

async fn close(
    State(app): State<Arc<App>>,
    request: RequestId,
    admin: Admin,
    Path(id): Path<String>,
    asked: Asked,
    body: Bytes,
) -> Response {
    apart(request, move || {
        let reason: CloseAsked = read(&body)?;
        for tenant in admin.tenants(&app, word(&asked, "tenant"))? {
            if let Some(gap) = close_gap(&app, tenant, None, &id, &reason, &admin.actor)? {
                return Ok(gap);
            }
        }
        Err(no_such_gap(&id))
    })
    .await
}

async fn prove(State(app): State<Arc<App>>, request: RequestId, admin: Admin, asked: Asked) -> Response {
    apart(request, move || {
        let hours = number(&asked, "hours", HOURS)?;
        let mut answer = Vec::new();
        for tenant in admin.tenants(&app, word(&asked, "tenant"))? {
            let proof =
                ledger::prove(app.events.as_ref(), tenant, hours).map_err(|error| store_problem(&error))?;
            answer.push(TenantProof {
                tenant: tenant.guid(),
                proof,
            });
        }
        Ok(answer)
    })
    .await
}

/// Closes an open gap; `None` if the tenant, or the source, has none of that id. A gap that is closed already answers as it was
/// closed.
pub(in crate::routes) fn close_gap(
    app: &App,
    tenant: TenantId,
    only: Option<&str>,
    id: &str,
    reason: &CloseAsked,
    actor: &Actor,
) -> Result<Option<GapAnswer>, Problem> {
    let because = reason.because.trim();
    if because.is_empty() || because.chars().count() > REASON_LETTERS {
        return Err(bad_question(format!(
            "`because` says why, in at most {REASON_LETTERS} letters."
        )));
    }
    let Ok(id) = Uuid::parse_str(id) else {
        return Err(no_such_gap(id));
    };
    let look = || {
        let found = gaps::of(app.events.as_ref(), tenant, only, app.now());
        let found = found.map_err(|error| store_problem(&error))?;
        Ok::<_, Problem>(found.into_iter().find(|gap| gap.id == id))
    };
    let Some(gap) = look()?.filter(|gap| gap.closed.is_none()) else {
        return look();
    };
    let by = match actor {
        Actor::CommandLine => "the command line".to_owned(),
        Actor::Application(application) => application.name.clone(),
        Actor::User { user, .. } => user.name.to_string(),
    };
    let closed = ClosedBy {
        at: app.now(),
        by,
        because: because.to_owned(),
    };
    let kept =
        gaps::close(app.events.as_ref(), tenant, &gap, closed).map_err(|error| store_problem(&error))?;
    if kept == Keeping::Kept {
        let act = Act {
            activity: "Close gap of a source",
            category: "Policy",
            operation: "Update",
            target: Target {
                sort: "Other",
                id,
                display_name: gap.source,
                user_name: None,
            },
            details: vec![
                ("kind", gap.kind),
                ("detail", gap.detail),
                ("because", because.to_owned()),
            ],
        };
        own_events::act(app, tenant, actor, &act);
    }
    look()
}

/// Which hours a query asks for: `by`, `before`, `hours`.
pub(in crate::routes) fn hours_asked(asked: &HashMap<String, String>) -> Result<HoursAsked, Problem> {
    let text = |name: &str| asked.get(name).map(String::as_str);
    let by = match text("by") {
        None | Some("event") => HourOf::Event,
        Some("arrival") => HourOf::Arrival,
        Some(other) => {
            return Err(bad_question(format!("`by` is event or arrival, not {other:?}.")));
        }
    };
    let before = text("before").map(|text| {
        Timestamp::parse_vendor(text).map_err(|_| {
            bad_question(format!(
                "`before` is a time such as 2026-11-28T10:00:00Z, not {text:?}."
            ))
        })
    });
    Ok(HoursAsked {
        by,
        before: before.transpose()?,
        limit: number(asked, "hours", HOURS)?,
    })
}

/// A number of hours.
pub(in crate::routes) fn number(
    asked: &HashMap<String, String>,
    name: &str,
    otherwise: usize,
) -> Result<usize, Problem> {
    let Some(text) = asked.get(name) else {
        return Ok(otherwise);
    };
    let number = text
        .parse()
        .ok()
        .filter(|number| (1..=MOST_HOURS).contains(number));
    number.ok_or_else(|| {
        bad_question(format!(
            "`{name}` is a number from 1 to {MOST_HOURS}, not {text:?}."
        ))
    })
}

/// The refusal of a question that cannot be understood.
pub(in crate::routes) fn bad_question(detail: String) -> Problem {
    Problem::new(
        StatusCode::BAD_REQUEST,
        "bad-question",
        "The question cannot be understood",
    )
    .detail(detail)
}

pub(in crate::routes) fn no_such_source(name: &str) -> Problem {
    Problem::new(StatusCode::NOT_FOUND, "no-such-source", "There is no such source").detail(format!(
        "Nothing has come from {name:?}; the list of sources has every name. A `/` in a name is written %2F in an address."
    ))
}

pub(in crate::routes) fn no_such_gap(id: &str) -> Problem {
    Problem::new(StatusCode::NOT_FOUND, "no-such-gap", "There is no such gap").detail(format!(
        "No gap has the id {id:?}. One that has filled itself is gone; what is left of one that filled in part has another id."
    ))
}
