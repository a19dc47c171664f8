//! What stands around the rows of a page, and the list of reports.

use crate::options::API_VERSION;
use model::json::{ObjectWriter, write_text};
use model::reports::{Face, ReportDef};
use model::time::Timestamp;

/// `Content-Type` of every JSON answer (wire contract 1.6 \[I\]). Without the charset, Windows PowerShell 5.1 reads
/// ISO 8859-1.
pub const CONTENT_TYPE: &str = "application/json;odata.metadata=minimal;odata.streaming=true;charset=utf-8";

/// The tenant segment of addresses that we make where the client left its own empty: the token's tenant.
const OWN_TENANT: &str = "myorganization";

/// The absolute address of the next page.
///
/// `origin` is scheme, host and port as the client addressed us, or the configured public ones; `path` is the request's
/// path as it was sent, whatever its tenant segment looks like. The token is self-contained, so no option of the request
/// is repeated and none can stand there twice; `$` is encoded, as the old service did (wire contract 1.4 \[C: AREF\]).
pub fn next_link(origin: &str, path: &str, token: &str) -> String {
    format!("{origin}{path}?api-version={API_VERSION}&%24skiptoken={token}")
}

/// The absolute `@odata.context` of a page of a report's rows (wire contract 1.1 \[I\]).
pub fn context_url(origin: &str, tenant_segment: &str, report: &ReportDef) -> String {
    let family = match report.face {
        Face::Reports => "reports",
        Face::Activities => "activities",
    };
    format!(
        "{origin}/{}/{family}/$metadata#{}",
        tenant_or_own(tenant_segment),
        report.name
    )
}

/// Opens a page: `{"@odata.context":"…","value":[`. The rows follow, joined by commas, as they are stored.
pub fn open_envelope(out: &mut Vec<u8>, context: &str) {
    out.extend_from_slice(br#"{"@odata.context":"#);
    write_text(out, context);
    out.extend_from_slice(br#","value":["#);
}

/// Closes a page. On the last one there is no `@odata.nextLink` at all: clients loop while it is there.
pub fn close_envelope(out: &mut Vec<u8>, next_link: Option<&str>) {
    out.push(b']');
    if let Some(next_link) = next_link {
        out.extend_from_slice(br#","@odata.nextLink":"#);
        write_text(out, next_link);
    }
    out.push(b'}');
}

/// What the list of reports says of a report beyond the old service's answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReportFacts {
    /// How many rows it has; `None` where that is not counted before somebody asks for them.
    pub rows: Option<u64>,
    /// The time of its newest row.
    pub newest_row: Option<Timestamp>,
    /// Why it has none.
    pub why_empty: Option<String>,
}

/// The list of reports (wire contract 2.1 \[C: ANN\]), exactly Name and LicenseRequired unless facts are given, which they
/// should be only for `Prefer: include-annotations="*"`.
pub fn report_list(
    origin: &str,
    tenant_segment: &str,
    reports: &[(&'static ReportDef, Option<ReportFacts>)],
) -> Vec<u8> {
    let mut out = Vec::with_capacity(4096);
    open_envelope(
        &mut out,
        &format!("{origin}/{}/$metadata#reports", tenant_or_own(tenant_segment)),
    );
    for (index, (report, facts)) in reports.iter().enumerate() {
        if index > 0 {
            out.push(b',');
        }
        let mut item = ObjectWriter::new();
        item.text("Name", Some(report.name))
            .text("LicenseRequired", Some(report.license.as_str()));
        if let Some(facts) = facts {
            item.integer("rows", facts.rows.and_then(|rows| i64::try_from(rows).ok()));
            match facts.newest_row {
                Some(time) => item.time("newestRow", time),
                None => item.text("newestRow", None),
            };
            item.text("whyEmpty", facts.why_empty.as_deref());
        }
        out.extend_from_slice(&item.finish());
    }
    close_envelope(&mut out, None);
    out
}

fn tenant_or_own(tenant_segment: &str) -> &str {
    if tenant_segment.is_empty() {
        OWN_TENANT
    } else {
        tenant_segment
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixtures;

    fn check(out: Vec<u8>, expected: &str) {
        assert_eq!(String::from_utf8(out).unwrap(), expected);
    }

    fn page(rows: &str, next: Option<&str>) -> Vec<u8> {
        let mut out = Vec::new();
        open_envelope(
            &mut out,
            &context_url("http://h:8080", "contoso.example", &fixtures::AUDIT_EVENTS),
        );
        out.extend_from_slice(rows.as_bytes());
        close_envelope(&mut out, next);
        out
    }

    #[test]
    fn a_page_has_context_value_and_the_next_link() {
        let next = next_link("http://h:8080", "/contoso.example/reports/auditEvents", "AQ-_");
        check(
            page(r#"{"id":"1"},{"id":"2"}"#, Some(&next)),
            concat!(
                r##"{"@odata.context":"http://h:8080/contoso.example/reports/$metadata#auditEvents","##,
                r#""value":[{"id":"1"},{"id":"2"}],"@odata.nextLink":"http://h:8080/contoso.example/reports/auditEvents"#,
                r#"?api-version=beta&%24skiptoken=AQ-_"}"#
            ),
        );
    }

    #[test]
    fn the_last_page_has_no_next_link_at_all() {
        check(
            page("", None),
            r#"{"@odata.context":"http://h:8080/contoso.example/reports/$metadata#auditEvents","value":[]}"#,
        );
    }

    #[test]
    fn addresses_keep_the_tenant_as_the_client_wrote_it() {
        assert_eq!(
            next_link("https://h", "/$tenantdomain//activities/audit", "x"),
            "https://h/$tenantdomain//activities/audit?api-version=beta&%24skiptoken=x"
        );
        assert_eq!(
            context_url("https://h", "$tenantdomain", &fixtures::ACTIVITIES_AUDIT),
            "https://h/$tenantdomain/activities/$metadata#audit"
        );
        assert_eq!(
            context_url("https://h", "", &fixtures::ACTIVITIES_AUDIT),
            "https://h/myorganization/activities/$metadata#audit"
        );
    }

    #[test]
    fn hostile_addresses_stay_inside_their_member() {
        let next = next_link("http://h", "/t\",\"error\":\"", "x");
        let page: serde_json::Value = serde_json::from_slice(&page("", Some(&next))).unwrap();
        let members: Vec<&String> = page.as_object().unwrap().keys().collect();
        assert_eq!(members, ["@odata.context", "@odata.nextLink", "value"]);
    }

    #[test]
    fn the_list_is_names_and_licences_as_text() {
        let reports = [
            (&fixtures::AUDIT_EVENTS, None),
            (&fixtures::INFECTED_DEVICES, None),
        ];
        check(
            report_list("https://graph.windows.net", "contoso.com", &reports),
            concat!(
                r##"{"@odata.context":"https://graph.windows.net/contoso.com/$metadata#reports","value":["##,
                r#"{"Name":"auditEvents","LicenseRequired":"False"},"#,
                r#"{"Name":"signInsFromPossiblyInfectedDevicesEvents","LicenseRequired":"True"}]}"#
            ),
        );
    }

    #[test]
    fn annotations_follow_when_they_are_given() {
        let filled = ReportFacts {
            rows: Some(3),
            newest_row: Some(Timestamp::from_unix_seconds(0)),
            why_empty: None,
        };
        let empty = ReportFacts {
            rows: Some(0),
            newest_row: None,
            why_empty: Some("no source fills it yet".to_owned()),
        };
        let reports = [
            (&fixtures::AUDIT_EVENTS, Some(filled)),
            (&fixtures::INFECTED_DEVICES, Some(empty)),
        ];
        check(
            report_list("http://h", "t", &reports),
            concat!(
                r##"{"@odata.context":"http://h/t/$metadata#reports","value":["##,
                r#"{"Name":"auditEvents","LicenseRequired":"False","rows":3,"newestRow":"1970-01-01T00:00:00Z","whyEmpty":null},"#,
                r#"{"Name":"signInsFromPossiblyInfectedDevicesEvents","LicenseRequired":"True","rows":0,"newestRow":null,"#,
                r#""whyEmpty":"no source fills it yet"}]}"#
            ),
        );
    }
}
