//! The name that was probably meant: of a report, a property, an option.

use model::reports::{self, Face, ReportDef};

/// Names longer than this are not compared: nothing here is called like that, and the work grows with the length.
const LONGEST_NAME: usize = 100;

/// The report that a name in the singular, in the wrong case or nearly right was probably meant to be; its own face
/// tells where it is served, for a name may be right under the other address family.
pub fn nearest_report(face: Face, name: &str) -> Option<&'static ReportDef> {
    nearest_of(reports::ALL, face, name)
}

fn nearest_of(all: &[&'static ReportDef], face: Face, name: &str) -> Option<&'static ReportDef> {
    let here: Vec<&'static ReportDef> = all.iter().copied().filter(|report| report.face == face).collect();
    let nearest = nearest_name(name, here.iter().map(|report| report.name));
    match nearest {
        Some(nearest) => here.into_iter().find(|report| report.name == nearest),
        None => all
            .iter()
            .copied()
            .find(|report| report.name.eq_ignore_ascii_case(name)),
    }
}

/// Of several right names the one nearest to a wrong one, if it is near enough to be worth saying.
pub fn nearest_name<'a>(wrong: &str, right: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    if wrong.is_empty() || wrong.len() > LONGEST_NAME {
        return None;
    }
    let wrong = wrong.to_lowercase();
    let tolerance = (wrong.chars().count() / 4).clamp(1, 6);
    let mut best: Option<(usize, &'a str)> = None;
    for name in right {
        let lowercase = name.to_lowercase();
        let distance = strsim::osa_distance(&wrong, &lowercase);
        let near = distance <= tolerance || is_abridged(&wrong, &lowercase);
        if near && best.is_none_or(|(least, _)| distance < least) {
            best = Some((distance, name));
        }
    }
    best.map(|(_, name)| name)
}

/// Whether a word is the other with parts left out, no more than half of it: `ssprEvents`.
fn is_abridged(short: &str, long: &str) -> bool {
    let mut letters = long.chars();
    short.len() * 2 >= long.len() && short.chars().all(|letter| letters.any(|other| other == letter))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixtures;

    fn check(face: Face, name: &str, expected: &str) {
        let found = nearest_of(fixtures::ALL, face, name);
        assert_eq!(found.map_or("-", |report| report.name), expected, "{name}");
    }

    #[test]
    fn a_name_in_the_singular_or_the_wrong_case_is_understood() {
        check(Face::Reports, "auditEvent", "auditEvents");
        check(Face::Reports, "AUDITEVENTS", "auditEvents");
        check(
            Face::Reports,
            "ssprRegistrationActivityEvent",
            "ssprRegistrationActivityEvents",
        );
        check(
            Face::Reports,
            "ssprRegistrationEvents",
            "ssprRegistrationActivityEvents",
        );
        check(Face::Reports, "tenantUserCounts", "tenantUserCount");
    }

    #[test]
    fn swapped_and_missing_letters_are_understood() {
        check(Face::Reports, "auditEvnets", "auditEvents");
        check(Face::Reports, "aditEvents", "auditEvents");
        check(Face::Activities, "signInEvents", "signinEvents");
        check(Face::Activities, "audits", "audit");
    }

    #[test]
    fn a_name_of_the_other_family_is_found_there() {
        check(Face::Reports, "signinEvents", "signinEvents");
        check(Face::Activities, "auditevents", "auditEvents");
    }

    #[test]
    fn a_name_that_is_nothing_like_ours_gets_no_guess() {
        check(Face::Reports, "users", "-");
        check(Face::Reports, "", "-");
        check(Face::Reports, &"auditEvents".repeat(50), "-");
    }

    #[test]
    fn the_reports_of_the_service_are_the_ones_searched() {
        let found = nearest_report(Face::Activities, "AUDIT").unwrap();
        assert_eq!((found.face, found.name), (Face::Activities, "audit"));
    }

    #[test]
    fn names_are_compared_up_to_the_longest() {
        let right = "a".repeat(LONGEST_NAME);
        let check = |wrong: &str, expected| {
            assert_eq!(nearest_name(wrong, [right.as_str()]), expected, "{wrong}");
        };
        check(&"a".repeat(LONGEST_NAME - 1), Some(right.as_str()));
        check(&"A".repeat(LONGEST_NAME), Some(right.as_str()));
        check(&"a".repeat(LONGEST_NAME + 1), None);
    }
}
