//! Judges sign-ins: events in the order of their own times in, findings and effects out. Pure: no clock but the events'.

pub mod geography;
mod seen;

pub use seen::{Outcome, Seen, Tool};
