//! The members of a row as the text of cells.

use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;
use std::fmt;

/// The members of one row in the order in which they were written.
pub(crate) struct Members(pub(crate) Vec<(String, Box<RawValue>)>);

impl<'de> serde::Deserialize<'de> for Members {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Members, D::Error> {
        struct InOrder;
        impl<'de> Visitor<'de> for InOrder {
            type Value = Members;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a row, which is a JSON object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Members, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(Members(members))
            }
        }
        deserializer.deserialize_map(InOrder)
    }
}

impl Members {
    /// Reads a row. Members such as `@odata.type` are about the row and none of it.
    pub(crate) fn read(row: &RawValue) -> Result<Members, serde_json::Error> {
        let mut members: Members = serde_json::from_str(row.get())?;
        members.0.retain(|(name, _)| !name.contains('@'));
        Ok(members)
    }

    /// A member's value.
    pub(crate) fn get(&self, name: &str) -> Option<&RawValue> {
        let found = self.0.iter().find(|(other, _)| other == name);
        found.map(|(_, value)| value.as_ref())
    }
}

/// What a value says in a cell: text as it is, null as nothing, objects and lists as JSON in one line.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Cell {
    /// Text of the source, which may say anything.
    Text(String),
    /// A number, true, false or nothing, which cannot be a formula.
    Plain(String),
}

impl Cell {
    /// Of a value; of no value, nothing.
    pub(crate) fn of(value: Option<&RawValue>) -> Cell {
        let Some(json) = value.map(RawValue::get) else {
            return Cell::Plain(String::new());
        };
        match json.as_bytes().first() {
            Some(b'"') => Cell::Text(serde_json::from_str(json).unwrap_or_else(|_| json.to_owned())),
            Some(b'{' | b'[') => Cell::Text(compact(json)),
            Some(b'n') => Cell::Plain(String::new()),
            _ => Cell::Plain(json.to_owned()),
        }
    }

    /// The text alone.
    pub(crate) fn into_text(self) -> String {
        match self {
            Cell::Text(text) | Cell::Plain(text) => text,
        }
    }
}

/// JSON without line ends between its parts; text within it has none.
pub(crate) fn compact(json: &str) -> String {
    if !json.contains(['\n', '\r']) {
        return json.to_owned();
    }
    let mut out = String::with_capacity(json.len());
    let (mut is_in_text, mut is_escaped) = (false, false);
    for character in json.chars() {
        let is_space = matches!(character, ' ' | '\t' | '\n' | '\r');
        if is_in_text || !is_space {
            out.push(character);
        }
        if is_in_text {
            is_in_text = is_escaped || character != '"';
            is_escaped = !is_escaped && character == '\\';
        } else {
            is_in_text = character == '"';
        }
    }
    out
}

/// Text that a spreadsheet would take for a formula gets an apostrophe before it (CWE-1236; OWASP, CSV injection).
pub(crate) fn neutralised(text: String) -> String {
    // The wide forms are formulas in East Asian versions of Excel.
    const BEGINNINGS: [char; 11] = ['=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠'];
    // A spreadsheet passes over blanks before a formula in some ways of import.
    let is_formula = text.starts_with(BEGINNINGS) || text.trim_start().starts_with(BEGINNINGS);
    if is_formula { format!("'{text}") } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check_cell(json: &str, expected: &Cell) {
        let value: Box<RawValue> = serde_json::from_str(json).unwrap();
        assert_eq!(Cell::of(Some(&value)), *expected, "{json}");
    }

    #[test]
    fn values_are_text() {
        check_cell(r#""a\u0041\n\"b\"""#, &Cell::Text("aA\n\"b\"".to_owned()));
        check_cell("null", &Cell::Plain(String::new()));
        check_cell("-1", &Cell::Plain("-1".to_owned()));
        check_cell("1.50", &Cell::Plain("1.50".to_owned()));
        check_cell(
            "12345678901234567890123",
            &Cell::Plain("12345678901234567890123".to_owned()),
        );
        check_cell("true", &Cell::Plain("true".to_owned()));
        check_cell("{\"a\":\n [1]}", &Cell::Text(r#"{"a":[1]}"#.to_owned()));
        assert_eq!(Cell::of(None), Cell::Plain(String::new()));
    }

    #[test]
    fn only_spaces_between_parts_go() {
        let json = "{\n  \"a b\" : \"c \\\" \\\\\",\r\n\t\"d\" : [ 1 , 2 ]\n}";
        assert_eq!(compact(json), r#"{"a b":"c \" \\","d":[1,2]}"#);
        assert_eq!(compact("{ \"a\": 1 }"), "{ \"a\": 1 }");
    }

    #[test]
    fn formulas_are_neutralised() {
        let check = |text: &str, expected: &str| assert_eq!(neutralised(text.to_owned()), expected);
        check("=cmd|' /C calc'!A0", "'=cmd|' /C calc'!A0");
        check("+1+2", "'+1+2");
        check("-2+3", "'-2+3");
        check("@SUM(1)", "'@SUM(1)");
        check("\t=1", "'\t=1");
        check("\r=1", "'\r=1");
        check("\n=1", "'\n=1");
        check("  =1", "'  =1");
        check("＝1", "'＝1");
        check("a=1", "a=1");
        check("'=1", "'=1");
        check("ada@contoso.com", "ada@contoso.com");
        check("", "");
    }

    #[test]
    fn members_keep_their_order_and_leave_out_what_is_about_the_row() {
        let row: Box<RawValue> =
            serde_json::from_str(r##"{"@odata.type":"#t","z":1,"a@odata.type":"x","a":2}"##).unwrap();
        let members = Members::read(&row).unwrap();
        let names: Vec<&str> = members.0.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, ["z", "a"]);
        let list: Box<RawValue> = serde_json::from_str("[1]").unwrap();
        assert!(Members::read(&list).is_err());
    }
}
