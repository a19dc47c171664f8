//! The list of formats. A format is a file beside this one and a line below.

mod ad_fs;
mod auth0;
mod breach_list;
mod cef;
mod duo;
mod entra_azure_monitor;
mod entra_csv;
mod entra_csv_managed_identity;
mod entra_csv_non_interactive;
mod entra_graph;
mod entra_log_analytics;
mod google_workspace;
mod jumpcloud;
mod keycloak;
mod mim;
mod ocsf;
mod office_365;
mod okta;
mod onelogin;
mod pingfederate;
mod unix_auth;
mod windows_security;

use crate::mim::Part;
use crate::{finding, mapping, own};
use model::event::Event;
use model::identity::{EventKey, Rank};
use serde_json::{Map, Value};

/// One vendor's way of writing records.
pub struct FormatDef {
    /// The word for `--format` and for addresses; stored beside each event, so it never changes.
    pub id: &'static str,
    /// What one such record is called.
    pub title: &'static str,
    /// Where such records come from.
    pub about: &'static str,
    /// The members by which a record is recognised, for the message when none is.
    pub looks_for: &'static str,
    /// Reads a record.
    pub(crate) read: fn(&Map<String, Value>) -> Reading,
}

impl std::fmt::Debug for FormatDef {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.id)
    }
}

/// What a format makes of a record.
pub(crate) enum Reading {
    /// It is not of this format.
    Unrecognised,
    /// It is, and none of our business.
    Ignored(String),
    /// It is, and lacks what an event needs.
    Rejected(String),
    /// It is a part of a record that its maker wrote in several.
    Fragment(Part),
    /// It tells an event.
    Event(Box<Told>),
    /// It tells an event and not when that happened (the reason); its time is to be given, or it is rejected.
    Undated(Box<Told>, String),
    /// It holds several records, each of which is read by itself.
    Several(Vec<Map<String, Value>>),
}

/// An event as a format read it.
pub(crate) struct Told {
    pub(crate) event: Event,
    pub(crate) key: EventKey,
    pub(crate) rank: Rank,
}

/// Every format. A record is of one at most.
pub const ALL: &[&FormatDef] = &[
    &entra_graph::DEF,
    &entra_azure_monitor::DEF,
    &entra_log_analytics::DEF,
    &entra_csv::DEF,
    &entra_csv_non_interactive::DEF,
    &entra_csv_managed_identity::DEF,
    &okta::DEF,
    &google_workspace::DEF,
    &auth0::DEF,
    &duo::DEF,
    &onelogin::DEF,
    &office_365::DEF,
    &jumpcloud::DEF,
    &ocsf::DEF,
    &mim::DEF,
    &ad_fs::DEF,
    &windows_security::DEF,
    &keycloak::DEF,
    &pingfederate::DEF,
    &cef::DEF,
    &unix_auth::DEF,
    &breach_list::DEF,
];

/// Whether a format reads lines of text.
pub(crate) fn reads_lines(format: &FormatDef) -> bool {
    [&cef::DEF, &keycloak::DEF, &pingfederate::DEF, &unix_auth::DEF]
        .iter()
        .any(|reads| reads.id == format.id)
}

/// Whether a column is called what passwords and hashes are called.
pub(crate) use breach_list::is_secret;
/// What is kept of an entry of a breach list, which may come with passwords: nothing but what is understood.
pub(crate) use breach_list::kept as kept_of_breach_list;

/// Whether a format keeps only what it understands of a record.
pub(crate) fn keeps_only_what_it_reads(format: &FormatDef) -> bool {
    format.id == breach_list::DEF.id
}

/// What Microsoft Graph's own format makes of a record that was put into its shape.
pub(crate) fn read_as_graph(record: &Map<String, Value>) -> Reading {
    (entra_graph::DEF.read)(record)
}

/// The format that the name of a downloaded table tells, where its headings cannot: those of interactive and of
/// non-interactive sign-ins are the same. `None` for a name that tells nothing; folders before it do not count.
pub fn by_file_name(name: &str) -> Option<&'static FormatDef> {
    let name = name
        .rsplit(['/', '\\'])
        .next()
        .unwrap_or_default()
        .to_ascii_lowercase();
    let is_table = [".csv", ".tsv", ".txt"].iter().any(|ending| {
        ["", ".gz", ".zst"]
            .iter()
            .any(|packing| name.ends_with(&format!("{ending}{packing}")))
    });
    if !is_table {
        return None;
    }
    if name.contains("noninteractivesignins") {
        return Some(&entra_csv_non_interactive::DEF);
    }
    name.contains("msisignins")
        .then_some(&entra_csv_managed_identity::DEF)
}

/// The format of a name; also that of mapped records, which understands nothing without its mapping.
pub fn by_id(id: &str) -> Option<&'static FormatDef> {
    ALL.iter()
        .copied()
        .chain([&mapping::DEF])
        .find(|format| format.id == id)
}

/// The format of a stored event: also those that the service writes itself, which no carrier can name.
pub fn stored_by_id(id: &str) -> Option<&'static FormatDef> {
    let own = [&own::DEF, &finding::DEF];
    by_id(id).or_else(|| own.into_iter().find(|format| format.id == id))
}
