//! allUserSignInActivityEvents: the sign-ins of users, rendered from the items of /activities/signinEvents.

use super::signin_events::SignInParticulars;
use super::{Evidence, Face, License, ReportDef, Rows};
use crate::entity::{Edm, EntityDef, Property};
use crate::json::ObjectWriter;
use crate::time::Timestamp;
use serde::Deserialize;

/// The report.
pub(super) const DEF: ReportDef = ReportDef {
    number: 34,
    name: "allUserSignInActivityEvents",
    face: Face::Reports,
    license: License::Required,
    entity: &EVENT,
    time_property: Some("eventTime"),
    filters: &[],
    rows: Rows::Rendered {
        from: &super::signin_events::DEF,
        render,
    },
    evidence: Evidence::Own,
    about: "One row for each sign-in of a user and each attempt at one, in the manner of the other reports.",
    filled_by: "Entra sign-ins of users, interactive and not; those of applications and managed identities are in \
                /activities/signinEvents alone.",
};

const EVENT: EntityDef = EntityDef {
    name: "AllUserSignInActivityEvent",
    key: "id",
    properties: &[
        Property::text("id", "The unique identifier of the event.").required(),
        Property::new("eventTime", Edm::DateTimeOffset, "When the sign-in happened.")
            .required()
            .filterable(),
        Property::text("ipAddress", "The address that it came from."),
        Property::text(
            "location",
            "City, state and country of that address, by the source's own judgement.",
        ),
        Property::text(
            "device",
            "Device, operating system and browser, each followed by a semicolon.",
        ),
        Property::text("client", "Browser, mobile app, or the name of a legacy protocol."),
        Property::text("application", "The application that was signed in to, by name."),
        Property::text("applicationId", "The application that was signed in to, by id."),
        Property::text("signInType", "`interactiveUser` or `nonInteractiveUser`.").required(),
        Property::text("result", "`Success` or `Failure`.").required(),
        Property::new(
            "errorCode",
            Edm::Int64,
            "0 for success, else the source's code, such as 50126.",
        )
        .required(),
        Property::text("reason", "Why it failed, in the source's words."),
        Property::text("correlationId", "Ties together the records of one attempt."),
        Property::text("userId", "The user's object id."),
        Property::text("displayName", "The user's name for people."),
        Property::text("userName", "The user's sign-in name."),
    ],
};

/// What is needed of an item of signinEvents.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct SignInItem {
    id: String,
    signin_date_time: String,
    user_display_name: Option<String>,
    user_principal_name: Option<String>,
    user_id: Option<String>,
    app_id: Option<String>,
    app_display_name: Option<String>,
    ip_address: Option<String>,
    device_information: Option<String>,
    location: Location,
    signin_error_code: i64,
    failure_reason: Option<String>,
}

#[derive(Deserialize)]
struct Location {
    city: Option<String>,
    state: Option<String>,
    country: Option<String>,
}

fn render(row: &[u8], particulars: &[u8]) -> Option<Vec<u8>> {
    let item: SignInItem = serde_json::from_slice(row).ok()?;
    let particulars: SignInParticulars = serde_json::from_slice(particulars).ok()?;
    if !USERS.contains(&particulars.kind.as_str()) {
        return None;
    }
    let json = ObjectWriter::new()
        .text("id", Some(&item.id))
        .time("eventTime", Timestamp::parse_vendor(&item.signin_date_time).ok()?)
        .text("ipAddress", item.ip_address.as_deref())
        .text("location", place(&item.location).as_deref())
        .text("device", item.device_information.as_deref())
        .text("client", particulars.client_app.as_deref())
        .text("application", item.app_display_name.as_deref())
        .text("applicationId", item.app_id.as_deref())
        .text("signInType", Some(&particulars.kind))
        .text(
            "result",
            Some(if item.signin_error_code == 0 {
                "Success"
            } else {
                "Failure"
            }),
        )
        .integer("errorCode", Some(item.signin_error_code))
        .text("reason", item.failure_reason.as_deref())
        .text("correlationId", particulars.correlation_id.as_deref())
        .text("userId", item.user_id.as_deref())
        .text("displayName", item.user_display_name.as_deref())
        .text("userName", item.user_principal_name.as_deref())
        .finish();
    Some(json)
}

/// The kinds of sign-in that a user makes, as the particulars spell them.
pub(super) const USERS: [&str; 2] = [
    crate::event::SignInKind::Interactive.as_str(),
    crate::event::SignInKind::NonInteractive.as_str(),
];

fn place(location: &Location) -> Option<String> {
    let known: Vec<&str> = [&location.city, &location.state, &location.country]
        .into_iter()
        .filter_map(|name| name.as_deref())
        .collect();
    (!known.is_empty()).then(|| known.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::{Event, Facts, Place, SignIn, SignInKind};
    use crate::identity::{EventKey, Kind, Vendor};

    fn rendered(kind: SignInKind) -> Option<String> {
        let owned = |text: &str| Some(text.to_owned());
        let sign_in = SignIn {
            kind,
            user_principal_name: owned("alice@contoso.com"),
            app_display_name: owned("Portal"),
            location: Place {
                city: owned("Lyon"),
                country: owned("FR"),
                ..Place::default()
            },
            client_app: owned("Browser"),
            error_code: 50126,
            ..SignIn::default()
        };
        let event = Event {
            vendor: Vendor::Entra,
            vendor_id: owned("s1"),
            time: Timestamp::parse_vendor("2018-08-20T15:16:45.5720566Z").unwrap(),
            updated: None,
            tenant: None,
            facts: Facts::SignIn(Box::new(sign_in)),
        };
        let Rows::Stored(project) = crate::reports::signin_events::DEF.rows else {
            panic!("not stored")
        };
        let row = project(
            &event,
            &EventKey::from_vendor_id(Vendor::Entra, Kind::SignIn, "s1"),
        )
        .unwrap();
        render(&row.json, &row.particulars).map(|json| String::from_utf8(json).unwrap())
    }

    #[test]
    fn a_users_sign_in_is_shown() {
        let expected = concat!(
            r#"{"id":"s1","eventTime":"2018-08-20T15:16:45.5720566Z","ipAddress":null,"location":"Lyon, FR","#,
            r#""device":null,"client":"Browser","application":"Portal","applicationId":null,"#,
            r#""signInType":"interactiveUser","result":"Failure","errorCode":50126,"reason":null,"#,
            r#""correlationId":null,"userId":null,"displayName":null,"userName":"alice@contoso.com"}"#,
        );
        assert_eq!(rendered(SignInKind::Interactive).as_deref(), Some(expected));
        assert!(rendered(SignInKind::NonInteractive).is_some());
    }

    #[test]
    fn an_applications_sign_in_is_not_a_users() {
        assert_eq!(rendered(SignInKind::ServicePrincipal), None);
        assert_eq!(rendered(SignInKind::ManagedIdentity), None);
    }
}
