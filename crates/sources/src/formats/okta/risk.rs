//! What Okta's protection says: verdicts of their own, and what stands beside a sign-in.

use super::{ActorType, LogEvent, Person};
use crate::address;
use crate::fields::{Fields, as_text};
use model::event::{Place, RiskDetection, Suspect, SuspectKind, Verdict};
use serde_json::Value;

impl LogEvent<'_> {
    /// `{level=LOW}` or `{reasons=…, level=HIGH}` in `risk`; JSON in `logOnlySecurityData`, when the policy did not ask for it.
    pub(super) fn risk_level(&self) -> Option<String> {
        let only_logged = self
            .debug()
            .object("logOnlySecurityData")
            .unwrap_or_default()
            .into_owned();
        let only_logged = Fields::new(&only_logged)
            .object("risk")
            .unwrap_or_default()
            .into_owned();
        let risk = self.debug().text("risk");
        let named = risk.as_deref().and_then(|risk| {
            let level = risk.split("level=").nth(1)?;
            Some(level.split([',', '}', ' ']).next()?.to_owned())
        });
        named
            .or_else(|| Fields::new(&only_logged).text("level"))
            .filter(|level| !level.is_empty())
            .map(|level| level.to_ascii_lowercase())
    }

    /// The behaviors that differ from the user's own: `{New Device=POSITIVE, Velocity=NEGATIVE}`, or the same as an object.
    pub(super) fn behaviors(&self) -> Option<String> {
        let only_logged = self
            .debug()
            .object("logOnlySecurityData")
            .unwrap_or_default()
            .into_owned();
        let of_log = Fields::new(&only_logged).get("behaviors").cloned();
        let behaviors = self.debug().get("behaviors").cloned().or(of_log)?;
        let mut positive: Vec<String> = Vec::new();
        match &behaviors {
            Value::String(text) => {
                let inner = text.trim().trim_start_matches('{').trim_end_matches('}');
                positive.extend(inner.split(',').filter_map(|pair| positive_name(pair, None)));
            }
            Value::Object(pairs) => {
                positive.extend(
                    pairs
                        .iter()
                        .filter_map(|(name, value)| positive_name(name, value.as_str())),
                );
            }
            _ => {}
        }
        positive.sort();
        (!positive.is_empty()).then(|| positive.join(","))
    }

    /// A credential in a list of breached ones, an address that attacks, or a user who says: that was not me.
    pub(super) fn risk(&self, word: &str) -> RiskDetection {
        let is_report = word.starts_with("user.");
        // A user's report tells of an earlier event in members of its own.
        let reported = is_report
            .then(|| self.debug().text("suspiciousActivityEventIp"))
            .flatten()
            .and_then(|text| address::normalise(&text));
        let attacker = (self.actors_type() == ActorType::Address)
            .then(|| self.actor().text("id"))
            .flatten()
            .and_then(|text| address::normalise(&text));
        let reported_place = Place {
            city: self.debug().text("suspiciousActivityEventCity"),
            state: self.debug().text("suspiciousActivityEventState"),
            country: self.debug().text("suspiciousActivityEventCountry"),
            latitude: None,
            longitude: None,
        };
        let user = if self.actors_type() == ActorType::Address {
            Person::default()
        } else {
            self.target_of("User").map_or_else(|| self.user(), Person::of)
        };
        RiskDetection {
            suspect: Suspect {
                kind: SuspectKind::User,
                id: user.id,
                user_principal_name: user.name,
                display_name: user.display_name,
                app_id: None,
            },
            event_type: Some(word.to_owned()),
            verdict: Verdict {
                level: self.highest_detection(),
                state: None,
                detail: self.outcome().text("reason"),
            },
            source: Some("Okta".to_owned()),
            ip_address: if is_report {
                reported
            } else {
                self.address().or(attacker)
            },
            location: if is_report { reported_place } else { self.place() },
            user_agent: self.user_agent("rawUserAgent").filter(|_| !is_report),
            correlation_id: self.transaction(),
            ..RiskDetection::default()
        }
    }

    /// `{"Password Spray":"HIGH","Login Failures":"MEDIUM"}`: the worst of them.
    fn highest_detection(&self) -> Option<String> {
        let detections = self.debug().object("threatDetections")?.into_owned();
        let levels: Vec<String> = detections.values().filter_map(as_text).collect();
        ["HIGH", "MEDIUM", "LOW"]
            .into_iter()
            .find(|level| levels.iter().any(|other| other.eq_ignore_ascii_case(level)))
            .map(str::to_ascii_lowercase)
    }
}

fn positive_name(pair: &str, value: Option<&str>) -> Option<String> {
    let (name, value) = pair
        .split_once('=')
        .map_or((pair, value), |(name, value)| (name, Some(value)));
    value?
        .trim()
        .eq_ignore_ascii_case("POSITIVE")
        .then(|| name.trim().to_owned())
}
