//! `gatelog reports`: which reports a service has, and what is in them.

use super::block_on;
use crate::cli::Common;
use crate::client::arguments::Connection;
use crate::client::columns::Declared;
use crate::client::error::ClientError;
use crate::client::paging::Pages;
use crate::client::question::{Question, Report, metadata, service_url};
use crate::client::session::Session;
use crate::client::wait::or_interrupted;
use crate::exit::Code;
use crate::output::{answer, table};
use anyhow::Result;
use model::reports::Face;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// List the reports of a service: licence, filter property, rows, newest row, and why one is empty.
///
/// A service that does not say how many rows a report has leaves that column empty.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  gatelog reports
  gatelog reports --ask                         asks each report for its newest row where the list does not say it
  gatelog reports -o json | jq -r '.[] | select(.rows > 0) | .path'")]
pub(crate) struct Args {
    /// Ask each report for its newest row where the list does not say it: one request a report
    #[arg(long)]
    ask: bool,
    #[command(flatten)]
    connection: Connection,
}

/// An item of the service's list; all but the first two come only from services that know them.
#[derive(Debug, Deserialize)]
struct Listed {
    #[serde(rename = "Name")]
    name: String,
    #[serde(rename = "LicenseRequired")]
    license_required: Option<String>,
    rows: Option<u64>,
    #[serde(rename = "newestRow")]
    newest_row: Option<String>,
    #[serde(rename = "whyEmpty")]
    why_empty: Option<String>,
}

/// A report as it is shown.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Shown {
    path: String,
    license_required: Option<String>,
    filter_property: Option<String>,
    rows: Option<u64>,
    newest_row: Option<String>,
    why_empty: Option<String>,
}

pub(super) fn run(common: &Common, args: &Args) -> Result<Code> {
    let mut session = Session::open(&args.connection, common.config.as_deref())?;
    block_on(or_interrupted(async {
        let mut shown = list(&mut session).await?;
        if args.ask {
            for report in &mut shown {
                if report.rows != Some(0) && report.newest_row.is_none() {
                    ask(&mut session, report).await?;
                }
            }
        }
        answer(common.output, &shown, || text(&shown))?;
        Ok(Code::Done)
    }))
}

/// The reports of a service: its list, and what `$metadata` of /activities declares.
async fn list(session: &mut Session) -> Result<Vec<Shown>> {
    let mut shown = Vec::new();
    let reports = metadata(session, Face::Reports).await?;
    for listed in listed(session).await? {
        let Ok(report) = Report::parse(&format!("reports/{}", listed.name)) else {
            continue;
        };
        shown.push(Shown {
            path: report.path(),
            license_required: listed.license_required,
            filter_property: filter_property(&report, &reports),
            rows: listed.rows,
            newest_row: listed.newest_row,
            why_empty: listed.why_empty,
        });
    }
    let activities = metadata(session, Face::Activities).await?;
    for set in &activities {
        let Ok(report) = Report::parse(&format!("activities/{}", set.name)) else {
            continue;
        };
        let mut activity = Shown {
            path: report.path(),
            license_required: None,
            filter_property: filter_property(&report, &activities),
            rows: None,
            newest_row: None,
            why_empty: None,
        };
        ask(session, &mut activity).await?;
        shown.push(activity);
    }
    Ok(shown)
}

/// Every report of a service by its path, for who wants all of them.
pub(super) async fn all(session: &mut Session) -> Result<Vec<Report>> {
    let mut paths: Vec<String> = listed(session)
        .await?
        .into_iter()
        .map(|listed| format!("reports/{}", listed.name))
        .collect();
    let activities = metadata(session, Face::Activities).await?;
    paths.extend(activities.iter().map(|set| format!("activities/{}", set.name)));
    Ok(paths
        .iter()
        .map(|path| Report::parse(path))
        .collect::<Result<_, _>>()?)
}

async fn listed(session: &mut Session) -> Result<Vec<Listed>> {
    let url = service_url(&session.host, &session.tenant, &["reports"]);
    // A service that does not know the preference passes over it.
    let answer = session
        .get(&url, &[("prefer", "include-annotations=\"*\"")])
        .await?;
    let list: Value = serde_json::from_slice(&answer.body).unwrap_or(Value::Null);
    let items = Vec::<Listed>::deserialize(&list["value"]).map_err(|error| ClientError::Strange {
        host: session.host.origin(),
        what: format!("a list of reports that is not {{\"value\":[{{\"Name\":…}}]}}: {error}"),
    })?;
    Ok(items)
}

/// The property that `$filter` compares with a time.
fn filter_property(report: &Report, declared: &[Declared]) -> Option<String> {
    report.time(declared.iter().find(|set| set.name == report.name))
}

/// Asks for the newest row.
async fn ask(session: &mut Session, shown: &mut Shown) -> Result<()> {
    let report = Report::parse(&shown.path)?;
    let question = Question {
        top: Some(1),
        ..Question::default()
    };
    let url = question.url(&session.host, &session.tenant, &report, None)?;
    let page = match Pages::from(session, url).next().await {
        Ok(page) => page,
        Err(error) if crate::client::export::is_of_the_report_alone(&error) => {
            shown.why_empty = Some(format!("{error:#}"));
            return Ok(());
        }
        Err(error) => return Err(error),
    };
    let Some(page) = page else { return Ok(()) };
    shown.why_empty = page.why_empty.or(shown.why_empty.take());
    if let (Some(row), Some(property)) = (page.rows.first(), &shown.filter_property) {
        let row: Value = serde_json::from_str(row.get())?;
        shown.newest_row = row[property.as_str()].as_str().map(str::to_owned);
    }
    Ok(())
}

fn text(shown: &[Shown]) -> String {
    let rows = shown
        .iter()
        .map(|report| {
            let text = |value: &Option<String>| value.clone().unwrap_or_default();
            vec![
                report.path.clone(),
                match report.license_required.as_deref() {
                    Some("True") => "yes".to_owned(),
                    Some("False") => "no".to_owned(),
                    other => other.unwrap_or_default().to_owned(),
                },
                text(&report.filter_property),
                report.rows.map(|rows| rows.to_string()).unwrap_or_default(),
                text(&report.newest_row),
                text(&report.why_empty),
            ]
        })
        .collect();
    table(
        &[
            "Report",
            "Licence",
            "Filter by",
            "Rows",
            "Newest row (UTC)",
            "Why empty",
        ],
        rows,
    )
}
