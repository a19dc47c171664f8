//! Decides whether a request deserves a token: grants, clients, keys, audiences. Sends and stores nothing; time and
//! chance are arguments.
//!
//! The way of a request: [`token_request::TokenRequest::read`] understands it, the caller looks up the tenant and the
//! client that it names, [`grant::client_credentials`] decides. What comes back is a [`grant::TokenAnswer`] or a
//! [`refusal::Refusal`]; both know their body. The way of a token: [`verify::Verifier::verify`] says whose it is, and
//! [`challenge::bearer`] what to answer when it is no good.

pub mod audience;
pub mod challenge;
pub mod claims;
pub mod client;
mod common_words;
pub mod delay;
pub mod form;
pub mod grant;
pub mod keys;
pub mod password;
pub mod refusal;
pub mod token_request;
pub mod totp;
pub mod verify;
