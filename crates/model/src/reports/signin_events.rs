//! /activities/signinEvents: every sign-in and every attempt at one.

use super::parts::row_id;
use super::{Evidence, Face, FilterDef, FilterValue, License, Operators, ProjectedRow, ReportDef, Rows};
use crate::entity::{AUDIT_LOG_NAMESPACE, ComplexDef, Edm, EntityDef, Property};
use crate::event::{Device, Event, Facts, Place, SignIn};
use crate::identity::EventKey;
use crate::json::ObjectWriter;
use crate::query::Case;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The report.
pub(super) const DEF: ReportDef = ReportDef {
    number: 101,
    name: "signinEvents",
    face: Face::Activities,
    license: License::Required,
    entity: &ITEM,
    time_property: Some("signinDateTime"),
    filters: FILTERS,
    rows: Rows::Stored(project),
    evidence: Evidence::Recovered,
    about: "One item for each sign-in and each attempt at one, by people, by clients on their behalf, by applications \
            and by managed identities.",
    filled_by: "Entra sign-ins of all four kinds, every one.",
};

const ITEM: EntityDef = EntityDef {
    name: "SigninEvent",
    key: "id",
    properties: &[
        Property::text("id", "The unique identifier of the event.").required(),
        Property::new("signinDateTime", Edm::DateTimeOffset, "When it happened.")
            .required()
            .filterable(),
        Property::new(
            "signinDateTimeInMillis",
            Edm::Int64,
            "The same in milliseconds since 1970, 13 digits.",
        )
        .required(),
        Property::text(
            "userDisplayName",
            "The user's name for people; where no user signed in, the name of the service principal that did.",
        ),
        Property::text(
            "userPrincipalName",
            "The user's sign-in name; null where no user signed in.",
        ),
        Property::text("userId", "The user's object id; null where no user signed in."),
        Property::text("appId", "The application that was signed in to, by id."),
        Property::text(
            "appDisplayName",
            "The application that was signed in to, by name.",
        ),
        Property::text("ipAddress", "The address that the sign-in came from."),
        Property::text(
            "deviceInformation",
            "Device, operating system and browser, each followed by a semicolon: `;Windows 10;Chrome 91.0;`. Null \
             where nothing is known; a semicolon inside a value becomes a comma.",
        ),
        Property::new(
            "geoCoordinates",
            Edm::Complex(&COORDINATES),
            "Where the address is, in degrees.",
        )
        .required(),
        Property::new(
            "location",
            Edm::Complex(&LOCATION),
            "Where the address is, by name.",
        )
        .required(),
        Property::text("loginStatus", "`0` for success, `1` for failure, as text.").required(),
        Property::new(
            "signinErrorCode",
            Edm::Int64,
            "0 for success, else the source's code, such as 50126.",
        )
        .required(),
        Property::text(
            "failureReason",
            "The source's sentence for the code; null after a success.",
        ),
        Property::new(
            "mfaRequired",
            Edm::Boolean,
            "Whether more than one factor was asked for.",
        ),
        Property::text("mfaAuthDetail", "The factor that was used."),
        Property::text("mfaResult", "What became of it."),
    ],
};

/// Where an address is, in degrees.
const COORDINATES: ComplexDef = ComplexDef {
    name: "GeoCoordinates",
    namespace: AUDIT_LOG_NAMESPACE,
    properties: &[
        Property::new("latitude", Edm::Double, "Degrees north."),
        Property::new("longitude", Edm::Double, "Degrees east."),
    ],
    open: false,
    about: "A place in degrees; both null where it is not known.",
};

/// Where an address is, by name.
const LOCATION: ComplexDef = ComplexDef {
    name: "SigninLocation",
    namespace: AUDIT_LOG_NAMESPACE,
    properties: &[
        Property::text("city", "City."),
        Property::text("state", "State or province."),
        Property::text("country", "Country, two letters where the source gives those."),
    ],
    open: false,
    about: "A place by name, by the source's own judgement; null what it does not know.",
};

/// Exactly what the reference of 2017 lists (wire contract 2.5 \[C: SREF\]), besides `signinDateTime`.
const FILTERS: &[FilterDef] = &[
    equals("userId", &["userId"], Case::Insensitive),
    equals("userPrincipalName", &["userPrincipalName"], Case::Insensitive),
    equals("appId", &["appId"], Case::Insensitive),
    equals("appDisplayName", &["appDisplayName"], Case::Insensitive),
    equals("loginStatus", &["loginStatus"], Case::Sensitive),
];

const fn equals(spelling: &'static str, path: &'static [&'static str], case: Case) -> FilterDef {
    let value = FilterValue::Text(case);
    FilterDef {
        spelling,
        collection: None,
        cast: None,
        path,
        value,
        operators: Operators::Equality,
    }
}

/// What an item does not say and other reports need; what is not known is left out.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct SignInParticulars {
    /// The kind of sign-in, as [`crate::event::SignInKind::as_str`] spells it.
    pub(super) kind: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) resource_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) resource_display_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) service_principal_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) service_principal_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) device_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) client_app: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) user_agent: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) additional_details: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) correlation_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) conditional_access_status: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) risk_level: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) risk_state: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) risk_event_types: Option<String>,
}

fn project(event: &Event, key: &EventKey) -> Option<ProjectedRow> {
    let Facts::SignIn(sign_in) = &event.facts else {
        return None;
    };
    let has_user = sign_in.user_id.is_some() || sign_in.user_principal_name.is_some();
    let service_principal = if has_user {
        None
    } else {
        sign_in.service_principal_name.as_deref()
    };
    let succeeded = sign_in.error_code == 0;
    let json = ObjectWriter::new()
        .text("id", Some(&row_id(event, key)))
        .time("signinDateTime", event.time)
        .integer("signinDateTimeInMillis", Some(event.time.unix_millis()))
        .text(
            "userDisplayName",
            sign_in.user_display_name.as_deref().or(service_principal),
        )
        .text("userPrincipalName", sign_in.user_principal_name.as_deref())
        .text("userId", sign_in.user_id.as_deref())
        .text("appId", sign_in.app_id.as_deref())
        .text("appDisplayName", sign_in.app_display_name.as_deref())
        .text("ipAddress", sign_in.ip_address.as_deref())
        .text(
            "deviceInformation",
            device_information(&sign_in.device).as_deref(),
        )
        .raw("geoCoordinates", &coordinates(&sign_in.location))
        .raw("location", &location(&sign_in.location))
        .text("loginStatus", Some(if succeeded { "0" } else { "1" }))
        .integer("signinErrorCode", Some(sign_in.error_code))
        .text(
            "failureReason",
            if succeeded {
                None
            } else {
                sign_in.failure_reason.as_deref()
            },
        )
        .boolean("mfaRequired", sign_in.mfa_required)
        .text("mfaAuthDetail", sign_in.mfa_method.as_deref())
        .text("mfaResult", sign_in.mfa_result.as_deref())
        .finish();
    // Text always has a JSON form.
    let particulars = serde_json::to_vec(&particulars(sign_in)).unwrap_or_default();
    Some(ProjectedRow { json, particulars })
}

/// Host, operating system and browser, each closed by a semicolon as clients split it (wire contract 2.5).
fn device_information(device: &Device) -> Option<String> {
    let parts = [&device.display_name, &device.operating_system, &device.browser];
    if parts.iter().all(|part| part.is_none()) {
        return None;
    }
    let mut information = String::new();
    for part in parts {
        information.push_str(&part.as_deref().unwrap_or_default().replace(';', ","));
        information.push(';');
    }
    Some(information)
}

fn coordinates(place: &Place) -> Vec<u8> {
    // What is not a number in JSON (an infinity) is not a place either: null.
    let number = |degrees: Option<f64>| degrees.map_or(Value::Null, Value::from);
    ObjectWriter::new()
        .value("latitude", &number(place.latitude))
        .value("longitude", &number(place.longitude))
        .finish()
}

fn location(place: &Place) -> Vec<u8> {
    ObjectWriter::new()
        .text("city", place.city.as_deref())
        .text("state", place.state.as_deref())
        .text("country", place.country.as_deref())
        .finish()
}

fn particulars(sign_in: &SignIn) -> SignInParticulars {
    SignInParticulars {
        kind: sign_in.kind.as_str().to_owned(),
        resource_id: sign_in.resource_id.clone(),
        resource_display_name: sign_in.resource_display_name.clone(),
        service_principal_id: sign_in.service_principal_id.clone(),
        service_principal_name: sign_in.service_principal_name.clone(),
        device_id: sign_in.device.id.clone(),
        client_app: sign_in.client_app.clone(),
        user_agent: sign_in.user_agent.clone(),
        additional_details: sign_in.additional_details.clone(),
        correlation_id: sign_in.correlation_id.clone(),
        conditional_access_status: sign_in.conditional_access_status.clone(),
        risk_level: sign_in.risk_level.clone(),
        risk_state: sign_in.risk_state.clone(),
        risk_event_types: sign_in.risk_event_types.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::SignInKind;
    use crate::identity::{Kind, Vendor};
    use crate::time::Timestamp;

    fn row(sign_in: SignIn, id: Option<&str>) -> String {
        let event = Event {
            vendor: Vendor::Entra,
            vendor_id: id.map(str::to_owned),
            time: Timestamp::parse_vendor("2018-08-20T15:16:45.5720566Z").unwrap(),
            updated: None,
            tenant: None,
            facts: Facts::SignIn(Box::new(sign_in)),
        };
        let key = EventKey::from_vendor_id(
            Vendor::Entra,
            Kind::SignIn,
            "eeae5d3b-8132-43bf-8b24-d98f405a2900",
        );
        String::from_utf8(project(&event, &key).unwrap().json).unwrap()
    }

    fn owned(text: &str) -> Option<String> {
        (!text.is_empty()).then(|| text.to_owned())
    }

    #[test]
    fn a_failed_sign_in_becomes_the_item_of_2018() {
        let sign_in = SignIn {
            user_id: owned("u1"),
            user_principal_name: owned("alice@contoso.com"),
            user_display_name: owned("Alice"),
            app_id: owned("a1"),
            app_display_name: owned("Portal"),
            ip_address: owned("192.0.2.7"),
            location: Place {
                city: owned("Lyon"),
                country: owned("FR"),
                latitude: Some(45.75),
                longitude: Some(4.0),
                ..Place::default()
            },
            device: Device {
                operating_system: owned("Windows 10"),
                browser: owned("Chrome 91.0"),
                ..Device::default()
            },
            error_code: 50126,
            failure_reason: owned("Invalid username or password."),
            mfa_required: Some(false),
            ..SignIn::default()
        };
        let expected = concat!(
            r#"{"id":"s1","signinDateTime":"2018-08-20T15:16:45.5720566Z","signinDateTimeInMillis":1534778205572,"#,
            r#""userDisplayName":"Alice","userPrincipalName":"alice@contoso.com","userId":"u1","appId":"a1","#,
            r#""appDisplayName":"Portal","ipAddress":"192.0.2.7","deviceInformation":";Windows 10;Chrome 91.0;","#,
            r#""geoCoordinates":{"latitude":45.75,"longitude":4.0},"#,
            r#""location":{"city":"Lyon","state":null,"country":"FR"},"loginStatus":"1","signinErrorCode":50126,"#,
            r#""failureReason":"Invalid username or password.","mfaRequired":false,"mfaAuthDetail":null,"mfaResult":null}"#,
        );
        assert_eq!(row(sign_in, Some("s1")), expected);
    }

    #[test]
    fn an_application_shows_its_name_and_no_user() {
        let item = row(
            SignIn {
                kind: SignInKind::ServicePrincipal,
                service_principal_id: owned("sp"),
                service_principal_name: owned("Backup"),
                failure_reason: owned("Other."),
                ..SignIn::default()
            },
            None,
        );
        // Without a vendor's id the derived one is served.
        assert!(
            item.starts_with(r#"{"id":"b2d09e14-a284-5537-b9ce-6c09e7b267b3","#),
            "{item}"
        );
        assert!(
            item.contains(r#""userDisplayName":"Backup","userPrincipalName":null,"userId":null"#),
            "{item}"
        );
        assert!(
            item.contains(r#""deviceInformation":null,"geoCoordinates":{"latitude":null,"longitude":null}"#)
        );
        assert!(
            item.contains(r#""loginStatus":"0","signinErrorCode":0,"failureReason":null"#),
            "{item}"
        );
    }

    #[test]
    fn a_semicolon_in_a_name_does_not_move_the_browser() {
        let device = Device {
            display_name: owned("a;b"),
            browser: owned("Edge"),
            ..Device::default()
        };
        assert_eq!(device_information(&device).as_deref(), Some("a,b;;Edge;"));
    }

    #[test]
    fn an_infinite_place_is_no_place() {
        let place = Place {
            latitude: Some(f64::NAN),
            longitude: Some(f64::INFINITY),
            ..Place::default()
        };
        assert_eq!(coordinates(&place), br#"{"latitude":null,"longitude":null}"#);
    }
}
