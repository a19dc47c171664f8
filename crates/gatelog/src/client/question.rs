//! What is asked of a report, and the address that asks it.

use super::columns::{Declared, declared};
use super::host::Host;
use super::session::Session;
use crate::exit::Usage;
use model::reports::{Face, FilterValue, by_name};
use model::time::Timestamp;
use reqwest::Url;

/// The only version there ever was (wire contract 5.3).
const API_VERSION: &str = "beta";

/// A report of one of the two address families.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Report {
    pub(crate) face: Face,
    pub(crate) name: String,
}

impl Report {
    /// Reads `auditEvents`, `signinEvents`, or with the family: `reports/auditEvents`, `activities/audit`.
    pub(crate) fn parse(text: &str) -> Result<Report, Usage> {
        let (face, name) = match text.split_once('/') {
            Some(("reports", name)) => (Face::Reports, name),
            Some(("activities", name)) => (Face::Activities, name),
            Some(_) => {
                return Err(Usage(format!(
                    "{text:?} is no report; write its name, or reports/NAME or activities/NAME"
                )));
            }
            None => {
                let is_activity = by_name(Face::Activities, text).is_some() || text == "auditActivityTypes";
                (
                    if is_activity {
                        Face::Activities
                    } else {
                        Face::Reports
                    },
                    text,
                )
            }
        };
        if name.is_empty()
            || name.starts_with('.')
            || name.contains(['/', '?', '#', '$'])
            || name.chars().any(char::is_control)
        {
            return Err(Usage(format!(
                "{text:?} is no name of a report; `gatelog reports` lists them"
            )));
        }
        Ok(Report {
            face,
            name: name.to_owned(),
        })
    }

    /// The first part of its address below the tenant.
    pub(crate) fn family(&self) -> &'static str {
        family(self.face)
    }

    /// As it is typed: `activities/audit`, `auditEvents`.
    pub(crate) fn path(&self) -> String {
        match self.face {
            Face::Reports => self.name.clone(),
            Face::Activities => format!("activities/{}", self.name),
        }
    }

    /// The property that `$filter` compares with a time: as the contract knows it, and of a report that it does not know, as the
    /// host declares it.
    pub(crate) fn time(&self, declared: Option<&Declared>) -> Option<String> {
        let Some(report) = by_name(self.face, &self.name) else {
            return declared?.time.clone();
        };
        let is_taken = |name: &str| {
            let by_name = report.filters.iter().any(|filter| filter.spelling == name);
            by_name
                || report
                    .entity
                    .property(name)
                    .is_some_and(|property| property.filterable)
        };
        let by_time = report
            .filters
            .iter()
            .find(|filter| filter.value == FilterValue::Time);
        let own = report.time_property.filter(|name| is_taken(name));
        own.or(by_time.map(|filter| filter.spelling)).map(str::to_owned)
    }

    /// Whether the contract has it.
    pub(crate) fn is_known(&self) -> bool {
        by_name(self.face, &self.name).is_some()
    }
}

/// `reports` or `activities`.
pub(crate) fn family(face: Face) -> &'static str {
    match face {
        Face::Reports => "reports",
        Face::Activities => "activities",
    }
}

/// What is asked.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Question {
    pub(crate) filter: Option<String>,
    pub(crate) since: Option<Timestamp>,
    pub(crate) until: Option<Timestamp>,
    pub(crate) top: Option<u64>,
    pub(crate) skip: Option<u64>,
}

impl Question {
    /// `$filter`: what the user wrote, and the times. `time` is the property that they are compared with.
    fn filter(&self, report: &Report, time: Option<&str>) -> Result<Option<String>, Usage> {
        let mut parts = Vec::new();
        if let Some(filter) = &self.filter {
            parts.push(filter.clone());
        }
        for (operator, instant) in [("ge", self.since), ("lt", self.until)] {
            let Some(instant) = instant else { continue };
            let time = time.ok_or_else(|| {
                Usage(format!(
                    "{} has no property that --since and --until could be compared with; use --filter",
                    report.path()
                ))
            })?;
            parts.push(format!("{time} {operator} {instant}"));
        }
        if parts.len() > 1 && self.filter.is_some() {
            // The user's own `or` must not reach around the times.
            parts[0] = format!("({})", parts[0]);
        }
        Ok((!parts.is_empty()).then(|| parts.join(" and ")))
    }

    /// The address of the first page.
    pub(crate) fn url(
        &self,
        host: &Host,
        tenant: &str,
        report: &Report,
        time: Option<&str>,
    ) -> Result<Url, Usage> {
        let mut url = host.at(&[tenant, report.family(), &report.name]);
        let filter = self.filter(report, time)?;
        let mut query = url.query_pairs_mut();
        query.append_pair("api-version", API_VERSION);
        if let Some(filter) = filter {
            query.append_pair("$filter", &filter);
        }
        for (name, number) in [("$top", self.top), ("$skip", self.skip)] {
            if let Some(number) = number {
                query.append_pair(name, &number.to_string());
            }
        }
        drop(query);
        Ok(url)
    }
}

/// The address of the list of reports, or of `$metadata` of a family.
pub(crate) fn service_url(host: &Host, tenant: &str, path: &[&str]) -> Url {
    let mut parts = vec![tenant];
    parts.extend(path);
    let mut url = host.at(&parts);
    url.query_pairs_mut().append_pair("api-version", API_VERSION);
    url
}

/// What `$metadata` of a family declares; nothing where the host has none.
pub(crate) async fn metadata(session: &mut Session, face: Face) -> anyhow::Result<Vec<Declared>> {
    let url = service_url(&session.host, &session.tenant, &[family(face), "$metadata"]);
    match session.get(&url, &[("accept", "application/xml")]).await {
        Ok(answer) => {
            let text = String::from_utf8_lossy(&answer.body);
            Ok(declared(&text).unwrap_or_default())
        }
        Err(error) => match error.downcast_ref::<super::error::ClientError>() {
            // The rows say their columns themselves.
            Some(
                super::error::ClientError::Refused {
                    status: 400 | 404 | 405 | 406 | 410 | 501,
                    ..
                }
                | super::error::ClientError::Strange { .. },
            ) => Ok(Vec::new()),
            _ => Err(error),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::host::PlainHttp;

    fn check(report: &str, question: &Question, expected: &str) {
        let host = Host::parse("https://h", PlainHttp::LoopbackAlone).unwrap();
        let report = Report::parse(report).unwrap();
        let url = question.url(&host, "contoso.com", &report, report.time(None).as_deref());
        let shown = match url {
            Ok(url) => url.to_string(),
            Err(error) => error.0,
        };
        assert_eq!(shown, expected);
    }

    fn time(text: &str) -> Timestamp {
        Timestamp::parse_vendor(text).unwrap()
    }

    #[test]
    fn a_question_is_an_address() {
        check(
            "auditEvents",
            &Question::default(),
            "https://h/contoso.com/reports/auditEvents?api-version=beta",
        );
        check(
            "signinEvents",
            &Question {
                top: Some(5),
                skip: Some(7),
                ..Question::default()
            },
            "https://h/contoso.com/activities/signinEvents?api-version=beta&%24top=5&%24skip=7",
        );
        check(
            "activities/audit",
            &Question {
                filter: Some("category eq 'SSPR'".to_owned()),
                ..Question::default()
            },
            "https://h/contoso.com/activities/audit?api-version=beta&%24filter=category+eq+%27SSPR%27",
        );
    }

    #[test]
    fn times_are_compared_with_the_reports_own_property() {
        check(
            "signInsAfterMultipleFailuresEvents",
            &Question {
                since: Some(time("2026-11-01")),
                until: Some(time("2026-11-02T00:00:00.5Z")),
                ..Question::default()
            },
            "https://h/contoso.com/reports/signInsAfterMultipleFailuresEvents?api-version=beta&%24filter=\
             firstSuccessfulSignIn+ge+2026-11-01T00%3A00%3A00Z+and+firstSuccessfulSignIn+lt+2026-11-02T00%3A00%3A00.5Z",
        );
        check(
            "userActivitySummary",
            &Question {
                since: Some(time("2026-11-01")),
                ..Question::default()
            },
            "userActivitySummary has no property that --since and --until could be compared with; use --filter",
        );
        check(
            "strangeEvents",
            &Question {
                since: Some(time("2026-11-01")),
                ..Question::default()
            },
            "strangeEvents has no property that --since and --until could be compared with; use --filter",
        );
    }

    #[test]
    fn an_or_of_the_user_does_not_reach_around_the_times() {
        check(
            "auditEvents",
            &Question {
                filter: Some("a eq 1 or b eq 2".to_owned()),
                since: Some(time("2026-11-01")),
                ..Question::default()
            },
            "https://h/contoso.com/reports/auditEvents?api-version=beta&%24filter=\
             %28a+eq+1+or+b+eq+2%29+and+eventTime+ge+2026-11-01T00%3A00%3A00Z",
        );
    }

    #[test]
    fn what_is_no_name_is_refused() {
        for text in [
            "",
            "a/b",
            "reports/",
            "reports/a/b",
            "$metadata",
            "a?b",
            "a#b",
            "a\nb",
        ] {
            assert!(Report::parse(text).is_err(), "{text:?}");
        }
    }
}
