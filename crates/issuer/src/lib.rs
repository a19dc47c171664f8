//! Decides whether a request deserves a token: grants, clients, keys, audiences. Sends and stores nothing; time and
//! chance are arguments.
//!
//! The way of a request for a token: [`token_request::TokenRequest::read`] understands it, the caller looks up the tenant
//! and the client that it names, [`grant::authenticate`] says whether the client is who it says,
//! [`grant::client_credentials`] or [`user_grant::tokens`] decides. What comes back is a [`grant::TokenAnswer`] or a
//! [`refusal::Refusal`]; both know their body. The way of a browser: [`authorize::AuthorizeRequest::read`] understands it,
//! [`authorize::next`] says what comes next, [`reply::ReplyTo`] carries the answer. The way of a token:
//! [`verify::Verifier::verify`] says whose it is, and [`challenge::bearer`] what to answer when it is no good. Tokens of somebody else's issuer
//! go by [`outside`].

pub mod assertion;
pub mod audience;
pub mod authorize;
pub mod certificate;
pub mod challenge;
pub mod claims;
pub mod client;
mod common_words;
pub mod delay;
pub mod discovery;
pub mod form;
pub mod grant;
pub mod keys;
pub mod opaque;
pub mod outside;
pub mod password;
pub mod pkce;
pub mod protocol;
pub mod refusal;
pub mod reply;
pub mod scope;
pub mod token_request;
pub mod totp;
pub mod user;
pub mod user_grant;
pub mod verify;
