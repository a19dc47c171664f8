//! What the product talks about: tenants, time, events, reports, rows and questions. Pure: no clock, no files, no waiting.

pub mod batch;
pub mod content;
pub mod entity;
pub mod event;
pub mod finding;
pub mod gaps;
pub mod identity;
pub mod json;
pub mod query;
pub mod reports;
pub mod role;
pub mod tenant;
pub mod time;
pub mod usage;
pub mod user;
pub mod whereabouts;
