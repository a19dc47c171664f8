//! store.

pub mod control;
