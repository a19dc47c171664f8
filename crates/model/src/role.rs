//! Directory roles that let somebody read reports.

use uuid::Uuid;

/// A directory role. Its template id stands in the `wids` claim of tokens (wire contract 4.5).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum DirectoryRole {
    /// Reads everything, and administers.
    GlobalAdministrator,
    /// Reads everything.
    SecurityAdministrator,
    /// Reads everything.
    SecurityReader,
    /// Reads what is not about security.
    ReportsReader,
}

impl DirectoryRole {
    /// Every role there is.
    pub const ALL: &[DirectoryRole] = &[
        DirectoryRole::GlobalAdministrator,
        DirectoryRole::SecurityAdministrator,
        DirectoryRole::SecurityReader,
        DirectoryRole::ReportsReader,
    ];

    /// Its name, as people and the command line write it.
    pub const fn name(self) -> &'static str {
        match self {
            DirectoryRole::GlobalAdministrator => "Global Administrator",
            DirectoryRole::SecurityAdministrator => "Security Administrator",
            DirectoryRole::SecurityReader => "Security Reader",
            DirectoryRole::ReportsReader => "Reports Reader",
        }
    }

    /// Its template id, the same in every directory (wire contract 4.5).
    pub const fn template_id(self) -> Uuid {
        Uuid::from_u128(match self {
            DirectoryRole::GlobalAdministrator => 0x62e9_0394_69f5_4237_9190_0121_7714_5e10,
            DirectoryRole::SecurityAdministrator => 0x194a_e4cb_b126_40b2_bd5b_6091_b380_977d,
            DirectoryRole::SecurityReader => 0x5d6b_6bb7_de71_4623_b4af_9638_0a35_2509,
            DirectoryRole::ReportsReader => 0x4a5d_8f65_41da_4de4_8968_e035_b653_39cf,
        })
    }

    /// From its name in any case, words parted by spaces or hyphens, or from its template id.
    pub fn by_name(text: &str) -> Option<DirectoryRole> {
        let text = text.trim().replace('-', " ");
        let named = |role: &DirectoryRole| {
            role.name().eq_ignore_ascii_case(&text)
                || role
                    .template_id()
                    .to_string()
                    .replace('-', " ")
                    .eq_ignore_ascii_case(&text)
        };
        DirectoryRole::ALL.iter().copied().find(named)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: Option<DirectoryRole>) {
        assert_eq!(DirectoryRole::by_name(text), expected, "{text}");
    }

    #[test]
    fn a_role_has_one_name_and_the_template_id_of_the_contract() {
        for role in DirectoryRole::ALL {
            check(role.name(), Some(*role));
        }
        check("security-reader", Some(DirectoryRole::SecurityReader));
        check("GLOBAL ADMINISTRATOR", Some(DirectoryRole::GlobalAdministrator));
        check(
            "62e90394-69f5-4237-9190-012177145e10",
            Some(DirectoryRole::GlobalAdministrator),
        );
        check(
            "194ae4cb-b126-40b2-bd5b-6091b380977d",
            Some(DirectoryRole::SecurityAdministrator),
        );
        check(
            "5d6b6bb7-de71-4623-b4af-96380a352509",
            Some(DirectoryRole::SecurityReader),
        );
        check(
            "4a5d8f65-41da-4de4-8968-e035b65339cf",
            Some(DirectoryRole::ReportsReader),
        );
    }

    #[test]
    fn another_word_is_no_role() {
        for text in ["", "reader", "Global Administrators", "Company Administrator"] {
            check(text, None);
        }
    }
}
