//! Lifelike identity events that are the same for the same seed: for the demo, the tests and the benches.
//!
//! ```
//! use generator::{Generator, Plan};
//! use model::{tenant::TenantId, time::Timestamp};
//!
//! let plan = Plan {
//!     seed: 1,
//!     users: 20,
//!     days: 2,
//!     end: Timestamp::from_unix_seconds(1_790_000_000),
//!     tenant: TenantId::parse("4b2462a4-bbee-495a-a0e1-f23ae524cc9c").unwrap(),
//!     domain: "contoso.example".to_owned(),
//! };
//! let first = Generator::new(plan).next().unwrap();
//! assert!(first.record.starts_with("{\"id\":"));
//! ```

mod apps;
mod audit_record;
pub mod chance;
mod changes;
mod days;
mod devices;
mod elsewhere;
mod lifelike;
mod names;
mod outcomes;
mod people;
mod places;
mod provisioning;
mod scenes;
mod self_service;
mod sign_in_record;
mod uniform;
mod verdicts;

pub use elsewhere::Source;
pub use lifelike::{Generator, Plan};
pub use scenes::{AddressList, address_lists};
pub use uniform::{RecordSize, Stream, Uniform, stream, uniform};

use model::time::Timestamp;

/// One made-up event of a lifelike directory, as its source tells it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told {
    /// When it happened; the same instant that the record names.
    pub time: Timestamp,
    /// Who wrote it down.
    pub source: Source,
    /// One record on one line. Of Entra it is as Microsoft Graph writes it (a `signIn`, a `directoryAudit`, a
    /// `provisioningObjectSummary`, a `riskDetection` or a `riskyUser`). Only sshd's is no JSON.
    pub record: String,
}

/// One made-up event for measuring.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Generated {
    /// When it happened; the same instant that the record names.
    pub time: Timestamp,
    /// One record as Microsoft Graph writes it, on one line.
    pub json: String,
}
