//! The values in `$filter`: times, numbers, GUIDs and text, each as the property asks for it.

use super::FilterError;
use super::name::Target;
use crate::error::shown;
use model::query::{Literal, Operator, Predicate, TextTest};
use model::reports::{FilterValue, Operators};
use model::time::Timestamp;
use uuid::Uuid;

/// A value as it was written.
#[derive(Debug, Clone)]
pub(super) struct Value {
    pub(super) offset: usize,
    pub(super) text: String,
    pub(super) quotes: Quotes,
}

/// Whether the value stood in quotes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Quotes {
    Quoted,
    Bare,
}

/// A word that is a GUID and not a name.
pub(super) fn is_guid(word: &str) -> bool {
    word.len() == 36 && Uuid::try_parse(word).is_ok()
}

/// The predicate of `property operator value`; `offset` is where the operator stands.
pub(super) fn compare(
    target: &Target,
    operator: Operator,
    offset: usize,
    value: Value,
) -> Result<Predicate, FilterError> {
    let spelling = target.spelling;
    let only_equality =
        target.operators != Operators::Comparison || matches!(target.value, FilterValue::Text(_));
    if only_equality && operator != Operator::Equal {
        return Err(FilterError::unsupported(
            offset,
            format!("`{spelling}` can only be compared with `eq`"),
        ));
    }
    let literal = match target.value {
        FilterValue::Text(case) => {
            let value = text(spelling, value)?;
            return Ok(Predicate::Text {
                path: target.path,
                test: TextTest::Equal,
                value,
                case,
            });
        }
        FilterValue::Time => time(spelling, &value)?,
        FilterValue::Integer => integer(spelling, &value)?,
        FilterValue::Guid => guid(spelling, &value)?,
    };
    Ok(Predicate::Compare {
        path: target.path,
        operator,
        value: literal,
    })
}

/// Text in quotes.
pub(super) fn text(spelling: &str, value: Value) -> Result<String, FilterError> {
    match value.quotes {
        Quotes::Quoted => Ok(value.text),
        Quotes::Bare => Err(FilterError::malformed(
            value.offset,
            format!(
                "`{spelling}` is compared with text in single quotes: '{}'",
                shown(&value.text)
            ),
        )),
    }
}

/// A date, or a date and a time of day; without a zone it is UTC. More than seven fraction digits are cut, as they are
/// in the rows. Only forms that begin with the year: whether 10/11/2016 is in October depends on who reads it.
fn time(spelling: &str, value: &Value) -> Result<Literal, FilterError> {
    let year_first = value.text.as_bytes().get(4) == Some(&b'-');
    match Timestamp::parse_vendor(&value.text) {
        Ok(time) if year_first && value.quotes == Quotes::Bare => Ok(Literal::Time(time)),
        Ok(_) if year_first => Err(FilterError::malformed(
            value.offset,
            format!(
                "`{spelling}` is compared with a date without quotes: {}",
                shown(&value.text)
            ),
        )),
        _ => Err(FilterError::malformed(
            value.offset,
            format!(
                "`{spelling}` is compared with a date, and `{}` is none. Write 2016-01-08 or 2016-01-08T09:05:00Z",
                shown(&value.text)
            ),
        )),
    }
}

fn integer(spelling: &str, value: &Value) -> Result<Literal, FilterError> {
    match value.text.parse() {
        Ok(number) if value.quotes == Quotes::Bare => Ok(Literal::Integer(number)),
        _ => Err(FilterError::malformed(
            value.offset,
            format!("`{spelling}` is compared with a whole number without quotes, such as 3"),
        )),
    }
}

fn guid(spelling: &str, value: &Value) -> Result<Literal, FilterError> {
    match Uuid::try_parse(&value.text) {
        Ok(guid) if value.quotes == Quotes::Bare && is_guid(&value.text) => Ok(Literal::Guid(guid)),
        _ => Err(FilterError::malformed(
            value.offset,
            format!(
                "`{spelling}` is compared with a GUID without quotes, such as ada78934-a6da-4e69-b816-10de0d79db1d"
            ),
        )),
    }
}
