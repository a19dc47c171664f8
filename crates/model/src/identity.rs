//! When two records are the same event: the identity of an event, and which of two contents wins.

use crate::time::Timestamp;
use serde::{Deserialize, Serialize};
use std::fmt;
use uuid::Uuid;

/// Whose ids these are. Two products of one vendor that share ids (Graph and Azure Monitor) are one family.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Vendor {
    /// Microsoft Entra ID, formerly Azure AD.
    Entra,
    /// Okta.
    Okta,
    /// Keycloak.
    Keycloak,
    /// Windows, its security log.
    Windows,
    /// Microsoft Identity Manager.
    Mim,
    /// The Office 365 unified audit log: its ids are not those of Entra's own logs.
    Office365,
    /// Active Directory Federation Services.
    AdFs,
    /// Google Workspace.
    Google,
    /// Auth0.
    Auth0,
    /// Duo.
    Duo,
    /// OneLogin.
    OneLogin,
    /// JumpCloud.
    JumpCloud,
    /// PingFederate.
    PingFederate,
    /// A Unix host: sshd, PAM.
    Unix,
    /// Whoever speaks OCSF.
    Ocsf,
    /// Whoever speaks CEF.
    Cef,
    /// A maker whom only a mapping file names; the name goes into identities in place of this word.
    Mapped,
    /// This service, about itself.
    Gatelog,
    /// A list of accounts in data breaches that somebody imported.
    BreachList,
}

impl Vendor {
    /// The word that goes into identities; never changed once events are stored.
    pub const fn as_str(self) -> &'static str {
        match self {
            Vendor::Entra => "entra",
            Vendor::Okta => "okta",
            Vendor::Keycloak => "keycloak",
            Vendor::Windows => "windows",
            Vendor::Mim => "mim",
            Vendor::Office365 => "office-365",
            Vendor::AdFs => "ad-fs",
            Vendor::Google => "google-workspace",
            Vendor::Auth0 => "auth0",
            Vendor::Duo => "duo",
            Vendor::OneLogin => "onelogin",
            Vendor::JumpCloud => "jumpcloud",
            Vendor::PingFederate => "pingfederate",
            Vendor::Unix => "unix",
            Vendor::Ocsf => "ocsf",
            Vendor::Cef => "cef",
            Vendor::Mapped => "mapped",
            Vendor::Gatelog => "gatelog",
            Vendor::BreachList => "breach-list",
        }
    }
}

/// What sort of thing happened; part of an event's identity.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Kind {
    /// A sign-in or an attempt at one.
    SignIn,
    /// A change in the directory.
    Audit,
    /// An account provisioned in another system.
    Provisioning,
    /// Something that the vendor's protection noticed.
    RiskDetection,
    /// What the vendor's protection thinks of a person or an application from a moment on.
    RiskState,
    /// What a detector of this service derived from events.
    Finding,
}

impl Kind {
    /// Every kind.
    pub const ALL: &'static [Kind] = &[
        Kind::SignIn,
        Kind::Audit,
        Kind::Provisioning,
        Kind::RiskDetection,
        Kind::RiskState,
        Kind::Finding,
    ];

    /// The word that goes into identities; never changed once events are stored.
    pub const fn as_str(self) -> &'static str {
        match self {
            Kind::SignIn => "sign-in",
            Kind::Audit => "audit",
            Kind::Provisioning => "provisioning",
            Kind::RiskDetection => "risk-detection",
            Kind::RiskState => "risk-state",
            Kind::Finding => "finding",
        }
    }

    /// The number on disk; never changed once events are stored.
    pub const fn number(self) -> u8 {
        match self {
            Kind::SignIn => 1,
            Kind::Audit => 2,
            Kind::Provisioning => 3,
            Kind::RiskDetection => 4,
            Kind::RiskState => 5,
            Kind::Finding => 6,
        }
    }

    /// Whether every event of the kind has a row in some report. A verdict that the vendor took back has none, nor has one
    /// that no report is about, nor a finding that was retracted.
    pub const fn is_always_shown(self) -> bool {
        match self {
            Kind::SignIn | Kind::Audit | Kind::Provisioning => true,
            Kind::RiskDetection | Kind::RiskState | Kind::Finding => false,
        }
    }

    /// The kind of a number on disk.
    pub fn from_number(number: u8) -> Option<Kind> {
        Kind::ALL.iter().copied().find(|kind| kind.number() == number)
    }
}

/// The identity of an event inside its tenant: a UUIDv5, without the event's time.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct EventKey(pub [u8; 16]);

/// The name space of every id that Gatelog derives.
const GATELOG: Uuid = Uuid::from_u128(0x6f1d_3a52_90c4_5b7e_8a6d_2f4b_51c3_e907);

impl EventKey {
    /// From the id that the vendor gave: (vendor family, kind, id). GUIDs count the same in any case.
    pub fn from_vendor_id(vendor: Vendor, kind: Kind, id: &str) -> EventKey {
        EventKey::of_id(vendor.as_str(), kind, id)
    }

    /// The same for a vendor family that a mapping file names. No such name is that of a vendor that we know.
    pub fn from_family_id(family: &str, kind: Kind, id: &str) -> EventKey {
        EventKey::of_id(&format!("mapping:{family}"), kind, id)
    }

    /// For a record without id: from fields that tell it apart, by a recipe with a name and a version.
    pub fn from_fields(recipe: &str, kind: Kind, fields: &[&str]) -> EventKey {
        let mut parts = vec!["fields", recipe, kind.as_str()];
        parts.extend_from_slice(fields);
        EventKey::derive(&parts)
    }

    fn of_id(family: &str, kind: Kind, id: &str) -> EventKey {
        let is_guid = id.len() == 36 && Uuid::try_parse(id).is_ok();
        let lower = is_guid.then(|| id.to_ascii_lowercase());
        EventKey::derive(&["id", family, kind.as_str(), lower.as_deref().unwrap_or(id)])
    }

    fn derive(parts: &[&str]) -> EventKey {
        EventKey(*derive(parts).as_bytes())
    }

    /// As a GUID, for rows whose source has no id.
    pub const fn guid(self) -> Uuid {
        Uuid::from_bytes(self.0)
    }
}

/// Each part goes in with its length, so that no two lists of parts spell the same name.
pub(crate) fn derive(parts: &[&str]) -> Uuid {
    let mut name = Vec::with_capacity(96);
    for part in parts {
        name.extend_from_slice(&(part.len() as u64).to_be_bytes());
        name.extend_from_slice(part.as_bytes());
    }
    Uuid::new_v5(&GATELOG, &name)
}

impl fmt::Debug for EventKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.guid(), f)
    }
}

/// Which of several contents of one event is the true one: the largest.
///
/// The vendor's update time first, then more properties that are not null, then the larger digest: so every order of
/// arrival agrees.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Rank {
    /// When the vendor last changed the record.
    pub updated: Option<Timestamp>,
    /// How many properties are not null.
    pub properties: u32,
    /// The content, as [`crate::content::digest`] makes it.
    pub digest: [u8; 16],
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_id_of_another_kind_is_another_event() {
        let sign_in = EventKey::from_vendor_id(Vendor::Entra, Kind::SignIn, "1");
        assert_ne!(sign_in, EventKey::from_vendor_id(Vendor::Entra, Kind::Audit, "1"));
        assert_ne!(sign_in, EventKey::from_fields("id", Kind::SignIn, &["1"]));
    }

    #[test]
    fn guids_count_the_same_in_any_case_and_other_ids_do_not() {
        let key = |id| EventKey::from_vendor_id(Vendor::Entra, Kind::SignIn, id);
        assert_eq!(
            key("EEAE5D3B-8132-43bf-8b24-d98f405a2900"),
            key("eeae5d3b-8132-43bf-8b24-d98f405a2900")
        );
        assert_ne!(key("Directory_A"), key("directory_a"));
    }

    #[test]
    fn a_family_of_a_mapping_has_ids_of_its_own() {
        let key = |family, id| EventKey::from_family_id(family, Kind::SignIn, id);
        assert_ne!(
            key("entra", "1"),
            EventKey::from_vendor_id(Vendor::Entra, Kind::SignIn, "1")
        );
        assert_ne!(key("acme", "1"), key("acme-vpn", "1"));
        assert_eq!(
            key("acme", "EEAE5D3B-8132-43bf-8b24-d98f405a2900"),
            key("acme", "eeae5d3b-8132-43bf-8b24-d98f405a2900")
        );
    }

    #[test]
    fn parts_do_not_run_into_each_other() {
        let key = |fields: &[&str]| EventKey::from_fields("r/1", Kind::Audit, fields);
        assert_ne!(key(&["ab", "c"]), key(&["a", "bc"]));
        assert_ne!(key(&["a", ""]), key(&["a"]));
    }

    /// Made once with Python: uuid.uuid5(ns, b"".join(len(p).to_bytes(8, "big") + p for p in parts)).
    #[test]
    fn identities_never_change() {
        let key = EventKey::from_vendor_id(
            Vendor::Entra,
            Kind::SignIn,
            "eeae5d3b-8132-43bf-8b24-d98f405a2900",
        );
        assert_eq!(key.guid().to_string(), "b2d09e14-a284-5537-b9ce-6c09e7b267b3");
    }

    #[test]
    fn the_later_then_the_fuller_then_the_larger_wins() {
        let rank = |updated: Option<i64>, properties, digest| Rank {
            updated: updated.map(Timestamp::from_unix_seconds),
            properties,
            digest: [digest; 16],
        };
        assert!(rank(Some(2), 1, 0) > rank(Some(1), 9, 9));
        assert!(rank(Some(0), 1, 0) > rank(None, 9, 9));
        assert!(rank(None, 2, 0) > rank(None, 1, 9));
        assert!(rank(None, 1, 2) > rank(None, 1, 1));
    }
}
