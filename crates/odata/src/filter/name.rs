//! What a name in `$filter` stands for: a property or a documented path of the report, and what may be done with it.

use super::FilterError;
use crate::error::shown;
use crate::nearest::nearest_name;
use model::entity::{AUDIT_LOG_NAMESPACE, Edm};
use model::query::Case;
use model::reports::{FilterDef, FilterValue, Operators, ReportDef};

/// Something that `$filter` may compare.
#[derive(Debug, Clone, Copy)]
pub(super) struct Target {
    pub(super) spelling: &'static str,
    pub(super) path: &'static [&'static str],
    pub(super) value: FilterValue,
    pub(super) operators: Operators,
}

/// A path as it was written: the names, the type cast if one stood before the last name, and where it starts.
#[derive(Debug, Clone, Default)]
pub(super) struct Path<'a> {
    pub(super) offset: usize,
    pub(super) names: Vec<&'a str>,
    pub(super) cast: Option<Cast<'a>>,
}

/// A type cast and where it stands.
#[derive(Debug, Clone, Copy)]
pub(super) struct Cast<'a> {
    pub(super) offset: usize,
    pub(super) name: &'a str,
}

/// Finds what a path names, in the row or in the items of a list.
pub(super) fn resolve(
    report: &'static ReportDef,
    collection: Option<&'static str>,
    path: &Path<'_>,
) -> Result<Target, FilterError> {
    let spelling = path.names.join("/");
    let filter = report
        .filters
        .iter()
        .find(|filter| filter.collection == collection && filter.spelling == spelling);
    if let Some(filter) = filter {
        check_cast(filter.cast, path.cast)?;
        return Ok(of_filter(report, filter));
    }
    let property = match (collection, path.names.as_slice()) {
        (None, [name]) => report.entity.property(name),
        _ => None,
    };
    let target = property
        .filter(|property| property.filterable)
        .and_then(|property| {
            let (value, operators) = comparable(property.edm)?;
            Some(Target {
                spelling: property.name,
                path: std::slice::from_ref(&property.name),
                value,
                operators,
            })
        });
    if let Some(target) = target {
        check_cast(None, path.cast)?;
        return Ok(target);
    }
    let exists = property.is_some();
    Err(FilterError::unsupported(
        path.offset,
        refusal(report, collection, &spelling, exists),
    ))
}

/// The list of a name whose items `any` can test.
pub(super) fn collection(report: &'static ReportDef, name: &str) -> Option<&'static str> {
    report
        .filters
        .iter()
        .filter_map(|filter| filter.collection)
        .find(|collection| *collection == name)
}

/// What `contains` and `startsWith` can be used with, spelled.
pub(super) fn searchable(report: &'static ReportDef) -> Vec<&'static str> {
    let searchable = |filter: &&FilterDef| filter.operators == Operators::EqualityAndParts;
    report
        .filters
        .iter()
        .filter(searchable)
        .map(|filter| filter.spelling)
        .collect()
}

fn of_filter(report: &'static ReportDef, filter: &'static FilterDef) -> Target {
    let own_time = report
        .time_property
        .as_ref()
        .filter(|_| filter.value == FilterValue::Time);
    let path = match (filter.path, own_time) {
        ([], Some(property)) => std::slice::from_ref(property),
        // No row has a member of this name, so a comparison with it matches nothing, which is what the old service
        // answered to an ApplicationId that it did not know (wire contract 2.3 [C: B2C]).
        ([], None) => std::slice::from_ref(&filter.spelling),
        (path, _) => path,
    };
    Target {
        spelling: filter.spelling,
        path,
        value: filter.value,
        operators: filter.operators,
    }
}

fn comparable(edm: Edm) -> Option<(FilterValue, Operators)> {
    match edm {
        Edm::DateTimeOffset => Some((FilterValue::Time, Operators::Comparison)),
        Edm::Int32 | Edm::Int64 => Some((FilterValue::Integer, Operators::Comparison)),
        Edm::String => Some((FilterValue::Text(Case::Sensitive), Operators::Equality)),
        Edm::Guid => Some((FilterValue::Guid, Operators::Equality)),
        Edm::Double | Edm::Boolean | Edm::Complex(_) | Edm::Collection(_) => None,
    }
}

fn check_cast(known: Option<&'static str>, given: Option<Cast<'_>>) -> Result<(), FilterError> {
    let Some(given) = given else { return Ok(()) };
    let expected = known.map(|name| format!("{AUDIT_LOG_NAMESPACE}.{name}"));
    match expected {
        Some(expected) if expected == given.name => Ok(()),
        Some(expected) => Err(FilterError::unsupported(
            given.offset,
            format!("The type cast here can only be `{expected}`"),
        )),
        None => Err(FilterError::unsupported(
            given.offset,
            "There can be no type cast here",
        )),
    }
}

fn refusal(
    report: &'static ReportDef,
    collection: Option<&'static str>,
    spelling: &str,
    exists: bool,
) -> String {
    let mut right: Vec<&'static str> = Vec::new();
    for filter in report
        .filters
        .iter()
        .filter(|filter| filter.collection == collection)
    {
        right.push(filter.spelling);
    }
    for property in report
        .entity
        .properties
        .iter()
        .filter(|property| collection.is_none() && property.filterable)
    {
        if comparable(property.edm).is_some() && !right.contains(&property.name) {
            right.push(property.name);
        }
    }
    let report = report.name;
    if right.is_empty() {
        return format!("`{report}` cannot be filtered. Leave $filter out");
    }
    let all = right.join(", ");
    let name = shown(spelling);
    if exists {
        return format!("`{name}` of `{report}` cannot be used in $filter; what can be used: {all}");
    }
    match nearest_name(spelling, right) {
        Some(nearest) => format!("`{report}` has no `{name}` to filter by. Did you mean `{nearest}`?"),
        None => format!("`{report}` has no `{name}` to filter by; what can be used: {all}"),
    }
}
