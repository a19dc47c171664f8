//! Reads every sign-in that the service has, page by page.

use super::diary::Row;
use super::http::{self, Ask};
use super::server::{Server, TENANT};
use anyhow::{Context, Result, bail};
use model::time::Timestamp;
use serde_json::Value;

/// Every row of the report, in the order of the pages.
pub(super) fn read_all(server: &Server) -> Result<Vec<Row>> {
    let token = server.token("https://graph.windows.net")?;
    let origin = format!("http://{}", server.address());
    // Without a filter only the last 30 days are shown.
    let mut target = format!(
        "/{TENANT}/activities/signinEvents?api-version=beta&$filter=signinDateTime%20ge%202000-01-01T00:00:00Z"
    );
    let mut rows = Vec::new();
    loop {
        let answer = http::send(
            server.address(),
            &Ask {
                method: "GET",
                target: &target,
                token: Some(&token),
                content_type: "application/json",
                body: &[],
            },
        )?;
        if answer.status != 200 || !answer.is_whole {
            bail!(
                "a page was answered with {} {}",
                answer.status,
                String::from_utf8_lossy(&answer.body)
            );
        }
        let page: Value = serde_json::from_slice(&answer.body).context("read a page")?;
        for row in page["value"].as_array().context("a page has no `value`")? {
            rows.push(read_row(row).with_context(|| format!("read the row {row}"))?);
        }
        let Some(next) = page["@odata.nextLink"].as_str() else {
            return Ok(rows);
        };
        let rest = next
            .strip_prefix(&origin)
            .with_context(|| format!("the nextLink {next} leads elsewhere than {origin}"))?;
        rest.clone_into(&mut target);
    }
}

fn read_row(row: &Value) -> Result<Row> {
    let text = |name: &str| row[name].as_str().with_context(|| format!("it has no {name}"));
    Ok(Row {
        id: text("id")?.to_owned(),
        time: Timestamp::parse_vendor(text("signinDateTime")?)?,
        revision: super::clients::revision_of(text("appDisplayName")?),
    })
}
