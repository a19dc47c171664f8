//! What the vendor's own protection thinks of a person, an application or a sign-in.

use super::Place;
use crate::time::Timestamp;

/// The vendor's verdict, as it stood when the record was written.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Verdict {
    /// `low`, `medium`, `high`, `hidden`, `none`.
    pub level: Option<String>,
    /// `atRisk`, `confirmedCompromised`, `remediated`, `dismissed`, `confirmedSafe`, `none`.
    pub state: Option<String>,
    /// Why the state is what it is: `none`, `userPerformedSecuredPasswordReset`, `aiConfirmedSigninSafe` …
    pub detail: Option<String>,
}

impl Verdict {
    /// Whether the vendor still means it. One that it (or an administrator) took back as a false alarm (`dismissed`,
    /// `confirmedSafe`) or that holds no risk (`none`) does not stand. One that was right and has been dealt with
    /// (`remediated`) stands: it did happen. So does one without a state, or with a state that is not known yet.
    pub fn stands(&self) -> bool {
        let Some(state) = &self.state else { return true };
        !["dismissed", "confirmedSafe", "none"]
            .iter()
            .any(|withdrawn| state.eq_ignore_ascii_case(withdrawn))
    }
}

/// Whom a verdict is about.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Suspect {
    /// Person or application.
    pub kind: SuspectKind,
    /// The object id of the user or of the service principal.
    pub id: Option<String>,
    /// The sign-in name, if it is a user.
    pub user_principal_name: Option<String>,
    /// The name for people.
    pub display_name: Option<String>,
    /// The application's id, if it is one.
    pub app_id: Option<String>,
}

/// What a verdict is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum SuspectKind {
    /// A person.
    #[default]
    User,
    /// An application, by its service principal.
    ServicePrincipal,
}

/// One thing that the vendor's protection noticed (`riskDetection`, `servicePrincipalRiskDetection`).
#[derive(Debug, Clone, PartialEq, Default)]
pub struct RiskDetection {
    /// About whom.
    pub suspect: Suspect,
    /// What was noticed, in the vendor's words: `unlikelyTravel`, `leakedCredentials` …
    pub event_type: Option<String>,
    /// What the vendor thinks of it.
    pub verdict: Verdict,
    /// What it is linked to: `signin`, `user`, `servicePrincipal`.
    pub linked_to: Option<String>,
    /// Which product noticed it: `IdentityProtection` …
    pub source: Option<String>,
    /// `realtime`, `nearRealtime`, `offline`.
    pub timing: Option<String>,
    /// The client's address, without port, brackets or the `::ffff:` of a mapped one.
    pub ip_address: Option<String>,
    /// Where that address was, by the vendor's judgement.
    pub location: Place,
    /// The User-Agent of the client.
    pub user_agent: Option<String>,
    /// The malicious software that the address is known for.
    pub malware_name: Option<String>,
    /// The keys that the verdict is about, if it is about an application.
    pub key_ids: Vec<String>,
    /// When the risky activity happened.
    pub activity_time: Option<Timestamp>,
    /// When it was noticed: days later, for what is found offline.
    pub detected_time: Option<Timestamp>,
    /// The id of the sign-in that it is linked to.
    pub request_id: Option<String>,
    /// Ties it to the records of the same attempt.
    pub correlation_id: Option<String>,
}

/// What the vendor thinks of a person or an application as a whole, from a moment on (`riskyUser`,
/// `riskyServicePrincipal`).
#[derive(Debug, Clone, PartialEq, Default)]
pub struct RiskState {
    /// Of whom.
    pub suspect: Suspect,
    /// What the vendor thinks.
    pub verdict: Verdict,
    /// Whether the user is gone.
    pub is_deleted: Option<bool>,
    /// Whether the vendor is still at it.
    pub is_processing: Option<bool>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(state: Option<&str>, expected: bool) {
        let verdict = Verdict {
            state: state.map(str::to_owned),
            ..Verdict::default()
        };
        assert_eq!(verdict.stands(), expected, "{state:?}");
    }

    #[test]
    fn a_verdict_that_was_taken_back_does_not_stand() {
        check(Some("dismissed"), false);
        check(Some("confirmedSafe"), false);
        check(Some("none"), false);
        check(Some("ConfirmedSafe"), false);
    }

    #[test]
    fn a_verdict_that_was_right_stands() {
        check(Some("atRisk"), true);
        check(Some("confirmedCompromised"), true);
        check(Some("remediated"), true);
        check(Some("somethingNew"), true);
        check(None, true);
    }
}
