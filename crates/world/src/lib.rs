//! Made-up lives and attacks of which the truth is known: what detectors are judged by. Pure, and the same for the same seed.
//!
//! A [`World`] is made of a [`Plan`] and an [`Atlas`]: people with homes, desks, journeys at the pace of airliners, phones, VPNs
//! and mistakes, and attackers among them. It tells sign-ins in the order of time, each with its [`Truth`].
//!
//! It never reads what detectors think, and it was made before the first of them.

mod act;
mod atlas;
mod attacks;
mod connection;
mod exits;
mod geo;
mod itinerary;
pub mod labels;
mod lives;
pub mod oracles;
mod people;
mod plan;
pub mod rba;
mod record;
pub mod sketch;
mod tools;
mod truth;
mod world;

pub use atlas::{Atlas, Block, Use};
pub use exits::TrueListing;
pub use geo::Position;
pub use plan::Plan;
pub use record::{CREDENTIAL_FAILURES, Record};
pub use truth::{Actor, Attack, AttackKind, HardCase, HardCases, Truth};
pub use world::{Account, NoWorld, Told, World, hard_cases};
