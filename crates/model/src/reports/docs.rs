//! The page docs/reports.md, rendered from the definitions, so that it cannot say something else than the service does.

use super::parts::{About, KNOWN, OTHERS};
use super::{ALL, Evidence, Face, FilterDef, FilterValue, Operators, ReportDef, Rows, of};
use crate::entity::{ComplexDef, Edm, EntityDef, Property};
use std::fmt::Write;

/// The reference of the reports for administrators, as Markdown.
pub fn reports_markdown() -> String {
    let mut page = Page::default();
    page.text(INTRODUCTION);
    page.overview("Reports under `/reports`", Face::Reports);
    page.overview("Reports under `/activities`", Face::Activities);
    page.text(AFTER_THE_OVERVIEW);
    page.text(FINDINGS);
    page.verdicts();
    for report in ALL {
        page.report(report);
    }
    page.complex_types();
    page.0
}

const INTRODUCTION: &str = "\
# The reports

<!-- Generated from the report definitions; change those, then run `cargo xtask generate`. -->

Gatelog answers every report of the retired Azure AD *Reports and Events* API, by its old name and with its old
properties. Ask for one with a bearer token:

```
curl -H \"Authorization: Bearer $TOKEN\" \"http://127.0.0.1:8080/contoso.com/reports/auditEvents?api-version=beta\"
```

- The answer is JSON: the rows are in `value`, newest first; `@odata.nextLink` leads to the next page and is absent on
  the last one.
- Without a filter on a time, a report answers the last 30 days. A filter on a time property of the report
  (`$filter=eventTime ge 2017-05-01 and eventTime lt 2017-06-01`) replaces that window.
- `$top` limits the rows, `$skip` leaves the newest ones out. `$filter` takes the properties that are marked below,
  with `eq`, `gt`, `ge`, `lt`, `le`, `and`, `or` and parentheses.
- In a shell, put the address in single quotes when it holds a `$`.
- Names are case-sensitive. Times are UTC, with up to seven digits of a second.
- A property that the source did not fill is `null`.

**Licence** is what the old service said in `LicenseRequired`; old clients read it. Gatelog itself asks for no licence.

**Filled** says whether this version puts rows into the report. A report that is not filled answers an empty list, so a
client that asks for it keeps working; `one item` means that clients expect exactly one, so they get it, with zeros if there
is nothing to count.

**Known from** says how sure we are of the shape of the rows:

- *documented*: Microsoft's reference describes it.
- *recovered*: no reference is left; the shape is what real clients read.
- ***our own***: no public description is left. The definition is ours and promises nothing about the old service.
";

const AFTER_THE_OVERVIEW: &str = "
`GET /{tenant}/reports` lists the names under `/reports`. `GET /{tenant}/activities/auditActivityTypes` lists the audit
activities that are well known; it is a list of words, not a report. The entity types of both families are declared at
`/{tenant}/reports/$metadata` and `/{tenant}/activities/$metadata`.

In the tables below, **key** marks the property that identifies a row. Filters with text compare it in single quotes;
numbers, GUIDs and times stand bare.
";

const FINDINGS: &str = "
## Gatelog's own findings

Six reports show what Gatelog's own detection finds in sign-ins, and allUsersWithAnomalousSignInActivityEvents shows a row
for each of their rows. A finding is kept like an event: with every content it ever had, and in the change log.

- A finding that holds no longer, because a record came late or changed, is retracted: its rows go, the finding stays, with
  the reason. One that holds again is shown again.
- Rows have exactly the documented properties. Why something was found (events, places, distances, counts, thresholds, lists,
  the version of the rule) is the evidence: `GET /{tenant}/findings/{id}`, or `gatelog explain`, with the `id` of the row.
- Findings stand beside the verdicts of vendors. In irregularSignInActivityEvents `reason` tells them apart.

| detector | shown by |
| --- | --- |
| `multiple-geographies` | signInsFromMultipleGeographiesEvents |
| `after-multiple-failures` | signInsAfterMultipleFailuresEvents |
| `unknown-sources` | signInsFromUnknownSourcesEvents |
| `suspicious-addresses` | signInsFromIPAddressesWithSuspiciousActivityEvents |
| `infected-devices` | signInsFromPossiblyInfectedDevicesEvents |
| `irregular` | irregularSignInActivityEvents |
";

const VERDICTS: &str = "
## Verdicts of the vendor

Risk detections of Microsoft Entra ID Protection (`riskDetections` and `servicePrincipalRiskDetections` of Microsoft Graph,
`UserRiskEvents` and `ServicePrincipalRiskEvents` of Azure Monitor and Log Analytics) fill the reports below. Whatever way
a detection comes, it is one event, and its latest state counts:

- One that the vendor or an administrator took back (`dismissed`, `confirmedSafe`) or that holds no risk (`none`) is shown
  by no report. If it was shown before, its row goes when the record with the new state arrives; the records are kept.
- One that was right and has been dealt with (`remediated`) stays: it did happen. `reason` says the state.
- The time of a row is that of the risky activity (`activityDateTime`); for a detection that is linked to no sign-in, when
  it was detected (`detectedDateTime`).
- A detection that is not in the table is kept, and shown by no report; so is one of a person as a whole, linked to no
  sign-in and without an address, if the table names only reports of sign-ins.

Risky users and risky service principals say what the vendor thinks of somebody as a whole, not of a sign-in or a
credential, so no report shows them; each state is kept as an event of the person's history, with the time at which it began.

| detection | what it says | shown by |
| --- | --- | --- |
";

const OTHER_MAKERS: &str = "
Other makers have verdicts too. They come as events of their logs and are never taken back; the time of a row is the event's.

| maker | event | what it says | shown by |
| --- | --- | --- | --- |
";

fn shown_by(about: &[About]) -> String {
    let reports: Vec<&str> = about.iter().map(|about| report_about(*about)).collect();
    reports.join(", ")
}

fn report_about(about: About) -> &'static str {
    match about {
        About::UnknownSource => "signInsFromUnknownSourcesEvents",
        About::SuspiciousAddress => "signInsFromIPAddressesWithSuspiciousActivityEvents",
        About::InfectedDevice => "signInsFromPossiblyInfectedDevicesEvents",
        About::IrregularSignIn => "irregularSignInActivityEvents",
        About::KnownCredentials => "compromisedCredentials",
        About::ThreatenedCredentials => "threatenedCredentials",
        About::WeakCredentials => "weakCredentials",
    }
}

#[derive(Default)]
struct Page(String);

impl Page {
    fn text(&mut self, text: &str) {
        self.0.push_str(text);
    }

    fn line(&mut self, line: std::fmt::Arguments<'_>) {
        // Writing into memory cannot fail.
        let _ = writeln!(self.0, "{line}");
    }

    fn overview(&mut self, title: &str, face: Face) {
        self.line(format_args!("\n## {title}\n"));
        self.text(
            "| report | licence | filter by | filled | known from |\n| --- | --- | --- | --- | --- |\n",
        );
        for report in of(face) {
            self.line(format_args!(
                "| [{name}](#{anchor}) | {license} | {filters} | {filled} | {evidence} |",
                name = report.name,
                anchor = report.name.to_lowercase(),
                license = report.license.as_str(),
                filters = filter_names(report),
                filled = filled(report),
                evidence = evidence(report.evidence),
            ));
        }
    }

    fn verdicts(&mut self) {
        self.text(VERDICTS);
        for known in KNOWN {
            let shown = shown_by(known.about);
            self.line(format_args!("| `{}` | {} | {shown} |", known.word, known.says));
        }
        self.text(OTHER_MAKERS);
        for (_, product, known) in OTHERS {
            for known in *known {
                let shown = shown_by(known.about);
                self.line(format_args!(
                    "| {product} | `{}` | {} | {shown} |",
                    known.word, known.says
                ));
            }
        }
    }

    fn report(&mut self, report: &ReportDef) {
        let entity = report.entity;
        self.line(format_args!("\n## {}\n\n{}", report.name, report.about));
        if report.evidence == Evidence::Own {
            self.text("\n> **Our own definition.** No public description of the old report is left.\n");
        }
        self.line(format_args!("\n- **Entity type:** `{}`", entity.name));
        self.line(format_args!("- **Filled by:** {}", report.filled_by));
        match report.time_property {
            Some(time) => self.line(format_args!(
                "- **Time:** `{time}` orders the rows and is what the window means."
            )),
            None => self.text("- **Time:** the item speaks of the whole window that was asked about.\n"),
        }
        self.line(format_args!("- **Address:** `{}`\n", address(report)));
        self.properties(entity.properties, Some(entity));
        self.filters(report);
    }

    fn properties(&mut self, properties: &[Property], entity: Option<&EntityDef>) {
        self.text("| property | type | null | filter | meaning |\n| --- | --- | --- | --- | --- |\n");
        for property in properties {
            let is_key = entity.is_some_and(|entity| entity.key == property.name);
            self.line(format_args!(
                "| `{name}`{key} | {edm} | {null} | {filter} | {about} |",
                name = property.name,
                key = if is_key { " **key**" } else { "" },
                edm = type_name(property.edm),
                null = if property.nullable { "yes" } else { "never" },
                filter = if property.filterable { "yes" } else { "" },
                about = cell(property.about),
            ));
        }
    }

    fn filters(&mut self, report: &ReportDef) {
        if report.filters.is_empty() {
            let has_filter = report
                .entity
                .properties
                .iter()
                .any(|property| property.filterable);
            if !has_filter {
                self.text("\nThis report takes no `$filter`.\n");
            }
            return;
        }
        let more = if report
            .entity
            .properties
            .iter()
            .any(|property| property.filterable)
        {
            "also "
        } else {
            ""
        };
        self.line(format_args!("\n`$filter` {more}takes:\n"));
        for filter in report.filters {
            self.line(format_args!(
                "- `{}`: {}",
                spelling(filter),
                filter_about(report, filter)
            ));
        }
    }

    fn complex_types(&mut self) {
        self.text("\n## Complex types\n\nTypes of properties that have members of their own.\n");
        let mut seen: Vec<&ComplexDef> = Vec::new();
        for report in ALL {
            collect(report.entity.properties, &mut seen);
        }
        for complex in seen {
            self.line(format_args!("\n### {}\n\n{}\n", complex.name, complex.about));
            if complex.open {
                self.text("Its members are data and not declared.\n");
            } else {
                self.properties(complex.properties, None);
            }
        }
    }
}

/// The complex types of properties, each once, those inside others after them.
fn collect(properties: &'static [Property], seen: &mut Vec<&'static ComplexDef>) {
    for property in properties {
        let (Edm::Complex(complex) | Edm::Collection(complex)) = property.edm else {
            continue;
        };
        if !seen.contains(&complex) {
            seen.push(complex);
            collect(complex.properties, seen);
        }
    }
}

fn filled(report: &ReportDef) -> &'static str {
    match report.rows {
        Rows::Stored(_) | Rows::Rendered { .. } | Rows::Counted { .. } => "**yes**",
        Rows::One(_) => "**yes**, one item",
        Rows::Empty => "no",
    }
}

fn evidence(evidence: Evidence) -> &'static str {
    match evidence {
        Evidence::Documented => "documented",
        Evidence::Recovered => "recovered",
        Evidence::Own => "***our own***",
    }
}

fn filter_names(report: &ReportDef) -> String {
    let own = report
        .entity
        .properties
        .iter()
        .filter(|property| property.filterable)
        .map(|property| property.name);
    let more = report
        .filters
        .iter()
        .map(|filter| filter.spelling)
        .filter(|name| {
            // A few stand for the whole list, which the report's section gives.
            report.face == Face::Reports
                && report
                    .entity
                    .property(name)
                    .is_none_or(|property| !property.filterable)
        });
    let mut names: Vec<String> = own.chain(more).map(|name| format!("`{name}`")).collect();
    if report.face == Face::Activities {
        names.push("and more".to_owned());
    }
    if names.is_empty() {
        "none".to_owned()
    } else {
        names.join(", ")
    }
}

fn address(report: &ReportDef) -> String {
    let face = match report.face {
        Face::Reports => "reports",
        Face::Activities => "activities",
    };
    let mut address = format!("/contoso.com/{face}/{}?api-version=beta", report.name);
    let filtered = report
        .entity
        .properties
        .iter()
        .find(|property| property.filterable)
        .map(|property| property.name);
    let time_stamp = report
        .filters
        .iter()
        .find(|filter| filter.value == FilterValue::Time)
        .map(|filter| filter.spelling);
    if let Some(name) = filtered.or(time_stamp) {
        let _ = write!(address, "&$filter={name}%20ge%202017-05-01");
    }
    address
}

/// The filter as it is written in `$filter`.
fn spelling(filter: &FilterDef) -> String {
    let mut path = filter.spelling.to_owned();
    if let Some(cast) = filter.cast {
        let (before, last) = path
            .rsplit_once('/')
            .map_or(("", path.as_str()), |(before, last)| (before, last));
        let slash = if before.is_empty() { "" } else { "/" };
        path = format!("{before}{slash}…{cast}/{last}");
    }
    match filter.collection {
        Some(collection) => format!("{collection}/any(t: t/{path} …)"),
        None => path,
    }
}

fn filter_about(report: &ReportDef, filter: &FilterDef) -> String {
    let operators = match filter.operators {
        Operators::Comparison => "`eq`, `gt`, `ge`, `lt`, `le`",
        Operators::Equality => "`eq`",
        Operators::EqualityAndParts => "`eq`, `contains`, `startsWith`",
    };
    let value = match filter.value {
        FilterValue::Time => "a time",
        FilterValue::Text(crate::query::Case::Sensitive) => "text",
        FilterValue::Text(crate::query::Case::Insensitive) => "text, upper and lower case alike",
        FilterValue::Integer => "a whole number",
        FilterValue::Guid => "a GUID without quotes",
    };
    let note = match (filter.path, report.rows, filter.value) {
        ([], Rows::One(_), FilterValue::Time) => "; the time that the item counts",
        ([], _, FilterValue::Guid) => "; an application that is not known is no error",
        (["eventTime" | "Date"], _, FilterValue::Time) => "; another name for the row's time",
        _ => "",
    };
    format!("{operators} with {value}{note}")
}

fn type_name(edm: Edm) -> String {
    match edm {
        Edm::String => "text".to_owned(),
        Edm::DateTimeOffset => "time".to_owned(),
        Edm::Int32 | Edm::Int64 => "whole number".to_owned(),
        Edm::Double => "number".to_owned(),
        Edm::Guid => "GUID".to_owned(),
        Edm::Boolean => "true or false".to_owned(),
        Edm::Complex(complex) => format!("[{}](#{})", complex.name, complex.name.to_lowercase()),
        Edm::Collection(complex) => format!("list of [{}](#{})", complex.name, complex.name.to_lowercase()),
    }
}

/// A bar would end the cell of a table.
fn cell(text: &str) -> String {
    text.replace('|', "\\|")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(part: &str) {
        let page = reports_markdown();
        assert!(page.contains(part), "{part} is not in the page");
    }

    #[test]
    fn every_report_stands_in_the_overview_and_has_a_section() {
        for report in ALL {
            check(&format!("| [{}](#{}) |", report.name, report.name.to_lowercase()));
            check(&format!("\n## {}\n", report.name));
        }
    }

    #[test]
    fn the_overview_says_what_an_administrator_asks_first() {
        check("| [auditEvents](#auditevents) | False | `eventTime` | **yes** | documented |");
        check("| [userActivitySummary](#useractivitysummary) | False | none | **yes** | ***our own*** |");
        check(
            "| [b2cMfaRequestCount](#b2cmfarequestcount) | False | `TimeStamp`, `ApplicationId` | **yes**, one item | recovered |",
        );
        check("| [signinEvents](#signinevents) | True | `signinDateTime`, and more | **yes** | recovered |");
    }

    #[test]
    fn a_section_gives_types_filters_and_an_address() {
        check("| `lastSignInTime` | time | never | yes | When the last sign-in happened. |");
        check("| `id` **key** | GUID | never |  | The unique identifier of the event. |");
        check("`/contoso.com/activities/audit?api-version=beta&$filter=activityDate%20ge%202017-05-01`");
        check(
            "- `actor/…ActorUserEntity/userPrincipalName`: `eq`, `contains`, `startsWith` with text, upper and lower case alike",
        );
        check("- `targets/any(t: t/…TargetResourceUserEntity/userPrincipalName …)`");
        check("### Breakdown\n");
        check("### ModifiedProperty\n");
    }

    /// A stray bar or line break in a definition would break the table it stands in.
    #[test]
    fn every_table_row_has_as_many_cells_as_its_head() {
        let page = reports_markdown();
        let mut cells = None;
        for line in page.lines() {
            if !line.starts_with('|') {
                cells = None;
                continue;
            }
            let count = line.replace("\\|", "").matches('|').count();
            assert_eq!(*cells.get_or_insert(count), count, "{line}");
        }
    }
}
