//! `/{tenant}/findings/why`: what detection makes of a person's sign-ins at a time, and why it found nothing.
//!
//! The answer speaks of whole sign-ins, so only whoever sees all of the six reports may ask.

use super::admin::apart;
use super::admin::sources::bad_question;
use super::refused::{self, Face};
use crate::app::App;
use crate::auth::{self, Caller, Denied};
use crate::detection::{self, Explanation, Grounds, outcome_word};
use crate::findings::SIX;
use crate::layers::RequestId;
use crate::problem::Problem;
use crate::routes::listed::Routes;
use axum::extract::{Path, Query, State};
use axum::response::Response;
use axum::routing::get;
use http::{HeaderMap, StatusCode};
use issuer::audience::{Permission, REPORTS_RESOURCE};
use model::reports;
use model::time::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use std::sync::Arc;

const READS: Face = Face {
    resource: REPORTS_RESOURCE,
    may_not: "The application or its user may not read findings",
};

/// What detection makes of a person's sign-ins around a time.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct WhyAnswer {
    /// Who was asked about.
    pub user: String,
    /// The time that was asked about.
    pub at: String,
    /// The sign-ins within an hour before and after, else the last one before.
    pub sign_ins: Vec<WhySignIn>,
    /// What is found in them.
    pub findings: Vec<WhyFinding>,
    /// Why each detector found nothing, sign-in by sign-in.
    pub notes: Vec<WhyNote>,
}

/// A sign-in.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct WhySignIn {
    /// The event's id.
    pub event: String,
    /// When.
    pub time: String,
    /// `success`, `wrongCredentials`, `interrupted`, `otherFailure`.
    pub outcome: String,
    /// From where.
    pub address: Option<String>,
    /// About where that is.
    pub place: Option<String>,
}

/// A finding.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct WhyFinding {
    /// Its id, for `gatelog explain`.
    pub id: String,
    /// The detector.
    pub detector: String,
    /// The time of its row.
    pub time: String,
    /// Why, on one line.
    pub summary: String,
}

/// Why a detector found nothing.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct WhyNote {
    /// The detector.
    pub detector: String,
    /// The report that it would have filled.
    pub report: String,
    /// The sign-in's event.
    pub event: String,
    /// When that was.
    pub time: String,
    /// Why, in a sentence.
    pub because: String,
}

pub(super) fn routes() -> Routes {
    Routes::new().route("/{tenant}/findings/why", get(why))
}

async fn why(
    State(app): State<Arc<App>>,
    Path(tenant_word): Path<String>,
    Query(words): Query<HashMap<String, String>>,
    headers: HeaderMap,
    request: RequestId,
) -> Response {
    let caller = match reader(&app, &headers, &tenant_word) {
        Ok(caller) => caller,
        Err(denied) => return refused::answer(&READS, &app, &tenant_word, &denied, request),
    };
    apart(request, move || {
        if sees_less(&caller) {
            return Err(Problem::new(StatusCode::FORBIDDEN, "masked", "Your roles do not show all of it").detail(
                "Properties of the anomaly reports are masked for your roles, and this answer speaks of whole sign-ins.",
            ));
        }
        let (user, at) = asked(&words)?;
        let grounds = Grounds::read(&app).map_err(|error| unready(&error))?;
        let tools = grounds.tools(&app, caller.tenant, &|| true);
        let explanation =
            detection::explain(&tools, &grounds.rules, &user, at).map_err(|error| failed(&error))?;
        Ok(answer(user, at, &explanation))
    })
    .await
}

/// Whoever may read all six.
fn reader(app: &App, headers: &HeaderMap, tenant_word: &str) -> Result<Caller, Denied> {
    let caller = auth::caller(app, headers, tenant_word, Permission::DirectoryReadAll)?;
    for name in SIX {
        if let Some(report) = reports::by_name(reports::Face::Reports, name) {
            caller.may_read(report)?;
        }
    }
    Ok(caller)
}

fn sees_less(caller: &Caller) -> bool {
    let of_report = |name: &&str| reports::by_name(reports::Face::Reports, name);
    let mut masks = SIX
        .iter()
        .filter_map(of_report)
        .map(|report| caller.reads.of(report));
    masks.any(|masked| masked.is_none_or(|masked| !masked.0.is_empty()))
}

fn asked(words: &HashMap<String, String>) -> Result<(String, Timestamp), Problem> {
    let needed = |name: &str| {
        let word = words
            .get(name)
            .map(|word| word.trim())
            .filter(|word| !word.is_empty());
        word.ok_or_else(|| bad_question(format!("`{name}` is missing: ask with user=… and at=…")))
    };
    let user = needed("user")?.to_owned();
    let at = Timestamp::parse_vendor(needed("at")?).map_err(|error| bad_question(error.to_string()))?;
    Ok((user, at))
}

/// Detection goes on by the files of before; what they said is known to it alone. Whoever asks need not see what is in them.
fn unready(error: &dyn std::fmt::Display) -> Problem {
    tracing::error!("sign-ins could not be explained: {error}");
    Problem::new(
        StatusCode::SERVICE_UNAVAILABLE,
        "detectionSettings",
        "A file that detection's settings name is wrong",
    )
    .detail("Nothing can be explained until it is mended; the service's log says which file, and what is wrong with it.")
}

fn failed(error: &dyn std::fmt::Display) -> Problem {
    tracing::error!("sign-ins could not be explained: {error}");
    Problem::new(
        StatusCode::INTERNAL_SERVER_ERROR,
        "internal",
        "The service failed",
    )
}

fn answer(user: String, at: Timestamp, explanation: &Explanation) -> WhyAnswer {
    WhyAnswer {
        user,
        at: at.to_string(),
        sign_ins: explanation
            .sign_ins
            .iter()
            .map(|seen| WhySignIn {
                event: seen.key.guid().to_string(),
                time: seen.time.to_string(),
                outcome: outcome_word(seen.outcome).to_owned(),
                address: seen.address.map(|address| address.to_string()),
                place: seen.whereabouts.place_name(),
            })
            .collect(),
        findings: explanation
            .findings
            .iter()
            .map(|finding| WhyFinding {
                id: finding.id.to_string(),
                detector: finding.found.detector().to_owned(),
                time: finding.time.to_string(),
                summary: finding.summary.clone(),
            })
            .collect(),
        notes: explanation
            .notes
            .iter()
            .map(|note| WhyNote {
                detector: note.detector.name.to_owned(),
                report: note.detector.report.to_owned(),
                event: note.event.guid().to_string(),
                time: note.time.to_string(),
                because: note.because.clone(),
            })
            .collect(),
    }
}
