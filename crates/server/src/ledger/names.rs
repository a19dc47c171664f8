//! How sources are called, and what a sender may call its inputs.

use model::tenant::TenantId;
use std::collections::{HashMap, HashSet};
use std::sync::{Mutex, PoisonError};
use uuid::Uuid;

/// The source of everything that `gatelog import` brings.
pub const IMPORT: &str = "import";
/// The kind of what the service tells of itself.
pub const OWN: &str = "own";
/// How the sources of programs begin.
const INGEST: &str = "ingest:";
/// Letters of an input's name at the most.
const NAME_LETTERS: usize = 64;

/// Inputs that one program may name from one start of the server to the next.
pub const MOST_INPUTS: usize = 500;

/// The inputs that programs named since the start, so that none names a new one with each upload: every source costs the ledger
/// a line an hour, and a look at all of it when it is first met.
#[derive(Debug, Default)]
pub struct Inputs(Mutex<HashMap<(TenantId, Uuid), HashSet<String>>>);

impl Inputs {
    /// Whether a program may speak of an input: of each that it named before, and of so many new ones.
    pub fn admit(&self, tenant: TenantId, client: Uuid, source: &str) -> bool {
        let mut named = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let named = named.entry((tenant, client)).or_default();
        if named.contains(source) {
            return true;
        }
        named.len() < MOST_INPUTS && named.insert(source.to_owned())
    }
}

/// The source of a program, or of one of its inputs that it gave a name.
pub fn of_client(client: Uuid, input: Option<&str>) -> String {
    match input {
        Some(input) => format!("{INGEST}{client}/{input}"),
        None => format!("{INGEST}{client}"),
    }
}

/// Whether an input may be called so: 1 to 64 letters, digits, dots, hyphens and underscores of ASCII.
pub fn is_input(name: &str) -> bool {
    (1..=NAME_LETTERS).contains(&name.len())
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-'))
}

/// The source that a program means when it tells of one: by its whole name, or by an input's; `None` if it is not its own.
pub fn own(client: Uuid, told: &str) -> Option<String> {
    if is_input(told) {
        return Some(of_client(client, Some(told)));
    }
    let whole = of_client(client, None);
    let rest = told.strip_prefix(&whole)?;
    let is_own = rest.is_empty() || rest.strip_prefix('/').is_some_and(is_input);
    is_own.then(|| told.to_owned())
}

/// Which way a source's events come.
pub fn kind(source: &str) -> &'static str {
    if source.starts_with(INGEST) {
        "ingest"
    } else if source == IMPORT {
        "import"
    } else {
        OWN
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CLIENT: Uuid = Uuid::from_u128(0x11111111_0000_4000_8000_000000000001);

    fn check(told: &str, expected: Option<&str>) {
        assert_eq!(own(CLIENT, told).as_deref(), expected, "{told}");
    }

    #[test]
    fn a_program_speaks_of_its_own_inputs_alone() {
        let whole = "ingest:11111111-0000-4000-8000-000000000001";
        check("mim", Some(&format!("{whole}/mim")));
        check(whole, Some(whole));
        check(&format!("{whole}/mim"), Some(&format!("{whole}/mim")));
        check(&format!("{whole}x"), None);
        check(&format!("{whole}/"), None);
        check(&format!("{whole}/a/b"), None);
        check("ingest:11111111-0000-4000-8000-000000000002/mim", None);
        check("", None);
        check("two words", None);
        check(&"x".repeat(65), None);
        check(&"x".repeat(64), Some(&format!("{whole}/{}", "x".repeat(64))));
    }

    #[test]
    fn a_program_names_so_many_inputs_and_no_more() {
        let (inputs, tenant) = (Inputs::default(), TenantId::new(Uuid::from_u128(7)));
        for number in 0..MOST_INPUTS {
            assert!(inputs.admit(tenant, CLIENT, &number.to_string()));
        }
        assert!(!inputs.admit(tenant, CLIENT, "one more"));
        assert!(inputs.admit(tenant, CLIENT, "7"));
        assert!(inputs.admit(tenant, Uuid::from_u128(2), "one more"));
    }

    #[test]
    fn a_source_says_by_its_name_what_it_is() {
        assert_eq!(
            [kind("import"), kind("ingest:x"), kind("gatelog")],
            ["import", "ingest", "own"]
        );
    }
}
