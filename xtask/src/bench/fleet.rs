//! Tenants of a running server, each with an application that reads and brings: made as an administrator's program would,
//! through the socket of administration.

use super::client::{Connection, get, post, shortened};
use super::product::{Client, Server};
use anyhow::{Context, Result, bail};
use model::time::Timestamp;
use serde_json::{Value, json};
use std::os::unix::net::UnixStream;
use std::path::Path;

/// A tenant with its tokens.
#[derive(Debug)]
pub(super) struct Member {
    /// Its place among those of the run, which is in the ids of its records.
    pub(super) number: u32,
    client: Client,
    reader: String,
    bringer: String,
}

impl Member {
    /// Its GUID. Its last digits are its number, and so are the writing thread's that the embedded store gives it.
    pub(super) fn tenant(&self) -> &str {
        &self.client.tenant
    }

    /// Asks for tokens again: they live for an hour.
    pub(super) fn renew(&mut self, server: &Server) -> Result<()> {
        self.reader = server.token_of(&self.client, "https://graph.windows.net")?;
        self.bringer = server.token_of(&self.client, "api://gatelog-ingest")?;
        Ok(())
    }

    /// A question for sign-ins from one instant until before another, newest first.
    pub(super) fn page(&self, server: &Server, from: Timestamp, until: Timestamp, top: u32) -> Vec<u8> {
        self.read(server, &format!("{}&$top={top}", self.between(from, until)))
    }

    /// The address of all of them.
    pub(super) fn between(&self, from: Timestamp, until: Timestamp) -> String {
        format!(
            "/{}/activities/signinEvents?api-version=beta&$filter=signinDateTime%20ge%20{from}%20and%20signinDateTime%20lt%20{until}",
            self.tenant()
        )
    }

    /// A question with its token.
    pub(super) fn read(&self, server: &Server, target: &str) -> Vec<u8> {
        get(target, server.address, Some(&self.reader))
    }

    /// An upload of records.
    pub(super) fn bring(&self, server: &Server, records: &[u8]) -> Vec<u8> {
        let target = format!("/{}/ingest/auto", self.tenant());
        post(
            &target,
            server.address,
            Some(&self.bringer),
            "application/x-ndjson",
            records,
        )
    }
}

/// The GUID of a tenant.
pub(super) fn tenant_id(number: u32) -> String {
    format!("00000000-0000-4000-8000-{number:012x}")
}

/// Makes a tenant, unless it is there, and its application.
pub(super) fn enrol(server: &Server, data: &Path, number: u32) -> Result<Member> {
    let mut socket = Connection::to_socket(&data.join("admin.sock"))?;
    let tenant = tenant_id(number);
    let names = json!({"names": [format!("t{number}.example")], "id": tenant});
    administer(&mut socket, server, "/tenants", &names)?;
    let app = json!({"tenant": tenant, "name": "load", "permissions": ["Directory.Read.All", "Ingest"]});
    let made = administer(&mut socket, server, "/apps", &app)?;
    let word = |name: &str| -> Result<String> {
        Ok(made[name]
            .as_str()
            .with_context(|| format!("the application has no {name}"))?
            .to_owned())
    };
    let mut member = Member {
        number,
        client: Client {
            tenant,
            id: word("clientId")?,
            secret: word("clientSecret")?,
        },
        reader: String::new(),
        bringer: String::new(),
    };
    member.renew(server)?;
    Ok(member)
}

/// What is there already is as good.
fn administer(
    socket: &mut Connection<UnixStream>,
    server: &Server,
    target: &str,
    asked: &Value,
) -> Result<Value> {
    let body = serde_json::to_vec(asked)?;
    let request = post(target, server.address, None, "application/json", &body);
    let answer = socket.ask(&request)?;
    if !matches!(answer.status, 200 | 201 | 409) {
        bail!(
            "{target} was answered {}: {}",
            answer.status,
            shortened(answer.body)
        );
    }
    serde_json::from_slice(answer.body).with_context(|| format!("read the answer of {target}"))
}

/// What an upload came to, as the answer says.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Brought {
    pub(super) new: u64,
    pub(super) changed: u64,
    pub(super) known: u64,
}

/// Reads the answer to an upload. A record that was neither new, changed nor known is a fault: all of ours are good.
pub(super) fn brought(answer: &[u8]) -> Result<Brought> {
    let said: Value = serde_json::from_slice(answer).context("read the answer to an upload")?;
    let count = |name: &str| said[name].as_u64();
    match (count("new"), count("changed"), count("known"), count("read")) {
        (Some(new), Some(changed), Some(known), Some(read)) if new + changed + known == read => {
            Ok(Brought { new, changed, known })
        }
        _ => bail!("an upload of good records was answered {said}"),
    }
}

/// The sign-ins of a page, by a property that each has once; a page that is cut off is a fault.
pub(super) fn rows_of(page: &[u8]) -> Result<usize> {
    const EACH_HAS: &[u8] = b"\"signinDateTime\":";
    if !page.ends_with(b"}") || !page.windows(8).any(|window| window == b"\"value\":") {
        bail!("this is no page: {}", shortened(page));
    }
    Ok(page
        .windows(EACH_HAS.len())
        .filter(|window| *window == EACH_HAS)
        .count())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(answer: &str, expected: Option<(u64, u64, u64)>) {
        let found = brought(answer.as_bytes()).ok();
        let found = found.map(|brought| (brought.new, brought.changed, brought.known));
        assert_eq!(found, expected, "{answer}");
    }

    #[test]
    fn a_record_that_was_not_taken_is_a_fault() {
        check(r#"{"read":6,"new":3,"changed":2,"known":1}"#, Some((3, 2, 1)));
        check(r#"{"read":7,"new":3,"changed":2,"known":1,"rejected":1}"#, None);
        check("{}", None);
        check("", None);
    }

    #[test]
    fn the_rows_of_a_page_are_counted() {
        assert_eq!(
            rows_of(br#"{"@odata.context":"x","value":[{"signinDateTime":"a"},{"signinDateTime":"b"}]}"#)
                .ok(),
            Some(2)
        );
        assert_eq!(rows_of(br#"{"value":[{"#).ok(), None);
    }
}
