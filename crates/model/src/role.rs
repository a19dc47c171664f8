//! Roles that let somebody read reports: those of every directory, and those that an operator defines.

use crate::reports::ReportDef;
use std::sync::Arc;
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

    /// From its name exactly as [`DirectoryRole::name`] has it, which is how it is kept.
    pub fn kept_as(text: &str) -> Option<DirectoryRole> {
        DirectoryRole::ALL
            .iter()
            .copied()
            .find(|role| role.name() == text)
    }

    /// From its name in any case, words parted by spaces or hyphens, or from its template id.
    pub fn by_name(text: &str) -> Option<DirectoryRole> {
        let named = |role: &DirectoryRole| {
            same_name(role.name(), text) || same_name(&role.template_id().to_string(), text)
        };
        DirectoryRole::ALL.iter().copied().find(named)
    }
}

/// Whether two texts name the same role: in any case, words parted by spaces or hyphens.
pub fn same_name(one: &str, other: &str) -> bool {
    let plain = |text: &str| text.trim().replace('-', " ").to_ascii_lowercase();
    plain(one) == plain(other)
}

/// A role that an operator defines: the reports that it reads, and what it does not see in them.
#[derive(Debug, Clone, PartialEq)]
pub struct DefinedRole {
    /// Its name.
    pub name: String,
    /// The reports that it reads, each once.
    pub reports: Vec<ReadableReport>,
}

/// A report that a defined role reads.
#[derive(Debug, Clone, PartialEq)]
pub struct ReadableReport {
    /// The report.
    pub report: &'static ReportDef,
    /// The properties that it sees as null; never the key or the time.
    pub masked: Vec<&'static str>,
}

/// What several defined roles together do not see of a report; `None` if none of them reads it.
///
/// A property is shown if one of the roles shows it: who has a role more never sees less.
pub fn masked_in(roles: &[Arc<DefinedRole>], report: &ReportDef) -> Option<Vec<&'static str>> {
    let mut masked: Option<Vec<&'static str>> = None;
    let readable = roles.iter().flat_map(|role| &role.reports);
    for readable in readable.filter(|readable| readable.report == report) {
        match &mut masked {
            None => masked = Some(readable.masked.clone()),
            Some(masked) => masked.retain(|name| readable.masked.contains(name)),
        }
    }
    masked
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

    /// What roles of such masks for the same report hide together.
    fn check_masked(masks: &[&[&'static str]], expected: Option<&[&str]>) {
        let report = crate::reports::ALL[0];
        let role = |masked: &&[&'static str]| {
            let readable = ReadableReport {
                report,
                masked: masked.to_vec(),
            };
            Arc::new(DefinedRole {
                name: "r".to_owned(),
                reports: vec![readable],
            })
        };
        let roles: Vec<Arc<DefinedRole>> = masks.iter().map(role).collect();
        assert_eq!(masked_in(&roles, report).as_deref(), expected, "{masks:?}");
        assert_eq!(masked_in(&roles, crate::reports::ALL[1]), None);
    }

    #[test]
    fn who_has_a_role_more_never_sees_less() {
        check_masked(&[], None);
        check_masked(&[&["a", "b"]], Some(&["a", "b"]));
        check_masked(&[&["a", "b"], &["b", "c"]], Some(&["b"]));
        check_masked(&[&["a"], &[], &["a"]], Some(&[]));
    }

    #[test]
    fn another_word_is_no_role() {
        for text in ["", "reader", "Global Administrators", "Company Administrator"] {
            check(text, None);
        }
    }
}
