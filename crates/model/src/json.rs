//! A writer of JSON objects that keeps the order it is given: rows are served as they are stored.

use crate::time::Timestamp;

/// Builds one JSON object, member by member, in the order of the calls.
pub struct ObjectWriter {
    out: Vec<u8>,
    first: bool,
}

impl Default for ObjectWriter {
    fn default() -> ObjectWriter {
        ObjectWriter::new()
    }
}

impl ObjectWriter {
    /// An object without members.
    pub fn new() -> ObjectWriter {
        let mut out = Vec::with_capacity(512);
        out.push(b'{');
        ObjectWriter { out, first: true }
    }

    /// A member that is text, or null where the source had none.
    pub fn text(&mut self, name: &str, value: Option<&str>) -> &mut Self {
        self.name(name);
        match value {
            Some(value) => write_text(&mut self.out, value),
            None => self.out.extend_from_slice(b"null"),
        }
        self
    }

    /// A member that is a time.
    pub fn time(&mut self, name: &str, value: Timestamp) -> &mut Self {
        self.name(name);
        self.out.push(b'"');
        value.write_to(&mut self.out);
        self.out.push(b'"');
        self
    }

    /// A member that is a whole number, or null.
    pub fn integer(&mut self, name: &str, value: Option<i64>) -> &mut Self {
        self.name(name);
        match value {
            Some(value) => self.out.extend_from_slice(value.to_string().as_bytes()),
            None => self.out.extend_from_slice(b"null"),
        }
        self
    }

    /// A member that is true, false or null.
    pub fn boolean(&mut self, name: &str, value: Option<bool>) -> &mut Self {
        self.name(name);
        self.out.extend_from_slice(match value {
            Some(true) => b"true".as_slice(),
            Some(false) => b"false",
            None => b"null",
        });
        self
    }

    /// A member that is any JSON value, taken as it is.
    pub fn value(&mut self, name: &str, value: &serde_json::Value) -> &mut Self {
        self.name(name);
        // Writing a value into memory cannot fail.
        let _ = serde_json::to_writer(&mut self.out, value);
        self
    }

    /// A member whose value is JSON text already.
    pub fn raw(&mut self, name: &str, json: &[u8]) -> &mut Self {
        self.name(name);
        self.out.extend_from_slice(json);
        self
    }

    /// The finished object.
    pub fn finish(&mut self) -> Vec<u8> {
        self.out.push(b'}');
        std::mem::take(&mut self.out)
    }

    fn name(&mut self, name: &str) {
        if !std::mem::take(&mut self.first) {
            self.out.push(b',');
        }
        write_text(&mut self.out, name);
        self.out.push(b':');
    }
}

/// Appends a JSON string with its quotes. Control characters are escaped, so hostile text cannot leave its field.
pub fn write_text(out: &mut Vec<u8>, text: &str) {
    // Writing a string into memory cannot fail.
    let _ = serde_json::to_writer(out, text);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_keep_their_order_and_text_cannot_leave_its_field() {
        let object = ObjectWriter::new()
            .text("z", Some("a\"b\\\n\u{1}"))
            .text("a", None)
            .integer("n", Some(-3))
            .boolean("b", Some(true))
            .time("t", Timestamp::from_unix_seconds(0))
            .finish();
        assert_eq!(
            String::from_utf8(object).unwrap(),
            r#"{"z":"a\"b\\\n\u0001","a":null,"n":-3,"b":true,"t":"1970-01-01T00:00:00Z"}"#
        );
    }

    #[test]
    fn what_is_not_known_is_null_and_what_is_json_stays_as_it_is() {
        let object = ObjectWriter::default()
            .integer("n", None)
            .boolean("b", None)
            .boolean("c", Some(false))
            .value("v", &serde_json::json!([1, "x"]))
            .raw("r", b"{ }")
            .finish();
        assert_eq!(
            String::from_utf8(object).unwrap(),
            r#"{"n":null,"b":null,"c":false,"v":[1,"x"],"r":{ }}"#
        );
    }
}
