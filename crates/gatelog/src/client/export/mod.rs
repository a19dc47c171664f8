//! Whole reports into files: page by page, each file with its name only when it is whole, and what broke off goes on later.

mod file;
pub(crate) mod state;

use super::error::ClientError;
use super::paging::Pages;
use super::place;
use super::question::{Question, Report, metadata};
use super::render::{Renderer, Style};
use super::session::Session;
use super::{columns, columns::Declared};
use anyhow::Context;
use file::Part;
use indicatif::{ProgressBar, ProgressStyle};
use model::reports::Face;
use reqwest::Url;
use state::{ReportState, State};
use std::path::Path;

/// After so many pages the file goes to the disk and the state says how far it is. What is lost by a kill is fetched again.
const PAGES_BETWEEN_STATES: u64 = 16;

/// A report that was written.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub(crate) struct Written {
    pub(crate) report: String,
    pub(crate) file: String,
    pub(crate) rows: u64,
    pub(crate) bytes: u64,
}

/// Exports into one folder.
pub(crate) struct Export<'a> {
    pub(crate) session: &'a mut Session,
    pub(crate) folder: &'a Path,
    pub(crate) style: Style,
    pub(crate) state: State,
    pub(crate) progress: ProgressBar,
    /// What `$metadata` of both families declares, when it has been asked for.
    pub(crate) declared: [Option<Vec<Declared>>; 2],
}

/// How many rows and bytes so far, on a terminal.
pub(crate) fn progress() -> ProgressBar {
    let bar = ProgressBar::new_spinner();
    if let Ok(style) = ProgressStyle::with_template("{spinner} {msg} ({elapsed})") {
        bar.set_style(style);
    }
    bar
}

impl Export<'_> {
    /// Writes one report to its end, from where it broke off if it did.
    pub(crate) async fn write(&mut self, report: &Report) -> anyhow::Result<Written> {
        let path = report.path();
        let known = self.state.reports.get(&path).cloned();
        if let Some(known) = known.as_ref().filter(|known| known.is_done) {
            return Ok(self.written(report, known));
        }
        let declared = self.declared(report.face).await?;
        let declared = declared.iter().find(|set| set.name == report.name);
        let time = report.time(declared);
        let question = Question {
            filter: self.state.question.filter.clone(),
            since: time.as_ref().and(self.state.since()),
            until: time.as_ref().and(self.state.until()),
            ..Question::default()
        };
        let columns = declared.map(|declared| declared.columns.clone());
        let part_path = self.folder.join(format!("{}.part", self.state.file_name(report)));
        let resumed = match known {
            Some(known) if known.next.is_some() => {
                Part::go_on(&part_path, known.bytes)?.map(|part| (part, known))
            }
            _ => None,
        };
        let (mut part, mut so_far, first) = if let Some((part, known)) = resumed {
            let next = known.next.as_deref().unwrap_or_default();
            let url =
                Url::parse(next).with_context(|| format!("read where the export of {path} broke off"))?;
            if !self.session.host.owns(&url) {
                anyhow::bail!("{next} is not on the host of the export; --overwrite begins anew");
            }
            self.session
                .note(&format!("{path}: going on after {} rows", known.rows));
            (part, known, url)
        } else {
            let url = question.url(&self.session.host, &self.session.tenant, report, time.as_deref())?;
            (Part::begin(&part_path)?, ReportState::default(), url)
        };
        let mut renderer = so_far
            .columns
            .clone()
            .or(columns)
            .map(|columns| Renderer::new(self.style, columns, so_far.rows));
        let mut pages = Pages::from(self.session, first);
        let mut since_state = 0;
        while let Some(page) = pages.next().await? {
            let renderer = match &mut renderer {
                Some(renderer) => renderer,
                none => none.insert(Renderer::new(self.style, columns::of_rows(&page.rows)?, 0)),
            };
            if so_far.bytes == 0 {
                part.write(&renderer.begin()?)?;
            }
            part.write(&renderer.page(&page.rows)?)?;
            so_far = ReportState {
                is_done: false,
                next: page.next.as_ref().map(Url::to_string),
                bytes: part.bytes(),
                rows: renderer.rows(),
                columns: Some(renderer.columns().to_vec()),
            };
            self.progress
                .set_message(format!("{path}: {} rows, {} bytes", so_far.rows, so_far.bytes));
            self.progress.tick();
            since_state += 1;
            if since_state == PAGES_BETWEEN_STATES && page.next.is_some() {
                part.sync()?;
                self.state.note(&path, so_far.clone());
                self.state.save(self.folder)?;
                since_state = 0;
            }
        }
        if let Some(renderer) = &renderer {
            part.write(&renderer.end())?;
            if let Some(left_out) = renderer.left_out() {
                self.session.note(&format!("{path}: {left_out}"));
            }
        }
        so_far = ReportState {
            is_done: true,
            next: None,
            bytes: part.bytes(),
            ..so_far
        };
        part.finish(&self.folder.join(self.state.file_name(report)))?;
        self.state.note(&path, so_far.clone());
        self.state.save(self.folder)?;
        Ok(self.written(report, &so_far))
    }

    fn written(&self, report: &Report, state: &ReportState) -> Written {
        Written {
            report: report.path(),
            file: self
                .folder
                .join(self.state.file_name(report))
                .display()
                .to_string(),
            rows: state.rows,
            bytes: state.bytes,
        }
    }

    async fn declared(&mut self, face: Face) -> anyhow::Result<Vec<Declared>> {
        let index = usize::from(face == Face::Activities);
        if let Some(known) = &self.declared[index] {
            return Ok(known.clone());
        }
        let declared = metadata(self.session, face).await?;
        self.declared[index] = Some(declared.clone());
        Ok(declared)
    }
}

/// Whether the other reports may still be written when this one could not.
pub(crate) fn is_of_the_report_alone(error: &anyhow::Error) -> bool {
    matches!(
        error.downcast_ref::<ClientError>(),
        Some(ClientError::Refused { .. } | ClientError::Strange { .. })
    )
}

/// Holds a folder, so that two exports do not write the same files.
pub(crate) fn hold(folder: &Path) -> Result<std::fs::File, ClientError> {
    let held = std::fs::File::open(folder).map_err(|error| ClientError::file(folder, &error))?;
    held.try_lock().map_err(|_| ClientError::OwnFile {
        path: folder.to_owned(),
        reason: "another export is writing to this folder".to_owned(),
    })?;
    place::sync_folder(folder)?;
    Ok(held)
}
