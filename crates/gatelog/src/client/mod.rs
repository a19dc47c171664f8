//! The client: signs in to a service that speaks the reports API, asks it, and writes what it answers.

pub(crate) mod arguments;
pub(crate) mod auth;
pub(crate) mod cells;
pub(crate) mod columns;
pub(crate) mod error;
pub(crate) mod export;
pub(crate) mod host;
pub(crate) mod http;
pub(crate) mod paging;
pub(crate) mod place;
pub(crate) mod profiles;
pub(crate) mod question;
pub(crate) mod render;
pub(crate) mod retry;
pub(crate) mod said;
pub(crate) mod session;
pub(crate) mod since;
pub(crate) mod wait;
