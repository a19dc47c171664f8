//! What is stored, by plain SQL on the files and none of the product's code. Only while no server has them open.

use super::templates::{Name, revision_of};
use anyhow::{Context, Result};
use rusqlite::{Connection, OpenFlags};
use std::path::{Path, PathBuf};

/// `activities/signinEvents`
const SIGN_INS: u16 = 101;

/// The month files of a tenant.
pub(super) fn months(data: &Path, tenant: &str) -> Result<Vec<PathBuf>> {
    let folder = data.join("tenants").join(tenant);
    let mut months = Vec::new();
    if !folder.exists() {
        return Ok(months);
    }
    for entry in std::fs::read_dir(&folder).with_context(|| format!("read {}", folder.display()))? {
        let path = entry?.path();
        let is_database = path.extension().is_some_and(|ending| ending == "db");
        if is_database && !path.ends_with("catalogue.db") {
            months.push(path);
        }
    }
    months.sort_unstable();
    Ok(months)
}

/// Shows every sign-in that readers see: whose record it is (`None` for one that is not of a template) and with which
/// content.
pub(super) fn each_sign_in(month: &Path, mut see: impl FnMut(Option<Name>, u32)) -> Result<()> {
    let connection = open(month)?;
    let mut statement = connection.prepare(
        "SELECT json_extract(CAST(json AS TEXT), '$.id'), json_extract(CAST(json AS TEXT), '$.appDisplayName')
         FROM (SELECT json, max(seq) FROM rows WHERE report = ?1 GROUP BY time, key) WHERE json IS NOT NULL",
    )?;
    let mut rows = statement.query([SIGN_INS])?;
    while let Some(row) = rows.next()? {
        let (id, app): (String, String) = (row.get(0)?, row.get(1)?);
        see(Name::read(&id), revision_of(&app));
    }
    Ok(())
}

/// Makes a month as old as its last event: what was just stored stays for the whole time of retention, and a measure
/// cannot wait for that.
pub(super) fn age(month: &Path) -> Result<()> {
    let connection = open(month)?;
    connection
        .execute("UPDATE meta SET last_write = last_time", [])
        .with_context(|| format!("age {}", month.display()))?;
    Ok(())
}

fn open(month: &Path) -> Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    Connection::open_with_flags(month, flags).with_context(|| format!("open {}", month.display()))
}
