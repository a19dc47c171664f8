//! The grammar of `$filter`: `or` of `and` of comparisons, groups, functions and `any`.

use super::lexer::{Kind, Token};
use super::literal::{self, Quotes, Value};
use super::name::{self, Cast, Path, Target};
use super::{FilterError, MAX_COMPARISONS, MAX_DEPTH};
use crate::error::shown;
use model::query::{Operator, Predicate, TextTest};
use model::reports::{FilterValue, Operators, ReportDef};

/// Operators of OData that the reference does not list (wire contract 1.5).
const UNSUPPORTED_OPERATORS: [&str; 11] = [
    "ne", "not", "in", "has", "add", "sub", "mul", "div", "divby", "mod", "xor",
];

/// Reads the tokens of a whole `$filter` that is `length` bytes long.
pub(super) fn parse(
    report: &'static ReportDef,
    tokens: Vec<Token<'_>>,
    length: usize,
) -> Result<Predicate, FilterError> {
    let mut parser = Parser {
        report,
        tokens,
        length,
        next: 0,
        depth: 0,
        comparisons: 0,
        item: None,
    };
    let predicate = parser.either()?;
    match parser.peek() {
        None => Ok(predicate),
        Some(Kind::Close) => Err(FilterError::malformed(
            parser.offset(),
            "This `)` was never opened",
        )),
        Some(_) => Err(parser.wanted("`and`, `or` or the end")),
    }
}

struct Parser<'a> {
    report: &'static ReportDef,
    tokens: Vec<Token<'a>>,
    length: usize,
    next: usize,
    depth: usize,
    comparisons: usize,
    /// Inside `any`: the list and the name of its item.
    item: Option<Item<'a>>,
}

#[derive(Clone, Copy)]
struct Item<'a> {
    collection: &'static str,
    variable: &'a str,
}

/// One side of a comparison.
enum Operand {
    Property(Target),
    Value(Value),
}

impl<'a> Parser<'a> {
    fn either(&mut self) -> Result<Predicate, FilterError> {
        let mut parts = vec![self.both()?];
        while self.take_word("or") {
            parts.push(self.both()?);
        }
        Ok(flatten(parts, Predicate::Or, |part| match part {
            Predicate::Or(parts) => Ok(parts),
            other => Err(other),
        }))
    }

    fn both(&mut self) -> Result<Predicate, FilterError> {
        let mut parts = vec![self.term()?];
        while self.take_word("and") {
            parts.push(self.term()?);
        }
        Ok(flatten(parts, Predicate::And, |part| match part {
            Predicate::And(parts) => Ok(parts),
            other => Err(other),
        }))
    }

    fn term(&mut self) -> Result<Predicate, FilterError> {
        match (self.peek(), self.peek_after()) {
            (Some(Kind::Open), _) => {
                self.enter()?;
                let predicate = self.either()?;
                self.expect(&Kind::Close, "`and`, `or` or `)`")?;
                self.depth -= 1;
                Ok(predicate)
            }
            (Some(Kind::Word(word)), _) if word.eq_ignore_ascii_case("not") => {
                Err(self.wanted("a comparison"))
            }
            (Some(Kind::Word(word)), Some(Kind::Open)) => {
                let word = *word;
                self.function(word)
            }
            _ => self.comparison(),
        }
    }

    fn comparison(&mut self) -> Result<Predicate, FilterError> {
        let left_offset = self.offset();
        let left = match self.peek() {
            Some(Kind::Word(word)) if !literal::is_guid(word) => {
                let path = self.path()?;
                if self.peek() == Some(&Kind::Open) {
                    return self.lambda(&path);
                }
                self.property(&path)?
            }
            _ => self.operand("a property, such as the report's date")?,
        };
        let operator_offset = self.offset();
        let operator = self.operator()?;
        let right_offset = self.offset();
        let right = self.operand("a value")?;
        self.count()?;
        match (left, right) {
            (Operand::Property(target), Operand::Value(value)) => {
                literal::compare(&target, operator, operator_offset, value)
            }
            (Operand::Value(value), Operand::Property(target)) => {
                literal::compare(&target, flipped(operator), operator_offset, value)
            }
            (Operand::Property(_), Operand::Property(_)) => Err(FilterError::unsupported(
                right_offset,
                "Two properties cannot be compared with each other. Text values stand in single quotes",
            )),
            (Operand::Value(_), Operand::Value(_)) => Err(FilterError::unsupported(
                left_offset,
                "One side of a comparison must be a property",
            )),
        }
    }

    /// `contains(activity,'x')`, with an optional `eq true`.
    fn function(&mut self, function: &str) -> Result<Predicate, FilterError> {
        let offset = self.offset();
        let test = match function.to_ascii_lowercase().as_str() {
            "contains" => TextTest::Contains,
            "startswith" => TextTest::StartsWith,
            _ => return Err(self.refused_function(offset, function)),
        };
        let searchable = name::searchable(self.report);
        if searchable.is_empty() {
            return Err(self.refused_function(offset, function));
        }
        self.next += 2;
        let name_offset = self.offset();
        let path = self.path()?;
        let target = self.target(&path)?;
        let (Operators::EqualityAndParts, FilterValue::Text(case)) = (target.operators, target.value) else {
            return Err(FilterError::unsupported(
                name_offset,
                format!("`{function}` can only be used with {}", searchable.join(", ")),
            ));
        };
        self.expect(&Kind::Comma, "`,`")?;
        let Operand::Value(value) = self.operand("text in single quotes")? else {
            return Err(self.wanted("text in single quotes"));
        };
        let value = literal::text(target.spelling, value)?;
        self.expect(&Kind::Close, "`)`")?;
        self.count()?;
        self.optional_eq_true()?;
        Ok(Predicate::Text {
            path: target.path,
            test,
            value,
            case,
        })
    }

    /// `targets/any(t: t/name eq 'x')`; the path ends in `any` and the parenthesis is next.
    fn lambda(&mut self, path: &Path<'a>) -> Result<Predicate, FilterError> {
        let (collection, function) = match path.names.as_slice() {
            [collection, function] => (name::collection(self.report, collection), *function),
            [.., function] => (None, *function),
            [] => (None, ""),
        };
        let Some(collection) =
            collection.filter(|_| function.eq_ignore_ascii_case("any") && path.cast.is_none())
        else {
            return Err(self.refused_function(path.offset, &path.names.join("/")));
        };
        if self.item.is_some() {
            return Err(FilterError::unsupported(
                path.offset,
                "`any` cannot stand inside another `any`",
            ));
        }
        self.enter()?;
        let Some(Kind::Word(variable)) = self.peek() else {
            return Err(self.wanted("a name for the item, as in `any(t: t/name eq 'x')`"));
        };
        let variable = *variable;
        self.next += 1;
        self.expect(&Kind::Colon, "`:`")?;
        self.item = Some(Item { collection, variable });
        let item = self.either()?;
        self.item = None;
        self.expect(&Kind::Close, "`and`, `or` or `)`")?;
        self.depth -= 1;
        self.optional_eq_true()?;
        Ok(Predicate::Any {
            collection,
            item: Box::new(item),
        })
    }

    fn operand(&mut self, what: &str) -> Result<Operand, FilterError> {
        let offset = self.offset();
        let (text, quotes) = match self.peek() {
            Some(Kind::Quoted(text)) => (text.clone(), Quotes::Quoted),
            Some(Kind::Bare(text)) => (text.to_string(), Quotes::Bare),
            Some(Kind::Word(word)) if literal::is_guid(word) => ((*word).to_owned(), Quotes::Bare),
            Some(Kind::Word(word)) if is_constant(word) => {
                let message =
                    format!("`{word}` is not supported as a value; compare with a date, a number or text");
                return Err(FilterError::unsupported(offset, message));
            }
            Some(Kind::Word(_)) => {
                let path = self.path()?;
                if self.peek() == Some(&Kind::Open) {
                    return Err(self.refused_function(path.offset, &path.names.join("/")));
                }
                return self.property(&path);
            }
            _ => return Err(self.wanted(what)),
        };
        self.next += 1;
        Ok(Operand::Value(Value { offset, text, quotes }))
    }

    fn operator(&mut self) -> Result<Operator, FilterError> {
        let Some(Kind::Word(word)) = self.peek() else {
            return Err(self.wanted("`eq`, `gt`, `ge`, `lt` or `le`"));
        };
        let operator = match word.to_ascii_lowercase().as_str() {
            "eq" => Operator::Equal,
            "gt" => Operator::Greater,
            "ge" => Operator::GreaterOrEqual,
            "lt" => Operator::Less,
            "le" => Operator::LessOrEqual,
            _ => return Err(self.wanted("`eq`, `gt`, `ge`, `lt` or `le`")),
        };
        self.next += 1;
        Ok(operator)
    }

    /// Names joined by `/`; one with a dot in it is a type cast and must be the last but one.
    fn path(&mut self) -> Result<Path<'a>, FilterError> {
        let mut path = Path {
            offset: self.offset(),
            ..Path::default()
        };
        loop {
            let offset = self.offset();
            let Some(Kind::Word(word)) = self.peek() else {
                return Err(self.wanted("the name of a property"));
            };
            let word = *word;
            self.next += 1;
            let more = self.peek() == Some(&Kind::Slash);
            if word.contains('.') {
                if path.cast.is_some() || path.names.is_empty() || !more {
                    return Err(FilterError::unsupported(offset, "There can be no type cast here"));
                }
                path.cast = Some(Cast { offset, name: word });
            } else {
                path.names.push(word);
                if more && path.cast.is_some() {
                    return Err(FilterError::unsupported(
                        offset,
                        "Only the last name can follow a type cast",
                    ));
                }
            }
            if !more {
                return Ok(path);
            }
            self.next += 1;
        }
    }

    fn property(&self, path: &Path<'a>) -> Result<Operand, FilterError> {
        self.target(path).map(Operand::Property)
    }

    fn target(&self, path: &Path<'a>) -> Result<Target, FilterError> {
        let Some(item) = self.item else {
            return name::resolve(self.report, None, path);
        };
        let variable = item.variable;
        match path.names.as_slice() {
            [first, names @ ..] if *first == variable && !names.is_empty() => {
                let inner = Path {
                    names: names.to_vec(),
                    ..path.clone()
                };
                name::resolve(self.report, Some(item.collection), &inner)
            }
            _ => Err(FilterError::unsupported(
                path.offset,
                format!("Inside `any`, names start with the item: `{}/…`", shown(variable)),
            )),
        }
    }

    fn optional_eq_true(&mut self) -> Result<(), FilterError> {
        if !self.take_word("eq") {
            return Ok(());
        }
        if self.take_word("true") {
            return Ok(());
        }
        Err(FilterError::unsupported(
            self.offset(),
            "Here only `eq true` can follow, or nothing",
        ))
    }

    fn refused_function(&self, offset: usize, function: &str) -> FilterError {
        FilterError::unsupported(
            offset,
            format!("`{}(…)` is not supported. {}", shown(function), self.supported()),
        )
    }

    fn supported(&self) -> String {
        let mut supported = "$filter takes eq, gt, ge, lt, le, and, or, parentheses".to_owned();
        let searchable = name::searchable(self.report);
        if !searchable.is_empty() {
            supported.push_str(", contains and startsWith with ");
            supported.push_str(&searchable.join(", "));
        }
        if let Some(collection) = self.report.filters.iter().find_map(|filter| filter.collection) {
            supported.extend([", ", collection, "/any(t: …)"]);
        }
        supported
    }

    fn enter(&mut self) -> Result<(), FilterError> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(FilterError::malformed(
                self.offset(),
                format!("Parentheses are nested deeper than {MAX_DEPTH}"),
            ));
        }
        self.next += 1;
        Ok(())
    }

    fn count(&mut self) -> Result<(), FilterError> {
        self.comparisons += 1;
        if self.comparisons > MAX_COMPARISONS {
            let last = self.tokens[self.next - 1].offset;
            return Err(FilterError::malformed(
                last,
                format!("There are more than {MAX_COMPARISONS} comparisons. Ask several shorter questions"),
            ));
        }
        Ok(())
    }

    fn peek(&self) -> Option<&Kind<'a>> {
        self.tokens.get(self.next).map(|token| &token.kind)
    }

    fn peek_after(&self) -> Option<&Kind<'a>> {
        self.tokens.get(self.next + 1).map(|token| &token.kind)
    }

    fn offset(&self) -> usize {
        self.tokens
            .get(self.next)
            .map_or(self.length, |token| token.offset)
    }

    fn take_word(&mut self, wanted: &str) -> bool {
        let found = matches!(self.peek(), Some(Kind::Word(word)) if word.eq_ignore_ascii_case(wanted));
        self.next += usize::from(found);
        found
    }

    fn expect(&mut self, kind: &Kind<'_>, what: &str) -> Result<(), FilterError> {
        if self.peek() != Some(kind) {
            return Err(self.wanted(what));
        }
        self.next += 1;
        Ok(())
    }

    /// The error for what stands in the place of something else; what OData knows and this service refuses is named.
    fn wanted(&self, what: &str) -> FilterError {
        if let Some(Kind::Word(word)) = self.peek()
            && UNSUPPORTED_OPERATORS
                .iter()
                .any(|unsupported| word.eq_ignore_ascii_case(unsupported))
        {
            return FilterError::unsupported(
                self.offset(),
                format!("`{word}` is not supported. {}", self.supported()),
            );
        }
        let message = match self.peek() {
            None => format!("The $filter ends where {what} should stand"),
            Some(kind) => format!("{kind} stands where {what} should"),
        };
        FilterError::malformed(self.offset(), message)
    }
}

fn is_constant(word: &str) -> bool {
    ["null", "true", "false"]
        .iter()
        .any(|constant| word.eq_ignore_ascii_case(constant))
}

/// `2014-03-01 lt eventTime` is `eventTime gt 2014-03-01`.
fn flipped(operator: Operator) -> Operator {
    match operator {
        Operator::Equal => Operator::Equal,
        Operator::Greater => Operator::Less,
        Operator::GreaterOrEqual => Operator::LessOrEqual,
        Operator::Less => Operator::Greater,
        Operator::LessOrEqual => Operator::GreaterOrEqual,
    }
}

/// One part is itself; of several, those of the same kind are taken apart, so that brackets leave no trace.
fn flatten(
    mut parts: Vec<Predicate>,
    join: fn(Vec<Predicate>) -> Predicate,
    take_apart: fn(Predicate) -> Result<Vec<Predicate>, Predicate>,
) -> Predicate {
    if parts.len() == 1 {
        return parts.swap_remove(0);
    }
    let mut flat = Vec::with_capacity(parts.len());
    for part in parts {
        match take_apart(part) {
            Ok(inner) => flat.extend(inner),
            Err(other) => flat.push(other),
        }
    }
    join(flat)
}
