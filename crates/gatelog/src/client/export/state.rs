//! How far an export is: a file beside the output, from which it goes on.

use crate::client::error::ClientError;
use crate::client::place;
use crate::client::question::Report;
use model::time::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// The file's name.
pub(crate) const FILE_NAME: &str = "gatelog-export.json";

/// What was asked, and how far it is. Nothing in it opens anything: it holds no token.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct State {
    pub(crate) host: String,
    pub(crate) tenant: String,
    pub(crate) question: Asked,
    /// By the report's path.
    pub(crate) reports: BTreeMap<String, ReportState>,
}

/// What decides which rows there are and how they are written. An export goes on only with the same.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Asked {
    /// The end of file names: `jsonl`, `json`, `csv`, `tsv`.
    pub(crate) format: String,
    pub(crate) bom: bool,
    pub(crate) raw: bool,
    pub(crate) filter: Option<String>,
    /// As they were understood when the export began: `7d` is another day tomorrow.
    pub(crate) since: Option<String>,
    pub(crate) until: Option<String>,
}

/// How far one report is.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ReportState {
    /// Whether the file is whole.
    pub(crate) is_done: bool,
    /// The page to go on with.
    pub(crate) next: Option<String>,
    /// How much of the unfinished file is of the pages before.
    pub(crate) bytes: u64,
    pub(crate) rows: u64,
    pub(crate) columns: Option<Vec<String>>,
}

impl State {
    /// The state of a folder, if an export was made into it.
    pub(crate) fn load(folder: &Path) -> Result<Option<State>, ClientError> {
        let path = folder.join(FILE_NAME);
        let text = match std::fs::read(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(ClientError::file(path, &error)),
        };
        serde_json::from_slice(&text)
            .map(Some)
            .map_err(|error| ClientError::OwnFile {
                reason: format!("it is no state of an export ({error}); --overwrite begins anew"),
                path,
            })
    }

    /// Writes it in one step.
    pub(crate) fn save(&self, folder: &Path) -> Result<(), ClientError> {
        let path: PathBuf = folder.join(FILE_NAME);
        let text = serde_json::to_vec_pretty(self).map_err(|error| ClientError::file(&path, &error))?;
        place::replace(&path, &text)
    }

    /// Remembers how far a report is.
    pub(crate) fn note(&mut self, report: &str, state: ReportState) {
        self.reports.insert(report.to_owned(), state);
    }

    /// The name of a report's file.
    pub(crate) fn file_name(&self, report: &Report) -> String {
        format!("{}.{}", report.name, self.question.format)
    }

    pub(crate) fn since(&self) -> Option<Timestamp> {
        Timestamp::parse_vendor(self.question.since.as_deref()?).ok()
    }

    pub(crate) fn until(&self) -> Option<Timestamp> {
        Timestamp::parse_vendor(self.question.until.as_deref()?).ok()
    }
}
