//! The edge to the machine: what time it is, chance, the log, and packed bytes. What the service and the agent both need of it.

pub mod chance;
pub mod clock;
pub mod cores;
pub mod decoding;
pub mod logging;
