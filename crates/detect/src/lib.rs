//! Judges sign-ins: events in the order of their own times in, findings and effects out. Pure: no clock but the events'.

pub mod detectors;
mod engine;
pub mod geography;
mod habits;
mod hashing;
mod keeping;
mod outcome;
mod people;
mod person;
mod population;
mod reading;
mod remembered;
mod rules;
mod seen;
mod settling;
mod told;

pub use detectors::irregular::is_scored;
pub use engine::{Effect, Engine, Observed, Reach, Subject, reach};
pub use habits::Shown;
pub use keeping::{KEPT_FORM, Kept};
pub use people::People;
pub use population::{DAYS, Day, Population, Populations};
pub use reading::{Extract, seen};
pub use rules::{RuleBook, Rules, Version};
pub use seen::{Outcome, Seen, Tool};
pub use settling::{NO_LONGER, settle};
pub use told::Note;
