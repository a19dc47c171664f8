//! Tokens of an outside issuer (Entra ID, Keycloak, any OpenID Connect provider): what it publishes, whether a token is
//! its own and meant for us, and which roles its claims give here.
//!
//! The way of such a token: [`token::claimed_issuer`] says whose it claims to be, the caller has that issuer's
//! [`document::Document`] and [`keys::KeySet`], and [`token::Trust::access_token`] says who its bearer is.

pub mod document;
pub mod keys;
pub mod mapping;
pub mod token;
