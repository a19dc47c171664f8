//! `gatelog explain`: why something was found, and what became of it.

use super::block_on;
use super::findings::ask;
use crate::cli::Common;
use crate::client::arguments::Connection;
use crate::client::session::Session;
use crate::client::since;
use crate::client::wait::or_interrupted;
use crate::exit::Code;
use crate::output::{answer, printable};
use anyhow::Result;
use edge::clock;
use serde_json::{Map, Value};
use server::findings::answer::{FindingAnswer, FindingDocument, RETRACTED};
use server::routes::why::WhyAnswer;
use std::fmt::Write;
use uuid::Uuid;

/// Explain a finding, or why nothing was found.
///
/// A finding by its id: who, when, why, by which evidence, and every judgement of it. With --user and --at, what each detector makes of the
/// sign-ins of a person around that time, and why it found nothing.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  gatelog explain 51e26eae-d07b-54e5-bb0b-249f49569a8c
  gatelog explain 51e26eae-d07b-54e5-bb0b-249f49569a8c -o json | jq .evidence
  gatelog explain --user ann@contoso.example --at 2026-11-20T08:30Z

The id is that of a row of an anomaly report, or of a line of `gatelog findings`. Rows whose reason names a vendor are the vendor's
verdicts: what is known of them stands in the row.")]
pub(crate) struct Args {
    /// The finding's id
    #[arg(required_unless_present = "user", conflicts_with = "user", value_parser = finding_id)]
    finding: Option<Uuid>,
    /// The person whose sign-ins are to be explained, by sign-in name or object id
    #[arg(long, requires = "at")]
    user: Option<String>,
    /// Around when: 2h ago as 2h, a date, an instant
    #[arg(long, requires = "user")]
    at: Option<String>,
    #[command(flatten)]
    connection: Connection,
}

/// The time of a line of `gatelog findings` is nearer to the hand than the id at its end.
fn finding_id(word: &str) -> Result<Uuid, String> {
    Uuid::parse_str(word).map_err(|_| {
        "not the id of a finding, which looks like 51e26eae-d07b-54e5-bb0b-249f49569a8c; in `gatelog findings` it ends each line".to_owned()
    })
}

pub(super) fn run(common: &Common, args: &Args) -> Result<Code> {
    let mut session = Session::open(&args.connection, common.config.as_deref())?;
    if let (Some(user), Some(at)) = (&args.user, &args.at) {
        let at = since::parse(at, clock::now())?;
        return block_on(or_interrupted(async {
            let mut url = session.host.at(&[&session.tenant, "findings", "why"]);
            url.query_pairs_mut()
                .append_pair("user", user)
                .append_pair("at", &at.to_string());
            let found: WhyAnswer = ask(&mut session, &url).await?;
            answer(common.output, &found, || why(&found))?;
            Ok(Code::Done)
        }));
    }
    block_on(or_interrupted(async {
        let id = args.finding.unwrap_or_default().to_string();
        let url = session.host.at(&[&session.tenant, "findings", &id]);
        let found: FindingDocument = ask(&mut session, &url).await?;
        answer(common.output, &found, || text(&found))?;
        Ok(Code::Done)
    }))
}

/// Sign-in by sign-in: what was found, and why nothing else was.
fn why(found: &WhyAnswer) -> String {
    if found.sign_ins.is_empty() {
        return format!(
            "no sign-in of {} is kept from before {}",
            printable(&found.user),
            found.at
        );
    }
    let mut out = String::new();
    for finding in &found.findings {
        let _ = writeln!(
            out,
            "found    {} {} {}\n         {}",
            finding.time,
            finding.detector,
            finding.id,
            printable(&finding.summary)
        );
    }
    for sign_in in &found.sign_ins {
        let address = sign_in.address.as_deref().unwrap_or("no address");
        let place = sign_in.place.as_deref().unwrap_or("an unknown place");
        let _ = writeln!(
            out,
            "\n{}  {} from {}, {}",
            sign_in.time,
            sign_in.outcome,
            printable(address),
            printable(place)
        );
        for note in found.notes.iter().filter(|note| note.event == sign_in.event) {
            let _ = writeln!(out, "  {:<24} {}", note.detector, printable(&note.because));
        }
    }
    out
}

fn text(found: &FindingDocument) -> String {
    let finding = &found.finding;
    let mut out = String::new();
    let mut line = |name: &str, value: &str| {
        if !value.is_empty() {
            // Writing into memory cannot fail.
            let _ = writeln!(out, "{name:<9} {}", printable(value));
        }
    };
    line(
        "what",
        &format!(
            "{} ({}, rule {})",
            finding.report, finding.detector, finding.rule_version
        ),
    );
    line("who", &who(finding));
    line("when", &finding.time);
    line("address", finding.address.as_deref().unwrap_or_default());
    line("why", finding.summary.as_deref().unwrap_or_default());
    line("state", &state(finding));
    if !finding.masked.is_empty() {
        line(
            "masked",
            &format!("{}: your roles do not show all of it", finding.masked.join(", ")),
        );
    }
    if let Some(evidence) = &found.evidence {
        out.push_str("\nevidence\n");
        members(&mut out, evidence, 1);
    }
    if found.contents.len() > 1 {
        out.push_str("\njudgements, in the order in which they were made\n");
        for content in &found.contents {
            let judged = &content.finding;
            let summary = judged.summary.as_deref().unwrap_or_default();
            let what = match &judged.retracted {
                Some(why) => format!("retracted: {why}"),
                None => format!("found: {summary}"),
            };
            let counts = if content.counts { "  <- counts" } else { "" };
            let _ = writeln!(out, "  {}  {}{counts}", judged.judged_at, printable(&what));
        }
    }
    out
}

/// `Ann Example, ann@contoso.example, 4f1d…`
fn who(finding: &FindingAnswer) -> String {
    let names = [&finding.display_name, &finding.user_name, &finding.user_id];
    let names: Vec<&str> = names.into_iter().flatten().map(String::as_str).collect();
    names.join(", ")
}

fn state(finding: &FindingAnswer) -> String {
    let at = &finding.judged_at;
    if finding.state == RETRACTED {
        let why = finding.retracted.as_deref().unwrap_or_default();
        return format!("retracted at {at}: {why}");
    }
    format!("{}, judged at {at}", finding.state)
}

/// Members one under the other, what is within them further to the right; lists keep their order.
fn members(out: &mut String, object: &Map<String, Value>, depth: usize) {
    let widest = object
        .iter()
        .filter(|(_, value)| !is_deep(value))
        .map(|(name, _)| name.chars().count())
        .max()
        .unwrap_or(0);
    for (name, value) in object {
        let name = printable(name);
        if is_deep(value) {
            let _ = writeln!(out, "{:indent$}{name}", "", indent = depth * 2);
            within(out, value, depth + 1);
        } else {
            let value = scalar(value);
            let _ = writeln!(out, "{:indent$}{name:<widest$}  {value}", "", indent = depth * 2);
        }
    }
}

fn within(out: &mut String, value: &Value, depth: usize) {
    match value {
        Value::Object(object) => members(out, object, depth),
        Value::Array(items) => {
            for (number, item) in items.iter().enumerate() {
                let _ = write!(out, "{:indent$}{}.", "", number + 1, indent = depth * 2);
                if is_deep(item) {
                    out.push('\n');
                    within(out, item, depth + 1);
                } else {
                    let _ = writeln!(out, " {}", scalar(item));
                }
            }
        }
        other => {
            let _ = writeln!(out, "{:indent$}{}", "", scalar(other), indent = depth * 2);
        }
    }
}

fn is_deep(value: &Value) -> bool {
    match value {
        Value::Object(object) => !object.is_empty(),
        Value::Array(items) => !items.is_empty(),
        _ => false,
    }
}

fn scalar(value: &Value) -> String {
    match value {
        Value::String(text) => printable(text),
        Value::Null => "(not known)".to_owned(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    /// What stands in it is made by people, too: it cannot move the cursor.
    #[test]
    fn a_finding_is_explained_line_by_line() {
        let finding = json!({
            "id": "51e26eae-d07b-54e5-bb0b-249f49569a8c", "detector": "multiple-geographies",
            "report": "signInsFromMultipleGeographiesEvents", "time": "2026-11-20T08:31:07Z", "judgedAt": "2026-11-20T10:00:00Z",
            "state": "standing", "retracted": null, "userId": null, "userName": "ann@contoso.example", "displayName": "Ann\u{1b}[2J",
            "address": "203.0.113.7", "summary": "8,900 km in 1.5 h", "ruleVersion": 1,
        });
        let with = |more: Value| {
            let mut whole = finding.as_object().unwrap().clone();
            whole.extend(more.as_object().unwrap().clone());
            Value::Object(whole)
        };
        let evidence = json!({"km": 8900.5, "signIns": [{"from": "Dresden", "radiusKm": 20}, {"from": "Osaka", "radiusKm": null}],
            "damped": [], "thresholdKmh": 900, "events": ["b", "a"]});
        let contents = json!([
            with(
                json!({"counts": false, "row": {}, "evidence": evidence, "judgedAt": "2026-11-20T08:46:00Z"})
            ),
            with(
                json!({"counts": false, "row": null, "evidence": evidence, "judgedAt": "2026-11-20T09:00:00Z",
                "state": "retracted", "retracted": "it was another's"})
            ),
            with(json!({"counts": true, "row": {}, "evidence": evidence})),
        ]);
        let document = with(json!({"row": {}, "evidence": evidence, "contents": contents}));
        let document: FindingDocument = serde_json::from_value(document).unwrap();
        let expected = "\
what      signInsFromMultipleGeographiesEvents (multiple-geographies, rule 1)
who       Ann\u{fffd}[2J, ann@contoso.example
when      2026-11-20T08:31:07Z
address   203.0.113.7
why       8,900 km in 1.5 h
state     standing, judged at 2026-11-20T10:00:00Z

evidence
  damped        []
  events
    1. b
    2. a
  km            8900.5
  signIns
    1.
      from      Dresden
      radiusKm  20
    2.
      from      Osaka
      radiusKm  (not known)
  thresholdKmh  900

judgements, in the order in which they were made
  2026-11-20T08:46:00Z  found: 8,900 km in 1.5 h
  2026-11-20T09:00:00Z  retracted: it was another's
  2026-11-20T10:00:00Z  found: 8,900 km in 1.5 h  <- counts
";
        assert_eq!(text(&document), expected);
    }
}
