//! The vendor's own verdicts: which reports each of them is for, and what its rows say.

use super::others_verdicts::{known_of, product_of};
use crate::event::{Event, Facts, Place, RiskDetection, Suspect, SuspectKind};
use crate::identity::{EventKey, Kind};
use crate::reports::ProjectedRow;
use serde::Serialize;
use uuid::Uuid;

/// What a verdict says, as far as a report can be about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::reports) enum About {
    /// The sign-in came from an address that hides where it is.
    UnknownSource,
    /// The sign-in came from an address where attackers are at work.
    SuspiciousAddress,
    /// The sign-in came from an address that malicious software uses.
    InfectedDevice,
    /// The sign-in does not fit.
    IrregularSignIn,
    /// Somebody else has the credentials.
    KnownCredentials,
    /// Somebody else is after the credentials, or may have them.
    ThreatenedCredentials,
    /// The password is easy to guess.
    WeakCredentials,
}

/// A verdict that some report is about.
#[derive(Debug)]
pub(in crate::reports) struct KnownVerdict {
    /// The vendor's word (`riskEventType`).
    pub(in crate::reports) word: &'static str,
    /// What it says, for people.
    pub(in crate::reports) says: &'static str,
    /// The kind of credential that it is about.
    pub(in crate::reports) credential: Option<&'static str>,
    /// The reports that show it: at most one of the six of sign-ins.
    pub(in crate::reports) about: &'static [About],
}

use About::{
    InfectedDevice, IrregularSignIn, KnownCredentials, SuspiciousAddress, ThreatenedCredentials,
    UnknownSource, WeakCredentials,
};

/// The verdicts of Entra ID Protection that fill reports. Those that are missing are about something else (mail rules, files, API traffic), or
/// were not known when this was written: they are kept and shown by no report.
///
/// A password spray is noticed when one of the few passwords that everybody is tried with fits: so somebody is after the
/// account, and its password is easy to guess.
pub(in crate::reports) const KNOWN: &[KnownVerdict] = &[
    sign_in("unlikelyTravel", "Atypical travel", &[IrregularSignIn]),
    sign_in("impossibleTravel", "Impossible travel", &[IrregularSignIn]),
    sign_in("mcasImpossibleTravel", "Impossible travel", &[IrregularSignIn]),
    sign_in(
        "unfamiliarFeatures",
        "Unfamiliar sign-in properties",
        &[IrregularSignIn],
    ),
    sign_in("newCountry", "Activity from a new country", &[IrregularSignIn]),
    sign_in("anomalousToken", "Anomalous token", &[IrregularSignIn]),
    sign_in("tokenIssuerAnomaly", "Token issuer anomaly", &[IrregularSignIn]),
    sign_in("suspiciousBrowser", "Suspicious browser", &[IrregularSignIn]),
    sign_in("suspiciousSignins", "Suspicious sign-ins", &[IrregularSignIn]),
    sign_in(
        "investigationsThreatIntelligence",
        "Known pattern of an attack",
        &[IrregularSignIn],
    ),
    sign_in("generic", "Additional risk", &[IrregularSignIn]),
    sign_in("anonymizedIPAddress", "Anonymous address", &[UnknownSource]),
    sign_in("riskyIPAddress", "Anonymous address", &[UnknownSource]),
    sign_in("maliciousIPAddress", "Malicious address", &[SuspiciousAddress]),
    sign_in("suspiciousIPAddress", "Suspicious address", &[SuspiciousAddress]),
    sign_in(
        "nationStateIP",
        "Address of a known attacker",
        &[SuspiciousAddress],
    ),
    sign_in(
        "malwareInfectedIPAddress",
        "Address linked to malicious software",
        &[InfectedDevice],
    ),
    credential(
        "leakedCredentials",
        "Leaked credentials",
        Some("Password"),
        &[KnownCredentials],
    ),
    credential(
        "adminConfirmedUserCompromised",
        "An administrator confirmed that the account is compromised",
        None,
        &[KnownCredentials],
    ),
    credential(
        "adminConfirmedServicePrincipalCompromised",
        "An administrator confirmed that the application is compromised",
        None,
        &[KnownCredentials],
    ),
    credential(
        "passwordSpray",
        "Password spray",
        Some("Password"),
        &[ThreatenedCredentials, WeakCredentials],
    ),
    credential(
        "maliciousIPAddressValidCredentialsBlockedIP",
        "Valid credentials from a blocked malicious address",
        Some("Password"),
        &[ThreatenedCredentials],
    ),
    credential(
        "userReportedSuspiciousActivity",
        "The user reported a sign-in as suspicious",
        Some("Password"),
        &[ThreatenedCredentials],
    ),
    credential(
        "attemptedPrtAccess",
        "Somebody tried to take the primary refresh token",
        Some("Primary refresh token"),
        &[ThreatenedCredentials],
    ),
    credential(
        "attackerinTheMiddle",
        "Attacker in the middle",
        None,
        &[ThreatenedCredentials],
    ),
];

pub(super) const fn sign_in(word: &'static str, says: &'static str, about: &'static [About]) -> KnownVerdict {
    credential(word, says, None, about)
}

pub(super) const fn credential(
    word: &'static str,
    says: &'static str,
    credential: Option<&'static str>,
    about: &'static [About],
) -> KnownVerdict {
    KnownVerdict {
        word,
        says,
        credential,
        about,
    }
}

/// A verdict that stands and that a report is about.
pub(in crate::reports) struct Standing<'a> {
    event: &'a Event,
    key: &'a EventKey,
    known: &'static KnownVerdict,
    pub(in crate::reports) detection: &'a RiskDetection,
}

/// The event as a verdict for a report; nothing if it is none, is about something else, or was taken back by the vendor.
pub(in crate::reports) fn standing<'a>(
    event: &'a Event,
    key: &'a EventKey,
    about: About,
) -> Option<Standing<'a>> {
    let Facts::RiskDetection(detection) = &event.facts else {
        return None;
    };
    let word = detection.event_type.as_deref()?;
    let known = known_of(event.vendor)
        .iter()
        .find(|known| known.word.eq_ignore_ascii_case(word))?;
    let is_shown = known.about.contains(&about)
        && detection.verdict.stands()
        && (is_of_sign_in(detection) || !about.is_of_sign_ins());
    is_shown.then_some(Standing {
        event,
        key,
        known,
        detection,
    })
}

/// Some detections are about a sign-in or about a person as a whole: then they are linked to the user, and there is no
/// address.
fn is_of_sign_in(detection: &RiskDetection) -> bool {
    let linked_to = detection.linked_to.as_deref().unwrap_or_default();
    detection.ip_address.is_some() || !linked_to.eq_ignore_ascii_case("user")
}

impl About {
    /// Whether one of the six reports of sign-ins is about it.
    fn is_of_sign_ins(self) -> bool {
        match self {
            UnknownSource | SuspiciousAddress | InfectedDevice | IrregularSignIn => true,
            KnownCredentials | ThreatenedCredentials | WeakCredentials => false,
        }
    }
}

impl Standing<'_> {
    /// The id of the event for a property that is a GUID: the vendor's if it is one, else the one derived for the event.
    pub(in crate::reports) fn event_id(&self) -> String {
        let vendors = self.event.vendor_id.as_deref();
        vendors
            .and_then(|id| Uuid::try_parse(id).ok())
            .unwrap_or_else(|| self.key.guid())
            .to_string()
    }

    /// The object id of the user, for reports whose id names the user. One that is no GUID gives one that is the same
    /// for the same user; a verdict about nobody has the event's.
    pub(in crate::reports) fn suspect_id(&self) -> String {
        let Suspect {
            id,
            user_principal_name,
            ..
        } = &self.detection.suspect;
        let Some(name) = id.as_deref().or(user_principal_name.as_deref()) else {
            return self.event_id();
        };
        let derived =
            || EventKey::from_fields("suspect/1", Kind::RiskDetection, &[&name.to_lowercase()]).guid();
        Uuid::try_parse(name).unwrap_or_else(|_| derived()).to_string()
    }

    /// The kind of credential that the verdict is about.
    pub(in crate::reports) fn credential_type(&self) -> Option<&'static str> {
        match self.detection.suspect.kind {
            SuspectKind::User => self.known.credential,
            SuspectKind::ServicePrincipal => Some("Application credential"),
        }
    }

    /// `Atypical travel (Microsoft Entra ID Protection: unlikelyTravel, level medium, state atRisk)`
    pub(in crate::reports) fn reason(&self) -> String {
        let verdict = &self.detection.verdict;
        let product = product_of(self.event.vendor);
        let mut reason = format!("{} ({product}: {}", self.known.says, self.known.word);
        let detail = verdict.detail.as_deref();
        let told = detail.filter(|detail| !matches!(*detail, "none" | "hidden"));
        for (name, value) in [
            ("level", verdict.level.as_deref()),
            ("state", verdict.state.as_deref()),
            ("detail", told),
        ] {
            let Some(value) = value else { continue };
            reason.push_str(", ");
            reason.push_str(name);
            reason.push(' ');
            reason.push_str(value);
        }
        reason.push(')');
        reason
    }

    /// The reason with the address and the place, on one line.
    pub(in crate::reports) fn summary(&self) -> String {
        let mut summary = self.reason();
        let address = self.detection.ip_address.clone();
        for known in [address, place_name(&self.detection.location)]
            .into_iter()
            .flatten()
        {
            summary.push_str("; ");
            summary.push_str(&known);
        }
        summary
    }

    /// Who is meant, for people.
    pub(in crate::reports) fn display_name(&self) -> Option<&str> {
        self.detection.suspect.display_name.as_deref()
    }

    /// The sign-in name; an application has none.
    pub(in crate::reports) fn user_name(&self) -> Option<&str> {
        self.detection.suspect.user_principal_name.as_deref()
    }

    /// The row with its evidence beside it: who says so, and by which words of the vendor.
    pub(in crate::reports) fn row(&self, json: Vec<u8>) -> ProjectedRow {
        let detection = self.detection;
        let evidence = Evidence {
            origin: "vendor",
            product: product_of(self.event.vendor),
            risk_event_type: detection.event_type.as_deref(),
            risk_level: detection.verdict.level.as_deref(),
            risk_state: detection.verdict.state.as_deref(),
            risk_detail: detection.verdict.detail.as_deref(),
            detection_id: self.event.vendor_id.as_deref(),
            source: detection.source.as_deref(),
            detection_timing: detection.timing.as_deref(),
            activity: detection.linked_to.as_deref(),
            activity_time: detection.activity_time.map(|time| time.to_string()),
            detected_time: detection.detected_time.map(|time| time.to_string()),
            updated_time: self.event.updated.map(|time| time.to_string()),
            request_id: detection.request_id.as_deref(),
            correlation_id: detection.correlation_id.as_deref(),
            key_ids: &detection.key_ids,
        };
        // Text always has a JSON form.
        let particulars = serde_json::to_vec(&evidence).unwrap_or_default();
        ProjectedRow { json, particulars }
    }
}

/// What stands beside a row of a verdict. What is not known is left out.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Evidence<'a> {
    origin: &'static str,
    product: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    risk_event_type: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    risk_level: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    risk_state: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    risk_detail: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    detection_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    source: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    detection_timing: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    activity: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    activity_time: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    detected_time: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    updated_time: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    request_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    correlation_id: Option<&'a str>,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    key_ids: &'a [String],
}

/// `Dresden, Sachsen, DE`
pub(in crate::reports) fn place_name(place: &Place) -> Option<String> {
    let known: Vec<&str> = [&place.city, &place.state, &place.country]
        .into_iter()
        .filter_map(|name| name.as_deref())
        .collect();
    (!known.is_empty()).then(|| known.join(", "))
}

#[cfg(test)]
mod tests {
    use super::super::others_verdicts::OTHERS;
    use super::*;
    use crate::event::Verdict;
    use crate::identity::Vendor;
    use crate::time::Timestamp;

    /// A verdict about Joe from an address in Dresden.
    fn verdict(word: &str, level: &str, state: &str) -> Event {
        let owned = |text: &str| Some(text.to_owned());
        let time = |text| Timestamp::parse_vendor(text).unwrap();
        let detection = RiskDetection {
            suspect: Suspect {
                kind: SuspectKind::User,
                id: owned("51e26eae-d07b-44e5-bb0b-249f49569a8c"),
                user_principal_name: owned("joe@contoso.example"),
                display_name: owned("Joe Danger"),
                app_id: None,
            },
            event_type: owned(word),
            verdict: Verdict {
                level: owned(level),
                state: owned(state),
                detail: owned("none"),
            },
            linked_to: owned("signin"),
            source: owned("IdentityProtection"),
            timing: owned("realtime"),
            ip_address: owned("203.0.113.42"),
            location: Place {
                city: owned("Dresden"),
                state: owned("Sachsen"),
                country: owned("DE"),
                ..Place::default()
            },
            user_agent: owned("Mozilla/5.0"),
            malware_name: owned("Zeus"),
            activity_time: Some(time("2022-08-22T18:05:06.133Z")),
            detected_time: Some(time("2022-08-23T01:02:03Z")),
            request_id: owned("e1b6d9d7-5fc0-4638-ae1a-e0abceb92200"),
            ..RiskDetection::default()
        };
        Event {
            vendor: Vendor::Entra,
            vendor_id: owned("ce0ed07f"),
            time: time("2022-08-22T18:05:06.133Z"),
            updated: Some(time("2022-08-23T02:00:00Z")),
            tenant: None,
            facts: Facts::RiskDetection(Box::new(detection)),
        }
    }

    fn key() -> EventKey {
        EventKey::from_vendor_id(Vendor::Entra, Kind::RiskDetection, "ce0ed07f")
    }

    fn with(change: fn(&mut RiskDetection)) -> Event {
        let mut event = verdict("leakedCredentials", "high", "remediated");
        let Facts::RiskDetection(detection) = &mut event.facts else {
            panic!()
        };
        change(detection);
        event
    }

    fn reason(event: &Event) -> String {
        standing(event, &key(), About::KnownCredentials).unwrap().reason()
    }

    #[test]
    fn a_reason_says_who_says_so() {
        check_reason(
            |_| {},
            "Leaked credentials (Microsoft Entra ID Protection: leakedCredentials, level high, state remediated)",
        );
        check_reason(
            |detection| detection.verdict.detail = Some("userPerformedSecuredPasswordReset".to_owned()),
            "Leaked credentials (Microsoft Entra ID Protection: leakedCredentials, level high, state remediated, detail userPerformedSecuredPasswordReset)",
        );
        check_reason(
            |detection| detection.verdict = Verdict::default(),
            "Leaked credentials (Microsoft Entra ID Protection: leakedCredentials)",
        );
    }

    fn check_reason(change: fn(&mut RiskDetection), expected: &str) {
        assert_eq!(reason(&with(change)), expected);
    }

    #[test]
    fn a_word_counts_in_any_case_and_one_that_is_not_known_shows_nothing() {
        for (word, expected) in [
            ("LEAKEDCREDENTIALS", true),
            ("leakedCredentials", true),
            ("mcasSuspiciousInboxManipulationRules", false),
            ("", false),
        ] {
            let event = verdict(word, "high", "atRisk");
            assert_eq!(
                standing(&event, &key(), About::KnownCredentials).is_some(),
                expected,
                "{word}"
            );
        }
    }

    #[test]
    fn the_users_id_is_a_guid_that_is_the_same_for_the_same_user() {
        let id = |change: fn(&mut RiskDetection)| {
            let event = with(change);
            standing(&event, &key(), About::KnownCredentials)
                .unwrap()
                .suspect_id()
        };
        assert_eq!(id(|_| {}), "51e26eae-d07b-44e5-bb0b-249f49569a8c");
        assert_eq!(
            id(|detection| detection.suspect.id = Some("Joe".to_owned())),
            id(|detection| detection.suspect.id = Some("joe".to_owned()))
        );
        assert_ne!(
            id(|detection| detection.suspect.id = Some("joe".to_owned())),
            id(|detection| detection.suspect.id = Some("ann".to_owned()))
        );
        assert_eq!(
            id(|detection| detection.suspect = Suspect::default()),
            key().guid().to_string()
        );
    }

    #[test]
    fn the_evidence_says_what_is_known_and_nothing_else() {
        let event = verdict("leakedCredentials", "high", "atRisk");
        let row = standing(&event, &key(), About::KnownCredentials)
            .unwrap()
            .row(Vec::new());
        let expected = concat!(
            r#"{"origin":"vendor","product":"Microsoft Entra ID Protection","riskEventType":"leakedCredentials","#,
            r#""riskLevel":"high","riskState":"atRisk","riskDetail":"none","detectionId":"ce0ed07f","#,
            r#""source":"IdentityProtection","detectionTiming":"realtime","activity":"signin","#,
            r#""activityTime":"2022-08-22T18:05:06.133Z","detectedTime":"2022-08-23T01:02:03Z","#,
            r#""updatedTime":"2022-08-23T02:00:00Z","requestId":"e1b6d9d7-5fc0-4638-ae1a-e0abceb92200"}"#,
        );
        assert_eq!(String::from_utf8(row.particulars).unwrap(), expected);
    }

    /// A row's key is the event's, so one event cannot have two rows in allUsersWithAnomalousSignInActivityEvents.
    #[test]
    fn no_verdict_is_shown_by_two_of_the_six() {
        for table in OTHERS.iter().map(|(_, _, known)| *known).chain([KNOWN]) {
            for (index, known) in table.iter().enumerate() {
                let shown = known.about.iter().filter(|about| about.is_of_sign_ins());
                assert!(shown.count() <= 1, "{}", known.word);
                assert!(!known.about.is_empty(), "{}", known.word);
                let same = |other: &KnownVerdict| other.word.eq_ignore_ascii_case(known.word);
                assert_eq!(table.iter().position(same), Some(index), "{}", known.word);
            }
        }
    }
}
