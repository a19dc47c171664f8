//! What happens to every request before and after its route: ids, addresses, origin, limits, the access log.

mod access;
mod address;
mod door;
mod fault;
mod limits;
mod origin;
mod panic;
mod request_id;

pub use address::normalised;
pub use door::{Door, DoorRules, TenantAddresses};
pub use fault::{Fault, FaultReport, RenderFault};
pub use limits::{RouteLimits, limited, whole_body};
pub use origin::{ClientAddress, Origin, Peer, Transport};
pub use request_id::RequestId;

pub(crate) use access::{OpenRequest, OpenRequests};
pub(crate) use origin::origin_of;
