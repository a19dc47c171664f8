//! Reports for the tests of this room: each has one of the shapes that the wire contract knows.

use model::entity::{AUDIT_LOG_NAMESPACE, ComplexDef, Edm, EntityDef, NAMESPACE, Property};
use model::query::Case;
use model::reports::{CountDef, Evidence, Face, FilterDef, FilterValue, License, Operators, ReportDef, Rows};
use model::usage::Tally;

/// All of them.
pub(crate) const ALL: &[&ReportDef] = &[
    &AUDIT_EVENTS,
    &SSPR_REGISTRATIONS,
    &INFECTED_DEVICES,
    &TENANT_USER_COUNT,
    &AUTHENTICATION_COUNT,
    &ACTIVITIES_AUDIT,
    &SIGNIN_EVENTS,
];

const fn report(number: u16, name: &'static str, face: Face, entity: &'static EntityDef) -> ReportDef {
    ReportDef {
        number,
        name,
        face,
        license: License::NotRequired,
        entity,
        time_property: None,
        filters: &[],
        rows: Rows::Empty,
        evidence: Evidence::Own,
        about: "A report for tests.",
        filled_by: "Nothing.",
    }
}

const fn id() -> Property {
    Property::text("id", "").required()
}

const fn date(name: &'static str) -> Property {
    Property::new(name, Edm::DateTimeOffset, "")
        .required()
        .filterable()
}

/// The plainest shape: one date.
pub(crate) const AUDIT_EVENTS: ReportDef = ReportDef {
    time_property: Some("eventTime"),
    ..report(901, "auditEvents", Face::Reports, &AUDIT_EVENT)
};

const AUDIT_EVENT: EntityDef = EntityDef {
    name: "AuditEvent",
    key: "id",
    properties: &[
        id(),
        date("eventTime"),
        Property::text("actor", ""),
        Property::text("target", ""),
    ],
};

/// The entity whose declaration survives (wire contract 2.4 \[C: SO1\]).
pub(crate) static SSPR_REGISTRATIONS: ReportDef = ReportDef {
    time_property: Some("eventTime"),
    ..report(
        902,
        "ssprRegistrationActivityEvents",
        Face::Reports,
        &SSPR_REGISTRATION,
    )
};

const SSPR_REGISTRATION: EntityDef = EntityDef {
    name: "SsprRegistrationActivityEvent",
    key: "id",
    properties: &[
        date("eventTime"),
        Property::text("role", ""),
        Property::text("registrationActivity", ""),
        id(),
        Property::text("displayName", ""),
        Property::text("userName", ""),
    ],
};

/// Two dates.
pub(crate) static INFECTED_DEVICES: ReportDef = ReportDef {
    license: License::Required,
    time_property: Some("latestPotentiallySuspiciousActivity"),
    ..report(
        903,
        "signInsFromPossiblyInfectedDevicesEvents",
        Face::Reports,
        &INFECTED_DEVICE,
    )
};

const INFECTED_DEVICE: EntityDef = EntityDef {
    name: "SignInsFromPossiblyInfectedDevicesEvent",
    key: "id",
    properties: &[
        date("lastSignInTime"),
        date("latestPotentiallySuspiciousActivity"),
        Property::new("id", Edm::Guid, "").required(),
        Property::text("userName", ""),
    ],
};

/// PascalCase, numbers, a breakdown; every kind of filterable property.
pub(crate) static TENANT_USER_COUNT: ReportDef = ReportDef {
    time_property: Some("TimeStamp"),
    ..report(904, "tenantUserCount", Face::Reports, &TENANT_USERS)
};

const TENANT_USERS: EntityDef = EntityDef {
    name: "TenantUserCount",
    key: "TimeStamp",
    properties: &[
        date("TimeStamp"),
        Property::new("TotalUserCount", Edm::Int32, "").filterable(),
        Property::new("PolicyId", Edm::Guid, "").filterable(),
        Property::text("Provider", "").filterable(),
        Property::new("Share", Edm::Double, "").filterable(),
        Property::new("AlternateIdUserBreakDown", Edm::Complex(&BREAKDOWN), ""),
    ],
};

const BREAKDOWN: ComplexDef = ComplexDef {
    name: "Breakdown",
    namespace: NAMESPACE,
    properties: &[],
    open: true,
    about: "",
};

/// Exactly one item; filters that name no property (wire contract 2.3).
pub(crate) static AUTHENTICATION_COUNT: ReportDef = ReportDef {
    filters: &[
        FilterDef {
            spelling: "TimeStamp",
            collection: None,
            cast: None,
            path: &[],
            value: FilterValue::Time,
            operators: Operators::Comparison,
        },
        FilterDef {
            spelling: "ApplicationId",
            collection: None,
            cast: None,
            path: &[],
            value: FilterValue::Guid,
            operators: Operators::Equality,
        },
    ],
    rows: Rows::One(&COUNTED),
    ..report(905, "b2cAuthenticationCount", Face::Reports, &AUTHENTICATIONS)
};

const COUNTED: CountDef = CountDef {
    tally: Tally::CustomerAuthentications,
    rows: &AUDIT_EVENTS,
    adds: |_| None,
    render: |_| Vec::new(),
};

const AUTHENTICATIONS: EntityDef = EntityDef {
    name: "B2cAuthenticationCount",
    key: "StartTimeStamp",
    properties: &[
        Property::new("StartTimeStamp", Edm::DateTimeOffset, "").required(),
        Property::new("EndTimeStamp", Edm::DateTimeOffset, "").required(),
        Property::new("AuthenticationCount", Edm::Int64, "").required(),
        Property::new("AuthFlowTypeBreakDown", Edm::Complex(&BREAKDOWN), ""),
    ],
};

const fn text_filter(spelling: &'static str, path: &'static [&'static str], case: Case) -> FilterDef {
    FilterDef {
        spelling,
        collection: None,
        cast: None,
        path,
        value: FilterValue::Text(case),
        operators: Operators::Equality,
    }
}

/// The filters of wire contract 2.5 \[C: AREF\].
pub(crate) static ACTIVITIES_AUDIT: ReportDef = ReportDef {
    time_property: Some("activityDate"),
    filters: &[
        text_filter("category", &["category"], Case::Sensitive),
        FilterDef {
            spelling: "activityStatus",
            collection: None,
            cast: None,
            path: &["activityStatus"],
            value: FilterValue::Integer,
            operators: Operators::Equality,
        },
        FilterDef {
            operators: Operators::EqualityAndParts,
            ..text_filter("activity", &["activity"], Case::Sensitive)
        },
        text_filter("actor/name", &["actor", "name"], Case::Insensitive),
        FilterDef {
            cast: Some("ActorUserEntity"),
            ..text_filter(
                "actor/userPrincipalName",
                &["actor", "userPrincipalName"],
                Case::Insensitive,
            )
        },
        FilterDef {
            collection: Some("targets"),
            ..text_filter("name", &["name"], Case::Insensitive)
        },
        FilterDef {
            collection: Some("targets"),
            cast: Some("TargetResourceUserEntity"),
            ..text_filter("userPrincipalName", &["userPrincipalName"], Case::Insensitive)
        },
    ],
    ..report(906, "audit", Face::Activities, &AUDIT_ITEM)
};

const AUDIT_ITEM: EntityDef = EntityDef {
    name: "AuditEntity",
    key: "id",
    properties: &[
        id(),
        date("activityDate"),
        Property::new("actor", Edm::Complex(&ACTOR), ""),
        Property::new("targets", Edm::Collection(&TARGET), "").required(),
        Property::new("succeeded", Edm::Boolean, ""),
    ],
};

const ACTOR: ComplexDef = ComplexDef {
    name: "ActorUserEntity",
    namespace: AUDIT_LOG_NAMESPACE,
    properties: &[
        Property::text("name", ""),
        Property::new("flow", Edm::Complex(&BREAKDOWN), ""),
    ],
    open: false,
    about: "",
};

const TARGET: ComplexDef = ComplexDef {
    name: "TargetResourceUserEntity",
    namespace: AUDIT_LOG_NAMESPACE,
    properties: &[Property::text("name", "")],
    open: false,
    about: "",
};

/// The filters of wire contract 2.5 \[C: SREF\].
pub(crate) static SIGNIN_EVENTS: ReportDef = ReportDef {
    time_property: Some("signinDateTime"),
    filters: &[
        text_filter("userId", &["userId"], Case::Insensitive),
        text_filter("userPrincipalName", &["userPrincipalName"], Case::Insensitive),
        text_filter("loginStatus", &["loginStatus"], Case::Sensitive),
    ],
    ..report(907, "signinEvents", Face::Activities, &SIGNIN)
};

const SIGNIN: EntityDef = EntityDef {
    name: "SignInEvent",
    key: "id",
    properties: &[id(), date("signinDateTime"), Property::text("userId", "")],
};
