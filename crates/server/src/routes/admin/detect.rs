//! Kept history judged again, and what is different.

use super::{apart, read, store_problem, tenant};
use crate::app::App;
use crate::detection::{self, Asked, Difference, Grounds, What};
use crate::layers::RequestId;
use crate::problem::Problem;
use crate::routes::listed::Routes;
use axum::body::Bytes;
use axum::extract::State;
use axum::response::Response;
use axum::routing::post;
use http::StatusCode;
use model::finding::Finding;
use model::time::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Findings of each sort that an answer names.
const NAMED: usize = 200;

/// What is asked for.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct DetectAsked {
    /// Whose history; of the only tenant if none is named.
    pub tenant: Option<String>,
    /// From when on, in ISO 8601.
    pub since: String,
    /// Thresholds in TOML; without them those that counted at each time.
    pub rules: Option<String>,
    /// Whether it is only shown what would be different.
    pub dry_run: bool,
}

/// What is different, or would be.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DetectAnswer {
    /// Whether nothing was stored.
    pub dry_run: bool,
    /// Sign-ins that were gone through.
    pub sign_ins: u64,
    /// People and addresses that were judged.
    pub subjects: u64,
    /// How many findings are new, by detector.
    pub new: BTreeMap<String, u64>,
    /// How many say something else.
    pub changed: BTreeMap<String, u64>,
    /// How many do not hold any more.
    pub gone: BTreeMap<String, u64>,
    /// How many are the same.
    pub same: BTreeMap<String, u64>,
    /// The first of those that are new, changed or gone.
    pub findings: Vec<DetectFinding>,
}

/// A finding that is new, changed or gone.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DetectFinding {
    /// `new`, `changed` or `gone`.
    pub what: String,
    /// Its id.
    pub id: String,
    /// The detector.
    pub detector: String,
    /// The time of its row.
    pub time: String,
    /// Whom it is about.
    pub user: Option<String>,
    /// Why, on one line.
    pub summary: String,
}

pub(super) fn routes() -> Routes {
    Routes::new().route("/detect", post(detect))
}

async fn detect(State(app): State<Arc<App>>, request: RequestId, body: Bytes) -> Response {
    apart(request, move || {
        let asked: DetectAsked = read(&body)?;
        let tenant = match &asked.tenant {
            Some(word) => tenant(&app, word)?,
            None => only_tenant(&app)?,
        };
        let since = Timestamp::parse_vendor(&asked.since).map_err(|error| refused(&error.to_string()))?;
        let grounds = Grounds::read(&app).map_err(|error| refused(&error.to_string()))?;
        let rules = asked.rules.as_deref().map(detection::rules_in).transpose();
        let rules = rules.map_err(|reason| refused(&format!("the rules: {reason}")))?;
        let what = if asked.dry_run { What::Shown } else { What::Stored };
        // Detection itself rests meanwhile, and begins with engines of its own.
        let _rest = app.detection.rest();
        let tools = grounds.tools(&app, tenant, &|| true);
        let asked_for = Asked { since, rules, what };
        let difference =
            detection::rerun(&tools, &grounds.rules, &asked_for).map_err(|error| failed(&error))?;
        Ok(answer(&difference, asked.dry_run))
    })
    .await
}

fn only_tenant(app: &App) -> Result<model::tenant::TenantId, Problem> {
    let tenants = app.events.tenants().map_err(|error| store_problem(&error))?;
    match tenants.as_slice() {
        [only] => Ok(*only),
        _ => Err(refused(&format!(
            "there are {} tenants with events; name one",
            tenants.len()
        ))),
    }
}

fn refused(reason: &str) -> Problem {
    Problem::new(StatusCode::BAD_REQUEST, "not-understood", "That cannot be judged").detail(reason.to_owned())
}

fn failed(error: &detection::DetectionError) -> Problem {
    tracing::error!("kept history could not be judged again: {error}");
    Problem::new(
        StatusCode::INTERNAL_SERVER_ERROR,
        "detection-failed",
        "Kept history could not be judged again",
    )
    .detail("The log says why. What was stored stays stored; the same again goes on.".to_owned())
}

fn answer(difference: &Difference, dry_run: bool) -> DetectAnswer {
    let count = |findings: &[Finding]| {
        let mut counts = BTreeMap::new();
        for finding in findings {
            *counts.entry(finding.found.detector().to_owned()).or_insert(0) += 1;
        }
        counts
    };
    let mut findings = Vec::new();
    for (what, of) in [
        ("new", &difference.new),
        ("changed", &difference.changed),
        ("gone", &difference.gone),
    ] {
        findings.extend(of.iter().take(NAMED).map(|finding| {
            DetectFinding {
                what: what.to_owned(),
                id: finding.id.to_string(),
                detector: finding.found.detector().to_owned(),
                time: finding.time.to_string(),
                user: finding
                    .person
                    .user_name
                    .clone()
                    .or_else(|| finding.person.user_id.clone()),
                summary: finding.summary.clone(),
            }
        }));
    }
    DetectAnswer {
        dry_run,
        sign_ins: difference.sign_ins,
        subjects: difference.subjects,
        new: count(&difference.new),
        changed: count(&difference.changed),
        gone: count(&difference.gone),
        same: difference
            .same
            .iter()
            .map(|(name, count)| ((*name).to_owned(), *count))
            .collect(),
        findings,
    }
}
