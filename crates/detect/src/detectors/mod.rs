//! The list of detectors, and what a detector's definition says.

pub mod after_multiple_failures;
pub mod infected_devices;
pub mod irregular;
pub(crate) mod listed;
pub mod multiple_geographies;
pub mod suspicious_addresses;
pub mod unknown_sources;

/// What is known of a detector.
#[derive(Debug, PartialEq, Eq)]
pub struct DetectorDef {
    /// The word for it in findings, settings and metrics.
    pub name: &'static str,
    /// The report that it fills.
    pub report: &'static str,
    /// Of whose sign-ins it judges the whole: what does not hold any more is looked for among the findings of that.
    pub judges: Judges,
    /// What it finds, in a sentence.
    pub about: &'static str,
}

/// Whose sign-ins a detector judges together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Judges {
    /// Those of a person.
    People,
    /// Those from an address.
    Addresses,
}

/// The detector that a finding is of.
pub fn of(found: &model::finding::Found) -> &'static DetectorDef {
    let name = found.detector();
    let of_name = ALL.iter().find(|detector| detector.name == name);
    of_name.unwrap_or(&ALL[0])
}

/// All detectors, in the order of Microsoft's list of the six reports.
pub const ALL: &[&DetectorDef] = &[
    &unknown_sources::DEF,
    &after_multiple_failures::DEF,
    &multiple_geographies::DEF,
    &suspicious_addresses::DEF,
    &infected_devices::DEF,
    &irregular::DEF,
];
