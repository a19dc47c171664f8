//! `/enrichment`: what is known of addresses, and how old that is.

use super::apart;
use crate::app::App;
use crate::enrichment::LookUpAnswer;
use crate::layers::RequestId;
use crate::problem::Problem;
use crate::routes::listed::Routes;
use axum::extract::{Query, State};
use axum::response::Response;
use axum::routing::{get, post};
use http::StatusCode;
use model::time::Timestamp;
use std::collections::HashMap;
use std::sync::Arc;

pub(super) fn routes() -> Routes {
    Routes::new()
        .route("/enrichment", get(status))
        .route("/enrichment/reload", post(reload))
        .route("/enrichment/lookup", get(look_up))
}

async fn status(State(app): State<Arc<App>>, request: RequestId) -> Response {
    apart(request, move || {
        Ok(app.enriching.loaded(&app.config()).status(app.now()))
    })
    .await
}

async fn reload(State(app): State<Arc<App>>, request: RequestId) -> Response {
    apart(request, move || {
        Ok(app.enriching.renew(&app.config()).status(app.now()))
    })
    .await
}

async fn look_up(
    State(app): State<Arc<App>>,
    request: RequestId,
    Query(asked): Query<HashMap<String, String>>,
) -> Response {
    apart(request, move || {
        let text = asked.get("address").map_or("", String::as_str);
        let address = enrich::address::parse(text).ok_or_else(|| {
            bad_question(format!(
                "`{text}` is no network address: ask for one such as 203.0.113.7"
            ))
        })?;
        let at = match asked.get("at") {
            Some(text) => Timestamp::parse_vendor(text).map_err(|error| bad_question(error.to_string()))?,
            None => app.now(),
        };
        let found = app.enrichment().look_up(address, at);
        Ok(LookUpAnswer::of(address.to_canonical(), at, &found))
    })
    .await
}

fn bad_question(detail: String) -> Problem {
    Problem::new(StatusCode::BAD_REQUEST, "bad-request", "It cannot be looked up").detail(detail)
}
