//! How records come in, whatever carried them.

pub mod archive;
pub mod intake;
pub mod upload;
