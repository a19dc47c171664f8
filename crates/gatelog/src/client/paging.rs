//! Page after page, by the nextLinks that the service gives.

use super::error::ClientError;
use super::host::Host;
use super::session::Session;
use reqwest::Url;
use serde::Deserialize;
use serde_json::value::RawValue;
use std::time::Duration;

/// How often a page is asked for again after the connection broke off.
const BREAKS: u32 = 5;

/// One page: the rows as the service wrote them.
#[derive(Debug)]
pub(crate) struct Page {
    pub(crate) rows: Vec<Box<RawValue>>,
    /// Where the next one is.
    pub(crate) next: Option<Url>,
    /// Why there are none, if the service says so.
    pub(crate) why_empty: Option<String>,
}

/// A page as it is written: `@odata.nextLink` by V4, `odata.nextLink` by the older face of the same host (wire contract
/// 0.1), and the one answer whose list has another name (2.5).
#[derive(Deserialize)]
struct PageJson {
    #[serde(alias = "activityTypes")]
    value: Vec<Box<RawValue>>,
    #[serde(rename = "@odata.nextLink")]
    next: Option<String>,
    #[serde(rename = "odata.nextLink")]
    old_next: Option<String>,
}

/// The pages from one address to the end.
pub(crate) struct Pages<'a> {
    session: &'a mut Session,
    next: Option<Url>,
    /// Whether the service has answered: then a break is a passing thing.
    has_begun: bool,
}

impl<'a> Pages<'a> {
    /// From an address on.
    pub(crate) fn from(session: &'a mut Session, first: Url) -> Pages<'a> {
        Pages {
            session,
            next: Some(first),
            has_begun: false,
        }
    }

    /// The next page; `None` after the last one.
    pub(crate) async fn next(&mut self) -> anyhow::Result<Option<Page>> {
        let Some(url) = self.next.take() else {
            return Ok(None);
        };
        let mut breaks = 0;
        let answer = loop {
            match self.session.get(&url, &[]).await {
                Ok(answer) => break answer,
                Err(error) => {
                    let is_passing = error
                        .downcast_ref::<ClientError>()
                        .is_some_and(ClientError::is_passing);
                    if !self.has_begun || !is_passing || breaks == BREAKS {
                        return Err(error);
                    }
                    breaks += 1;
                    self.session.note(&format!(
                        "{error}; asking for the same page again ({breaks} of {BREAKS})"
                    ));
                    tokio::time::sleep(Duration::from_secs(1 << breaks)).await;
                }
            }
        };
        self.has_begun = true;
        let why_empty = answer.header("gatelog-why-empty").map(crate::output::printable);
        let mut page = read(&answer.body, &url, &self.session.host)?;
        page.why_empty = why_empty;
        self.next.clone_from(&page.next);
        Ok(Some(page))
    }
}

/// Reads a page and checks where it leads.
fn read(body: &[u8], asked: &Url, host: &Host) -> Result<Page, ClientError> {
    let strange = |what: String| ClientError::Strange {
        host: host.origin(),
        what,
    };
    let page: PageJson = serde_json::from_slice(body)
        .map_err(|error| strange(format!("a page that is not {{\"value\":[…]}}: {error}")))?;
    // Some hosts say "" for the end.
    let link = page.next.or(page.old_next).filter(|link| !link.is_empty());
    let next = match link {
        None => None,
        Some(link) => Some(follow(&link, asked, host).map_err(strange)?),
    };
    Ok(Page {
        rows: page.value,
        next,
        why_empty: None,
    })
}

/// A nextLink, which may be relative (wire contract 0.1), on the host that was asked and nowhere else.
fn follow(link: &str, asked: &Url, host: &Host) -> Result<Url, String> {
    let shown = crate::output::printable(link);
    let url = asked
        .join(link)
        .map_err(|error| format!("a nextLink that is no address ({error}): {shown}"))?;
    if !host.owns(&url) {
        return Err(format!(
            "a nextLink to another origin: {shown}; it is not followed, because the token would go there. If {} is a proxy \
             in front of the service, the service must know its own public address",
            host.origin()
        ));
    }
    if url == *asked {
        return Err(format!("a nextLink that leads to the same page again: {shown}"));
    }
    Ok(url)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::host::PlainHttp;

    fn check(next: &str, expected: Result<Option<&str>, &str>) {
        let host = Host::parse("https://h", PlainHttp::LoopbackAlone).unwrap();
        let asked = Url::parse("https://h/t/reports/auditEvents?api-version=beta").unwrap();
        let body = format!(r#"{{"@odata.context":"x","value":[{{"id": 1}}]{next}}}"#);
        let read = read(body.as_bytes(), &asked, &host);
        match (read, expected) {
            (Ok(page), Ok(expected)) => {
                assert_eq!(page.next.as_ref().map(Url::as_str), expected, "{next}");
                assert_eq!(page.rows[0].get(), r#"{"id": 1}"#);
            }
            (Err(error), Err(expected)) => assert!(error.to_string().contains(expected), "{next}: {error}"),
            (other, _) => panic!("{next}: {other:?}"),
        }
    }

    #[test]
    fn the_next_page_is_on_the_same_host() {
        check("", Ok(None));
        check(r#","@odata.nextLink":null"#, Ok(None));
        check(r#","@odata.nextLink":"""#, Ok(None));
        check(
            r#","@odata.nextLink":"https://h/x?%24skiptoken=1""#,
            Ok(Some("https://h/x?%24skiptoken=1")),
        );
        check(r#","@odata.nextLink":"https://h:443/x""#, Ok(Some("https://h/x")));
        check(
            r#","odata.nextLink":"auditEvents?$skiptoken=1""#,
            Ok(Some("https://h/t/reports/auditEvents?$skiptoken=1")),
        );
    }

    #[test]
    fn a_token_is_sent_nowhere_else() {
        for link in [
            "https://evil.example/x",
            "http://h/x",
            "https://h:8443/x",
            "https://h.evil.example/x",
            "https://h@evil.example/x",
            "//evil.example/x",
            r"\\\\evil.example/x",
            "file:///etc/passwd",
        ] {
            check(&format!(r#","@odata.nextLink":"{link}""#), Err("another origin"));
        }
        check(r#","@odata.nextLink":"https://""#, Err("no address"));
    }

    #[test]
    fn a_circle_is_left() {
        check(
            r#","@odata.nextLink":"https://h/t/reports/auditEvents?api-version=beta""#,
            Err("same page again"),
        );
    }

    #[test]
    fn what_is_no_page_is_told() {
        let host = Host::parse("https://h", PlainHttp::LoopbackAlone).unwrap();
        let asked = Url::parse("https://h/x").unwrap();
        for body in ["", "<html>", "{}", r#"{"value":1}"#] {
            assert!(read(body.as_bytes(), &asked, &host).is_err(), "{body}");
        }
    }
}
