//! A row as the store keeps it: valid JSON with exactly the members that its report declares, each of its type.

use crate::json_tree::Json;
use model::entity::{Edm, Property};
use model::reports::ReportDef;
use model::time::Timestamp;
use uuid::Uuid;

/// Panics if the row is not what `$metadata` says of its report. Returns its members.
pub(crate) fn check(report: &ReportDef, row: &[u8]) -> Vec<(String, Json)> {
    let json: Json = match serde_json::from_slice(row) {
        Ok(json) => json,
        Err(error) => panic!("a row of {} is no JSON: {error}", report.name),
    };
    let Json::Object(members) = json else {
        panic!("a row of {} is no object: {json}", report.name);
    };
    check_members(report.name, &members, report.entity.properties);
    members
}

fn check_members(place: &str, members: &[(String, Json)], properties: &[Property]) {
    let names = members.iter().map(|(name, _)| name.as_str());
    let declared = properties.iter().map(|property| property.name);
    assert!(names.eq(declared), "the members of {place} are {members:?}");
    for ((_, value), property) in members.iter().zip(properties) {
        check_value(value, property);
    }
}

fn check_value(value: &Json, property: &Property) {
    let place = property.name;
    let fits = match (property.edm, value) {
        (_, Json::Null) => property.nullable,
        (Edm::String, Json::Text(_)) | (Edm::Boolean, Json::Bool(_)) => true,
        (Edm::DateTimeOffset, Json::Text(text)) => {
            Timestamp::parse_vendor(text).is_ok_and(|time| time.to_string() == *text)
        }
        (Edm::Guid, Json::Text(text)) => text.len() == 36 && Uuid::try_parse(text).is_ok(),
        (Edm::Int32, Json::Number(number)) => number.parse::<i32>().is_ok(),
        (Edm::Int64, Json::Number(number)) => number.parse::<i64>().is_ok(),
        (Edm::Double, Json::Number(number)) => number.parse::<f64>().is_ok_and(f64::is_finite),
        (Edm::Complex(complex), Json::Object(members)) => {
            if !complex.open {
                check_members(place, members, complex.properties);
            }
            true
        }
        (Edm::Collection(complex), Json::List(items)) => {
            for item in items {
                let Json::Object(members) = item else {
                    panic!("an item of {place} is no object: {item}");
                };
                let declared = match members.as_slice() {
                    [(name, Json::Text(_)), rest @ ..] if name == "@odata.type" => rest,
                    all => all,
                };
                check_members(place, declared, complex.properties);
            }
            true
        }
        _ => false,
    };
    assert!(fits, "{place} is {:?} and says {value}", property.edm);
}
