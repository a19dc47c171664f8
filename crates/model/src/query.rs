//! A question about one report: which rows, from where on. What it means is decided here, however it was spelled.

use crate::reports::ReportDef;
use crate::time::Timestamp;
use serde_json::Value;

/// A question about the rows of one report; they answer newest first, then by key, so the order is total.
#[derive(Debug, Clone)]
pub struct Query {
    /// Whose rows.
    pub report: &'static ReportDef,
    /// The instants of the report's time property that may match.
    pub times: TimeRanges,
    /// What the ranges cannot say; examined row by row.
    pub predicate: Option<Predicate>,
    /// Rows to leave out at the newest end.
    pub skip: u64,
    /// Only rows that come after this place.
    pub after: Option<Position>,
    /// The state of the tenant to read: rows of later commits are not seen. `None` is the present.
    pub snapshot: Option<u64>,
    /// How many rows at the most.
    pub limit: usize,
    /// How many rows may be looked at for it; a scan that reaches it answers what it has.
    pub max_examined: u64,
}

/// A place in the order of a report's rows: after the row with this time and key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    /// The row's time.
    pub time: Timestamp,
    /// The row's hidden key.
    pub key: [u8; 16],
}

/// A set of instants: sorted, disjoint, inclusive ranges of ticks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TimeRanges(Vec<(i64, i64)>);

impl TimeRanges {
    /// Every instant.
    pub fn all() -> TimeRanges {
        TimeRanges(vec![(Timestamp::MIN.ticks(), Timestamp::MAX.ticks())])
    }

    /// No instant.
    pub fn none() -> TimeRanges {
        TimeRanges(Vec::new())
    }

    /// From `first` to `last`, both included; empty if they are the wrong way round.
    pub fn between(first: Timestamp, last: Timestamp) -> TimeRanges {
        TimeRanges::from_ticks(first.ticks(), last.ticks())
    }

    fn from_ticks(first: i64, last: i64) -> TimeRanges {
        TimeRanges(if first <= last {
            vec![(first, last)]
        } else {
            Vec::new()
        })
    }

    /// What a comparison with an instant leaves.
    pub fn compared(operator: Operator, time: Timestamp) -> TimeRanges {
        let (ticks, first, last) = (time.ticks(), Timestamp::MIN.ticks(), Timestamp::MAX.ticks());
        match operator {
            Operator::Equal => TimeRanges::from_ticks(ticks, ticks),
            Operator::Greater => TimeRanges::from_ticks(ticks + 1, last),
            Operator::GreaterOrEqual => TimeRanges::from_ticks(ticks, last),
            Operator::Less => TimeRanges::from_ticks(first, ticks - 1),
            Operator::LessOrEqual => TimeRanges::from_ticks(first, ticks),
        }
    }

    /// The instants in either set.
    #[must_use]
    pub fn union(&self, other: &TimeRanges) -> TimeRanges {
        let mut ranges: Vec<(i64, i64)> = self.0.iter().chain(&other.0).copied().collect();
        ranges.sort_unstable();
        let mut merged: Vec<(i64, i64)> = Vec::with_capacity(ranges.len());
        for (first, last) in ranges {
            match merged.last_mut() {
                Some(previous) if first <= previous.1.saturating_add(1) => previous.1 = previous.1.max(last),
                _ => merged.push((first, last)),
            }
        }
        TimeRanges(merged)
    }

    /// The instants in both sets.
    #[must_use]
    pub fn intersection(&self, other: &TimeRanges) -> TimeRanges {
        let mut common = Vec::new();
        let (mut left, mut right) = (self.0.iter().peekable(), other.0.iter().peekable());
        while let (Some(a), Some(b)) = (left.peek(), right.peek()) {
            let (first, last) = (a.0.max(b.0), a.1.min(b.1));
            if first <= last {
                common.push((first, last));
            }
            if a.1 < b.1 {
                left.next();
            } else {
                right.next();
            }
        }
        TimeRanges(common)
    }

    /// The ranges, oldest first, both ends included.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = (Timestamp, Timestamp)> + '_ {
        self.0
            .iter()
            .map(|(first, last)| (Timestamp::from_ticks(*first), Timestamp::from_ticks(*last)))
    }

    /// Whether no instant is left.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether an instant is in the set.
    pub fn contains(&self, time: Timestamp) -> bool {
        self.0
            .iter()
            .any(|(first, last)| (*first..=*last).contains(&time.ticks()))
    }
}

/// The comparisons of `$filter`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operator {
    /// `eq`
    Equal,
    /// `gt`
    Greater,
    /// `ge`
    GreaterOrEqual,
    /// `lt`
    Less,
    /// `le`
    LessOrEqual,
}

impl Operator {
    fn holds(self, ordering: std::cmp::Ordering) -> bool {
        match self {
            Operator::Equal => ordering.is_eq(),
            Operator::Greater => ordering.is_gt(),
            Operator::GreaterOrEqual => ordering.is_ge(),
            Operator::Less => ordering.is_lt(),
            Operator::LessOrEqual => ordering.is_le(),
        }
    }
}

/// What a row must fulfil.
#[derive(Debug, Clone, PartialEq)]
pub enum Predicate {
    /// All of these.
    And(Vec<Predicate>),
    /// At least one of these.
    Or(Vec<Predicate>),
    /// A property compared with a value; null and absent properties compare with nothing.
    Compare {
        /// Members from the row's top down.
        path: &'static [&'static str],
        /// How.
        operator: Operator,
        /// With what.
        value: Literal,
    },
    /// A property's text tested.
    Text {
        /// Members from the row's top down.
        path: &'static [&'static str],
        /// How.
        test: TextTest,
        /// With what.
        value: String,
        /// Whether `A` is `a`.
        case: Case,
    },
    /// At least one item of a list fulfils it; its paths start at the item.
    Any {
        /// The list's member.
        collection: &'static str,
        /// What the item must fulfil.
        item: Box<Predicate>,
    },
}

/// The tests of text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TextTest {
    /// The whole text.
    Equal,
    /// A part of it.
    Contains,
    /// Its beginning.
    StartsWith,
}

/// Whether upper and lower case are told apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Case {
    /// `A` is not `a`.
    Sensitive,
    /// `A` is `a`.
    Insensitive,
}

/// A value in a comparison.
#[derive(Debug, Clone, PartialEq)]
pub enum Literal {
    /// An instant.
    Time(Timestamp),
    /// A whole number.
    Integer(i64),
    /// A GUID or other text, compared as text without case.
    Guid(uuid::Uuid),
}

impl Predicate {
    /// Whether a row, parsed, fulfils this.
    pub fn matches(&self, row: &Value) -> bool {
        match self {
            Predicate::And(parts) => parts.iter().all(|part| part.matches(row)),
            Predicate::Or(parts) => parts.iter().any(|part| part.matches(row)),
            Predicate::Compare {
                path,
                operator,
                value,
            } => member(row, path)
                .and_then(|member| compare(member, value))
                .is_some_and(|order| operator.holds(order)),
            Predicate::Text {
                path,
                test,
                value,
                case,
            } => member(row, path)
                .and_then(Value::as_str)
                .is_some_and(|text| test.holds(text, value, *case)),
            Predicate::Any { collection, item } => row
                .get(collection)
                .and_then(Value::as_array)
                .is_some_and(|items| items.iter().any(|value| item.matches(value))),
        }
    }

    /// The instants of the time property outside which nothing can match: never too few.
    pub fn time_ranges(&self, time_property: &str) -> TimeRanges {
        match self {
            Predicate::And(parts) => parts.iter().fold(TimeRanges::all(), |ranges, part| {
                ranges.intersection(&part.time_ranges(time_property))
            }),
            Predicate::Or(parts) => parts.iter().fold(TimeRanges::none(), |ranges, part| {
                ranges.union(&part.time_ranges(time_property))
            }),
            Predicate::Compare {
                path: [name],
                operator,
                value: Literal::Time(time),
            } if *name == time_property => TimeRanges::compared(*operator, *time),
            _ => TimeRanges::all(),
        }
    }

    /// The instants of the time property at which a row matches that has these other members: no more and no fewer.
    pub fn times_of(&self, time_property: &str, others: &Value) -> TimeRanges {
        match self {
            Predicate::And(parts) => parts.iter().fold(TimeRanges::all(), |ranges, part| {
                ranges.intersection(&part.times_of(time_property, others))
            }),
            Predicate::Or(parts) => parts.iter().fold(TimeRanges::none(), |ranges, part| {
                ranges.union(&part.times_of(time_property, others))
            }),
            Predicate::Compare {
                path: [name],
                operator,
                value: Literal::Time(time),
            } if *name == time_property => TimeRanges::compared(*operator, *time),
            other if other.matches(others) => TimeRanges::all(),
            _ => TimeRanges::none(),
        }
    }

    /// Whether the time ranges say all there is, so that no row need be examined.
    pub fn is_only_about(&self, time_property: &str) -> bool {
        match self {
            Predicate::And(parts) | Predicate::Or(parts) => {
                parts.iter().all(|part| part.is_only_about(time_property))
            }
            Predicate::Compare {
                path: [name],
                value: Literal::Time(_),
                ..
            } => *name == time_property,
            _ => false,
        }
    }

    /// The first of these members of a row that this looks at, or looks into.
    pub fn looks_at(&self, members: &[&'static str]) -> Option<&'static str> {
        match self {
            Predicate::And(parts) | Predicate::Or(parts) => {
                parts.iter().find_map(|part| part.looks_at(members))
            }
            Predicate::Compare { path, .. } | Predicate::Text { path, .. } => {
                path.first().copied().filter(|first| members.contains(first))
            }
            // The paths within start at the item, so they name other things.
            Predicate::Any { collection, .. } => Some(*collection).filter(|name| members.contains(name)),
        }
    }

    /// Whether any comparison is with an instant: then the default window does not apply.
    pub fn compares_time(&self) -> bool {
        match self {
            Predicate::And(parts) | Predicate::Or(parts) => parts.iter().any(Predicate::compares_time),
            Predicate::Any { item, .. } => item.compares_time(),
            Predicate::Compare { value, .. } => matches!(value, Literal::Time(_)),
            Predicate::Text { .. } => false,
        }
    }
}

impl TextTest {
    fn holds(self, text: &str, value: &str, case: Case) -> bool {
        match case {
            Case::Sensitive => self.holds_exactly(text, value),
            Case::Insensitive => self.holds_exactly(&text.to_lowercase(), &value.to_lowercase()),
        }
    }

    fn holds_exactly(self, text: &str, value: &str) -> bool {
        match self {
            TextTest::Equal => text == value,
            TextTest::Contains => text.contains(value),
            TextTest::StartsWith => text.starts_with(value),
        }
    }
}

fn member<'a>(row: &'a Value, path: &[&str]) -> Option<&'a Value> {
    path.iter().try_fold(row, |value, name| value.get(name))
}

fn compare(member: &Value, literal: &Literal) -> Option<std::cmp::Ordering> {
    match literal {
        Literal::Time(time) => Some(Timestamp::parse_vendor(member.as_str()?).ok()?.cmp(time)),
        Literal::Integer(number) => Some(member.as_i64()?.cmp(number)),
        Literal::Guid(guid) => {
            let other = uuid::Uuid::try_parse(member.as_str()?).ok()?;
            Some(other.cmp(guid))
        }
    }
}
