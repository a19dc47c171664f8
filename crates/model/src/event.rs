//! An event: what a source says happened, in our own words, whatever the vendor's spelling was.
//!
//! Text that a source left empty is absent (`None`), never `""`.

mod provisioning;
mod risk;

pub use provisioning::{ProvisionedIdentity, Provisioning};
pub use risk::{RiskDetection, RiskState, Suspect, SuspectKind, Verdict};

use crate::finding::Finding;
use crate::identity::{Kind, Vendor};
use crate::tenant::TenantId;
use crate::time::Timestamp;
use serde::{Deserialize, Serialize};

/// One thing that happened, as one source tells it.
#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    /// Whose id space [`Event::vendor_id`] belongs to.
    pub vendor: Vendor,
    /// The id that the vendor gave it, if it gave one.
    pub vendor_id: Option<String>,
    /// When it happened by the vendor's clock.
    pub time: Timestamp,
    /// When the vendor last changed the record, where it says so.
    pub updated: Option<Timestamp>,
    /// The directory that the record names by a GUID.
    pub tenant: Option<TenantId>,
    /// What happened.
    pub facts: Facts,
}

/// What happened, by kind.
#[derive(Debug, Clone, PartialEq)]
pub enum Facts {
    /// Somebody or something signed in, or tried to.
    SignIn(Box<SignIn>),
    /// Somebody changed something in the directory.
    Audit(Box<Audit>),
    /// An account was provisioned in another system.
    Provisioning(Box<Provisioning>),
    /// The vendor's protection noticed something.
    RiskDetection(Box<RiskDetection>),
    /// The vendor's protection thinks something of a person or an application from now on.
    RiskState(Box<RiskState>),
    /// A detector of this service derived something; [`Event::updated`] is when it judged so.
    Finding(Box<Finding>),
}

impl Facts {
    /// The kind that belongs to the event's identity.
    pub fn kind(&self) -> Kind {
        match self {
            Facts::SignIn(_) => Kind::SignIn,
            Facts::Audit(_) => Kind::Audit,
            Facts::Provisioning(_) => Kind::Provisioning,
            Facts::RiskDetection(_) => Kind::RiskDetection,
            Facts::RiskState(_) => Kind::RiskState,
            Facts::Finding(_) => Kind::Finding,
        }
    }
}

impl Event {
    /// The kind that belongs to the event's identity.
    pub fn kind(&self) -> Kind {
        self.facts.kind()
    }
}

/// Who or what signed in, as Entra divides its logs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum SignInKind {
    /// A person at a screen.
    #[default]
    Interactive,
    /// A client on behalf of a person.
    NonInteractive,
    /// An application as itself.
    ServicePrincipal,
    /// A workload with an identity that Azure manages.
    ManagedIdentity,
}

impl SignInKind {
    /// The word for it in rows.
    pub const fn as_str(self) -> &'static str {
        match self {
            SignInKind::Interactive => "interactiveUser",
            SignInKind::NonInteractive => "nonInteractiveUser",
            SignInKind::ServicePrincipal => "servicePrincipal",
            SignInKind::ManagedIdentity => "managedIdentity",
        }
    }
}

/// A sign-in or an attempt at one.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct SignIn {
    /// Person, client, application or workload.
    pub kind: SignInKind,
    /// The user's object id.
    pub user_id: Option<String>,
    /// The user's sign-in name.
    pub user_principal_name: Option<String>,
    /// The user's name for people.
    pub user_display_name: Option<String>,
    /// The application signed in to, by id.
    pub app_id: Option<String>,
    /// The application signed in to, by name.
    pub app_display_name: Option<String>,
    /// The resource that the token is for, by id.
    pub resource_id: Option<String>,
    /// The resource that the token is for, by name.
    pub resource_display_name: Option<String>,
    /// The service principal's object id, when no user signed in.
    pub service_principal_id: Option<String>,
    /// The service principal's name, when no user signed in.
    pub service_principal_name: Option<String>,
    /// The client's address, without port, brackets or the `::ffff:` of a mapped one.
    pub ip_address: Option<String>,
    /// Where that address was, by the source's own judgement.
    pub location: Place,
    /// What was signed in with.
    pub device: Device,
    /// Browser, mobile app, or the name of a legacy protocol.
    pub client_app: Option<String>,
    /// The User-Agent as sent.
    pub user_agent: Option<String>,
    /// 0 for success, else the source's code (AADSTS…).
    pub error_code: i64,
    /// The source's sentence for the code.
    pub failure_reason: Option<String>,
    /// More about the outcome, in the source's words.
    pub additional_details: Option<String>,
    /// Whether more than one factor was asked for.
    pub mfa_required: Option<bool>,
    /// The factor used.
    pub mfa_method: Option<String>,
    /// What became of it.
    pub mfa_result: Option<String>,
    /// Ties together the records of one attempt.
    pub correlation_id: Option<String>,
    /// Whether another identity provider than the source asked for the credentials, where the record says so.
    pub is_federated: Option<bool>,
    /// What conditional access said.
    pub conditional_access_status: Option<String>,
    /// The vendor's verdict at sign-in time (none, low, medium, high).
    pub risk_level: Option<String>,
    /// The vendor's risk state (atRisk, dismissed …).
    pub risk_state: Option<String>,
    /// The vendor's risk event types, joined with commas.
    pub risk_event_types: Option<String>,
}

/// Where an address was.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Place {
    /// City, as the source spells it.
    pub city: Option<String>,
    /// State or province.
    pub state: Option<String>,
    /// ISO 3166-1 alpha-2 where the source gives that.
    pub country: Option<String>,
    /// Degrees north.
    pub latitude: Option<f64>,
    /// Degrees east.
    pub longitude: Option<f64>,
}

/// What somebody signed in with.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Device {
    /// The directory's id of the device.
    pub id: Option<String>,
    /// The device's name.
    pub display_name: Option<String>,
    /// Operating system, as the source spells it.
    pub operating_system: Option<String>,
    /// Browser, as the source spells it.
    pub browser: Option<String>,
}

/// A change in the directory.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Audit {
    /// What was done, in the vendor's words (`Add member to group`).
    pub activity: Option<String>,
    /// The vendor's category (`UserManagement`).
    pub category: Option<String>,
    /// `Add`, `Update`, `Delete`, `Assign` …
    pub operation_type: Option<String>,
    /// `success`, `failure`, `timeout` …, as the source spells it.
    pub result: Option<String>,
    /// Why, in the source's words.
    pub result_reason: Option<String>,
    /// The service that wrote the record (`Core Directory`, `Self-service Password Management` …).
    pub logged_by_service: Option<String>,
    /// Ties together the records of one act.
    pub correlation_id: Option<String>,
    /// Who did it.
    pub actor: Actor,
    /// What it was done to.
    pub targets: Vec<Target>,
    /// Named details, in the order of the record.
    pub additional_details: Vec<(String, Option<String>)>,
}

/// Who did something: a person, an application, or both.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Actor {
    /// The user's object id.
    pub user_id: Option<String>,
    /// The user's sign-in name.
    pub user_principal_name: Option<String>,
    /// The user's name for people.
    pub user_display_name: Option<String>,
    /// The address it was done from.
    pub ip_address: Option<String>,
    /// The application's id.
    pub app_id: Option<String>,
    /// The application's name.
    pub app_display_name: Option<String>,
    /// The application's service principal, by id.
    pub service_principal_id: Option<String>,
    /// The application's service principal, by name.
    pub service_principal_name: Option<String>,
}

impl Actor {
    /// The one name to show: the user's sign-in name, else the application's, else an id.
    pub fn name(&self) -> Option<&str> {
        [
            &self.user_principal_name,
            &self.user_display_name,
            &self.app_display_name,
            &self.service_principal_name,
            &self.user_id,
            &self.app_id,
            &self.service_principal_id,
        ]
        .into_iter()
        .find_map(|name| name.as_deref())
    }
}

/// What something was done to.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Target {
    /// `User`, `Group`, `ServicePrincipal` …
    pub resource_type: Option<String>,
    /// Object id.
    pub id: Option<String>,
    /// Name for people.
    pub display_name: Option<String>,
    /// Sign-in name, if it is a user.
    pub user_principal_name: Option<String>,
    /// What changed: name, old and new value, as the record writes them.
    pub modified: Vec<Modified>,
}

impl Target {
    /// The one name to show.
    pub fn name(&self) -> Option<&str> {
        [&self.user_principal_name, &self.display_name, &self.id]
            .into_iter()
            .find_map(|name| name.as_deref())
    }
}

/// One changed property of a target.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Modified {
    /// The property's name.
    pub name: Option<String>,
    /// Its value before, as the record writes it.
    pub old: Option<String>,
    /// Its value after, as the record writes it.
    pub new: Option<String>,
}
