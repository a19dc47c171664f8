//! The list of routes: one file each, and what they cost.

mod activities;
pub mod admin;
mod answer;
mod ingest;
mod metadata;
mod report_list;
mod reports;
mod throttle;
mod token;

use crate::app::App;
use crate::layers::{RouteLimits, limited};
use crate::legacy;
use crate::problem;
use axum::Router;
use axum::middleware::from_fn_with_state;
use std::sync::Arc;
use tower_http::CompressionLevel;
use tower_http::compression::CompressionLayer;

/// What clients reach: the legacy faces, the token endpoint and ingest.
pub fn public(app: &Arc<App>) -> Router {
    let config = app.config();
    let limits = &config.limits;
    let asked = RouteLimits {
        answer_within: Some(limits.request),
        body_bytes: limits.body_bytes,
        body_stall: limits.stall,
    };
    let uploaded = RouteLimits {
        answer_within: None,
        body_bytes: limits.ingest_body_bytes,
        body_stall: limits.stall,
    };
    let legacy = Router::new()
        .merge(report_list::routes())
        .merge(reports::routes())
        .merge(activities::routes())
        .merge(metadata::routes())
        .merge(token::routes().layer(from_fn_with_state(Arc::clone(app), throttle::throttle)))
        .fallback(answer::no_such_address)
        .with_state(Arc::clone(app));
    let ingest = ingest::routes().with_state(Arc::clone(app));
    // Answers of a few hundred bytes gain nothing; rows shrink to a tenth.
    let compression = CompressionLayer::new().quality(CompressionLevel::Fastest);
    limited(legacy, asked, legacy::render_fault)
        .layer(compression)
        .merge(limited(ingest, uploaded, problem::render_fault))
}
