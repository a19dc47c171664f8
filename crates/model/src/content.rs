//! When two records say the same: the digest of a record's content.

use serde_json::{Map, Value};

/// The content of a record: a digest, and how many properties (at any depth) are not null.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Content {
    /// The first 16 bytes of a BLAKE3 hash over the canonical form.
    pub digest: [u8; 16],
    /// Members that are not null and not `""`, and elements of arrays.
    pub properties: u32,
}

/// Digests a record: keys sorted, without the members for which `is_carrier` is true at the top level (what the way of
/// transport added), `null` and `""` alike absent; `[]` and `{}` are content.
pub fn digest(record: &Map<String, Value>, is_carrier: fn(&str) -> bool) -> Content {
    let mut canonical = Canonical {
        form: Vec::with_capacity(1_024),
        properties: 0,
    };
    canonical.object(record, is_carrier);
    let mut digest = [0; 16];
    // Hashed as a whole: many small pieces cost several times as much.
    digest.copy_from_slice(&blake3::hash(&canonical.form).as_bytes()[..16]);
    Content {
        digest,
        properties: canonical.properties,
    }
}

/// Writes a form in which every value starts with its type and every text with its length.
struct Canonical {
    form: Vec<u8>,
    properties: u32,
}

impl Canonical {
    fn object(&mut self, object: &Map<String, Value>, is_carrier: fn(&str) -> bool) {
        self.form.push(b'{');
        // The map is sorted already unless some crate in the build switched on serde_json's `preserve_order`.
        if object.keys().is_sorted() {
            for (name, value) in object {
                self.member(name, value, is_carrier);
            }
        } else {
            let mut members: Vec<(&String, &Value)> = object.iter().collect();
            members.sort_unstable_by_key(|(name, _)| *name);
            for (name, value) in members {
                self.member(name, value, is_carrier);
            }
        }
        self.form.push(b'}');
    }

    fn member(&mut self, name: &str, value: &Value, is_carrier: fn(&str) -> bool) {
        if is_absent(value) || is_carrier(name) {
            return;
        }
        self.properties = self.properties.saturating_add(1);
        self.text(b'k', name);
        self.value(value);
    }

    fn value(&mut self, value: &Value) {
        match value {
            Value::Null => self.form.push(b'0'),
            Value::Bool(true) => self.form.push(b't'),
            Value::Bool(false) => self.form.push(b'f'),
            Value::Number(number) => self.text(b'n', &number.to_string()),
            Value::String(text) => self.text(b's', text),
            Value::Array(items) => {
                self.form.push(b'[');
                for item in items {
                    self.properties = self.properties.saturating_add(u32::from(!is_absent(item)));
                    self.value(item);
                }
                self.form.push(b']');
            }
            Value::Object(object) => self.object(object, |_| false),
        }
    }

    fn text(&mut self, mark: u8, text: &str) {
        self.form.push(mark);
        self.form.extend_from_slice(&(text.len() as u64).to_le_bytes());
        self.form.extend_from_slice(text.as_bytes());
    }
}

fn is_absent(value: &Value) -> bool {
    value.is_null() || value.as_str() == Some("")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn content(json: &str) -> Content {
        digest(&serde_json::from_str(json).unwrap(), |name| {
            name == "TimeGenerated"
        })
    }

    fn check(left: &str, right: &str, same: bool) {
        assert_eq!(
            content(left).digest == content(right).digest,
            same,
            "{left} and {right}"
        );
    }

    #[test]
    fn order_and_the_carriers_fields_do_not_matter() {
        check(
            r#"{"a":1,"b":{"c":"x","d":2}}"#,
            r#"{"b":{"d":2,"c":"x"},"a":1}"#,
            true,
        );
        check(r#"{"a":1,"TimeGenerated":"x"}"#, r#"{"a":1}"#, true);
        check(r#"{"a":{"TimeGenerated":"x"}}"#, r#"{"a":{}}"#, false);
    }

    #[test]
    fn empty_text_counts_as_null_and_an_empty_list_does_not() {
        check(r#"{"a":"","b":1}"#, r#"{"a":null,"b":1}"#, true);
        check(r#"{"b":1}"#, r#"{"a":null,"b":1}"#, true);
        check(r#"{"a":[],"b":1}"#, r#"{"b":1}"#, false);
        check(r#"{"a":"[]"}"#, r#"{"a":""}"#, false);
    }

    #[test]
    fn different_values_differ() {
        check(r#"{"a":"1"}"#, r#"{"a":1}"#, false);
        check(r#"{"a":["b","c"]}"#, r#"{"a":["bc"]}"#, false);
        check(r#"{"a":["c","b"]}"#, r#"{"a":["b","c"]}"#, false);
    }

    /// Worked out with Python (struct and blake3) over the canonical form written by hand: `{`, `k` with the name's length in eight bytes
    /// and the name, then the value.
    #[test]
    fn digests_never_change() {
        let digest = content(r#"{"b":[1,null,{"c":true}],"a":"x"}"#).digest;
        assert_eq!(
            u128::from_be_bytes(digest),
            0x1006_baa2_cc61_ddc1_e0d7_3d0c_95b2_d16f
        );
    }

    #[test]
    fn properties_are_counted_at_any_depth() {
        assert_eq!(
            content(r#"{"a":1,"b":{"c":"","d":[1,null,{"e":2}]}}"#).properties,
            6
        );
    }
}
