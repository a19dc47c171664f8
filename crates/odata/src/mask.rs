//! Rows without what their reader may not see: masked properties are null, whatever they were.

use crate::error::RequestError;
use model::json::write_text;
use model::query::Predicate;
use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::fmt;

/// What stands where rows should be cannot be read, so nothing of it may be shown.
#[derive(Debug, thiserror::Error)]
#[error("rows cannot be read, so nothing in them can be masked: {0}")]
pub struct NotRows(String);

/// The status of a question that only who sees the property may ask.
const FORBIDDEN: u16 = 403;

/// Refuses a `$filter` that looks at a masked property: whether a row comes back would tell its value.
pub fn check(predicate: Option<&Predicate>, masked: &[&'static str]) -> Result<(), RequestError> {
    let Some(name) = predicate.and_then(|predicate| predicate.looks_at(masked)) else {
        return Ok(());
    };
    let message =
        format!("The property `{name}` of this report is masked for your roles, so $filter cannot use it.");
    let mut error = RequestError::new("Authorization_RequestDenied", message).with("maskedProperty", name);
    error.status = FORBIDDEN;
    Err(error)
}

/// Makes properties null in the rows, joined by commas, that a block has from a place on.
///
/// Every member of that name at the top of a row becomes null, whatever it holds; all else stays letter by letter.
pub fn rows(block: &mut Vec<u8>, from: usize, masked: &[&str]) -> Result<(), NotRows> {
    if masked.is_empty() {
        return Ok(());
    }
    let shown = shown(block.get(from..).unwrap_or_default(), masked)?;
    block.truncate(from);
    block.extend_from_slice(&shown);
    Ok(())
}

fn shown(mut rest: &[u8], masked: &[&str]) -> Result<Vec<u8>, NotRows> {
    let mut out = Vec::with_capacity(rest.len());
    while !rest.is_empty() {
        let mut rows = serde_json::Deserializer::from_slice(rest).into_iter::<Row<'_>>();
        let row = match rows.next() {
            Some(Ok(row)) => row,
            Some(Err(error)) => return Err(NotRows(error.to_string())),
            None => return Err(NotRows("a row is missing".to_owned())),
        };
        let end = rows.byte_offset();
        row.write(&mut out, masked);
        rest = match &rest[end..] {
            [] => &[],
            [b',', more @ ..] if !more.is_empty() => {
                out.push(b',');
                more
            }
            _ => return Err(NotRows("no comma stands between two rows".to_owned())),
        };
    }
    Ok(out)
}

/// The members of an object in their order, values as they stand.
struct Row<'a>(Vec<(Cow<'a, str>, &'a RawValue)>);

impl Row<'_> {
    fn write(&self, out: &mut Vec<u8>, masked: &[&str]) {
        out.push(b'{');
        for (index, (name, value)) in self.0.iter().enumerate() {
            if index > 0 {
                out.push(b',');
            }
            write_text(out, name);
            out.push(b':');
            if masked.contains(&name.as_ref()) {
                out.extend_from_slice(b"null");
            } else {
                out.extend_from_slice(value.get().as_bytes());
            }
        }
        out.push(b'}');
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Row<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Row<'a>, D::Error> {
        deserializer.deserialize_map(Members).map(Row)
    }
}

struct Members;

impl<'de> Visitor<'de> for Members {
    type Value = Vec<(Cow<'de, str>, &'de RawValue)>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a row")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut members = Vec::new();
        while let Some((name, value)) = map.next_entry::<Name<'de>, &'de RawValue>()? {
            members.push((name.0, value));
        }
        Ok(members)
    }
}

/// A member's name: borrowed unless it has escapes.
struct Name<'a>(Cow<'a, str>);

impl<'de: 'a, 'a> Deserialize<'de> for Name<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Name<'a>, D::Error> {
        struct Text;
        impl<'de> Visitor<'de> for Text {
            type Value = Cow<'de, str>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a name")
            }

            fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Cow<'de, str>, E> {
                Ok(Cow::Borrowed(text))
            }

            fn visit_str<E>(self, text: &str) -> Result<Cow<'de, str>, E> {
                Ok(Cow::Owned(text.to_owned()))
            }
        }
        deserializer.deserialize_str(Text).map(Name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn check(block: &str, masked: &[&str], expected: Option<&str>) {
        let head = r#"{"value":["#;
        let mut out = format!("{head}{block}").into_bytes();
        let done = rows(&mut out, head.len(), masked);
        let expected = expected.map(|expected| format!("{head}{expected}"));
        assert_eq!(
            done.ok().map(|()| String::from_utf8(out).unwrap()),
            expected,
            "{block}"
        );
    }

    #[test]
    fn a_masked_property_is_null_and_the_rest_stays_letter_by_letter() {
        check(
            r#"{"id":"1","ip":"10.0.0.1","n":1.50}"#,
            &["ip"],
            Some(r#"{"id":"1","ip":null,"n":1.50}"#),
        );
        check(
            r#"{"ip":["a",{"ip":"b"}],"x":{"ip":"kept"}},{"ip":{"deep":"b"},"z":[1, 2]}"#,
            &["ip"],
            Some(r#"{"ip":null,"x":{"ip":"kept"}},{"ip":null,"z":[1, 2]}"#),
        );
        check(
            r#"{"a":"},{\"ip\":\"x"}"#,
            &["ip"],
            Some(r#"{"a":"},{\"ip\":\"x"}"#),
        );
        check(r#"{"a":1}"#, &["ip"], Some(r#"{"a":1}"#));
        check(r#"{},{"ip":null}"#, &["ip"], Some(r#"{},{"ip":null}"#));
        check("", &["ip"], Some(""));
    }

    #[test]
    fn another_spelling_of_the_name_and_a_second_member_are_masked_too() {
        check(
            r#"{"\u0069p":"x","ip":"y","ip":"z"}"#,
            &["ip"],
            Some(r#"{"ip":null,"ip":null,"ip":null}"#),
        );
    }

    #[test]
    fn what_cannot_be_read_is_not_shown() {
        for block in [
            r#"{"ip":"x""#,
            r#"{"a":1}{"ip":1}"#,
            r#"{"a":1},"#,
            r#"["ip"]"#,
            "x",
            r#"{"a":1};{}"#,
        ] {
            check(block, &["ip"], None);
        }
    }

    proptest! {
        #[test]
        fn no_value_of_a_masked_property_is_left(
            texts in prop::collection::vec((".{0,12}", ".{0,12}", any::<bool>()), 0..8)
        ) {
            let given: Vec<serde_json::Value> = texts
                .iter()
                .map(|(shown, hidden, first)| if *first {
                    serde_json::json!({ "a": shown, "m": hidden, "z": [shown, 1] })
                } else {
                    serde_json::json!({ "m": { "deep": [hidden] }, "n": shown })
                })
                .collect();
            let joined: Vec<String> = given.iter().map(ToString::to_string).collect();
            let mut block = joined.join(",").into_bytes();
            rows(&mut block, 0, &["m"]).unwrap();
            let text = format!("[{}]", String::from_utf8(block).unwrap());
            let got: Vec<serde_json::Value> = serde_json::from_str(&text).unwrap();
            let expected: Vec<serde_json::Value> = given
                .into_iter()
                .map(|mut row| {
                    row["m"] = serde_json::Value::Null;
                    row
                })
                .collect();
            prop_assert_eq!(got, expected);
        }
    }
}
