//! What the service tells of itself: sign-ins to it and administrative acts, written like records of Microsoft Graph.
//!
//! This format is in no list: no carrier can bring such records, under any name, or anybody could forge them. It is found
//! where stored events are understood again.

use crate::formats::{self, FormatDef, Reading};
use model::identity::{EventKey, Vendor};
use serde_json::{Map, Value};

/// The format of the service's own records.
pub const DEF: FormatDef = FormatDef {
    id: "gatelog",
    title: "A record of this service about itself",
    about: "Sign-ins to Gatelog, and what administrators did in it.",
    looks_for: "",
    read,
};

/// As Graph's records are read, but with ids of our own.
fn read(record: &Map<String, Value>) -> Reading {
    match formats::read_as_graph(record) {
        Reading::Event(mut told) => {
            let kind = told.event.kind();
            let id = told.event.vendor_id.as_deref().unwrap_or_default();
            told.key = EventKey::from_vendor_id(Vendor::Gatelog, kind, id);
            told.event.vendor = Vendor::Gatelog;
            Reading::Event(told)
        }
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use crate::{Choice, Understanding, Understood, by_id, stored_by_id, understand};
    use model::identity::{EventKey, Kind, Vendor};

    const AUDIT: &str = r#"{"id":"7f3a","activityDateTime":"2026-11-22T02:00:00Z","activityDisplayName":"Add user",
        "category":"UserManagement","result":"success","loggedByService":"Gatelog","operationType":"Add",
        "initiatedBy":{"app":{"displayName":"Gatelog command line"}},
        "targetResources":[{"type":"User","id":"u1","userPrincipalName":"ann@contoso.example"}]}"#;

    fn understood(choice: &Choice) -> Understood {
        match understand(choice, AUDIT.as_bytes().to_vec()) {
            Some(Understanding::Event(understood)) => *understood,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn an_own_record_is_an_event_of_the_service_and_counts_in_no_usage_report() {
        let own = understood(&Choice::Only(&super::DEF));
        assert_eq!(own.format, "gatelog");
        assert_eq!(own.event.vendor, Vendor::Gatelog);
        assert_eq!(
            own.key,
            EventKey::from_vendor_id(Vendor::Gatelog, Kind::Audit, "7f3a")
        );
        let draft = own.draft();
        assert!(draft.usage.is_empty());
        assert_eq!(draft.rows.len(), 1);
    }

    #[test]
    fn the_same_record_from_elsewhere_is_another_event() {
        let other = understood(&Choice::Auto);
        assert_eq!(other.event.vendor, Vendor::Entra);
        assert!(!other.draft().usage.is_empty());
    }

    #[test]
    fn nobody_can_ask_for_the_format_and_stored_events_find_it() {
        assert!(by_id("gatelog").is_none());
        assert_eq!(stored_by_id("gatelog").unwrap().id, "gatelog");
        assert_eq!(stored_by_id("entra-graph").unwrap().id, "entra-graph");
    }
}
