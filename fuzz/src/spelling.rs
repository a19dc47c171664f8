//! A predicate in the spelling of `$filter`, with no more brackets than it needs.

use model::entity::AUDIT_LOG_NAMESPACE;
use model::query::{Literal, Operator, Predicate, TextTest};
use model::reports::{FilterDef, FilterValue, Operators, ReportDef};

/// The text that means this predicate about this report.
pub(crate) fn of(report: &'static ReportDef, predicate: &Predicate) -> String {
    spell(report, None, predicate)
}

fn spell(report: &'static ReportDef, inside: Option<&str>, predicate: &Predicate) -> String {
    match predicate {
        Predicate::And(parts) => {
            let parts: Vec<String> = parts
                .iter()
                .map(|part| match part {
                    Predicate::Or(_) => format!("({})", spell(report, inside, part)),
                    other => spell(report, inside, other),
                })
                .collect();
            parts.join(" and ")
        }
        Predicate::Or(parts) => {
            let parts: Vec<String> = parts.iter().map(|part| spell(report, inside, part)).collect();
            parts.join(" or ")
        }
        Predicate::Compare {
            path,
            operator,
            value,
        } => {
            let fits = |filter: &FilterDef| {
                let kind = match value {
                    Literal::Time(_) => FilterValue::Time,
                    Literal::Integer(_) => FilterValue::Integer,
                    Literal::Guid(_) => FilterValue::Guid,
                };
                filter.value == kind
                    && (*operator == Operator::Equal || filter.operators == Operators::Comparison)
            };
            let operator = match operator {
                Operator::Equal => "eq",
                Operator::Greater => "gt",
                Operator::GreaterOrEqual => "ge",
                Operator::Less => "lt",
                Operator::LessOrEqual => "le",
            };
            let value = match value {
                Literal::Time(time) => time.to_string(),
                Literal::Integer(number) => number.to_string(),
                Literal::Guid(guid) => guid.to_string(),
            };
            format!("{} {operator} {value}", name(report, inside, path, fits))
        }
        Predicate::Text {
            path,
            test,
            value,
            case,
        } => {
            let fits = |filter: &FilterDef| {
                filter.value == FilterValue::Text(*case)
                    && (*test == TextTest::Equal || filter.operators == Operators::EqualityAndParts)
            };
            let name = name(report, inside, path, fits);
            let value = format!("'{}'", value.replace('\'', "''"));
            match test {
                TextTest::Equal => format!("{name} eq {value}"),
                TextTest::Contains => format!("contains({name},{value})"),
                TextTest::StartsWith => format!("startsWith({name},{value})"),
            }
        }
        Predicate::Any { collection, item } => {
            format!("{collection}/any(t:{})", spell(report, Some(collection), item))
        }
    }
}

/// The name by which `$filter` knows a path, with its type cast if it has one.
fn name(
    report: &'static ReportDef,
    inside: Option<&str>,
    path: &[&str],
    fits: impl Fn(&FilterDef) -> bool,
) -> String {
    let filter = report
        .filters
        .iter()
        .find(|filter| filter.collection == inside && fits(filter) && is_path_of(report, filter, path));
    let Some(filter) = filter else {
        assert!(
            inside.is_none(),
            "only documented paths lead into items: {path:?}"
        );
        return path.join("/");
    };
    let mut names: Vec<String> = inside.map(|_| "t".to_owned()).into_iter().collect();
    names.extend(filter.spelling.split('/').map(str::to_owned));
    if let Some(cast) = filter.cast {
        names.insert(names.len() - 1, format!("{AUDIT_LOG_NAMESPACE}.{cast}"));
    }
    names.join("/")
}

/// A filter without a path is about the row's time, or about a member that no row has.
fn is_path_of(report: &ReportDef, filter: &FilterDef, path: &[&str]) -> bool {
    match (filter.path, report.time_property) {
        ([], Some(time)) if filter.value == FilterValue::Time => path == [time],
        ([], _) => path == [filter.spelling],
        (own, _) => own == path,
    }
}
