//! `/import`: a file's bytes come in; what was refused and what came of the rest goes out, line by line.

use super::tenant;
use crate::app::App;
use crate::inputs::intake::{Intake, Line, Rejection, Summary, TenantRule, Tenants, Terms};
use crate::inputs::upload::Upload;
use crate::layers::RequestId;
use crate::ledger::names;
use crate::problem::Problem;
use crate::routes::listed::Routes;
use axum::Json;
use axum::body::{Body, Bytes};
use axum::extract::{Query, Request, State};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use edge::{chance, clock};
use http::StatusCode;
use model::batch::Lateness;
use model::tenant::{DEFAULT_TENANT_NAME, TenantId, TenantName};
use model::time::Timestamp;
use serde::{Deserialize, Serialize};
use sources::mapping::Mapping;
use sources::{Choice, Hints, Limits};
use std::collections::{BTreeMap, HashSet};
use std::io::Read;
use std::sync::{Arc, Mutex, PoisonError};
use store::control::{ControlError, ControlStore};
use store::events::EventStore;
use store::ledger::ImportedFile;
use tokio::sync::mpsc::{Sender, channel};
use uuid::Uuid;

/// How much is read at once.
const READ_BYTES: usize = 256 << 10;
/// Letters of a file's name that are kept, the last ones.
const FILE_LETTERS: usize = 300;

/// Where the records of a run go; asked once before its first file, so that the run's own new tenants change nothing.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ImportStart {
    /// Only this tenant's records, by GUID or name.
    pub tenant: Option<String>,
    /// One format, or all.
    pub format: Option<String>,
    /// The text of a mapping file, in base64 as addresses have it: it takes the place of a format.
    pub mapping: Option<String>,
    /// The time of records that tell none; without it they are rejected.
    pub undated_at: Option<String>,
}

/// The same, resolved: to be sent with each file.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ImportPlace {
    /// Only this tenant's records.
    pub only: Option<Uuid>,
    /// Records that name no tenant go here.
    pub unnamed: Option<Uuid>,
    /// One format, or all.
    pub format: Option<String>,
    /// The text of a mapping file, in base64 as addresses have it.
    pub mapping: Option<String>,
    /// The time of records that tell none.
    #[serde(default)]
    pub undated_at: Option<String>,
    /// When the file was last written: dates without a year are not after it. The time of arrival if it is not known.
    pub not_after: Option<String>,
    /// The run of the command: the same for all of its files.
    #[serde(default)]
    pub run: Option<Uuid>,
    /// The file that this is, as the command calls it.
    #[serde(default)]
    pub file: Option<String>,
}

/// A line of the answer.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum ImportLine {
    /// A record that was not taken.
    Rejected(RejectedRecord),
    /// The file could not be brought to its end.
    Failed {
        /// Why, and what to do.
        reason: String,
    },
    /// The file is stored.
    Done(ImportDone),
}

/// A record that was not taken.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RejectedRecord {
    /// The line where it starts.
    pub line: u64,
    /// What is wrong with it, and what to do.
    pub reason: String,
    /// Its text, if it is text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub original: Option<String>,
    /// Its bytes, if they are no text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub original_base64: Option<String>,
}

/// What came of a file.
#[derive(Debug, Default, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ImportDone {
    /// The sums.
    pub total: ImportTotals,
    /// By format and reports: (format, reports, sums).
    pub lines: Vec<(String, String, ImportTotals)>,
    /// By tenant.
    pub tenants: BTreeMap<Uuid, ImportTotals>,
    /// Why records were ignored, and how many.
    pub ignored_reasons: BTreeMap<String, u64>,
    /// Of tenants that were brought parts of records: what waits there for parts, after this file.
    #[serde(default)]
    pub unassembled: BTreeMap<Uuid, PartsWaiting>,
}

/// What waits in a tenant for parts that have not come.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PartsWaiting {
    /// Records of which something is missing.
    pub records: u64,
    /// The parts of them that are there.
    pub parts: u64,
}

/// Sums.
#[derive(Debug, Default, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ImportTotals {
    /// Records read.
    pub read: u64,
    /// Events not seen before.
    pub new: u64,
    /// Events seen before with other content.
    pub changed: u64,
    /// Events seen before with this content.
    pub known: u64,
    /// Records that are none of our business.
    pub ignored: u64,
    /// Records that were not taken.
    pub rejected: u64,
    /// Of new and changed: too far in the future.
    pub quarantined: u64,
    /// The oldest event.
    pub first: Option<String>,
    /// The newest event.
    pub last: Option<String>,
}

pub(super) fn routes() -> Routes {
    Routes::new()
        .route("/import-place", get(place))
        .route("/import", post(import))
}

async fn place(
    State(app): State<Arc<App>>,
    request: RequestId,
    Query(start): Query<ImportStart>,
) -> Response {
    match resolve(&app, start) {
        Ok(place) => Json(place).into_response(),
        Err(problem) => problem.of_request(request).into_response(),
    }
}

fn resolve(app: &App, start: ImportStart) -> Result<ImportPlace, Problem> {
    choice(start.format.as_deref(), start.mapping.as_deref())?;
    undated_at(start.undated_at.as_deref())?;
    if let Some(word) = &start.tenant {
        let only = tenant(app, word)?;
        return Ok(ImportPlace {
            only: Some(only.guid()),
            unnamed: None,
            format: start.format,
            mapping: start.mapping,
            undated_at: start.undated_at,
            not_after: None,
            run: Some(chance::guid()),
            file: None,
        });
    }
    let tenants = app.control.tenants()?;
    let unnamed = match tenants.as_slice() {
        [only] => Some(only.id.guid()),
        _ => None,
    };
    Ok(ImportPlace {
        only: None,
        unnamed,
        format: start.format,
        mapping: start.mapping,
        undated_at: start.undated_at,
        not_after: None,
        run: Some(chance::guid()),
        file: None,
    })
}

fn choice(format: Option<&str>, mapping: Option<&str>) -> Result<Choice, Problem> {
    if let Some(encoded) = mapping {
        return mapped(encoded);
    }
    match format {
        None | Some("auto") => Ok(Choice::Auto),
        Some(id) => sources::by_id(id).map(Choice::Only).ok_or_else(|| {
            let known: Vec<&str> = sources::ALL.iter().map(|format| format.id).collect();
            Problem::new(
                StatusCode::BAD_REQUEST,
                "no-such-format",
                "There is no such format",
            )
            .detail(format!("{id:?} is not one of: auto, {}.", known.join(", ")))
        }),
    }
}

fn mapped(encoded: &str) -> Result<Choice, Problem> {
    let wrong = |detail: String| {
        Problem::new(StatusCode::BAD_REQUEST, "bad-mapping", "The mapping is not sound").detail(detail)
    };
    let bytes = URL_SAFE_NO_PAD
        .decode(encoded)
        .map_err(|error| wrong(format!("it did not arrive: {error}")))?;
    let text = String::from_utf8(bytes).map_err(|error| wrong(format!("it is not valid UTF-8: {error}")))?;
    let mapping = Mapping::parse(&text).map_err(|errors| wrong(errors.to_string()))?;
    Ok(Choice::Mapped(Arc::new(mapping)))
}

/// A mapping file's text as it goes into an address.
pub fn encoded_mapping(text: &str) -> String {
    URL_SAFE_NO_PAD.encode(text)
}

async fn import(
    State(app): State<Arc<App>>,
    request_id: RequestId,
    Query(place): Query<ImportPlace>,
    request: Request,
) -> Response {
    let reading = choice(place.format.as_deref(), place.mapping.as_deref())
        .and_then(|choice| Ok((choice, hints(&place)?)));
    let (choice, hints) = match reading {
        Ok(reading) => reading,
        Err(problem) => return problem.of_request(request_id).into_response(),
    };
    let (upload, _task) = Upload::start(request.into_body());
    let (lines, answer) = channel::<Bytes>(16);
    // The task owns the answer: it ends with the upload, or when nobody listens any more.
    tokio::task::spawn_blocking(move || {
        let end = match bring(&app, &place, choice, hints, upload, &lines) {
            Ok(done) => ImportLine::Done(done),
            Err(reason) => ImportLine::Failed { reason },
        };
        let _ = send(&lines, &end);
    });
    Response::new(Body::from_stream(crate::link::Pieces(answer)))
}

fn bring(
    app: &App,
    place: &ImportPlace,
    choice: Choice,
    hints: Hints,
    mut upload: Upload,
    lines: &Sender<Bytes>,
) -> Result<ImportDone, String> {
    let known = KnownTenants {
        control: app.control.as_ref(),
        events: app.events.as_ref(),
        seen: Mutex::new(HashSet::new()),
        unnamed: Mutex::new(place.unnamed.map(TenantId::new)),
    };
    let tenants = match place.only {
        Some(only) => TenantRule::Only(TenantId::new(only)),
        None => TenantRule::AsNamed(&known),
    };
    let mut intake = Intake::new(Terms {
        store: app.events.as_ref(),
        tenants,
        source: names::IMPORT,
        lateness: Lateness::NotCounted,
        choice,
        recent: None,
        limits: Limits::default(),
        sequence: None,
        now: clock::now,
    })
    .hinted(hints);
    let mut buffer = vec![0; READ_BYTES];
    loop {
        let taken = upload.read(&mut buffer).map_err(|error| error.to_string())?;
        if taken == 0 {
            break;
        }
        intake.push(&buffer[..taken]).map_err(|error| error.to_string())?;
        tell(&mut intake, lines)?;
    }
    intake.finish().map_err(|error| error.to_string())?;
    tell(&mut intake, lines)?;
    let summary = intake.summary();
    note(app, place, summary);
    let total = &summary.total;
    app.metrics
        .count_brought("import", &total.counts, total.last, app.now());
    Ok(ImportDone {
        total: totals(&summary.total),
        lines: summary
            .lines
            .iter()
            .map(|((format, reports), line)| (format.clone(), reports.clone(), totals(line)))
            .collect(),
        tenants: summary
            .tenants
            .iter()
            .map(|(tenant, line)| (tenant.guid(), totals(line)))
            .collect(),
        ignored_reasons: summary.ignored.clone(),
        unassembled: summary
            .unassembled
            .iter()
            .map(|(tenant, waits)| {
                let waits = PartsWaiting {
                    records: waits.records,
                    parts: waits.parts,
                };
                (tenant.guid(), waits)
            })
            .collect(),
    })
}

/// What is known of the input besides its bytes.
fn hints(place: &ImportPlace) -> Result<Hints, Problem> {
    Ok(Hints {
        not_after: Some(written_at(place)),
        undated_at: undated_at(place.undated_at.as_deref())?,
    })
}

/// The time of records that tell none, where somebody names one.
fn undated_at(text: Option<&str>) -> Result<Option<Timestamp>, Problem> {
    let Some(text) = text else { return Ok(None) };
    Timestamp::parse_vendor(text).map(Some).map_err(|_| {
        Problem::new(
            StatusCode::BAD_REQUEST,
            "bad-time",
            "The time of records without one cannot be read",
        )
        .detail(format!("{text:?} is no time such as 2024-05-01T00:00:00Z."))
    })
}

/// When the input was last written, as far as is known.
fn written_at(place: &ImportPlace) -> Timestamp {
    let told = place.not_after.as_deref();
    told.and_then(|time| Timestamp::parse_vendor(time).ok())
        .unwrap_or_else(clock::now)
}

/// Notes the file with each tenant that it brought something; records of no tenant with the first, as the ledger does. The
/// rows are stored: a note that fails is no reason to fail.
fn note(app: &App, place: &ImportPlace, summary: &Summary) {
    let (Some(run), Some(file)) = (place.run, &place.file) else {
        return;
    };
    let letters = file.chars().count();
    let file: String = file.chars().skip(letters.saturating_sub(FILE_LETTERS)).collect();
    let total = &summary.total.counts;
    let (mut ignored, mut rejected) = (total.ignored, total.rejected);
    for line in summary.tenants.values() {
        rejected = rejected.saturating_sub(line.counts.rejected);
    }
    let mut tenants: Vec<(TenantId, Line)> = summary.tenants.iter().map(|(id, line)| (*id, *line)).collect();
    if tenants.is_empty() {
        // Not one event: the file stands with whom its records would have gone to.
        let meant = place.only.or(place.unnamed).map(TenantId::new);
        tenants.extend(meant.map(|tenant| (tenant, Line::default())));
    }
    for (tenant, line) in &tenants {
        let mut counts = line.counts;
        counts.ignored += ignored;
        counts.rejected += rejected;
        counts.read += ignored + rejected;
        (ignored, rejected) = (0, 0);
        let import = ImportedFile {
            run,
            file: file.clone(),
            ended: clock::now(),
            counts,
            oldest: line.first,
            newest: line.last,
        };
        let kept = app
            .events
            .lease(*tenant)
            .and_then(|lease| app.events.note_import(&lease, import));
        if let Err(error) = kept {
            tracing::warn!(tenant.id = %tenant, "that a file was imported could not be noted: {error}");
        }
    }
}

fn tell(intake: &mut Intake<'_>, lines: &Sender<Bytes>) -> Result<(), String> {
    for rejection in intake.take_rejections() {
        send(lines, &ImportLine::Rejected(rejected(rejection)))?;
    }
    Ok(())
}

fn rejected(rejection: Rejection) -> RejectedRecord {
    let Rejection {
        line,
        reason,
        original,
    } = rejection;
    match String::from_utf8(original) {
        Ok(text) => RejectedRecord {
            line,
            reason,
            original: Some(text),
            original_base64: None,
        },
        Err(bytes) => {
            let text = STANDARD.encode(bytes.as_bytes());
            RejectedRecord {
                line,
                reason,
                original: None,
                original_base64: Some(text),
            }
        }
    }
}

fn send(lines: &Sender<Bytes>, line: &ImportLine) -> Result<(), String> {
    let mut text = serde_json::to_vec(line).map_err(|error| error.to_string())?;
    text.push(b'\n');
    lines
        .blocking_send(Bytes::from(text))
        .map_err(|_| "the import was given up by its command".to_owned())
}

fn totals(line: &Line) -> ImportTotals {
    let counts = &line.counts;
    ImportTotals {
        read: counts.read,
        new: counts.new,
        changed: counts.changed,
        known: counts.known,
        ignored: counts.ignored,
        rejected: counts.rejected,
        quarantined: counts.quarantined,
        first: line.first.map(|time| time.to_string()),
        last: line.last.map(|time| time.to_string()),
    }
}

/// Tenants that records name are made when they are first seen.
struct KnownTenants<'a> {
    control: &'a dyn ControlStore,
    events: &'a dyn EventStore,
    seen: Mutex<HashSet<TenantId>>,
    unnamed: Mutex<Option<TenantId>>,
}

impl KnownTenants<'_> {
    fn make(&self, id: TenantId, names: &[TenantName], display_name: &str) -> Result<TenantId, ControlError> {
        match self.control.create_tenant(id, names, display_name, clock::now()) {
            Ok(()) => {}
            Err(ControlError::TenantExists(_)) => return Ok(id),
            Err(error) => return Err(error),
        }
        // It may be one that was deleted: whoever imports its records wants it back.
        match self.events.admit_tenant(id) {
            Ok(()) => Ok(id),
            Err(error) => Err(ControlError::Damaged(error.to_string())),
        }
    }

    /// The tenant called `default`.
    fn default_tenant(&self) -> Result<TenantId, ControlError> {
        let Ok(name) = TenantName::parse(DEFAULT_TENANT_NAME) else {
            return Err(ControlError::Damaged(
                "the default tenant's name is not a name".to_owned(),
            ));
        };
        if let Some(tenant) = self.control.tenant_by_name(&name)? {
            return Ok(tenant.id);
        }
        self.make(TenantId::new(chance::guid()), &[name], DEFAULT_TENANT_NAME)
    }
}

impl Tenants for KnownTenants<'_> {
    fn named(&self, id: TenantId) -> Result<TenantId, ControlError> {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        if !seen.contains(&id) {
            if self.control.tenant_by_id(id)?.is_none() {
                self.make(id, &[], &id.to_string())?;
            }
            seen.insert(id);
        }
        Ok(id)
    }

    fn unnamed(&self) -> Result<TenantId, ControlError> {
        let mut unnamed = self.unnamed.lock().unwrap_or_else(PoisonError::into_inner);
        match *unnamed {
            Some(tenant) => Ok(tenant),
            None => Ok(*unnamed.insert(self.default_tenant()?)),
        }
    }
}
