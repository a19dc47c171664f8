//! Judges what is stored: reads the change log from a durable cursor, shows the engine what it says, and stores what is found.
//!
//! Findings are stored first, by derived ids; then the cursor moves. A kill between the two repeats the step, and that changes nothing.

mod book;
mod driver;
mod explain;
mod grounds;
mod history;
mod kept;
mod metrics;
mod populations;
mod recent;
mod rerun;
mod settings;
mod turns;
mod watermarks;

pub(crate) use driver::{Driver, Round, Tools};
pub(crate) use explain::{Explanation, explain, outcome_word};
pub(crate) use grounds::Grounds;
pub(crate) use history::Historian;
pub(crate) use metrics::DetectionMetrics;
pub(crate) use populations::remove_before;
pub use recent::Recent;
pub(crate) use rerun::{Asked, Difference, What, rerun};
pub use settings::SettingsError;
pub(crate) use settings::rules_in;
pub use turns::Turns;

/// Why sign-ins could not be judged. What was stored stays stored; the next round goes on from there.
#[derive(Debug, thiserror::Error)]
pub(crate) enum DetectionError {
    /// The store did not answer, or did not take.
    #[error(transparent)]
    Store(#[from] store::error::StoreError),
    /// The cursor or a snapshot could not be read or kept.
    #[error(transparent)]
    Control(#[from] store::control::ControlError),
    /// The program is about to stop; the next start begins where the cursor is.
    #[error("the program stops")]
    Stopping,
    /// What was found could not be kept.
    #[error(transparent)]
    Keeping(#[from] crate::findings::KeepError),
    /// A snapshot is not what this version wrote.
    #[error("the snapshot {name} of detection cannot be read: {reason}")]
    Snapshot {
        /// Which.
        name: String,
        /// What is wrong.
        reason: String,
    },
}

#[cfg(test)]
mod tests;
