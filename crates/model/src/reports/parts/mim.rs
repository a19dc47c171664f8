//! Which requests of Microsoft Identity Manager are self-service, and what they say in the words of the old reports.

use crate::event::{Audit, Event, Facts};
use crate::identity::Vendor;

/// A person's own act in MIM.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::reports) enum MimSelfService {
    /// A password was reset.
    PasswordReset,
    /// Somebody registered for that.
    Registration,
    /// Somebody joined or left a group, or made one or took it away.
    Group,
}

/// The request of MIM that an event tells, if it is this self-service: what it is was told by the format, which knows the log's
/// words.
pub(in crate::reports) fn mim_request(event: &Event, kind: MimSelfService) -> Option<&Audit> {
    let Facts::Audit(audit) = &event.facts else {
        return None;
    };
    if event.vendor != Vendor::Mim {
        return None;
    }
    let word = match kind {
        MimSelfService::PasswordReset => "PasswordReset",
        MimSelfService::Registration => "PasswordResetRegistration",
        MimSelfService::Group => "Group",
    };
    let told =
        |(name, value): &(String, Option<String>)| name == "SelfService" && value.as_deref() == Some(word);
    audit.additional_details.iter().any(told).then_some(audit)
}

/// What became of a reset, as the raw key; `None` while the request goes on.
///
/// The keys are those of the cloud's own report. A request that was denied was denied by a gate: blocked, where its reason says
/// that somebody is locked out; else failed.
pub(in crate::reports) fn mim_password_result(audit: &Audit) -> Option<&'static str> {
    let status = audit
        .additional_details
        .iter()
        .find(|(name, _)| name == "RequestStatus");
    let status = status.and_then(|(_, value)| value.as_deref()).unwrap_or_default();
    let reason = audit
        .result_reason
        .as_deref()
        .unwrap_or_default()
        .to_ascii_lowercase();
    Some(match audit.result.as_deref()? {
        "success" => "reportSSPR_ResultType_Succeeded",
        _ if reason.contains("lock") || reason.contains("block") => "reportSSPR_ResultType_Block",
        _ if status.eq_ignore_ascii_case("Canceled") || status.eq_ignore_ascii_case("Cancelled") => {
            "reportSSPR_ResultType_Cancelled"
        }
        _ if status.eq_ignore_ascii_case("Expired") => "reportSSPR_ResultType_Abandoned",
        _ => "reportSSPR_ResultType_Failed",
    })
}

/// The group that a request is about: its name, else its id.
pub(in crate::reports) fn mim_group(audit: &Audit) -> Option<&str> {
    let group = audit
        .targets
        .iter()
        .find(|target| target.resource_type.as_deref() == Some("Group"))?;
    group.display_name.as_deref().or(group.id.as_deref())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::Timestamp;

    fn request(vendor: Vendor, kind: &str, status: &str, result: &str, reason: &str) -> Event {
        let owned = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        let audit = Audit {
            result: owned(result),
            result_reason: owned(reason),
            additional_details: vec![
                ("RequestStatus".to_owned(), owned(status)),
                ("SelfService".to_owned(), owned(kind)),
            ],
            ..Audit::default()
        };
        Event {
            vendor,
            vendor_id: None,
            time: Timestamp::from_ticks(0),
            updated: None,
            tenant: None,
            facts: Facts::Audit(Box::new(audit)),
        }
    }

    #[test]
    fn only_requests_of_mim_that_say_so_are_self_service() {
        let is = |vendor, word: &str, kind| mim_request(&request(vendor, word, "", "", ""), kind).is_some();
        assert!(is(Vendor::Mim, "PasswordReset", MimSelfService::PasswordReset));
        assert!(is(Vendor::Mim, "Group", MimSelfService::Group));
        assert!(!is(Vendor::Mim, "Group", MimSelfService::PasswordReset));
        assert!(!is(Vendor::Mim, "", MimSelfService::Registration));
        assert!(!is(Vendor::Entra, "Group", MimSelfService::Group));
    }

    #[test]
    fn a_reset_ends_as_its_status_and_its_reason_say() {
        let check = |status: &str, result: &str, reason: &str, expected: Option<&str>| {
            let event = request(Vendor::Mim, "PasswordReset", status, result, reason);
            let audit = mim_request(&event, MimSelfService::PasswordReset).unwrap();
            let expected = expected.map(|word| format!("reportSSPR_ResultType_{word}"));
            assert_eq!(
                mim_password_result(audit).map(str::to_owned),
                expected,
                "{status} {reason}"
            );
        };
        check("Completed", "success", "", Some("Succeeded"));
        check("Denied", "failure", "The user is locked out", Some("Block"));
        check("Denied", "failure", "A wrong answer", Some("Failed"));
        check("Failed", "failure", "", Some("Failed"));
        check("Canceled", "failure", "", Some("Cancelled"));
        check("Expired", "failure", "", Some("Abandoned"));
        check("Authenticating", "", "", None);
    }
}
