//! What a record can say of an event: the names under `[event.fields]`.

use model::identity::Kind;

/// A property of an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Field {
    Activity,
    Application,
    ApplicationId,
    Browser,
    Category,
    City,
    Client,
    CorrelationId,
    Country,
    Device,
    DeviceId,
    ErrorCode,
    IpAddress,
    Latitude,
    Longitude,
    MfaMethod,
    MfaResult,
    OperatingSystem,
    Operation,
    Reason,
    Resource,
    ResourceId,
    Service,
    State,
    Target,
    TargetId,
    TargetType,
    TargetUser,
    Tenant,
    Updated,
    User,
    UserAgent,
    UserDisplayName,
    UserId,
}

/// Which kinds have a property.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Of {
    Both,
    SignIns,
    Audits,
}

/// Every property: its name in a mapping file, and the kinds that have it.
const ALL: &[(&str, Field, Of)] = &[
    ("activity", Field::Activity, Of::Audits),
    ("application", Field::Application, Of::Both),
    ("application_id", Field::ApplicationId, Of::Both),
    ("browser", Field::Browser, Of::SignIns),
    ("category", Field::Category, Of::Audits),
    ("city", Field::City, Of::SignIns),
    ("client", Field::Client, Of::SignIns),
    ("correlation_id", Field::CorrelationId, Of::Both),
    ("country", Field::Country, Of::SignIns),
    ("device", Field::Device, Of::SignIns),
    ("device_id", Field::DeviceId, Of::SignIns),
    ("error_code", Field::ErrorCode, Of::SignIns),
    ("ip_address", Field::IpAddress, Of::Both),
    ("latitude", Field::Latitude, Of::SignIns),
    ("longitude", Field::Longitude, Of::SignIns),
    ("mfa_method", Field::MfaMethod, Of::SignIns),
    ("mfa_result", Field::MfaResult, Of::SignIns),
    ("operating_system", Field::OperatingSystem, Of::SignIns),
    ("operation", Field::Operation, Of::Audits),
    ("reason", Field::Reason, Of::Both),
    ("resource", Field::Resource, Of::SignIns),
    ("resource_id", Field::ResourceId, Of::SignIns),
    ("service", Field::Service, Of::Audits),
    ("state", Field::State, Of::SignIns),
    ("target", Field::Target, Of::Audits),
    ("target_id", Field::TargetId, Of::Audits),
    ("target_type", Field::TargetType, Of::Audits),
    ("target_user", Field::TargetUser, Of::Audits),
    ("tenant", Field::Tenant, Of::Both),
    ("updated", Field::Updated, Of::Both),
    ("user", Field::User, Of::Both),
    ("user_agent", Field::UserAgent, Of::SignIns),
    ("user_display_name", Field::UserDisplayName, Of::Both),
    ("user_id", Field::UserId, Of::Both),
];

impl Field {
    /// The property of a name, if events of a kind have it.
    pub(super) fn by_name(kind: Kind, name: &str) -> Option<Field> {
        ALL.iter()
            .find(|(other, _, of)| *other == name && has(kind, *of))
            .map(|(_, field, _)| *field)
    }

    /// The names of the properties that events of a kind have.
    pub(super) fn names(kind: Kind) -> Vec<&'static str> {
        ALL.iter()
            .filter(|(_, _, of)| has(kind, *of))
            .map(|(name, _, _)| *name)
            .collect()
    }

    pub(super) fn name(self) -> &'static str {
        ALL.iter()
            .find(|(_, field, _)| *field == self)
            .map_or("", |(name, _, _)| name)
    }
}

fn has(kind: Kind, of: Of) -> bool {
    match of {
        Of::Both => true,
        Of::SignIns => kind == Kind::SignIn,
        Of::Audits => kind == Kind::Audit,
    }
}
