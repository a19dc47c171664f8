//! Questions about findings: the newest that fit, and one with all its contents, as far as a reader may see them.

use super::answer::{
    ContentAnswer, FindingAnswer, FindingDocument, FindingsAnswer, NOT_SHOWN, RETRACTED, STANDING,
};
use super::page::PageToken;
use super::{KeepError, judged};
use crate::auth::{Masked, Reads};
use crate::config::Config;
use model::batch::Subject;
use model::finding::Found;
use model::identity::Kind;
use model::reports::{self, Face, report_of_finding};
use model::tenant::TenantId;
use model::time::Timestamp;
use serde_json::Value;
use sources::finding::{Judged, key};
use store::events::{EventStore, Near, Newest};
use uuid::Uuid;

/// Findings of a page, unless another number is asked for.
const PAGE: usize = 100;
/// Findings of a page at the most.
const PAGE_MOST: usize = 1_000;
/// Findings that are looked at for one page.
const EXAMINED_MOST: usize = 5_000;
/// Findings that are read together.
const AT_ONCE: usize = 500;

/// Which findings are asked for by their state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum State {
    /// Those that hold.
    #[default]
    Standing,
    /// Those that were retracted.
    Retracted,
    /// All.
    All,
}

/// Which findings are asked for.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Asked {
    /// Only this detector's.
    pub detector: Option<String>,
    /// Only those about this person, by object id or sign-in name.
    pub user: Option<String>,
    /// Only those whose time is not before this.
    pub since: Option<Timestamp>,
    /// By their state.
    pub state: State,
    /// How many.
    pub limit: Option<usize>,
    /// The page, as the answer before said.
    pub page: Option<String>,
}

/// What is wrong with a question.
#[derive(Debug, thiserror::Error)]
pub enum BadQuestion {
    /// No detector has this name.
    #[error("`detector` is one of {}, not {word:?}.", Found::DETECTORS.join(", "))]
    Detector {
        /// What was asked for.
        word: String,
    },
    /// Such states there are not.
    #[error("`state` is standing, retracted or all, not {0:?}.")]
    State(String),
    /// It is no time.
    #[error("`since` is a time such as 2026-11-28T10:00:00Z, not {0:?}.")]
    Since(String),
    /// It is no number of findings.
    #[error("`limit` is a number from 1 to {PAGE_MOST}, not {0:?}.")]
    Limit(String),
    /// It is damaged, or of another question.
    #[error("`page` is not what an answer to this question gave as `next`; ask without it to begin anew.")]
    Page,
    /// Another word.
    #[error("Of findings one may ask `detector`, `user`, `since`, `state`, `limit` and `page`, not {0:?}.")]
    Word(String),
}

impl Asked {
    /// Reads the words of a query string; an empty value counts as absent.
    pub fn read<'a>(words: impl Iterator<Item = (&'a str, &'a str)>) -> Result<Asked, BadQuestion> {
        let mut asked = Asked::default();
        for (name, value) in words {
            let text = || value.to_owned();
            match (name, value) {
                ("detector" | "user" | "since" | "state" | "limit" | "page", "") => {}
                ("detector", word) if Found::DETECTORS.contains(&word) => asked.detector = Some(text()),
                ("detector", _) => return Err(BadQuestion::Detector { word: text() }),
                ("user", _) => asked.user = Some(text()),
                ("since", _) => {
                    let time = Timestamp::parse_vendor(value).map_err(|_| BadQuestion::Since(text()))?;
                    asked.since = Some(time);
                }
                ("state", "standing") => asked.state = State::Standing,
                ("state", "retracted") => asked.state = State::Retracted,
                ("state", "all") => asked.state = State::All,
                ("state", _) => return Err(BadQuestion::State(text())),
                ("limit", _) => {
                    let limit = value.parse().ok().filter(|limit| (1..=PAGE_MOST).contains(limit));
                    asked.limit = Some(limit.ok_or_else(|| BadQuestion::Limit(text()))?);
                }
                ("page", _) => asked.page = Some(text()),
                _ => return Err(BadQuestion::Word(name.chars().take(60).collect())),
            }
        }
        Ok(asked)
    }

    /// What must be the same for every page.
    fn question(&self, tenant: TenantId) -> Vec<u8> {
        format!(
            "{tenant}\n{:?}\n{:?}\n{:?}\n{:?}",
            self.detector, self.user, self.since, self.state
        )
        .into_bytes()
    }

    fn wants(&self, judged: &Judged) -> bool {
        let is_retracted = judged.finding.retracted.is_some();
        let detector = judged.finding.found.detector();
        self.detector.as_deref().is_none_or(|wanted| wanted == detector)
            && match self.state {
                State::Standing => !is_retracted,
                State::Retracted => is_retracted,
                State::All => true,
            }
    }
}

/// What a reader sees of findings.
pub(crate) struct View<'a> {
    pub(crate) reads: &'a Reads,
    pub(crate) config: &'a Config,
    pub(crate) now: Timestamp,
}

impl View<'_> {
    /// What is masked of the report that shows a finding; `None` if the reader has no business with it.
    fn of(&self, judged: &Judged) -> Option<Masked> {
        let report = report_of_finding(&judged.finding.found);
        let visible = self.config.reports.visibility_of(report);
        let since = visible.map(|days| self.now.plus_days(-i64::from(days)));
        if since.is_some_and(|since| judged.finding.time < since) {
            return None;
        }
        self.reads.of(report)
    }

    /// The property whose mask forbids to ask for a person: whether something comes back would tell who it is.
    pub(crate) fn hides_users(&self) -> bool {
        SIX.iter().any(|name| {
            let report = reports::by_name(Face::Reports, name);
            let masked = report.and_then(|report| self.reads.of(report));
            masked.is_some_and(|masked| masked.0.contains(&"userName"))
        })
    }
}

/// The reports of findings, in the order of [`Found::DETECTORS`].
pub(crate) const SIX: [&str; 6] = [
    "signInsFromMultipleGeographiesEvents",
    "signInsAfterMultipleFailuresEvents",
    "signInsFromUnknownSourcesEvents",
    "signInsFromIPAddressesWithSuspiciousActivityEvents",
    "signInsFromPossiblyInfectedDevicesEvents",
    "irregularSignInActivityEvents",
];

/// Why a question about findings has no answer.
#[derive(Debug, thiserror::Error)]
pub enum NoAnswer {
    /// The question.
    #[error(transparent)]
    Question(#[from] BadQuestion),
    /// The store, or what is in it.
    #[error(transparent)]
    Kept(#[from] KeepError),
}

/// The newest findings that fit, as far as they may be seen.
pub(crate) fn list(
    store: &dyn EventStore,
    tenant: TenantId,
    asked: &Asked,
    view: &View<'_>,
) -> Result<FindingsAnswer, NoAnswer> {
    let question = asked.question(tenant);
    let mut after = match &asked.page {
        Some(text) => Some(PageToken::decode(text, &question).ok_or(BadQuestion::Page)?),
        None => None,
    };
    let subject = asked.user.as_deref().map_or(Subject::Findings, Subject::person);
    let since = asked.since.unwrap_or(Timestamp::MIN);
    let limit = asked.limit.unwrap_or(PAGE);
    let mut answer = FindingsAnswer::default();
    let mut examined = 0;
    loop {
        let before = after.map(|place| (place.time, place.key));
        let events = store
            .newest(
                tenant,
                &subject,
                &Newest {
                    from: since,
                    before,
                    limit: AT_ONCE,
                    ..Newest::of(Kind::Finding)
                },
            )
            .map_err(KeepError::from)?;
        for event in &events {
            if answer.findings.len() == limit || examined == EXAMINED_MOST {
                answer.next = after.map(|place| place.encode(&question));
                return Ok(answer);
            }
            examined += 1;
            after = Some(PageToken {
                time: event.time,
                key: event.key,
            });
            let judged = judged(event)?;
            if asked.wants(&judged)
                && let Some(masked) = view.of(&judged)
            {
                answer.findings.push(told(&judged, &masked));
            }
        }
        if events.len() < AT_ONCE {
            return Ok(answer);
        }
    }
}

/// A finding with every content that it ever had; `None` if there is none that may be seen.
pub(crate) fn one(
    store: &dyn EventStore,
    tenant: TenantId,
    id: Uuid,
    view: &View<'_>,
) -> Result<Option<FindingDocument>, KeepError> {
    let subject = Subject::Finding(id);
    let contents = store.contents(tenant, &key(id), Near::Subject(&subject))?;
    let mut answers = Vec::new();
    for content in contents {
        let judged = judged(&content.event)?;
        let Some(masked) = view.of(&judged) else {
            continue;
        };
        answers.push(ContentAnswer {
            finding: told(&judged, &masked),
            counts: content.wins,
            row: row(&judged, &masked),
            evidence: masked.0.is_empty().then_some(judged.finding.evidence),
        });
    }
    let Some(winner) = answers.iter().find(|content| content.counts) else {
        return Ok(None);
    };
    Ok(Some(FindingDocument {
        finding: winner.finding.clone(),
        row: winner.row.clone(),
        evidence: winner.evidence.clone(),
        contents: answers,
    }))
}

fn told(judged: &Judged, masked: &Masked) -> FindingAnswer {
    let finding = &judged.finding;
    let is_masked = |names: &[&str]| names.iter().any(|name| masked.0.contains(name));
    let shown = |text: &Option<String>, names: &[&str]| text.clone().filter(|_| !is_masked(names));
    let is_whole = masked.0.is_empty();
    let (state, retracted) = match &finding.retracted {
        None => (STANDING, None),
        Some(why) if is_whole => (RETRACTED, Some(why.clone())),
        Some(_) => (RETRACTED, Some(NOT_SHOWN.to_owned())),
    };
    FindingAnswer {
        id: finding.id,
        detector: finding.found.detector().to_owned(),
        report: report_of_finding(&finding.found).name.to_owned(),
        time: finding.time.to_string(),
        judged_at: judged.judged_at.to_string(),
        state: state.to_owned(),
        retracted,
        // The object id names the same person.
        user_id: shown(&finding.person.user_id, &["userName"]),
        user_name: shown(&finding.person.user_name, &["userName"]),
        display_name: shown(&finding.person.display_name, &["displayName"]),
        address: shown(&finding.address, &["ipAddress", "deviceIPAddress"]),
        // A sentence may name anything.
        summary: is_whole.then(|| finding.summary.clone()),
        rule_version: finding.rule_version,
        masked: masked.0.iter().map(|name| (*name).to_owned()).collect(),
    }
}

/// The row of a finding in its own report, without what is masked.
fn row(judged: &Judged, masked: &Masked) -> Option<Value> {
    let report = report_of_finding(&judged.finding.found);
    let rows = reports::project(&judged.event(), &key(judged.finding.id));
    let row = rows.into_iter().find(|row| row.report == report.number)?;
    let mut row: Value = serde_json::from_slice(&row.json).ok()?;
    for name in &masked.0 {
        if let Some(value) = row.get_mut(*name) {
            *value = Value::Null;
        }
    }
    Some(row)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_six_reports_are_those_of_findings() {
        for name in SIX {
            assert!(reports::by_name(Face::Reports, name).is_some(), "{name}");
        }
        assert_eq!(SIX.len(), Found::DETECTORS.len());
    }

    fn check(query: &[(&str, &str)], expected: &str) {
        let error = Asked::read(query.iter().copied()).unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
    }

    #[test]
    fn a_bad_question_is_told_what_may_be_asked() {
        check(
            &[("detector", "travel")],
            "multiple-geographies, after-multiple-failures",
        );
        check(&[("state", "open")], "standing, retracted or all, not \"open\"");
        check(&[("since", "yesterday")], "not \"yesterday\"");
        check(&[("limit", "0")], "from 1 to 1000");
        check(&[("limit", "1001")], "from 1 to 1000");
        check(&[("$filter", "x")], "not \"$filter\"");
    }

    #[test]
    fn what_is_empty_counts_as_absent() {
        let asked = Asked::read([("user", ""), ("since", ""), ("page", "")].into_iter()).unwrap();
        assert_eq!(asked, Asked::default());
    }
}
