//! Names of made-up people, groups and departments.

/// A name as people write it, and as it stands in an address.
pub(crate) type Name = (&'static str, &'static str);

/// A department: its name, the titles of its people, and the applications they open besides the common ones.
#[derive(Debug)]
pub(crate) struct Department {
    pub(crate) name: &'static str,
    pub(crate) titles: &'static [&'static str],
    /// Indexes into the list of applications.
    pub(crate) apps: &'static [usize],
}

/// Departments and how many of a hundred people work there.
pub(crate) const DEPARTMENTS: &[(u32, Department)] = &[
    (
        22,
        department(
            "Sales",
            &["Account Manager", "Sales Engineer", "Regional Director"],
            &[6, 11],
        ),
    ),
    (
        20,
        department(
            "Engineering",
            &["Software Engineer", "Test Engineer", "Architect"],
            &[8, 9, 10],
        ),
    ),
    (
        14,
        department(
            "Operations",
            &["Shift Lead", "Planner", "Logistics Coordinator"],
            &[7, 13],
        ),
    ),
    (
        12,
        department("Customer Service", &["Service Agent", "Team Lead"], &[6, 12]),
    ),
    (
        10,
        department(
            "Finance",
            &["Accountant", "Controller", "Payroll Specialist"],
            &[7, 14],
        ),
    ),
    (
        8,
        department(
            "Marketing",
            &["Campaign Manager", "Designer", "Editor"],
            &[11, 15],
        ),
    ),
    (
        6,
        department("Human Resources", &["Recruiter", "HR Partner"], &[14, 15]),
    ),
    (
        5,
        department(
            IT,
            &["System Administrator", "Help Desk Analyst", "Cloud Engineer"],
            &[5, 8, 12],
        ),
    ),
    (3, department("Legal", &["Counsel", "Paralegal"], &[11])),
];

/// The department whose people administer the directory.
pub(crate) const IT: &str = "Information Technology";

/// Groups of the directory; the first word of the kind that Graph writes for them is in `Group::kind`.
pub(crate) const GROUPS: &[Group] = &[
    group("All Employees", GroupKind::Security),
    group("VPN Users", GroupKind::Security),
    group("Salesforce Users", GroupKind::Security),
    group("Finance Readers", GroupKind::Security),
    group("Engineering Leads", GroupKind::Security),
    group("Office 365 E5 Licences", GroupKind::Security),
    group("Azure Subscription Contributors", GroupKind::Security),
    group("Project Northwind", GroupKind::Unified),
    group("Project Tailspin", GroupKind::Unified),
    group("Book Club", GroupKind::Unified),
    group("Running Group", GroupKind::Unified),
    group("Summer Party", GroupKind::Unified),
];

/// Where in [`GROUPS`] the groups begin that anybody may ask to join.
pub(crate) const FIRST_OPEN_GROUP: usize = 7;

/// Roles of the directory that are given and taken.
pub(crate) const ROLES: &[&str] = &[
    "Helpdesk Administrator",
    "User Administrator",
    "Reports Reader",
    "Security Reader",
    "Application Administrator",
    "Global Reader",
    "Global Administrator",
];

/// A group of the directory.
#[derive(Debug)]
pub(crate) struct Group {
    pub(crate) name: &'static str,
    pub(crate) kind: GroupKind,
}

/// What a group is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum GroupKind {
    /// Opens doors.
    Security,
    /// Has a mailbox and files.
    Unified,
}

impl GroupKind {
    /// The value of `groupType` in a target of an audit record.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            GroupKind::Security => "azureAD",
            GroupKind::Unified => "unifiedGroups",
        }
    }
}

/// Given names.
pub(crate) const GIVEN: &[Name] = &[
    ("Adele", "adele"),
    ("Ahmed", "ahmed"),
    ("Aisha", "aisha"),
    ("Alejandro", "alejandro"),
    ("Amara", "amara"),
    ("Ana", "ana"),
    ("Anil", "anil"),
    ("Astrid", "astrid"),
    ("Beatriz", "beatriz"),
    ("Ben", "ben"),
    ("Björn", "bjorn"),
    ("Camille", "camille"),
    ("Carlos", "carlos"),
    ("Chiara", "chiara"),
    ("Chloé", "chloe"),
    ("Chen", "chen"),
    ("Daniel", "daniel"),
    ("Deepa", "deepa"),
    ("Diego", "diego"),
    ("Elif", "elif"),
    ("Emma", "emma"),
    ("Erik", "erik"),
    ("Fatima", "fatima"),
    ("Felix", "felix"),
    ("Freja", "freja"),
    ("George", "george"),
    ("Grace", "grace"),
    ("Hannah", "hannah"),
    ("Haruto", "haruto"),
    ("Hugo", "hugo"),
    ("Ines", "ines"),
    ("Isla", "isla"),
    ("Jakub", "jakub"),
    ("James", "james"),
    ("Ji-woo", "jiwoo"),
    ("José", "jose"),
    ("Julia", "julia"),
    ("Kaito", "kaito"),
    ("Kwame", "kwame"),
    ("Lars", "lars"),
    ("Leila", "leila"),
    ("Liam", "liam"),
    ("Lina", "lina"),
    ("Lucía", "lucia"),
    ("Marek", "marek"),
    ("Maria", "maria"),
    ("Mateo", "mateo"),
    ("Mei", "mei"),
    ("Mia", "mia"),
    ("Minh", "minh"),
    ("Nadia", "nadia"),
    ("Ngozi", "ngozi"),
    ("Noah", "noah"),
    ("Nora", "nora"),
    ("Oliver", "oliver"),
    ("Omar", "omar"),
    ("Priya", "priya"),
    ("Rafael", "rafael"),
    ("Rosa", "rosa"),
    ("Sanne", "sanne"),
    ("Sara", "sara"),
    ("Sofia", "sofia"),
    ("Søren", "soren"),
    ("Tariq", "tariq"),
    ("Thandi", "thandi"),
    ("Tom", "tom"),
    ("Yasmin", "yasmin"),
    ("Yuki", "yuki"),
    ("Zoë", "zoe"),
    ("Zofia", "zofia"),
];

/// Family names.
pub(crate) const FAMILY: &[Name] = &[
    ("Abara", "abara"),
    ("Adeyemi", "adeyemi"),
    ("Almeida", "almeida"),
    ("Andersson", "andersson"),
    ("Baker", "baker"),
    ("Bauer", "bauer"),
    ("Bianchi", "bianchi"),
    ("Brandt", "brandt"),
    ("Carter", "carter"),
    ("Chowdhury", "chowdhury"),
    ("Costa", "costa"),
    ("da Silva", "dasilva"),
    ("Dubois", "dubois"),
    ("Eriksen", "eriksen"),
    ("Fischer", "fischer"),
    ("Fonseca", "fonseca"),
    ("García", "garcia"),
    ("Greene", "greene"),
    ("Gupta", "gupta"),
    ("Haddad", "haddad"),
    ("Hansen", "hansen"),
    ("Harris", "harris"),
    ("Hoffmann", "hoffmann"),
    ("Horváth", "horvath"),
    ("Ito", "ito"),
    ("Ivanova", "ivanova"),
    ("Jansen", "jansen"),
    ("Johnson", "johnson"),
    ("Kamau", "kamau"),
    ("Kaya", "kaya"),
    ("Keller", "keller"),
    ("Kim", "kim"),
    ("Kowalska", "kowalska"),
    ("Kumar", "kumar"),
    ("Laurent", "laurent"),
    ("Lee", "lee"),
    ("Lindqvist", "lindqvist"),
    ("López", "lopez"),
    ("Martin", "martin"),
    ("Mbeki", "mbeki"),
    ("McAllister", "mcallister"),
    ("Meyer", "meyer"),
    ("Moreau", "moreau"),
    ("Müller", "mueller"),
    ("Nakamura", "nakamura"),
    ("Nguyen", "nguyen"),
    ("Nowak", "nowak"),
    ("O'Brien", "obrien"),
    ("Okafor", "okafor"),
    ("Olsen", "olsen"),
    ("Papadopoulos", "papadopoulos"),
    ("Park", "park"),
    ("Patel", "patel"),
    ("Pereira", "pereira"),
    ("Ricci", "ricci"),
    ("Rossi", "rossi"),
    ("Sato", "sato"),
    ("Schneider", "schneider"),
    ("Singh", "singh"),
    ("Smith", "smith"),
    ("Suzuki", "suzuki"),
    ("Tan", "tan"),
    ("Taylor", "taylor"),
    ("Tran", "tran"),
    ("van Dijk", "vandijk"),
    ("Virtanen", "virtanen"),
    ("Walker", "walker"),
    ("Wang", "wang"),
    ("Weber", "weber"),
    ("Wilson", "wilson"),
    ("Yılmaz", "yilmaz"),
    ("Zhang", "zhang"),
    ("Østergaard", "ostergaard"),
];

const fn department(
    name: &'static str,
    titles: &'static [&'static str],
    apps: &'static [usize],
) -> Department {
    Department { name, titles, apps }
}

const fn group(name: &'static str, kind: GroupKind) -> Group {
    Group { name, kind }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::apps::APPS;

    #[test]
    fn departments_share_out_everybody_and_know_their_applications() {
        assert_eq!(DEPARTMENTS.iter().map(|(weight, _)| weight).sum::<u32>(), 100);
        for (_, department) in DEPARTMENTS {
            assert!(
                department.apps.iter().all(|app| *app < APPS.len()),
                "{department:?}"
            );
        }
        assert!(DEPARTMENTS.iter().any(|(_, department)| department.name == IT));
    }

    #[test]
    fn what_stands_in_an_address_is_plain() {
        for (name, mailbox) in GIVEN.iter().chain(FAMILY) {
            assert!(
                mailbox.bytes().all(|byte| byte.is_ascii_lowercase()),
                "{name}: {mailbox}"
            );
        }
    }
}
