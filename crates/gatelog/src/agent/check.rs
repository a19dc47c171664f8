//! `gatelog agent check`: what would be read, how much of it is unread, where it would go, and as whom.

use super::config::{Config, Input, Kind};
use super::link::{Link, RESOURCE};
use super::mark::FileMark;
use super::pattern::Pattern;
use super::spool::{Queued, Spool};
use super::{aside, event_log, evtx, log_file};
use crate::client::auth::tokens;
use crate::output::printable;
use crate::platform::{self, Seen};
use secrecy::ExposeSecret;
use serde::Serialize;
use std::collections::BTreeMap;
use std::fmt::Write;
use std::fs::{self, File};
use std::path::{Path, PathBuf};

/// Files that are shown of an input.
const FILES_SHOWN: usize = 20;

/// What is found.
#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Found {
    host: String,
    tenant: String,
    client_id: String,
    proof: String,
    state: PathBuf,
    spool_bytes: u64,
    spool_max_bytes: u64,
    /// Pieces that the service refused and that are kept.
    rejected_pieces: usize,
    inputs: Vec<OfInput>,
    /// What the service says to this agent, if it was asked.
    connection: Option<String>,
    /// What is wrong. With any, the exit code is not 0.
    pub(crate) faults: Vec<String>,
    /// Whether the service refuses this agent.
    #[serde(skip)]
    pub(crate) is_denied: bool,
}

#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
struct OfInput {
    name: String,
    kind: &'static str,
    format: String,
    reads: String,
    files: Vec<OfFile>,
    unread_bytes: u64,
    pieces_waiting: u64,
    records_waiting: u64,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct OfFile {
    path: String,
    bytes: u64,
    /// Up to where it was read; of a packed file, of its content.
    read: u64,
    state: &'static str,
}

/// Looks at everything, and changes nothing.
pub(crate) fn look(config: &Config) -> Found {
    let service = &config.service;
    let mut found = Found {
        host: service.host.origin(),
        tenant: service.tenant.clone(),
        client_id: service.client_id.clone(),
        state: config.state.clone(),
        spool_max_bytes: config.spool_bytes,
        rejected_pieces: aside::count(&config.state),
        ..Found::default()
    };
    found.proof = match (&service.secret, &service.certificate) {
        (Some(secret), _) => match secret.read() {
            Ok(_) => "a secret, which can be read".to_owned(),
            Err(error) => {
                found.faults.push(format!("the secret: {error:#}"));
                "a secret, which cannot be read".to_owned()
            }
        },
        (None, Some(path)) => format!("the certificate {}", path.display()),
        (None, None) => "nothing".to_owned(),
    };
    if let Some(file) = &config.log_file
        && let Err(reason) = log_file::look(file)
    {
        found.faults.push(reason);
    }
    let spool = match Spool::look(&config.state, config.spool_bytes) {
        Ok(spool) => spool,
        Err(error) => {
            found.faults.push(error.to_string());
            None
        }
    };
    let mut queued = BTreeMap::new();
    if let Some(spool) = &spool {
        found.spool_bytes = spool.bytes().0;
        match spool.queued() {
            Ok(waiting) => queued = waiting,
            Err(error) => found.faults.push(error.to_string()),
        }
    }
    for input in &config.inputs {
        let waiting = queued.get(&input.name).copied().unwrap_or_default();
        let of_input = input_of(input, spool.as_ref(), waiting, &mut found.faults);
        found.inputs.push(of_input);
    }
    found
}

/// Asks the service for a token, as the agent would.
pub(crate) async fn connect(config: &Config, found: &mut Found) {
    let mut link = match Link::new(config.service.clone()) {
        Ok(link) => link,
        Err(error) => {
            found.faults.push(format!("{error:#}"));
            return;
        }
    };
    match link.token().await {
        Ok(token) => {
            let claims = tokens::claims(token.expose_secret());
            let roles: Vec<&str> = claims["roles"]
                .as_array()
                .map(|roles| roles.iter().filter_map(|role| role.as_str()).collect())
                .unwrap_or_default();
            let owner = tokens::owner(&claims);
            found.connection = Some(format!(
                "a token for {owner}, with the roles: {}",
                roles.join(", ")
            ));
            if !roles.contains(&"Ingest") {
                found.is_denied = true;
                found.faults.push(format!(
                    "the token for {RESOURCE} has no role Ingest: `gatelog app update --add-permission Ingest` gives it to the application"
                ));
            }
            if roles.len() > 1 {
                let others = roles.into_iter().filter(|role| *role != "Ingest");
                found.faults.push(format!(
                    "the application may do more than bring records ({}): an agent's should have Ingest alone",
                    others.collect::<Vec<_>>().join(", ")
                ));
            }
        }
        Err(error) => {
            found.is_denied = super::link::side(&error) == "no token";
            found.faults.push(format!("no token: {error:#}"));
        }
    }
}

fn input_of(input: &Input, spool: Option<&Spool>, waiting: Queued, faults: &mut Vec<String>) -> OfInput {
    let mut of_input = OfInput {
        name: input.name.clone(),
        format: input.format.clone(),
        pieces_waiting: waiting.pieces,
        records_waiting: waiting.records,
        ..OfInput::default()
    };
    if input.format != "auto" && sources::by_id(&input.format).is_none() {
        // It may be a mapping of the service, which is not known here.
        of_input.format = format!(
            "{} (not one of this program: a mapping of the service?)",
            input.format
        );
    }
    match &input.kind {
        Kind::Files(plan) => {
            of_input.kind = "files";
            of_input.reads = names(&plan.files);
            let known = spool.map_or(Ok(Vec::new()), |spool| spool.files(&input.name));
            let known = known.unwrap_or_else(|error| {
                faults.push(error.to_string());
                Vec::new()
            });
            for path in matched(&plan.files, &plan.exclude, faults) {
                of_input.files.extend(line_file(&path, &known, faults));
            }
        }
        Kind::Documents(plan) => {
            of_input.kind = "documents";
            of_input.reads = names(&plan.files);
            let seen = spool.map_or(Ok(BTreeMap::new()), |spool| spool.seen(&input.name));
            let seen = seen.unwrap_or_default();
            for path in matched(&plan.files, &plan.exclude, faults) {
                of_input.files.extend(document(&path, &seen, faults));
            }
        }
        Kind::EventLog(plan) => {
            of_input.kind = "event-log";
            let cursor = spool.and_then(|spool| spool.cursor(&input.name).ok().flatten());
            of_input.reads = match event_log::state(plan, cursor.as_deref()) {
                Ok(state) => format!("{}: {state}", plan.channel),
                Err(reason) => {
                    faults.push(reason);
                    format!("{}, which cannot be read", plan.channel)
                }
            };
        }
        Kind::Journald(journal, _) => {
            of_input.kind = "journald";
            of_input.reads = format!("{} {}", journal.program, journal.matches.join(" "));
        }
        Kind::Stdin(_) => {
            of_input.kind = "stdin";
            "standard input".clone_into(&mut of_input.reads);
        }
        Kind::Syslog(listen, _) => {
            of_input.kind = "syslog";
            let told = [
                ("udp", listen.udp),
                ("tcp", listen.tcp),
                ("tls", listen.tls.as_ref().map(|tls| tls.0)),
            ];
            let told = told
                .iter()
                .filter_map(|(name, address)| Some(format!("{name} {}", (*address)?)));
            of_input.reads = told.collect::<Vec<_>>().join(", ");
        }
    }
    of_input.unread_bytes = of_input
        .files
        .iter()
        .map(|file| file.bytes.saturating_sub(file.read))
        .sum();
    of_input
}

fn names(patterns: &[Pattern]) -> String {
    patterns.iter().map(Pattern::text).collect::<Vec<_>>().join(", ")
}

fn matched(files: &[Pattern], exclude: &[Pattern], faults: &mut Vec<String>) -> Vec<PathBuf> {
    let mut paths: Vec<PathBuf> = files.iter().flat_map(|pattern| pattern.files(faults)).collect();
    paths.retain(|path| !exclude.iter().any(|pattern| pattern.matches(path)));
    paths.sort();
    paths.dedup();
    paths
}

fn opened(path: &Path, faults: &mut Vec<String>) -> Option<(File, Seen)> {
    let opened = platform::open(path).and_then(|file| platform::seen_of(&file).map(|seen| (file, seen)));
    opened
        .map_err(|error| faults.push(format!("{}: {error}", path.display())))
        .ok()
}

fn line_file(path: &Path, known: &[FileMark], faults: &mut Vec<String>) -> Option<OfFile> {
    let (_, seen) = opened(path, faults)?;
    let mark = known
        .iter()
        .find(|mark| mark.gone.is_none() && (mark.device, mark.inode) == seen.identity);
    let (read, state) = match mark {
        None => (0, "new"),
        Some(mark) if mark.packed.is_some() && mark.finished => (seen.bytes, "packed, read"),
        Some(mark) if mark.packed.is_some() => (0, "packed, being read"),
        Some(mark) if mark.offset > seen.bytes => (0, "cut since it was read"),
        Some(mark) if mark.offset == seen.bytes => (mark.offset, "read"),
        Some(mark) => (mark.offset, "being read"),
    };
    Some(OfFile {
        path: path.to_string_lossy().into_owned(),
        bytes: seen.bytes,
        read,
        state,
    })
}

fn document(
    path: &Path,
    seen: &BTreeMap<super::mark::Digest, i64>,
    faults: &mut Vec<String>,
) -> Option<OfFile> {
    let (file, seen_now) = opened(path, faults)?;
    let size = seen_now.bytes;
    let (read, state) = if let Ok(Some(_)) = evtx::header(&file) {
        let chunks = evtx::chunks(&file, size).unwrap_or_default();
        let unread = chunks
            .iter()
            .filter(|chunk| !seen.contains_key(&chunk.digest))
            .count() as u64;
        let state = if unread == 0 { "read" } else { "chunks to be read" };
        (size.saturating_sub(unread << 16), state)
    } else {
        let content = fs::read(path).unwrap_or_default();
        if seen.contains_key(&super::mark::digest(&content)) {
            (size, "read")
        } else {
            (0, "to be read")
        }
    };
    Some(OfFile {
        path: path.to_string_lossy().into_owned(),
        bytes: size,
        read,
        state,
    })
}

/// What was found, for people.
pub(crate) fn text(found: &Found) -> String {
    let mut text = String::new();
    let _ = writeln!(
        text,
        "sends to   {} (tenant {}), as application {}, by {}",
        found.host, found.tenant, found.client_id, found.proof
    );
    if let Some(connection) = &found.connection {
        let _ = writeln!(text, "           {}", printable(connection));
    }
    let _ = writeln!(
        text,
        "keeps in   {}: {} of {} bytes wait",
        found.state.display(),
        found.spool_bytes,
        found.spool_max_bytes
    );
    if found.rejected_pieces > 0 {
        let _ = writeln!(
            text,
            "           {} pieces that the service refused are in {}",
            found.rejected_pieces,
            aside::folder(&found.state).display()
        );
    }
    for input in &found.inputs {
        let _ = writeln!(
            text,
            "reads      {} ({}, format {}): {}",
            input.name, input.kind, input.format, input.reads
        );
        if input.pieces_waiting > 0 {
            let _ = writeln!(
                text,
                "           {} records in {} pieces wait to be sent",
                input.records_waiting, input.pieces_waiting
            );
        }
        for file in input.files.iter().take(FILES_SHOWN) {
            let _ = writeln!(
                text,
                "           {:>12} of {:>12} bytes  {:<20} {}",
                file.read,
                file.bytes,
                file.state,
                printable(&file.path)
            );
        }
        if input.files.len() > FILES_SHOWN {
            let _ = writeln!(text, "           … and {} more", input.files.len() - FILES_SHOWN);
        }
        if matches!(input.kind, "files" | "documents") {
            let _ = writeln!(
                text,
                "           {} files, {} bytes unread",
                input.files.len(),
                input.unread_bytes
            );
        }
    }
    for fault in &found.faults {
        let _ = writeln!(text, "WRONG      {}", printable(fault));
    }
    text
}
