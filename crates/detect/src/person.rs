//! Everything that is watched of one person, sign-in by sign-in.

use crate::detectors::{
    after_multiple_failures, infected_devices, irregular, multiple_geographies, unknown_sources,
};
use crate::habits::Habits;
use crate::remembered::Watched;
use crate::seen::Seen;
use crate::told::{Judging, Told};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// What is watched of a person, after the sign-ins that it was shown.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct Person {
    pub(crate) habits: Habits,
    after_multiple_failures: after_multiple_failures::State,
    unknown_sources: unknown_sources::State,
    infected_devices: infected_devices::State,
    multiple_geographies: multiple_geographies::State,
}

impl Watched for Person {
    fn observe(&mut self, seen: &Arc<Seen>, judging: &Judging<'_>, told: &mut Told) {
        self.after_multiple_failures.observe(seen, judging, told);
        self.unknown_sources.observe(seen, judging, told);
        self.infected_devices.observe(seen, judging, told);
        self.multiple_geographies
            .observe(seen, &self.habits, judging, told);
        irregular::observe(seen, &self.habits, judging, told);
        self.habits.learn(seen);
    }
}
