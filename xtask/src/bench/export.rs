//! A month read to its end by one client that follows nextLink, against the same bytes out of memory.

use super::client::{Connection, get, shortened};
use super::product::{Server, TENANT};
use super::table::{Line, Verdict, megabytes};
use super::watch::Watch;
use super::yardsticks::Yardstick;
use super::{Bench, median, ratio};
use anyhow::{Context, Result, bail};
use std::net::SocketAddr;
use std::path::Path;

/// The yardstick keeps the whole month in memory; a larger one is read up to here.
const BYTES_MOST: u64 = 512 << 20;

/// What an export came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Exported {
    pages: usize,
    bytes: u64,
}

pub(super) fn run(bench: &Bench<'_>) -> Result<Vec<Line>> {
    let server = Server::start(bench.build, bench.data)?;
    let token = server.token(bench.data, "https://graph.windows.net")?;
    let month = bench.data.first.month();
    let start = format!(
        "/{TENANT}/activities/signinEvents?api-version=beta&$filter=signinDateTime%20ge%20{}%20and%20signinDateTime%20lt%20{}",
        month.start(),
        month.end()
    );
    let folder = bench.data.beside.join("export");
    std::fs::create_dir_all(&folder)?;
    let whole = export(server.address, &token, &start, Some(&folder))?;
    let same_bytes = Yardstick::of_files(bench.build, &folder)?;
    let (mut ours, mut of_static) = (Vec::new(), Vec::new());
    for _ in 0..bench.args.rounds {
        let watch = Watch::start();
        if export(server.address, &token, &start, None)? != whole {
            bail!("the month had another size this time");
        }
        ours.push(whole.bytes as f64 / watch.seconds());
        let watch = Watch::start();
        if read_static(same_bytes.address, whole.pages)? != whole.bytes {
            bail!("the static answers have another size");
        }
        of_static.push(whole.bytes as f64 / watch.seconds());
    }
    server.stop()?;
    Ok(vec![Line {
        work: format!(
            "export of a month by nextLink ({} pages, {}) against static",
            whole.pages,
            megabytes(whole.bytes as f64)
        ),
        measured: format!(
            "{}/s, static {}/s",
            megabytes(median(&ours)),
            megabytes(median(&of_static))
        ),
        ratio: Some(ratio(&ours, &of_static)),
        floor: "0.35",
        goal: "0.5",
        verdict: Verdict::at_least(ratio(&ours, &of_static), 0.35, 0.5),
    }])
}

/// Follows nextLink from a first address, keeping the pages if there is a folder for them.
fn export(address: SocketAddr, token: &str, start: &str, keep: Option<&Path>) -> Result<Exported> {
    let mut connection = Connection::open(address)?;
    let mut target = start.to_owned();
    let mut exported = Exported { pages: 0, bytes: 0 };
    loop {
        let answer = connection.ask(&get(&target, address, Some(token)))?;
        if answer.status != 200 {
            bail!("answered {}: {}", answer.status, shortened(answer.body));
        }
        if let Some(folder) = keep {
            std::fs::write(folder.join(exported.pages.to_string()), answer.body).context("keep a page")?;
        }
        exported.pages += 1;
        exported.bytes += answer.body.len() as u64;
        match next_target(answer.body) {
            Some(next) if exported.bytes < BYTES_MOST => target = next,
            _ => return Ok(exported),
        }
    }
}

fn read_static(address: SocketAddr, pages: usize) -> Result<u64> {
    let mut connection = Connection::open(address)?;
    let mut bytes = 0;
    for page in 0..pages {
        let answer = connection.ask(&get(&format!("/{page}"), address, None))?;
        bytes += answer.body.len() as u64;
    }
    Ok(bytes)
}

/// The path of the nextLink, which stands at the end of a page.
pub(super) fn next_target(page: &[u8]) -> Option<String> {
    let end = std::str::from_utf8(&page[page.len().saturating_sub(4_096)..]).ok()?;
    let (_, link) = end.rsplit_once("\"@odata.nextLink\":\"")?;
    let link = link.strip_suffix("\"}")?;
    let (_, rest) = link.split_once("://")?;
    rest.find('/').map(|at| rest[at..].to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(page: &str, expected: Option<&str>) {
        assert_eq!(next_target(page.as_bytes()).as_deref(), expected, "{page}");
    }

    #[test]
    fn the_next_page_stands_at_the_end() {
        check(
            r#"{"value":[{}],"@odata.nextLink":"http://h:1/t/a?x=1&%24skiptoken=y"}"#,
            Some("/t/a?x=1&%24skiptoken=y"),
        );
        check(r#"{"value":[{}]}"#, None);
        check("", None);
    }
}
