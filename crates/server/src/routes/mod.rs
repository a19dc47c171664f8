//! The list of routes: one file each, and what they cost.

mod activities;
pub mod admin;
mod answer;
mod findings;
mod ingest;
mod listed;
mod metadata;
mod oauth;
mod refused;
mod report_list;
mod reports;
mod sources;
mod throttle;
pub mod why;

use crate::app::App;
use crate::layers::{RouteLimits, limited};
use crate::legacy;
use crate::problem;
use crate::trusted;
use axum::Router;
use axum::middleware::from_fn_with_state;
use listed::Routes;
use std::sync::Arc;
use tower_http::CompressionLevel;
use tower_http::compression::CompressionLayer;

/// Forms for tokens and sign-ins have some hundreds of bytes, assertions some thousands.
const MOST_FORM_BYTES: u64 = 64 << 10;

/// Every address that [`public`] serves, as its router has it. Tests ask each of them.
pub fn addresses() -> Vec<String> {
    let mut addresses = Vec::new();
    for routes in [
        legacy(),
        oauth::routes(),
        ingest::routes(),
        sources::routes(),
        findings::routes(),
        why::routes(),
    ] {
        addresses.extend(routes.addresses().iter().map(|address| (*address).to_owned()));
    }
    let of_admin = admin::of_one_tenant();
    let below = of_admin.addresses().iter();
    addresses.extend(below.map(|address| format!("/{{tenant}}/admin{address}")));
    addresses
}

fn legacy() -> Routes {
    Routes::new()
        .merge(report_list::routes())
        .merge(reports::routes())
        .merge(activities::routes())
        .merge(metadata::routes())
}

/// What clients reach: the legacy faces, the token endpoint, administration of a tenant, ingest and its sources, findings.
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
    let legacy = legacy()
        .router()
        .fallback(answer::no_such_address)
        .layer(from_fn_with_state(Arc::clone(app), trusted::prepare))
        .with_state(Arc::clone(app));
    let ingest = ingest::routes().router().with_state(Arc::clone(app));
    let sources = sources::routes()
        .merge(findings::routes())
        .merge(why::routes())
        .router()
        .layer(from_fn_with_state(Arc::clone(app), trusted::prepare))
        .with_state(Arc::clone(app));
    let admin = admin::routes_by_token(app).with_state(Arc::clone(app));
    let form = RouteLimits {
        body_bytes: limits.body_bytes.min(MOST_FORM_BYTES),
        ..asked
    };
    let oauth = oauth::routes()
        .router()
        .layer(from_fn_with_state(Arc::clone(app), throttle::throttle))
        .with_state(Arc::clone(app));
    // Answers of a few hundred bytes gain nothing; rows shrink to a tenth.
    let compression = CompressionLayer::new().quality(CompressionLevel::Fastest);
    limited(legacy, asked, legacy::render_fault)
        .merge(limited(sources, asked, problem::render_fault))
        .layer(compression)
        // Not compressed: a page that holds both a secret and what somebody else chose must not tell by its length.
        .merge(limited(oauth, form, oauth::render_fault))
        // Nor this: some answers hold a secret that was just made.
        .merge(limited(admin, asked, problem::render_fault))
        .merge(limited(ingest, uploaded, problem::render_fault))
}
