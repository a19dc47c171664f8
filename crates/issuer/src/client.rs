//! Applications as the issuer sees them, and how their secrets are made, kept and checked.

use crate::audience::{Audience, Permission};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use model::tenant::TenantId;
use model::time::Timestamp;
use secrecy::SecretString;
use sha2::{Digest, Sha256};
use std::fmt;
use subtle::ConstantTimeEq;
use uuid::Uuid;

/// How many first characters of a secret are kept readable, so that people can tell their secrets apart.
const HINT_CHARACTERS: usize = 3;

/// A registered application, as far as it matters for a token.
#[derive(Debug, Clone)]
pub struct Client {
    /// Its public id.
    pub client_id: Uuid,
    /// The tenant it belongs to.
    pub tenant: TenantId,
    /// The id of its service principal: `oid` and `sub` of its tokens.
    pub object_id: Uuid,
    /// What people call it: they read it where they consent.
    pub name: String,
    /// Whether it can keep a secret.
    pub kind: ClientKind,
    /// Whether it may get tokens at all.
    pub status: ClientStatus,
    /// The hashes of its secrets; several, so that one can be replaced while the other still works.
    pub secrets: Vec<KnownSecret>,
    /// The certificates by which it can prove who it is.
    pub certificates: Vec<KnownCertificate>,
    /// What it may do for itself.
    pub permissions: Vec<Permission>,
    /// What it may do for a user who signed in.
    pub delegated: Vec<Permission>,
    /// Where answers of an interactive sign-in may go.
    pub reply_addresses: Vec<String>,
}

/// Whether an application can keep a secret (RFC 6749, 2.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClientKind {
    /// It runs on a server and proves who it is.
    Confidential,
    /// It runs on people's machines.
    Public,
}

/// What is kept of a certificate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownCertificate {
    /// Its public key, as the DER of a SubjectPublicKeyInfo.
    pub public_key: Vec<u8>,
    /// From this instant on it is no longer accepted; `None` is never.
    pub expires: Option<Timestamp>,
}

/// Whether an application may get tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClientStatus {
    /// It may.
    Enabled,
    /// An administrator has switched it off.
    Disabled,
}

/// What is kept of a secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KnownSecret {
    /// Its hash.
    pub hash: SecretHash,
    /// From this instant on it is no longer accepted; `None` is never.
    pub expires: Option<Timestamp>,
}

/// SHA-256 of a secret. A secret has 256 random bits, so a slow hash would protect nothing more.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct SecretHash(pub [u8; 32]);

/// A secret that was just made: shown once, and then only its hash is known.
#[derive(Debug)]
pub struct NewSecret {
    /// The text that the client sends: 43 characters that need no escaping anywhere.
    pub text: SecretString,
    /// What is kept of it.
    pub hash: SecretHash,
    /// Its first characters, for lists.
    pub hint: String,
}

/// What became of a secret that a client presented.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SecretCheck {
    /// It is one of the client's.
    Good,
    /// It was one of the client's.
    Expired,
    /// It is none of the client's.
    Wrong,
}

impl NewSecret {
    /// Makes a secret out of 256 random bits.
    pub fn from_random(random: &[u8; 32]) -> NewSecret {
        let text = URL_SAFE_NO_PAD.encode(random);
        let hint = text.chars().take(HINT_CHARACTERS).collect();
        NewSecret {
            hash: SecretHash::of(&text),
            hint,
            text: SecretString::from(text),
        }
    }
}

impl SecretHash {
    /// The hash of a secret's text.
    pub fn of(secret: &str) -> SecretHash {
        SecretHash(Sha256::digest(secret.as_bytes()).into())
    }

    /// Whether both are the same, in a time that does not tell how much of them is.
    pub fn matches(&self, other: &SecretHash) -> bool {
        self.0.ct_eq(&other.0).into()
    }
}

impl fmt::Debug for SecretHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretHash(…)")
    }
}

impl Client {
    /// Checks a secret against all of the client's, always all of them.
    pub fn check_secret(&self, secret: &str, now: Timestamp) -> SecretCheck {
        let presented = SecretHash::of(secret);
        let mut result = SecretCheck::Wrong;
        for known in &self.secrets {
            let is_this_one = known.hash.matches(&presented);
            let expired = known.expires.is_some_and(|expires| expires <= now);
            result = match (is_this_one, expired, result) {
                (true, false, _) => SecretCheck::Good,
                (true, true, SecretCheck::Wrong) => SecretCheck::Expired,
                (_, _, before) => before,
            };
        }
        result
    }

    /// The names of the permissions that the client has for an audience, in the order of [`Permission::ALL`].
    pub fn roles_for(&self, audience: Audience) -> Vec<&'static str> {
        let held = Permission::ALL
            .iter()
            .filter(|permission| self.permissions.contains(permission));
        held.filter(|permission| permission.audience() == audience)
            .map(|permission| permission.name())
            .collect()
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use secrecy::ExposeSecret;

    pub(crate) const NOW: Timestamp = Timestamp::from_unix_seconds(1_570_059_668);
    pub(crate) const GOOD_SECRET: &str = "the-secret-that-works";
    pub(crate) const OLD_SECRET: &str = "the-secret-of-last-year";

    pub(crate) fn tenant() -> TenantId {
        TenantId::parse("a2aa49aa-2c0c-49d2-af87-f402c421df0b").unwrap()
    }

    /// An application that may read, with a secret that works, one that ends at `NOW`, and one that never ends.
    pub(crate) fn client() -> Client {
        let known = |text, expires| KnownSecret {
            hash: SecretHash::of(text),
            expires,
        };
        Client {
            client_id: Uuid::from_u128(0x1111_1111_2222_3333_4444_5555_5555_5555),
            tenant: tenant(),
            object_id: Uuid::from_u128(0x6666_6666_7777_8888_9999_aaaa_aaaa_aaaa),
            name: "Report reader".to_owned(),
            kind: ClientKind::Confidential,
            status: ClientStatus::Enabled,
            secrets: vec![
                known(OLD_SECRET, Some(NOW)),
                known(GOOD_SECRET, Some(NOW.plus_seconds(1))),
                known("another", None),
            ],
            certificates: Vec::new(),
            permissions: vec![Permission::DirectoryReadAll],
            delegated: vec![Permission::DirectoryReadAll],
            reply_addresses: vec!["https://localhost".to_owned()],
        }
    }

    fn check(secret: &str, expected: SecretCheck) {
        assert_eq!(client().check_secret(secret, NOW), expected, "{secret}");
    }

    #[test]
    fn any_secret_that_has_not_ended_is_good() {
        check(GOOD_SECRET, SecretCheck::Good);
        check("another", SecretCheck::Good);
        check(OLD_SECRET, SecretCheck::Expired);
    }

    #[test]
    fn anything_else_is_wrong() {
        for secret in [
            "",
            "the-secret-that-work",
            "the-secret-that-works ",
            "THE-SECRET-THAT-WORKS",
        ] {
            check(secret, SecretCheck::Wrong);
        }
    }

    #[test]
    fn the_same_secret_given_again_with_a_later_end_is_good() {
        let mut client = client();
        client.secrets.reverse();
        client.secrets.push(KnownSecret {
            hash: SecretHash::of(OLD_SECRET),
            expires: None,
        });
        client.secrets.push(KnownSecret {
            hash: SecretHash::of(OLD_SECRET),
            expires: Some(NOW),
        });
        assert_eq!(client.check_secret(OLD_SECRET, NOW), SecretCheck::Good);
    }

    /// Expected values by `python3 -c` with base64 and hashlib over bytes 0 to 31.
    #[test]
    fn a_new_secret_is_its_random_bits_in_base64url() {
        let mut random = [0; 32];
        for (index, byte) in random.iter_mut().enumerate() {
            *byte = index as u8;
        }
        let secret = NewSecret::from_random(&random);
        assert_eq!(
            secret.text.expose_secret(),
            "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8"
        );
        assert_eq!(secret.hint, "AAE");
        assert_eq!(
            secret.hash.0.map(|byte| format!("{byte:02x}")).concat(),
            "ea866a757e4c38babfa8127cbe9a409d3e1f93a00ff1488ff735fcf917afffd0"
        );
    }

    #[test]
    fn roles_are_those_of_the_audience() {
        let mut client = client();
        client.permissions = vec![
            Permission::Ingest,
            Permission::DirectoryReadAll,
            Permission::Ingest,
        ];
        assert_eq!(client.roles_for(Audience::Reports), ["Directory.Read.All"]);
        assert_eq!(client.roles_for(Audience::Ingest), ["Ingest"]);
        client.permissions.clear();
        assert!(client.roles_for(Audience::Reports).is_empty());
    }

    #[test]
    fn neither_secret_nor_hash_is_printed() {
        let secret = NewSecret::from_random(&[7; 32]);
        let printed = format!("{secret:?} {:?}", client());
        assert!(!printed.contains(secret.text.expose_secret()));
        assert!(
            !printed.contains("SecretHash([") && printed.contains("SecretHash(…)"),
            "{printed}"
        );
    }
}
