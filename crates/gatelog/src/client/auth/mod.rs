//! Signing in: the grants of OAuth2 that the client knows, and the file that keeps what they gave.

pub(crate) mod assertion;
pub(crate) mod browser;
pub(crate) mod device;
pub(crate) mod endpoints;
pub(crate) mod grant;
pub(crate) mod keeper;
pub(crate) mod login;
pub(crate) mod loopback;
pub(crate) mod pkce;
pub(crate) mod proof;
pub(crate) mod tokens;
