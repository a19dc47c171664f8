//! What sort of world is wanted.

use model::time::Timestamp;

/// What sort of world is wanted. The same plan over the same atlas gives the same world.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// All chance comes from it.
    pub seed: u64,
    /// How many people the organisation has; fewer than 20 have no office.
    pub people: u32,
    /// How many UTC days are lived.
    pub days: u32,
    /// The first instant; a midnight of UTC.
    pub start: Timestamp,
    /// What stands behind the @ of sign-in names.
    pub domain: String,
    /// Takeovers by somebody who knows the password, for each 100 people. Far more than in life: recall of two cases is no figure.
    pub takeovers_per_100_people: u32,
    /// Attacks that guess passwords: sprays, stuffings and brute forces together.
    pub guessing_attacks: u32,
}

impl Plan {
    /// A plan with the usual density of attacks.
    pub fn new(seed: u64, people: u32, days: u32, start: Timestamp) -> Plan {
        Plan {
            seed,
            people,
            days,
            start: start.day_start(),
            domain: "contoso.example".to_owned(),
            takeovers_per_100_people: 20,
            guessing_attacks: 24,
        }
    }

    /// The first instant after it.
    pub fn end(&self) -> Timestamp {
        self.start.plus_days(i64::from(self.days))
    }
}
