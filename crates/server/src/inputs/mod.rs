//! How records come in, whatever carried them.

pub mod intake;
