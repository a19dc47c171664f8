//! The columns of a report: as `$metadata` of the host declares them, else as the first rows have them.

use super::cells::Members;
use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};
use serde_json::value::RawValue;

/// What `$metadata` says of one entity set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Declared {
    /// The name in addresses.
    pub(crate) name: String,
    /// The properties in order.
    pub(crate) columns: Vec<String>,
    /// The first property that is a date and never null.
    pub(crate) time: Option<String>,
}

/// No document of ours or of the old service has as many of anything.
const MOST_THINGS: usize = 20_000;

#[derive(Default)]
struct EntityType {
    name: String,
    columns: Vec<String>,
    time: Option<String>,
}

/// Reads the entity sets of a CSDL document; `None` if it is none.
pub(crate) fn declared(xml: &str) -> Option<Vec<Declared>> {
    let mut reader = Reader::from_str(xml);
    let mut types: Vec<EntityType> = Vec::new();
    let mut open: Option<EntityType> = None;
    let mut sets: Vec<(String, String)> = Vec::new();
    let mut things = 0;
    loop {
        let event = reader.read_event().ok()?;
        things += 1;
        if things > MOST_THINGS {
            return None;
        }
        match &event {
            Event::Eof => break,
            Event::Start(element) | Event::Empty(element) => match element.local_name().as_ref() {
                "EntityType" => {
                    open = Some(EntityType {
                        name: attribute(element, "Name")?,
                        ..EntityType::default()
                    });
                    if matches!(event, Event::Empty(_)) {
                        types.extend(open.take());
                    }
                }
                "Property" => {
                    let Some(open) = &mut open else { continue };
                    let name = attribute(element, "Name")?;
                    let is_time = attribute(element, "Type").as_deref() == Some("Edm.DateTimeOffset");
                    let is_never_null = attribute(element, "Nullable").as_deref() == Some("false");
                    if is_time && is_never_null && open.time.is_none() {
                        open.time = Some(name.clone());
                    }
                    open.columns.push(name);
                }
                "EntitySet" => sets.push((attribute(element, "Name")?, attribute(element, "EntityType")?)),
                _ => {}
            },
            Event::End(element) if element.local_name().as_ref() == "EntityType" => types.extend(open.take()),
            _ => {}
        }
    }
    let declared = sets.into_iter().filter_map(|(name, full)| {
        let bare = full.rsplit('.').next().unwrap_or(&full);
        let entity = types.iter().find(|entity| entity.name == bare)?;
        Some(Declared {
            name,
            columns: entity.columns.clone(),
            time: entity.time.clone(),
        })
    });
    Some(declared.collect())
}

fn attribute(element: &BytesStart<'_>, name: &str) -> Option<String> {
    let attribute = element.try_get_attribute(name).ok()??;
    Some(quick_xml::escape::unescape(&attribute.value).ok()?.into_owned())
}

/// The members of rows in the order of their first appearance.
pub(crate) fn of_rows(rows: &[Box<RawValue>]) -> Result<Vec<String>, serde_json::Error> {
    let mut columns: Vec<String> = Vec::new();
    for row in rows {
        for (name, _) in Members::read(row)?.0 {
            if !columns.contains(&name) {
                columns.push(name);
            }
        }
    }
    Ok(columns)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// As S01 of the wire contract, 2.4, has it, with two entity sets over one type.
    const DOCUMENT: &str = r#"<?xml version="1.0" encoding="utf-8"?>
<edmx:Edmx Version="4.0" xmlns:edmx="http://docs.oasis-open.org/odata/ns/edmx"><edmx:DataServices>
<Schema Namespace="N.S" xmlns="http://docs.oasis-open.org/odata/ns/edm">
<EntityType Name="Registration"><Key><PropertyRef Name="id"/></Key>
<Property Name="created" Type="Edm.DateTimeOffset"/>
<Property Name="eventTime" Type="Edm.DateTimeOffset" Nullable="false"/><Property Name="a&amp;b" Type="Edm.String"/>
<Property Name="id" Type="Edm.String" Nullable="false"/></EntityType>
<ComplexType Name="Other"><Property Name="none" Type="Edm.String"/></ComplexType>
<EntityContainer Name="C"><EntitySet Name="one" EntityType="N.S.Registration"/>
<EntitySet Name="two" EntityType="N.S.Registration"/><EntitySet Name="lost" EntityType="N.S.Gone"/></EntityContainer>
</Schema></edmx:DataServices></edmx:Edmx>"#;

    #[test]
    fn a_document_says_the_columns_and_the_time() {
        let declared = declared(DOCUMENT).unwrap();
        let names: Vec<&str> = declared.iter().map(|set| set.name.as_str()).collect();
        assert_eq!(names, ["one", "two"]);
        assert_eq!(declared[1].columns, ["created", "eventTime", "a&b", "id"]);
        assert_eq!(declared[1].time.as_deref(), Some("eventTime"));
    }

    #[test]
    fn what_is_no_document_declares_nothing() {
        assert_eq!(declared("<a><b>"), Some(Vec::new()));
        assert_eq!(declared("<a></b>"), None);
        assert_eq!(declared("<EntityType/>"), None);
        assert_eq!(declared(&"<a/>".repeat(MOST_THINGS)), None);
    }

    #[test]
    fn columns_of_rows_come_in_the_order_in_which_they_appear() {
        let row = |json: &str| serde_json::from_str::<Box<RawValue>>(json).unwrap();
        let rows = [row(r#"{"b":1,"a":2}"#), row(r#"{"c":1,"a":2,"@odata.type":"x"}"#)];
        assert_eq!(of_rows(&rows).unwrap(), ["b", "a", "c"]);
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "[<>/&;=\"' a-zA-Z]{0,200}") {
            let _ = declared(&text);
        }

        #[test]
        fn no_mangled_document_makes_it_panic(at in 0..DOCUMENT.len(), with in ".{0,4}") {
            let mut text = DOCUMENT.to_owned();
            text.insert_str(at, &with);
            let _ = declared(&text);
        }
    }
}
