//! Under which one name everything of a person is judged.
//!
//! Sources name a person by sign-in name, object id, SID, Okta id, Keycloak sub or e-mail. Nothing but the operator knows which of them
//! are one person, so only what the configuration says is stitched together.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

/// Which names are of one person.
#[derive(Debug, Clone, Default)]
pub struct People {
    by_name: HashMap<String, Arc<str>>,
    names_of: HashMap<Arc<str>, Vec<String>>,
}

impl People {
    /// From lists of names that are one person's each; case does not matter. The first name of a list is the one under which the person
    /// is judged. A name in two lists makes one person of both.
    pub fn stitched<'a>(people: impl IntoIterator<Item = &'a [String]>) -> People {
        let mut stitched = People::default();
        for names in people {
            let names: Vec<String> = names
                .iter()
                .map(|name| plain(name))
                .filter(|name| !name.is_empty())
                .collect();
            let Some(first) = names.first() else { continue };
            let known = names.iter().find_map(|name| stitched.by_name.get(name).cloned());
            let subject = known.unwrap_or_else(|| Arc::from(first.as_str()));
            for name in names {
                let former = stitched.by_name.insert(name.clone(), Arc::clone(&subject));
                match former {
                    Some(former) if former != subject => stitched.join(&former, &subject),
                    Some(_) => {}
                    None => stitched
                        .names_of
                        .entry(Arc::clone(&subject))
                        .or_default()
                        .push(name),
                }
            }
        }
        stitched
    }

    fn join(&mut self, former: &Arc<str>, subject: &Arc<str>) {
        let names = self.names_of.remove(former).unwrap_or_default();
        for name in &names {
            self.by_name.insert(name.clone(), Arc::clone(subject));
        }
        self.names_of
            .entry(Arc::clone(subject))
            .or_default()
            .extend(names);
    }

    /// The name under which a person is judged; `None` for nobody. The sign-in name goes before the object id: attempts that fail
    /// often have no other.
    pub fn subject(&self, sign_in_name: Option<&str>, object_id: Option<&str>) -> Option<Arc<str>> {
        let names = [sign_in_name, object_id].into_iter().flatten();
        if self.by_name.is_empty() {
            return names.map(plain).find(|name| !name.is_empty()).map(Arc::from);
        }
        let names: Vec<String> = names.map(plain).filter(|name| !name.is_empty()).collect();
        if let Some(subject) = names.iter().find_map(|name| self.by_name.get(name)) {
            return Some(Arc::clone(subject));
        }
        names.into_iter().next().map(Arc::from)
    }

    /// Another number says that somebody may be judged under another name. The same names have the same number after another start, but
    /// perhaps not in another version of the program.
    pub fn fingerprint(&self) -> u64 {
        let mut names: Vec<(&String, &Arc<str>)> = self.by_name.iter().collect();
        names.sort_unstable();
        let mut hash = DefaultHasher::new();
        names.hash(&mut hash);
        hash.finish()
    }

    /// All names under which a person's history is kept.
    pub fn names<'a>(&'a self, subject: &'a str) -> impl Iterator<Item = &'a str> {
        let others = self.names_of.get(subject).map(Vec::as_slice).unwrap_or_default();
        let is_known = !others.is_empty();
        others
            .iter()
            .map(String::as_str)
            .chain((!is_known).then_some(subject))
    }
}

fn plain(name: &str) -> String {
    name.trim().to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn people(lists: &[&[&str]]) -> People {
        let lists: Vec<Vec<String>> = lists
            .iter()
            .map(|names| names.iter().map(|name| (*name).to_owned()).collect())
            .collect();
        People::stitched(lists.iter().map(Vec::as_slice))
    }

    fn check(lists: &[&[&str]], name: Option<&str>, id: Option<&str>, expected: Option<&str>) {
        assert_eq!(
            people(lists).subject(name, id).as_deref(),
            expected,
            "{lists:?} {name:?} {id:?}"
        );
    }

    #[test]
    fn a_person_is_judged_under_one_name() {
        check(
            &[],
            Some("Ann@Contoso.example"),
            Some("7F"),
            Some("ann@contoso.example"),
        );
        check(&[], None, Some("7F"), Some("7f"));
        check(&[], Some(" "), None, None);
        check(&[], None, None, None);
    }

    #[test]
    fn names_are_stitched_only_where_somebody_says_so() {
        let lists: &[&[&str]] = &[&["ann@contoso.example", "CONTOSO\\ann", "00u1"], &["bob"]];
        check(lists, Some("contoso\\ANN"), None, Some("ann@contoso.example"));
        check(lists, Some("other"), Some("00U1"), Some("ann@contoso.example"));
        check(lists, Some("carol"), None, Some("carol"));
    }

    #[test]
    fn a_name_in_two_lists_makes_one_person_of_both() {
        let lists: &[&[&str]] = &[&["a", "b"], &["c", "d"], &["d", "b"]];
        let people = people(lists);
        let subject = people.subject(Some("a"), None).unwrap();
        for name in ["b", "c", "d"] {
            assert_eq!(people.subject(Some(name), None).unwrap(), subject, "{name}");
        }
        let mut names: Vec<_> = people.names(&subject).collect();
        names.sort_unstable();
        assert_eq!(names, ["a", "b", "c", "d"]);
    }
}
