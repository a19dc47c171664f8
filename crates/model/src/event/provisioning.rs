//! What a provisioning service did about one account in another system.

use super::Modified;

/// An account (or a group) was created, changed, removed or left alone in a system that the directory provisions.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Provisioning {
    /// The job, which belongs to one application and one direction.
    pub job_id: Option<String>,
    /// The run of the job.
    pub cycle_id: Option<String>,
    /// The change within the run.
    pub change_id: Option<String>,
    /// What was to be done, in the vendor's words: `create`, `update`, `delete`, `disable`, `stagedDelete`, `other`.
    pub action: Option<String>,
    /// What became of it, in the vendor's words: `success`, `failure`, `skipped`, `warning`.
    pub status: Option<String>,
    /// The code of what went wrong.
    pub error_code: Option<String>,
    /// What went wrong, in the source's words.
    pub error_reason: Option<String>,
    /// The application's service principal, by id.
    pub service_principal_id: Option<String>,
    /// The application's service principal, by name.
    pub service_principal_name: Option<String>,
    /// The application's name as the target system's details give it, which tells two instances apart.
    pub instance_name: Option<String>,
    /// The system that the account came from, by name.
    pub source_system: Option<String>,
    /// The system that it went to, by name.
    pub target_system: Option<String>,
    /// The account as the source system has it.
    pub source: ProvisionedIdentity,
    /// The account as the target system has it.
    pub target: ProvisionedIdentity,
    /// The value by which both were matched, such as an employee number.
    pub joining_property: Option<String>,
    /// What was written, in the order of the record.
    pub modified: Vec<Modified>,
}

/// One side of what was provisioned.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ProvisionedIdentity {
    /// `User`, `Group`, `urn:ietf:params:scim:schemas:core:2.0:User` …, as the source spells it.
    pub identity_type: Option<String>,
    /// Its id in that system.
    pub id: Option<String>,
    /// Its name for people.
    pub display_name: Option<String>,
    /// Its sign-in name, if it has one.
    pub user_principal_name: Option<String>,
}

impl ProvisionedIdentity {
    /// Whether it is a person's account: `User`, or a type that ends so (`urn:…:User`).
    pub fn is_user(&self) -> bool {
        let Some(identity_type) = &self.identity_type else {
            return false;
        };
        let last = identity_type.rsplit([':', '.', '#']).next();
        last.is_some_and(|word| word.eq_ignore_ascii_case("user"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(identity_type: Option<&str>, expected: bool) {
        let identity = ProvisionedIdentity {
            identity_type: identity_type.map(str::to_owned),
            ..ProvisionedIdentity::default()
        };
        assert_eq!(identity.is_user(), expected, "{identity_type:?}");
    }

    #[test]
    fn a_user_is_known_by_the_last_word_of_its_type() {
        check(Some("User"), true);
        check(Some("user"), true);
        check(Some("urn:ietf:params:scim:schemas:core:2.0:User"), true);
        check(Some("urn:ietf:params:scim:schemas:core:2.0:Group"), false);
        check(Some("Group"), false);
        check(Some("SuperUser"), false);
        check(Some(""), false);
        check(None, false);
    }
}
