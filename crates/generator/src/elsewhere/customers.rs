//! Customers at Azure AD B2C, in the shape of the example in Microsoft's page on its audit logs.

use super::{Elsewhere, KEY_CUSTOMERS, Scene, later, texts, thing_id};
use crate::chance::Chance;
use crate::days;
use crate::devices::{DESKTOPS, PHONES};
use crate::people::Cast;
use crate::places::{CITIES, Network, address};
use crate::sign_in_record::array;
use model::json::ObjectWriter;
use model::time::Timestamp;

/// One record about a customer.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Act {
    step: Step,
    succeeded: bool,
    customer: u64,
    shop: usize,
    /// Ties the steps of one visit together.
    visit: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    Password,
    Federation,
    Message,
    Call,
    PhoneNumber,
    IdToken,
    AccessToken,
    Code,
    Exchange,
}

/// Applications for customers: how their people get tokens.
const SHOPS: &[Shop] = &[
    Shop {
        policy: "B2C_1A_signup_signin",
        steps: &[Step::Code, Step::Exchange],
    },
    Shop {
        policy: "B2C_1_signin",
        steps: &[Step::IdToken, Step::AccessToken],
    },
    Shop {
        policy: "B2C_1A_signup_signin",
        steps: &[Step::IdToken],
    },
];

struct Shop {
    policy: &'static str,
    steps: &'static [Step],
}

/// There are so many customers for each person of the directory.
const CUSTOMERS_EACH: u64 = 40;

/// Visits of customers: at all hours, fewer at night.
pub(super) fn of_day(seed: u64, cast: &Cast, day: i64, moments: &mut Vec<(Timestamp, Elsewhere)>) {
    let chance = &mut Chance::of(seed, &[KEY_CUSTOMERS, day as u64]);
    let people = cast.people.len() as u64;
    for _ in 0..=people / 22 {
        let city = cast.head_office;
        let minute = chance.around(14 * 60, 9 * 60);
        let mut time = days::at(days::local_midnight(day, city), minute, chance);
        let customer = chance.below(people * CUSTOMERS_EACH);
        let shop = chance.below(SHOPS.len() as u64) as usize;
        let visit = chance.number();
        let mut put = |time: Timestamp, step: Step, succeeded: bool| {
            let act = Act {
                step,
                succeeded,
                customer,
                shop,
                visit,
            };
            moments.push((time, Elsewhere::Customer(act)));
        };
        // Some come with an account of somewhere else.
        let proof = if customer.is_multiple_of(4) {
            Step::Federation
        } else {
            Step::Password
        };
        if chance.in_thousand(90) {
            put(time, proof, false);
            time = later(time, chance, 5, 30);
            if chance.in_thousand(300) {
                continue;
            }
        }
        put(time, proof, true);
        if chance.in_thousand(220) {
            let ask = if chance.in_thousand(800) {
                Step::Message
            } else {
                Step::Call
            };
            time = later(time, chance, 1, 4);
            let is_sent = !chance.in_thousand(40);
            put(time, ask, is_sent);
            if !is_sent {
                continue;
            }
            time = later(time, chance, 8, 60);
            put(time, Step::PhoneNumber, true);
        }
        for step in SHOPS[shop].steps {
            time = later(time, chance, 0, 1);
            put(time, *step, true);
        }
    }
}

/// The record.
pub(super) fn write(scene: &Scene<'_>, act: Act, chance: &mut Chance) -> Vec<u8> {
    // One visit, one address and one machine: the same chance for each of its steps.
    let visit = &mut Chance::new(act.visit);
    let correlation = visit.guid().to_string();
    let city = visit.below(CITIES.len() as u64) as usize;
    let from = address(Network::Home, city, act.customer as u32, visit);
    let machine = if visit.in_thousand(600) {
        visit.weighted(PHONES)
    } else {
        visit.weighted(DESKTOPS)
    };
    let application = thing_id(scene.seed, act.shop as u64).to_string();
    let customer = thing_id(scene.seed, 1_000 + act.customer).to_string();
    let (activity, failure) = words(act.step);
    let tenant = format!("customers.{}", scene.domain);
    let provider = match act.step {
        Step::Federation => "google.com",
        Step::Password => "LocalAccount",
        _ => "N/A",
    };
    let mut details: Vec<(&str, &str)> = vec![
        ("TenantId", &tenant),
        ("PolicyId", SHOPS[act.shop].policy),
        ("ApplicationId", &application),
        ("Client", machine.user_agent),
        ("IdentityProviderName", provider),
        ("IdentityProviderApplicationId", "N/A"),
        ("ClientIpAddress", &from),
    ];
    let phone = format!("+1 202555{:04}", act.customer % 10_000);
    let method = match act.step {
        Step::Message => Some("OneWaySMS"),
        Step::Call => Some("PhoneCall"),
        _ => None,
    };
    if let Some(method) = method {
        details.splice(
            4..6,
            [("VerificationMethod", method), ("PhoneNumber", phone.as_str())],
        );
    }
    let details: Vec<Vec<u8>> = details
        .iter()
        .map(|(key, value)| texts(&[("key", Some(key)), ("value", Some(value))]))
        .collect();
    let app = texts(&[
        ("appId", Some(&application)),
        ("displayName", None),
        ("servicePrincipalId", None),
        ("servicePrincipalName", Some(&application)),
    ]);
    let target = ObjectWriter::new()
        .text("id", Some(&customer))
        .text("displayName", None)
        .text("type", Some("User"))
        .text("userPrincipalName", None)
        .text("groupType", None)
        .raw("modifiedProperties", b"[]")
        .finish();
    let number = chance.between(1_000_000, 99_999_999);
    ObjectWriter::new()
        .text(
            "id",
            Some(&format!("B2C_{:05X}_{number}", chance.below(0x000F_FFFF))),
        )
        .text("category", Some("Authentication"))
        .text("correlationId", Some(&correlation))
        .text("result", Some(if act.succeeded { "success" } else { "failure" }))
        .text("resultReason", Some(if act.succeeded { "N/A" } else { failure }))
        .text("activityDisplayName", Some(activity))
        .time("activityDateTime", scene.time)
        .text("loggedByService", Some("B2C"))
        .text("operationType", Some(""))
        .raw(
            "initiatedBy",
            &ObjectWriter::new().raw("user", b"null").raw("app", &app).finish(),
        )
        .raw("targetResources", &array(&[target]))
        .raw("additionalDetails", &array(&details))
        .finish()
}

/// The activity, and why it fails if it does.
fn words(step: Step) -> (&'static str, &'static str) {
    match step {
        Step::Password => (
            "Validate local account credentials",
            "The username or password provided in the request are invalid.",
        ),
        Step::Federation => (
            "Federate with an identity provider",
            "The user cancelled at the identity provider.",
        ),
        Step::Message => (
            "Send SMS to verify phone number",
            "The number does not take messages.",
        ),
        Step::Call => (
            "Make phone call to verify phone number",
            "The call could not be put through.",
        ),
        Step::PhoneNumber => ("Verify phone number", ""),
        Step::IdToken => ("Issue an id_token to the application", ""),
        Step::AccessToken => ("Issue an access token to the application", ""),
        Step::Code => ("Issue an authorization code to the application", ""),
        Step::Exchange => ("Exchange token", ""),
    }
}
