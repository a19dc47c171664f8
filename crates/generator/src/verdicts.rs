//! What the vendor's own protection notices, and what it then thinks of somebody: as Microsoft Graph writes it
//! (`identityProtection/riskDetections`, `servicePrincipalRiskDetections` and `riskyUsers`).
//!
//! Nothing here draws from the chances of the days, so sign-ins and changes are the same with and without it.

use crate::apps::SERVICES;
use crate::chance::Chance;
use crate::changes::object_id;
use crate::days::{Attempt, Moment, With};
use crate::devices::{Machine, STRANGERS};
use crate::outcomes::Outcome;
use crate::people::{Cast, Person};
use crate::places::{City, Network};
use crate::sign_in_record::{array, location};
use model::json::ObjectWriter;
use model::time::{TICKS_PER_SECOND, Timestamp};
use uuid::Uuid;

/// Something that was noticed about a sign-in.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Noticed {
    /// The sign-in, and the number by which its record is drawn.
    pub(crate) attempt: Attempt,
    pub(crate) sign_in: u64,
    pub(crate) what: &'static Detection,
}

/// A kind of detection.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Detection {
    word: &'static str,
    level: &'static str,
    timing: &'static str,
    /// How long after the sign-in it is noticed at most.
    within_minutes: i64,
    /// What becomes of it: how often, state, detail.
    fates: &'static [(u32, (&'static str, &'static str))],
}

/// Somebody was in: it is real.
const REAL: &[(u32, (&str, &str))] = &[
    (50, ("atRisk", "none")),
    (30, ("remediated", "userPerformedSecuredPasswordReset")),
    (20, ("confirmedCompromised", "adminConfirmedSigninCompromised")),
];
/// A password was sold: it is changed sooner or later.
const NEW_PASSWORD: &[(u32, (&str, &str))] = &[
    (50, ("atRisk", "none")),
    (50, ("remediated", "userPerformedSecuredPasswordReset")),
];
/// Somebody travels or works through a strange line: mostly nothing.
const MOSTLY_NOTHING: &[(u32, (&str, &str))] = &[
    (40, ("atRisk", "none")),
    (35, ("dismissed", "aiConfirmedSigninSafe")),
    (20, ("remediated", "userPassedMFADrivenByRiskBasedPolicy")),
    (5, ("confirmedSafe", "adminConfirmedSigninSafe")),
];

const PASSWORD_SPRAY: Detection = offline("passwordSpray", "high", REAL);
const MALICIOUS_ADDRESS: Detection = offline("maliciousIPAddress", "high", REAL);
const LEAKED: Detection = offline("leakedCredentials", "high", NEW_PASSWORD);
const TRAVEL: Detection = offline("unlikelyTravel", "medium", MOSTLY_NOTHING);
const NEW_COUNTRY: Detection = offline("newCountry", "medium", MOSTLY_NOTHING);
const MALWARE: Detection = offline("malwareInfectedIPAddress", "low", MOSTLY_NOTHING);
const UNFAMILIAR: Detection = at_once("unfamiliarFeatures", "low", MOSTLY_NOTHING);
const ANONYMOUS: Detection = at_once("anonymizedIPAddress", "medium", MOSTLY_NOTHING);

type Fates = &'static [(u32, (&'static str, &'static str))];

const fn offline(word: &'static str, level: &'static str, fates: Fates) -> Detection {
    Detection {
        word,
        level,
        timing: "offline",
        within_minutes: 20 * 60,
        fates,
    }
}

const fn at_once(word: &'static str, level: &'static str, fates: Fates) -> Detection {
    Detection {
        word,
        level,
        timing: "realtime",
        within_minutes: 2,
        fates,
    }
}

const KEY_NOTICED: u64 = 14;
const KEY_OF_DAY: u64 = 15;

/// What is noticed about a sign-in, and what is thought of the person from then on.
pub(crate) fn about(seed: u64, time: Timestamp, number: u64, moment: Moment) -> Vec<(Timestamp, Moment)> {
    let Moment::SignIn(attempt) = moment else {
        return Vec::new();
    };
    if attempt.outcome != Outcome::Success {
        return Vec::new();
    }
    let chance = &mut Chance::of(seed, &[KEY_NOTICED, time.ticks() as u64, number]);
    let whats: &[&Detection] = match attempt.network {
        Network::Stranger if chance.in_thousand(700) => &[&PASSWORD_SPRAY, &MALICIOUS_ADDRESS],
        Network::Stranger => &[&PASSWORD_SPRAY],
        Network::Away if attempt.with == With::Browser => match chance.below(1000) {
            0..30 => &[&TRAVEL],
            30..80 => &[&UNFAMILIAR],
            80..95 => &[&NEW_COUNTRY],
            _ => &[],
        },
        Network::Home if attempt.with == With::Browser => match chance.below(1000) {
            0..4 => &[&ANONYMOUS],
            4..6 => &[&MALWARE],
            _ => &[],
        },
        _ => &[],
    };
    let mut moments = Vec::with_capacity(3);
    for what in whats {
        moments.push((
            time,
            Moment::Noticed(Noticed {
                attempt,
                sign_in: number,
                what,
            }),
        ));
    }
    if attempt.network == Network::Stranger {
        let person = attempt.person;
        moments.push((soon_after(time, chance), Moment::AtRisk { person }));
    }
    moments
}

/// What is noticed about people and applications that has no sign-in.
pub(crate) fn of_day(seed: u64, cast: &Cast, day: i64) -> Vec<(Timestamp, Moment)> {
    let chance = &mut Chance::of(seed, &[KEY_OF_DAY, day as u64]);
    let mut moments = Vec::new();
    if cast.people.is_empty() {
        return moments;
    }
    let time = Timestamp::from_unix_seconds(day * 86_400 + chance.between(0, 86_399))
        .plus_ticks(chance.between(1, TICKS_PER_SECOND - 1));
    if chance.in_thousand(120) {
        let person = chance.below(cast.people.len() as u64) as u32;
        moments.push((time, Moment::Leaked { person }));
        moments.push((soon_after(time, chance), Moment::AtRisk { person }));
    }
    if chance.in_thousand(30) {
        let service = chance.below(SERVICES.len() as u64) as usize;
        moments.push((time, Moment::LeakedByService { service }));
    }
    moments
}

fn soon_after(time: Timestamp, chance: &mut Chance) -> Timestamp {
    time.plus_seconds(chance.between(120, 1200))
}

/// Where a sign-in came from, as its record says.
pub(crate) struct Scene<'a> {
    pub(crate) person: &'a Person,
    pub(crate) time: Timestamp,
    pub(crate) request: Uuid,
    pub(crate) correlation: Uuid,
    pub(crate) address: &'a str,
    pub(crate) city: &'a City,
}

/// A detection about a sign-in.
pub(crate) fn noticed(noticed: &Noticed, scene: &Scene<'_>, chance: &mut Chance) -> Vec<u8> {
    let machine: &Machine = match noticed.attempt.with {
        With::StrangersMachine(machine) => &STRANGERS[machine],
        With::PhoneClient => scene.person.phone,
        _ => scene.person.desktop,
    };
    let detail = |key: &str, value: &str| {
        ObjectWriter::new()
            .text("Key", Some(key))
            .text("Value", Some(value))
            .finish()
    };
    let mut details = vec![detail("userAgent", machine.user_agent)];
    if *noticed.what == MALWARE {
        details.push(detail("malwareName", "Andromeda"));
    }
    let mut object = ObjectWriter::new();
    let detected = opening(&mut object, noticed.what, scene.time, chance);
    object
        .text("activity", Some("signin"))
        .text("requestId", Some(&scene.request.to_string()))
        .text("correlationId", Some(&scene.correlation.to_string()))
        .text("ipAddress", Some(scene.address))
        .raw("location", &location(scene.city))
        .time("activityDateTime", scene.time);
    closing(&mut object, detected, chance);
    person(&mut object, scene.person);
    object
        .text("additionalInfo", Some(&String::from_utf8_lossy(&array(&details))))
        .finish()
}

/// A detection about a person: somebody sells their password.
pub(crate) fn leaked(whose: &Person, time: Timestamp, chance: &mut Chance) -> Vec<u8> {
    let mut object = ObjectWriter::new();
    let _ = opening(&mut object, &LEAKED, time, chance);
    object
        .text("activity", Some("user"))
        .text("requestId", None)
        .text("correlationId", None)
        .text("ipAddress", None)
        .raw("location", b"null")
        .time("activityDateTime", time);
    closing(&mut object, time, chance);
    person(&mut object, whose);
    object.text("additionalInfo", None).finish()
}

/// A detection about an application: its key lay open somewhere.
pub(crate) fn leaked_by_service(seed: u64, service: usize, time: Timestamp, chance: &mut Chance) -> Vec<u8> {
    let app = &SERVICES[service];
    let mut object = ObjectWriter::new();
    let _ = opening(&mut object, &LEAKED_KEY, time, chance);
    let key = format!("[\"{}\"]", chance.guid());
    object
        .text("activity", Some("servicePrincipal"))
        .text("requestId", None)
        .text("correlationId", None)
        .text("ipAddress", None)
        .raw("location", b"null")
        .time("activityDateTime", time);
    closing(&mut object, time, chance);
    object
        .text(
            "servicePrincipalId",
            Some(&object_id(seed, 1000 + service as u64).to_string()),
        )
        .text("servicePrincipalDisplayName", Some(app.name))
        .text("appId", Some(app.id))
        .raw("keyIds", key.as_bytes())
        .text("additionalInfo", None)
        .finish()
}

/// Of applications there is nobody to choose a new password.
const LEAKED_KEY: Detection = Detection {
    fates: &[(1, ("atRisk", "none"))],
    ..LEAKED
};

/// What is thought of a person from now on.
pub(crate) fn at_risk(whose: &Person, time: Timestamp) -> Vec<u8> {
    ObjectWriter::new()
        .text("id", Some(&whose.id.to_string()))
        .boolean("isDeleted", Some(false))
        .boolean("isProcessing", Some(false))
        .text("riskLevel", Some("high"))
        .text("riskState", Some("atRisk"))
        .text("riskDetail", Some("none"))
        .time("riskLastUpdatedDateTime", time)
        .text("userDisplayName", Some(&whose.display_name))
        .text("userPrincipalName", Some(&whose.user_principal_name))
        .finish()
}

/// What every detection begins with. Answers when it was noticed.
fn opening(object: &mut ObjectWriter, what: &Detection, time: Timestamp, chance: &mut Chance) -> Timestamp {
    let (state, detail) = *chance.weighted(what.fates);
    let id = format!("{}{}", chance.guid().simple(), chance.guid().simple());
    object
        .text("id", Some(&id))
        .text("riskEventType", Some(what.word))
        .text("riskState", Some(state))
        .text("riskLevel", Some(what.level))
        .text("riskDetail", Some(detail))
        .text("source", Some("IdentityProtection"))
        .text("detectionTimingType", Some(what.timing))
        .text("tokenIssuerType", Some("AzureAD"));
    time.plus_seconds(chance.between(1, what.within_minutes * 60))
}

fn closing(object: &mut ObjectWriter, detected: Timestamp, chance: &mut Chance) {
    object.time("detectedDateTime", detected).time(
        "lastUpdatedDateTime",
        detected.plus_seconds(chance.between(1, 7200)),
    );
}

fn person(object: &mut ObjectWriter, person: &Person) {
    object
        .text("userId", Some(&person.id.to_string()))
        .text("userDisplayName", Some(&person.display_name))
        .text("userPrincipalName", Some(&person.user_principal_name));
}
