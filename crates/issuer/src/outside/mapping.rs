//! Which roles here the claims of an outside issuer give.

use serde_json::{Map, Value};

/// The most values of one claim that are looked at. Entra sends 200 groups at the most, Keycloak as many as there are.
const MAX_VALUES: usize = 2_000;

/// A claim with a value that gives a role.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoleRule {
    /// The claim: `roles`, `groups`, or by dots what stands deeper: `realm_access.roles`.
    pub claim: String,
    /// What it must be, or have among its values, letter by letter.
    pub value: String,
    /// The role that it gives, by the name it has here.
    pub role: String,
}

/// The roles that some claims give, each once, in the order of the rules.
pub fn roles(claims: &Map<String, Value>, rules: &[RoleRule]) -> Vec<String> {
    let mut given: Vec<String> = Vec::new();
    for rule in rules {
        let matches = claim(claims, &rule.claim).is_some_and(|value| says(&rule.claim, value, &rule.value));
        if matches && !given.contains(&rule.role) {
            given.push(rule.role.clone());
        }
    }
    given
}

/// A claim by its name. A name with dots is first taken as it is, because namespaced claims are addresses
/// (`https://contoso.com/roles`), then as a way into objects.
pub(super) fn claim<'c>(claims: &'c Map<String, Value>, name: &str) -> Option<&'c Value> {
    if let Some(value) = claims.get(name) {
        return Some(value);
    }
    let mut words = name.split('.');
    let mut value = claims.get(words.next()?)?;
    for word in words {
        value = value.as_object()?.get(word)?;
    }
    Some(value)
}

fn says(claim: &str, value: &Value, wanted: &str) -> bool {
    match value {
        Value::Array(values) => values.iter().take(MAX_VALUES).any(|value| is(value, wanted)),
        // RFC 8693, 4.2: scopes are words in one text, and Entra calls them scp.
        Value::String(text) if matches!(claim, "scope" | "scp") => {
            text.split_ascii_whitespace().any(|word| word == wanted)
        }
        value => is(value, wanted),
    }
}

fn is(value: &Value, wanted: &str) -> bool {
    match value {
        Value::String(text) => text == wanted,
        Value::Bool(switch) => wanted == if *switch { "true" } else { "false" },
        Value::Number(number) => number.to_string() == wanted,
        Value::Null | Value::Array(_) | Value::Object(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn rule(claim: &str, value: &str, role: &str) -> RoleRule {
        RoleRule {
            claim: claim.to_owned(),
            value: value.to_owned(),
            role: role.to_owned(),
        }
    }

    fn check(claims: &Value, rules: &[RoleRule], expected: &[&str]) {
        assert_eq!(roles(claims.as_object().unwrap(), rules), expected, "{claims}");
    }

    fn gives(claims: &Value, claim: &str, value: &str) -> bool {
        !roles(claims.as_object().unwrap(), &[rule(claim, value, "R")]).is_empty()
    }

    #[test]
    fn a_value_among_those_of_a_claim_gives_its_role() {
        // Entra: app roles, and groups by their ids.
        let entra =
            json!({ "roles": ["Reports.Read", "Other"], "groups": ["0f5c"], "scp": "user_impersonation x" });
        assert!(gives(&entra, "roles", "Reports.Read"));
        assert!(gives(&entra, "groups", "0f5c"));
        assert!(gives(&entra, "scp", "x"));
        // Keycloak
        let keycloak = json!({ "realm_access": { "roles": ["soc"] }, "resource_access": { "gatelog": { "roles": ["reader"] } } });
        assert!(gives(&keycloak, "realm_access.roles", "soc"));
        assert!(gives(&keycloak, "resource_access.gatelog.roles", "reader"));
        // Auth0 and others: names that are addresses
        let namespaced = json!({ "https://contoso.com/roles": ["soc"], "admin": true, "level": 3 });
        assert!(gives(&namespaced, "https://contoso.com/roles", "soc"));
        assert!(gives(&namespaced, "admin", "true"));
        assert!(gives(&namespaced, "level", "3"));
    }

    #[test]
    fn nothing_else_does() {
        let claims = json!({
            "roles": ["Reports.Read", ["soc"], null, { "soc": 1 }], "department": "soc team", "a": { "b": null },
            "flag": false,
        });
        for (claim, value) in [
            ("roles", "reports.read"),
            ("roles", "Reports"),
            ("roles", "soc"),
            ("roles", ""),
            ("department", "soc"),
            ("a", "b"),
            ("a.b", "null"),
            ("a.b.c", ""),
            ("flag", "true"),
            ("missing", ""),
            ("", ""),
            (".", ""),
        ] {
            assert!(!gives(&claims, claim, value), "{claim} {value}");
        }
    }

    #[test]
    fn roles_come_once_and_in_the_order_of_the_rules() {
        let claims = json!({ "groups": ["a", "b"] });
        let rules = [
            rule("groups", "b", "Security Reader"),
            rule("groups", "a", "Security Reader"),
            rule("groups", "c", "Global Administrator"),
            rule("groups", "a", "Reports Reader"),
        ];
        check(&claims, &rules, &["Security Reader", "Reports Reader"]);
        check(&json!({}), &rules, &[]);
    }
}
