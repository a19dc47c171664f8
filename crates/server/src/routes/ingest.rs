//! `POST /{tenant}/ingest/{format}`: programs bring records, and are answered once everything is stored.

use super::refused::{self, Face};
use crate::app::App;
use crate::auth;
use crate::config;
use crate::inputs::archive;
use crate::inputs::intake::{Intake, IntakeError, Summary, TenantRule, Terms};
use crate::inputs::upload::Upload;
use crate::layers::{Fault, RequestId};
use crate::ledger::names;
use crate::problem::Problem;
use crate::routes::listed::Routes;
use axum::extract::{Path, Request, State};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use edge::clock;
use edge::decoding::{Carrier, Encoding};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use issuer::audience::Permission;
use model::batch::Lateness;
use model::tenant::TenantId;
use model::time::TICKS_PER_SECOND;
use serde_json::json;
use sources::{Choice, Hints, Limits};
use std::io::Read;
use std::sync::{Arc, PoisonError};
use store::error::StoreError;

/// Events of a feed that are older than its newest by more than this are late.
const ALLOWED_LATENESS_TICKS: i64 = 15 * 60 * TICKS_PER_SECOND;
/// Records that one answer names one by one.
const REJECTIONS_TOLD: usize = 100;
/// One record of an upload, at the most.
const RECORD_BYTES: usize = 4 << 20;
/// How much is decoded at once.
const READ_BYTES: usize = 64 << 10;

/// Which of a sender's inputs an upload is of.
const SOURCE_HEADER: &str = "gatelog-source";
/// Its number among those of that source; a resend repeats it.
const SEQUENCE_HEADER: &str = "gatelog-sequence";
/// The largest number that the store can keep.
const MOST_SEQUENCE: u64 = i64::MAX as u64;

/// How a request that is not let in is refused here.
const FACE: Face = Face {
    resource: issuer::audience::INGEST_RESOURCE,
    may_not: "The application may not ingest",
};

pub(super) fn routes() -> Routes {
    Routes::new().route("/{tenant}/ingest/{format}", post(ingest).fallback(only_post))
}

async fn only_post(request: RequestId) -> Response {
    let problem = Problem::new(
        StatusCode::METHOD_NOT_ALLOWED,
        "method-not-allowed",
        "The method is not allowed",
    )
    .detail("Records are brought with POST.")
    .of_request(request);
    let mut response = problem.into_response();
    response
        .headers_mut()
        .insert(header::ALLOW, HeaderValue::from_static("POST"));
    response
}

async fn ingest(
    State(app): State<Arc<App>>,
    Path((tenant_word, format)): Path<(String, String)>,
    request_id: RequestId,
    request: Request,
) -> Response {
    let (parts, body) = request.into_parts();
    let caller = match auth::caller(&app, &parts.headers, &tenant_word, Permission::Ingest) {
        Ok(caller) => caller,
        Err(denied) => return refused::answer(&FACE, &app, &tenant_word, &denied, request_id),
    };
    let (choice, encoding) = match (choice(&app.config().ingest, &format), encoding(&parts.headers)) {
        (Ok(choice), Ok(encoding)) => (choice, encoding),
        (Err(problem), _) | (_, Err(problem)) => return problem.of_request(request_id).into_response(),
    };
    let (input, sequence) = match (input(&parts.headers), sequence(&parts.headers)) {
        (Ok(input), Ok(sequence)) => (input, sequence),
        (Err(problem), _) | (_, Err(problem)) => return problem.of_request(request_id).into_response(),
    };
    let source = names::of_client(caller.app_id, input.as_deref());
    if !app.inputs.admit(caller.tenant, caller.app_id, &source) {
        return too_many_inputs().of_request(request_id).into_response();
    }
    let Ok(permit) = Arc::clone(&app.uploads).try_acquire_owned() else {
        return Problem::new(
            StatusCode::TOO_MANY_REQUESTS,
            "too-many-uploads",
            "Too many uploads at once",
        )
        .detail(format!(
            "{} uploads are under way; send again in a moment.",
            app.config().limits.ingest_concurrent
        ))
        .retry_after_seconds(1)
        .of_request(request_id)
        .into_response();
    };
    let (upload, task) = Upload::start(body);
    let fault = upload.fault();
    let storing = Arc::clone(&app);
    let stored = tokio::task::spawn_blocking(move || {
        // The place is the work's: a client that goes away ends its request, and not what is being stored.
        let _permit = permit;
        let bring = Bring {
            app: &storing,
            tenant: caller.tenant,
            source,
            sequence,
            choice,
            encoding,
        };
        bring.all(upload)
    })
    .await;
    task.abort();
    let answer = match stored {
        Ok(Ok(brought)) => {
            count(&app, &brought.summary);
            return axum::Json(brought.json()).into_response();
        }
        Ok(Err(failure)) => {
            let fault = fault.lock().unwrap_or_else(PoisonError::into_inner).take();
            failure.problem(fault)
        }
        Err(panic) => {
            tracing::error!(request.id = %request_id, "an upload could not be stored: {panic}");
            internal()
        }
    };
    answer.of_request(request_id).into_response()
}

fn choice(settings: &config::Ingest, format: &str) -> Result<Choice, Problem> {
    if format == "auto" {
        return Ok(Choice::Auto);
    }
    if let Some(mapping) = settings.mappings.get(format) {
        return Ok(Choice::Mapped(Arc::clone(mapping)));
    }
    sources::by_id(format).map(Choice::Only).ok_or_else(|| {
        let formats = sources::ALL.iter().map(|format| format.id);
        let known: Vec<&str> = formats
            .chain(settings.mappings.keys().map(String::as_str))
            .collect();
        Problem::new(StatusCode::NOT_FOUND, "no-such-format", "There is no such format")
            .detail(format!("Use `auto` or one of: {}.", known.join(", ")))
            .member("formats", known)
    })
}

/// What is said of zip archives.
const ZIP: &str = "Zip archives are not read here, but by `gatelog import`; send each of its files by itself, with \
    Content-Encoding gzip, zstd or none.";

fn encoding(headers: &HeaderMap) -> Result<Encoding, Problem> {
    let unsupported = |detail: String| {
        Problem::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "unsupported-media-type",
            "The body is of a kind that is not read here",
        )
        .detail(detail)
    };
    let text = |name| {
        headers
            .get(name)
            .map_or(Ok(""), |value: &HeaderValue| value.to_str())
            .unwrap_or("?")
    };
    let media = text(header::CONTENT_TYPE)
        .split(';')
        .next()
        .unwrap_or_default()
        .trim()
        .to_ascii_lowercase();
    if matches!(media.as_str(), "application/zip" | "application/x-zip-compressed") {
        return Err(unsupported(ZIP.to_owned()));
    }
    let is_read = matches!(
        media.as_str(),
        "" | "text/plain"
            | "text/csv"
            | "text/tab-separated-values"
            | "application/csv"
            | "application/octet-stream"
            | "application/x-www-form-urlencoded"
    ) || (media.starts_with("application/") && media.contains("json"));
    if !is_read {
        return Err(unsupported(format!(
            "Content-Type {media:?} is not read; send application/x-ndjson, application/json or text/csv."
        )));
    }
    let name = text(header::CONTENT_ENCODING);
    Encoding::by_name(name).ok_or_else(|| {
        unsupported(format!(
            "Content-Encoding {name:?} is not read; send gzip, zstd or none."
        ))
    })
}

/// What the sender calls the input that this is of.
fn input(headers: &HeaderMap) -> Result<Option<String>, Problem> {
    let Some(value) = headers.get(SOURCE_HEADER) else {
        return Ok(None);
    };
    let name = value.to_str().ok().filter(|name| names::is_input(name));
    name.map(|name| Some(name.to_owned())).ok_or_else(|| {
        bad_header(format!(
            "{SOURCE_HEADER} is 1 to 64 letters, digits, dots, hyphens and underscores; this one is not."
        ))
    })
}

/// The number of the upload among those of its source.
fn sequence(headers: &HeaderMap) -> Result<Option<u64>, Problem> {
    let Some(value) = headers.get(SEQUENCE_HEADER) else {
        return Ok(None);
    };
    let number = value.to_str().ok().and_then(|text| text.parse::<u64>().ok());
    let number = number.filter(|number| (1..=MOST_SEQUENCE).contains(number));
    number.map(Some).ok_or_else(|| {
        bad_header(format!(
            "{SEQUENCE_HEADER} is a whole number from 1 to {MOST_SEQUENCE}, one more for each upload of the source."
        ))
    })
}

/// The refusal of a program that names ever new inputs.
pub(super) fn too_many_inputs() -> Problem {
    Problem::new(
        StatusCode::CONFLICT,
        "too-many-inputs",
        "There are too many inputs",
    )
    .detail(format!(
        "This application has named {} inputs since the service started; an input keeps its name from upload to upload.",
        names::MOST_INPUTS
    ))
}

fn bad_header(detail: String) -> Problem {
    Problem::new(
        StatusCode::BAD_REQUEST,
        "bad-header",
        "A header cannot be understood",
    )
    .detail(detail)
}

fn internal() -> Problem {
    Problem::new(
        StatusCode::INTERNAL_SERVER_ERROR,
        "internal",
        "The service failed",
    )
    .detail("The log has the reason under this request's id. Sending again is safe.")
}

fn count(app: &App, summary: &Summary) {
    let total = &summary.total;
    app.metrics
        .count_brought("ingest", &total.counts, total.last, app.now());
}

/// An upload on its way into the store.
struct Bring<'a> {
    app: &'a App,
    tenant: TenantId,
    /// Its name in the ledger.
    source: String,
    /// Its number among those of the source.
    sequence: Option<u64>,
    choice: Choice,
    encoding: Encoding,
}

/// What came of it.
struct Brought {
    summary: Summary,
    told: Vec<serde_json::Value>,
    untold: u64,
}

/// Why it could not be brought to its end.
enum Failure {
    /// The body could not be read or decoded.
    Body(std::io::Error),
    /// It is larger than allowed after decompression.
    TooLarge(u64),
    /// It is a zip archive.
    Archive,
    /// It could not be stored.
    Intake(IntakeError),
}

impl Bring<'_> {
    fn all(&self, upload: Upload) -> Result<Brought, Failure> {
        let mut intake = Intake::new(Terms {
            store: self.app.events.as_ref(),
            tenants: TenantRule::Only(self.tenant),
            source: &self.source,
            lateness: Lateness::After(ALLOWED_LATENESS_TICKS),
            choice: self.choice.clone(),
            recent: self.app.config().detection.enabled.then_some(&self.app.recent),
            limits: Limits {
                record_bytes_max: RECORD_BYTES,
                ..Limits::default()
            },
            sequence: self.sequence,
            now: clock::now,
        })
        .hinted(Hints {
            not_after: Some(clock::now()),
            ..Hints::default()
        });
        let brought = self.bring(upload, &mut intake);
        if let Err(reason) = brought.as_ref().map_err(Failure::reason)
            && let Some(reason) = reason
            && let Err(error) = intake.broke_off(&reason)
        {
            tracing::warn!("that an upload broke off could not be noted: {error}");
        }
        brought
    }

    fn bring(&self, upload: Upload, intake: &mut Intake<'_>) -> Result<Brought, Failure> {
        let limit = self.app.config().limits.ingest_decompressed_bytes;
        let mut left = limit;
        let mut reader = self
            .encoding
            .reader(upload, Carrier::Http)
            .map_err(Failure::Body)?;
        let mut buffer = vec![0; READ_BYTES];
        let mut brought = Brought {
            summary: Summary::default(),
            told: Vec::new(),
            untold: 0,
        };
        loop {
            let taken = match reader.read(&mut buffer) {
                Ok(0) => break,
                Ok(taken) => taken,
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(Failure::Body(error)),
            };
            if left == limit && archive::is_archive(&buffer[..taken]) {
                return Err(Failure::Archive);
            }
            left = left.checked_sub(taken as u64).ok_or(Failure::TooLarge(limit))?;
            intake.push(&buffer[..taken]).map_err(Failure::Intake)?;
            brought.take(intake);
        }
        intake.finish().map_err(Failure::Intake)?;
        brought.take(intake);
        brought.summary = intake.summary().clone();
        Ok(brought)
    }
}

impl Brought {
    fn take(&mut self, intake: &mut Intake<'_>) {
        for rejection in intake.take_rejections() {
            if self.told.len() < REJECTIONS_TOLD {
                self.told
                    .push(json!({ "line": rejection.line, "reason": rejection.reason }));
            } else {
                self.untold += 1;
            }
        }
    }

    fn json(self) -> serde_json::Value {
        let counts = &self.summary.total.counts;
        json!({
            "read": counts.read,
            "new": counts.new,
            "changed": counts.changed,
            "known": counts.known,
            "ignored": counts.ignored,
            "rejected": counts.rejected,
            "late": counts.late,
            "quarantined": counts.quarantined,
            "ignoredReasons": self.summary.ignored,
            "partsWaiting": self.summary.unassembled.values().map(|waits| waits.parts).sum::<u64>(),
            "rejections": self.told,
            "rejectionsNotListed": self.untold,
        })
    }
}

impl Failure {
    /// What the ledger says of it; nothing where the store itself failed.
    fn reason(&self) -> Option<String> {
        match self {
            Failure::Body(error) => Some(format!("the upload broke off: {error}")),
            Failure::TooLarge(limit) => Some(format!(
                "the upload is larger than {limit} bytes after decompression"
            )),
            Failure::Archive => Some("the upload is a zip archive".to_owned()),
            Failure::Intake(_) => None,
        }
    }

    fn problem(self, fault: Option<Fault>) -> Problem {
        let again = "What was stored before stays; sending all again is safe.";
        match (self, fault) {
            (_, Some(fault)) => {
                let problem = Problem::new(fault.status(), fault.kind(), fault.title())
                    .detail(format!("{fault} {again}"));
                match fault.retry_after_seconds() {
                    Some(seconds) => problem.retry_after_seconds(seconds),
                    None => problem,
                }
            }
            (Failure::Body(error), None) => Problem::new(
                StatusCode::BAD_REQUEST,
                "bad-encoding",
                "The body cannot be decoded",
            )
            .detail(format!("{error}; check Content-Encoding. {again}")),
            (Failure::Archive, None) => Problem::new(
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "unsupported-media-type",
                "The body is of a kind that is not read here",
            )
            .detail(ZIP),
            (Failure::TooLarge(limit), None) => Problem::new(
                StatusCode::PAYLOAD_TOO_LARGE,
                "too-large-decompressed",
                "The body is too large when decompressed",
            )
            .detail(format!(
                "At most {limit} bytes after decompression; send it in parts. {again}"
            )),
            (Failure::Intake(IntakeError::Store(error)), None) if error.is_passing() => {
                tracing::warn!("an upload was put off: {error}");
                Problem::new(
                    StatusCode::SERVICE_UNAVAILABLE,
                    "cannot-store",
                    "The service cannot store now",
                )
                .detail(format!("{} {again}", passing_reason(&error)))
                .retry_after_seconds(5)
            }
            (Failure::Intake(IntakeError::Store(error @ StoreError::TenantGone { .. })), None) => {
                Problem::new(StatusCode::GONE, "tenant-gone", "The tenant was deleted")
                    .detail(error.to_string())
            }
            (Failure::Intake(error), None) => {
                tracing::error!("an upload could not be stored: {error}");
                internal()
            }
        }
    }
}

/// What a client may know of why the store cannot write: no paths.
fn passing_reason(error: &StoreError) -> &'static str {
    match error {
        StoreError::DiskFull { .. } => "The disk of the service is full.",
        StoreError::NotWritable { .. } => "The disk of the service cannot be written.",
        _ => "Too many batches wait to be written.",
    }
}
