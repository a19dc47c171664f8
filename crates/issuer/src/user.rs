//! People as the issuer sees them.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use model::tenant::TenantId;
use sha2::{Digest, Sha256};
use uuid::Uuid;

/// Somebody who signs in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    /// `oid` of tokens.
    pub object_id: Uuid,
    /// The tenant that the user belongs to.
    pub tenant: TenantId,
    /// The name with which the user signs in: `upn` and `unique_name` of tokens.
    pub name: String,
    /// What people call the user.
    pub display_name: String,
    /// The given name, if it is known.
    pub given_name: Option<String>,
    /// The family name, if it is known.
    pub family_name: Option<String>,
    /// Whether the user may do anything.
    pub status: UserStatus,
    /// The template ids of the directory roles: `wids` of tokens.
    pub role_templates: Vec<Uuid>,
}

/// Whether a user may do anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UserStatus {
    /// The user may.
    Enabled,
    /// An administrator has switched the account off.
    Disabled,
}

impl User {
    /// The user's name for one application: another for each, so that two applications cannot compare notes (OpenID
    /// Connect Core, 8.1).
    pub fn subject_for(&self, client_id: Uuid) -> String {
        let mut digest = Sha256::new();
        digest.update(b"gatelog subject 1");
        digest.update(self.tenant.guid().as_bytes());
        digest.update(self.object_id.as_bytes());
        digest.update(client_id.as_bytes());
        URL_SAFE_NO_PAD.encode(digest.finalize())
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::client::tests::tenant;

    pub(crate) fn user() -> User {
        User {
            object_id: Uuid::from_u128(0xadaa_daad_0000_4000_8000_0000_0000_0001),
            tenant: tenant(),
            name: "ada@contoso.com".to_owned(),
            display_name: "Ada Lovelace".to_owned(),
            given_name: Some("Ada".to_owned()),
            family_name: Some("Lovelace".to_owned()),
            status: UserStatus::Enabled,
            role_templates: vec![Uuid::from_u128(0x5d6b_6bb7_de71_4623_b4af_9638_0a35_2509)],
        }
    }

    #[test]
    fn a_user_has_another_subject_for_each_application() {
        let (one, two) = (Uuid::from_u128(1), Uuid::from_u128(2));
        assert_eq!(user().subject_for(one), user().subject_for(one));
        assert_ne!(user().subject_for(one), user().subject_for(two));
        assert_eq!(user().subject_for(one).len(), 43);
    }
}
