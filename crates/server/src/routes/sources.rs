//! `/{tenant}/sources`: what each source brought hour by hour, what is missing, and whether a recount agrees.
//!
//! Names of sources hold `:` and `/`. In an address a `/` is written %2F; as it stands it is understood, too, unless what
//! follows reads as `gaps` or `gaps/<id>/close`.

use super::admin::sources::{
    CloseAsked, HOURS, bad_question, close_gap, hours_asked, no_such_gap, no_such_source, number,
};
use super::admin::{apart, apart_with, read, store_problem};
use super::ingest::too_many_inputs;
use super::refused::{self, Face};
use crate::app::App;
use crate::auth::{self, Reads};
use crate::layers::{ClientAddress, RequestId, whole_body};
use crate::ledger::gaps::{self, GapsAnswer, TOLD};
use crate::ledger::{self, ErrorAnswer, SourcesAnswer, names};
use crate::own_events::Actor;
use crate::problem::Problem;
use crate::routes::listed::Routes;
use axum::extract::{Path, Query, Request, State};
use axum::response::{IntoResponse, Response};
use axum::routing::any;
use http::request::Parts;
use http::{HeaderValue, Method, StatusCode, header};
use issuer::audience::{INGEST_RESOURCE, Permission, REPORTS_RESOURCE};
use model::tenant::TenantId;
use model::time::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use std::sync::Arc;
use store::ledger::{Keeping, ToldGap};
use uuid::Uuid;

/// Letters that are kept of what a sender says of a loss.
const DETAIL_LETTERS: usize = 1_000;

const READS: Face = Face {
    resource: REPORTS_RESOURCE,
    may_not: "The application or its user may not read",
};
const TELLS: Face = Face {
    resource: INGEST_RESOURCE,
    may_not: "The application may not ingest",
};
const ADMINISTERS: Face = Face {
    resource: REPORTS_RESOURCE,
    may_not: "Only a Global Administrator of the tenant may do that",
};

/// A loss as a sender tells of it.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct GapTold {
    /// Made by the sender: telling again under the same id changes nothing.
    id: Uuid,
    kind: String,
    from: Option<String>,
    to: Option<String>,
    records: Option<u64>,
    #[serde(default)]
    detail: String,
}

/// What became of it.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct GapKept {
    id: Uuid,
    source: String,
    kind: String,
    known: bool,
}

pub(super) fn routes() -> Routes {
    Routes::new()
        .route("/{tenant}/sources", any(serve))
        .route("/{tenant}/sources/{*rest}", any(serve))
}

/// What is asked for, behind `/{tenant}/sources`.
#[derive(Debug, PartialEq, Eq)]
enum Place {
    List,
    Prove,
    Source(String),
    Gaps(String),
    Close(String, String),
}

/// Reads an address as it was written: what was encoded is part of a name.
fn place(path: &str) -> Option<Place> {
    let rest = path.trim_start_matches('/').split_once('/')?.1;
    let rest = rest.strip_prefix("sources")?.trim_start_matches('/');
    let segments: Vec<String> = rest.split('/').map(decoded).collect::<Option<_>>()?;
    let segments: Vec<&str> = segments.iter().map(String::as_str).collect();
    let name = |parts: &[&str]| Some(parts.join("/")).filter(|name| !name.is_empty());
    match segments.as_slice() {
        [""] => Some(Place::List),
        ["prove"] => Some(Place::Prove),
        [parts @ .., "gaps", id, "close"] => Some(Place::Close(name(parts)?, (*id).to_owned())),
        [parts @ .., "gaps"] => name(parts).map(Place::Gaps),
        parts => name(parts).map(Place::Source),
    }
}

/// A segment without its percent-encoding; `None` if that is not sound.
fn decoded(segment: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(segment.len());
    let mut rest = segment.bytes();
    while let Some(byte) = rest.next() {
        if byte != b'%' {
            bytes.push(byte);
            continue;
        }
        let digits = [rest.next()?, rest.next()?];
        let text = std::str::from_utf8(&digits).ok()?;
        bytes.push(u8::from_str_radix(text, 16).ok()?);
    }
    String::from_utf8(bytes).ok()
}

async fn serve(
    State(app): State<Arc<App>>,
    Path(words): Path<HashMap<String, String>>,
    query: Query<HashMap<String, String>>,
    address: ClientAddress,
    request_id: RequestId,
    request: Request,
) -> Response {
    let tenant_word = words.get("tenant").map_or("", String::as_str).to_owned();
    let (parts, body) = request.into_parts();
    let Some(place) = place(parts.uri.path()) else {
        return no_such_address().of_request(request_id).into_response();
    };
    let call = Call {
        app,
        tenant_word,
        parts,
        asked: query.0,
        address,
        request: request_id,
    };
    let is_read = call.parts.method == Method::GET;
    let is_sent = call.parts.method == Method::POST;
    let allowed = match place {
        Place::List | Place::Source(_) => "GET",
        Place::Gaps(_) => "GET, POST",
        Place::Prove | Place::Close(..) => "POST",
    };
    match place {
        Place::List if is_read => call.list().await,
        Place::Source(name) if is_read => call.source(name).await,
        Place::Gaps(name) if is_read => call.gaps(name).await,
        Place::Gaps(name) if is_sent => call.tell(name, body).await,
        Place::Close(name, id) if is_sent => call.close(name, id, body).await,
        Place::Prove if is_sent => call.prove().await,
        _ => {
            let problem = Problem::new(
                StatusCode::METHOD_NOT_ALLOWED,
                "method-not-allowed",
                "The method is not allowed",
            )
            .detail(format!("This address takes {allowed}."));
            let mut response = problem.of_request(call.request).into_response();
            let headers = response.headers_mut();
            headers.insert(header::ALLOW, HeaderValue::from_static(allowed));
            response
        }
    }
}

fn no_such_address() -> Problem {
    Problem::new(
        StatusCode::NOT_FOUND,
        "no-such-address",
        "There is no such address",
    )
}

/// A request for one of the addresses.
struct Call {
    app: Arc<App>,
    tenant_word: String,
    parts: Parts,
    asked: HashMap<String, String>,
    address: ClientAddress,
    request: RequestId,
}

/// Whether the texts of errors are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Errors {
    Shown,
    Hidden,
}

impl Errors {
    /// Leaves of an error that there was one.
    fn cover(self, error: Option<&mut ErrorAnswer>) {
        if let (Errors::Hidden, Some(error)) = (self, error) {
            "not shown to this role".clone_into(&mut error.reason);
        }
    }
}

impl Call {
    /// The tenant of whoever may read reports, whichever they are: what came and what did not is in none of them. And whether
    /// errors are shown: they may quote a record, which not every role sees whole.
    fn reader(&self) -> Result<(TenantId, Errors), Box<Response>> {
        let permission = Permission::DirectoryReadAll;
        let caller = auth::caller(&self.app, &self.parts.headers, &self.tenant_word, permission)
            .map_err(|denied| Box::new(self.refused(&READS, &denied)))?;
        let errors = match caller.reads {
            Reads::Everything => Errors::Shown,
            Reads::OfRoles { .. } => Errors::Hidden,
        };
        Ok((caller.tenant, errors))
    }

    fn refused(&self, face: &Face, denied: &auth::Denied) -> Response {
        refused::answer(face, &self.app, &self.tenant_word, denied, self.request)
    }

    async fn list(self) -> Response {
        let (tenant, errors) = match self.reader() {
            Ok(reader) => reader,
            Err(refused) => return *refused,
        };
        apart(self.request, move || {
            let sources = ledger::sources(self.app.events.as_ref(), tenant, None, self.app.now());
            let mut sources = sources.map_err(|error| failed(&error))?;
            for source in &mut sources {
                errors.cover(source.last_error.as_mut());
            }
            Ok(SourcesAnswer { sources })
        })
        .await
    }

    async fn source(self, name: String) -> Response {
        let (tenant, errors) = match self.reader() {
            Ok(reader) => reader,
            Err(refused) => return *refused,
        };
        apart(self.request, move || {
            let asked = hours_asked(&self.asked)?;
            let found = ledger::source(self.app.events.as_ref(), tenant, &name, asked, self.app.now());
            let found = found.map_err(|error| failed(&error))?;
            let mut found = found.ok_or_else(|| no_such_source(&name))?;
            errors.cover(found.source.last_error.as_mut());
            for hour in &mut found.hours {
                errors.cover(hour.last_error.as_mut());
            }
            Ok(found)
        })
        .await
    }

    async fn gaps(self, name: String) -> Response {
        let tenant = match self.reader() {
            Ok((tenant, _)) => tenant,
            Err(refused) => return *refused,
        };
        apart(self.request, move || {
            let all = match self.asked.get("state").map(String::as_str) {
                None | Some("open") => false,
                Some("all") => true,
                Some(other) => return Err(bad_question(format!("`state` is open or all, not {other:?}."))),
            };
            let gaps = gaps::of(self.app.events.as_ref(), tenant, Some(&name), self.app.now());
            let mut gaps = gaps.map_err(|error| failed(&error))?;
            gaps.retain(|gap| all || gap.closed.is_none());
            Ok(GapsAnswer { gaps })
        })
        .await
    }

    async fn tell(self, name: String, body: axum::body::Body) -> Response {
        let permission = Permission::Ingest;
        let caller = match auth::caller(&self.app, &self.parts.headers, &self.tenant_word, permission) {
            Ok(caller) => caller,
            Err(denied) => return self.refused(&TELLS, &denied),
        };
        let body = match whole_body(body).await {
            Ok(body) => body,
            Err(fault) => return self.fault(&fault),
        };
        let gap = read(&body).and_then(|told: GapTold| told_gap(told, caller.app_id, &name, self.app.now()));
        let gap = match gap {
            Ok(gap) => gap,
            Err(problem) => return problem.of_request(self.request).into_response(),
        };
        if !self.app.inputs.admit(caller.tenant, caller.app_id, &gap.source) {
            return too_many_inputs().of_request(self.request).into_response();
        }
        let (id, source, kind) = (gap.id, gap.source.clone(), gap.kind.clone());
        let (app, request) = (Arc::clone(&self.app), self.request);
        let kept = tokio::task::spawn_blocking(move || {
            let lease = app.events.lease(caller.tenant)?;
            app.events.tell_gap(&lease, gap)
        });
        let kept = match kept.await {
            Ok(kept) => kept.map_err(|error| failed(&error)),
            Err(panic) => {
                tracing::error!(request.id = %request, "a told gap could not be kept: {panic}");
                Err(internal())
            }
        };
        let answer = |known| GapKept {
            id,
            source,
            kind,
            known,
        };
        match kept {
            Ok(Keeping::Kept) => (StatusCode::CREATED, axum::Json(answer(false))).into_response(),
            Ok(Keeping::Known) => axum::Json(answer(true)).into_response(),
            Ok(Keeping::Taken) => Problem::new(StatusCode::CONFLICT, "taken", "That is taken")
                .detail("Another source has told of something under this id; make another.")
                .of_request(request)
                .into_response(),
            Ok(Keeping::TooMany) => Problem::new(
                StatusCode::CONFLICT,
                "too-many-gaps",
                "There are too many gaps",
            )
            .detail("So many gaps of this source are open that no more are kept; somebody must close some.")
            .of_request(request)
            .into_response(),
            Err(problem) => problem.of_request(request).into_response(),
        }
    }

    async fn close(self, name: String, id: String, body: axum::body::Body) -> Response {
        let found = auth::administrator(&self.app, &self.parts.headers, &self.tenant_word);
        let (tenant, user) = match found {
            Ok(found) => found,
            Err(denied) => return self.refused(&ADMINISTERS, &denied),
        };
        let body = match whole_body(body).await {
            Ok(body) => body,
            Err(fault) => return self.fault(&fault),
        };
        apart_with(StatusCode::OK, self.request, move || {
            let reason: CloseAsked = read(&body)?;
            let actor = Actor::User {
                user,
                address: self.address,
            };
            close_gap(&self.app, tenant, Some(&name), &id, &reason, &actor)?.ok_or_else(|| no_such_gap(&id))
        })
        .await
    }

    /// A recount reads everything, so it is not for every reader.
    async fn prove(self) -> Response {
        let tenant = match auth::administrator(&self.app, &self.parts.headers, &self.tenant_word) {
            Ok((tenant, _)) => tenant,
            Err(denied) => return self.refused(&ADMINISTERS, &denied),
        };
        apart(self.request, move || {
            let hours = number(&self.asked, "hours", HOURS)?;
            ledger::prove(self.app.events.as_ref(), tenant, hours).map_err(|error| store_problem(&error))
        })
        .await
    }

    fn fault(&self, fault: &crate::layers::Fault) -> Response {
        Problem::new(fault.status(), fault.kind(), fault.title())
            .detail(fault.to_string())
            .of_request(self.request)
            .into_response()
    }
}

/// Checks what a sender told.
fn told_gap(told: GapTold, client: Uuid, name: &str, now: Timestamp) -> Result<ToldGap, Problem> {
    let source = names::own(client, name).ok_or_else(|| {
        Problem::new(
            StatusCode::FORBIDDEN,
            "not-your-source",
            "That is another's source",
        )
        .detail(format!(
            "Tell of your own sources: {}, or the name of an input of yours.",
            names::of_client(client, None)
        ))
    })?;
    if !TOLD.contains(&told.kind.as_str()) {
        let kinds = TOLD.join(", ");
        return Err(bad_question(format!(
            "`kind` is one of {kinds}, not {:?}.",
            told.kind
        )));
    }
    let time = |name: &str, text: Option<String>| {
        let Some(text) = text else { return Ok(None) };
        Timestamp::parse_vendor(&text).map(Some).map_err(|_| {
            bad_question(format!(
                "`{name}` is a time such as 2026-11-28T10:00:00Z, not {text:?}."
            ))
        })
    };
    let (from, to) = (time("from", told.from)?, time("to", told.to)?);
    if from.zip(to).is_some_and(|(from, to)| from > to) {
        return Err(bad_question("`from` is after `to`.".to_owned()));
    }
    Ok(ToldGap {
        id: told.id,
        source,
        kind: told.kind,
        told_at: now,
        from,
        to,
        records: told.records,
        // A loss is kept however much is said of it.
        detail: told.detail.chars().take(DETAIL_LETTERS).collect(),
    })
}

/// What clients are told of a store that fails: no paths.
fn failed(error: &store::error::StoreError) -> Problem {
    if error.is_passing() {
        return Problem::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "cannot-store",
            "The service cannot store now",
        )
        .detail("Ask again in a moment.")
        .retry_after_seconds(5);
    }
    tracing::error!("the ledger could not be read or written: {error}");
    internal()
}

fn internal() -> Problem {
    Problem::new(
        StatusCode::INTERNAL_SERVER_ERROR,
        "internal",
        "The service failed",
    )
    .detail("The log has the reason under this request's id.")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[allow(clippy::needless_pass_by_value, reason = "the cases read as sentences")]
    fn check(path: &str, expected: Option<Place>) {
        assert_eq!(place(path), expected, "{path}");
    }

    #[test]
    fn a_name_is_found_encoded_and_as_it_stands() {
        let mim = || "ingest:c/mim".to_owned();
        check("/contoso.com/sources", Some(Place::List));
        check("/contoso.com/sources/", Some(Place::List));
        check("/contoso.com/sources/prove", Some(Place::Prove));
        check(
            "/contoso.com/sources/import",
            Some(Place::Source("import".to_owned())),
        );
        check("/contoso.com/sources/ingest:c%2Fmim", Some(Place::Source(mim())));
        check(
            "/contoso.com/sources/ingest%3ac%2fmim",
            Some(Place::Source(mim())),
        );
        check("/contoso.com/sources/ingest:c/mim", Some(Place::Source(mim())));
        check(
            "/contoso.com/sources/ingest:c%2Fmim/gaps",
            Some(Place::Gaps(mim())),
        );
        check("/contoso.com/sources/ingest:c/mim/gaps", Some(Place::Gaps(mim())));
        check(
            "/contoso.com/sources/ingest:c%2Fgaps",
            Some(Place::Source("ingest:c/gaps".to_owned())),
        );
        check(
            "/contoso.com/sources/ingest:c%2Fmim/gaps/7/close",
            Some(Place::Close(mim(), "7".to_owned())),
        );
    }

    #[test]
    fn an_address_without_a_name_or_with_a_broken_one_is_none() {
        check("/contoso.com/sources/gaps", None);
        check("/contoso.com/sources/a%2", None);
        check("/contoso.com/sources/a%zz", None);
        check("/contoso.com/sources/%ff", None);
    }
}
