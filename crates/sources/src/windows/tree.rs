//! A small tree of elements, in which both ways of writing a Windows event end, and the JSON that is made of it.

use serde_json::{Map, Value};

/// An element with what is in it.
#[derive(Debug, Default, Clone, PartialEq)]
pub(crate) struct Element {
    pub(crate) name: String,
    pub(crate) attributes: Vec<(String, String)>,
    pub(crate) content: Vec<Content>,
}

/// What stands in an element.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Content {
    Text(String),
    /// Several texts in one place: the element around them is written once for each.
    Texts(Vec<String>),
    Element(Element),
}

impl Element {
    /// As a record: `{"<name>": …}`, in the shape that tools for EVTX files write. Attributes are members of `#attributes`;
    /// in `EventData` a `Data` with a name is a member of that name, the others are the list `Data`. All values are texts.
    pub(crate) fn into_record(self) -> Map<String, Value> {
        let mut record = Map::new();
        let name = self.name.clone();
        for value in self.into_values() {
            put(&mut record, &name, value);
        }
        record
    }

    /// One value, or as many as there are texts in the one place.
    fn into_values(self) -> Vec<Value> {
        let is_event_data = self.name == "EventData";
        let mut members = Map::new();
        let mut text = String::new();
        let mut texts = None;
        for content in self.content {
            match content {
                Content::Text(more) => text.push_str(&more),
                Content::Texts(several) => texts = Some(several),
                Content::Element(mut element) if is_event_data && element.name == "Data" => {
                    let named = element.attributes.iter().position(|(name, _)| name == "Name");
                    let name = named.map(|at| element.attributes.remove(at).1);
                    for value in element.into_values() {
                        match &name {
                            Some(name) => put(&mut members, name, value),
                            None => put_in_list(&mut members, "Data", value),
                        }
                    }
                }
                Content::Element(element) => {
                    let name = element.name.clone();
                    for value in element.into_values() {
                        put(&mut members, &name, value);
                    }
                }
            }
        }
        let attributes: Map<String, Value> = self
            .attributes
            .into_iter()
            .map(|(name, value)| (name, Value::from(value)))
            .collect();
        if let (Some(texts), true) = (texts, members.is_empty() && text.is_empty()) {
            return texts
                .into_iter()
                .map(|text| with_attributes(attributes.clone(), Map::new(), &text))
                .collect();
        }
        vec![with_attributes(attributes, members, &text)]
    }
}

fn with_attributes(attributes: Map<String, Value>, mut members: Map<String, Value>, text: &str) -> Value {
    if attributes.is_empty() && members.is_empty() {
        return if text.is_empty() {
            Value::Null
        } else {
            Value::from(text)
        };
    }
    if !attributes.is_empty() {
        put(&mut members, "#attributes", Value::Object(attributes));
    }
    if !text.trim().is_empty() {
        put(&mut members, "#text", Value::from(text));
    }
    Value::Object(members)
}

/// Names that stand more than once get a list: nothing is overwritten.
fn put(members: &mut Map<String, Value>, name: &str, value: Value) {
    match members.get_mut(name) {
        None => {
            members.insert(name.to_owned(), value);
        }
        Some(Value::Array(list)) => list.push(value),
        Some(one) => *one = Value::Array(vec![one.take(), value]),
    }
}

fn put_in_list(members: &mut Map<String, Value>, name: &str, value: Value) {
    match members.get_mut(name) {
        Some(Value::Array(list)) => list.push(value),
        Some(one) => *one = Value::Array(vec![one.take(), value]),
        None => {
            members.insert(name.to_owned(), Value::Array(vec![value]));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn element(name: &str, attributes: &[(&str, &str)], content: Vec<Content>) -> Element {
        Element {
            name: name.to_owned(),
            attributes: attributes
                .iter()
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
                .collect(),
            content,
        }
    }

    fn text(text: &str) -> Content {
        Content::Text(text.to_owned())
    }

    fn check(element: Element, expected: &str) {
        assert_eq!(Value::Object(element.into_record()).to_string(), expected);
    }

    #[test]
    fn data_with_a_name_is_a_member_and_without_one_part_of_a_list() {
        let data = |attributes: &[(&str, &str)], value: &str| {
            Content::Element(element("Data", attributes, vec![text(value)]))
        };
        check(
            element(
                "EventData",
                &[],
                vec![
                    data(&[("Name", "IpAddress")], "-"),
                    data(&[], "one"),
                    data(&[], "two"),
                ],
            ),
            r#"{"EventData":{"Data":["one","two"],"IpAddress":"-"}}"#,
        );
    }

    #[test]
    fn several_texts_in_one_place_are_the_element_several_times() {
        let texts = Content::Texts(vec!["one".to_owned(), "two".to_owned()]);
        let data = Content::Element(element("Data", &[], vec![texts]));
        check(
            element("EventData", &[], vec![data]),
            r#"{"EventData":{"Data":["one","two"]}}"#,
        );
    }

    #[test]
    fn attributes_and_text_stand_beside_each_other_and_nothing_is_overwritten() {
        let one = |attributes: &[(&str, &str)], value: &str| {
            Content::Element(element("A", attributes, vec![text(value)]))
        };
        check(
            element(
                "E",
                &[("x", "1")],
                vec![one(&[("q", "2")], "t"), one(&[], ""), text(" ")],
            ),
            r##"{"E":{"#attributes":{"x":"1"},"A":[{"#attributes":{"q":"2"},"#text":"t"},null]}}"##,
        );
    }
}
