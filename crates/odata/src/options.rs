//! The query string of a request, read as leniently as the old service's clients need and no more.

use crate::error::{API_VERSION_INVALID, API_VERSION_MISSING, RequestError, shown};
use crate::nearest::nearest_name;

/// The only `api-version` of the two faces.
pub const API_VERSION: &str = "beta";
/// The longest query string: room for the longest `$filter` inside a `$skiptoken`.
const MAX_QUERY_BYTES: usize = 16 * 1024;
/// The most options in one query string; clients that accumulate options stay far below.
const MAX_OPTIONS: usize = 64;
/// The options that a request for rows may have.
const KNOWN: [&str; 5] = ["$filter", "$top", "$skip", "$skiptoken", "$format"];
/// What OData knows and this service does not do, with the reason that the client is told.
const UNSUPPORTED: [(&str, &str); 8] = [
    ("$select", "every row is served with all of its properties"),
    ("$orderby", "rows are always served newest first"),
    ("$expand", "the entities have no navigation properties"),
    ("$count", "rows are not counted; read the pages to their end"),
    (
        "$inlinecount",
        "rows are not counted; read the pages to their end",
    ),
    ("$search", "use $filter"),
    ("$apply", "rows are not aggregated"),
    ("$compute", "nothing is computed from the properties"),
];

/// The options of a request, decoded and checked one by one.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Options {
    /// `$filter`, not yet parsed.
    pub filter: Option<String>,
    /// `$top`, at least 1.
    pub top: Option<u64>,
    /// `$skip`
    pub skip: Option<u64>,
    /// `$skiptoken`, not yet read.
    pub skip_token: Option<String>,
    /// `$format`
    pub format: Option<Format>,
}

/// What `$format` asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// `json` or `application/json` with any parameters.
    Json,
    /// `xml` or `application/xml`; only `$metadata` is XML.
    Xml,
}

impl Options {
    /// Refuses what a request for `$metadata` cannot have.
    pub fn check_for_metadata(&self) -> Result<(), RequestError> {
        if self.format == Some(Format::Json) {
            return Err(RequestError::unsupported(
                "`$format`: $metadata is served as XML only. Leave `$format` out.",
            ));
        }
        self.refuse_row_options("$metadata")
    }

    /// Refuses what a request for the list of reports cannot have.
    pub fn check_for_report_list(&self) -> Result<(), RequestError> {
        self.check_format()?;
        self.refuse_row_options("the list of reports")
    }

    /// Refuses XML where rows or names are served.
    pub(crate) fn check_format(&self) -> Result<(), RequestError> {
        match self.format {
            Some(Format::Xml) => Err(RequestError::unsupported(
                "`$format`: only $metadata is served as XML. Use `$format=json`, or leave `$format` out.",
            )),
            Some(Format::Json) | None => Ok(()),
        }
    }

    fn refuse_row_options(&self, what: &str) -> Result<(), RequestError> {
        let given = [
            ("$filter", self.filter.is_some()),
            ("$top", self.top.is_some()),
            ("$skip", self.skip.is_some()),
            ("$skiptoken", self.skip_token.is_some()),
        ];
        match given.iter().find(|(_, given)| *given) {
            Some((name, _)) => Err(RequestError::unsupported(format!(
                "`{name}` cannot be used on {what}. Use it on a report, or leave it out."
            ))),
            None => Ok(()),
        }
    }
}

/// Reads a query string as it stands in the request line, without `?`.
///
/// Names are decoded first and then compared without case; of a repeated option the last one counts; what does not
/// start with `$` is passed over, which is how the requests of clients with `` `$filter ``, `\$filter` or an empty name
/// were answered; `api-version=beta$filter=…` is version beta and that filter (wire contract 0.8 and 5.3). An option
/// that starts with `$` and means nothing here is an error, for leaving it out would change the answer unnoticed.
pub fn parse(raw_query: Option<&str>) -> Result<Options, RequestError> {
    let raw = raw_query.unwrap_or_default();
    if raw.len() > MAX_QUERY_BYTES {
        return Err(RequestError::bad(format!(
            "The query string has {} bytes; at most {MAX_QUERY_BYTES} are read. Shorten the $filter.",
            raw.len()
        )));
    }
    let mut version = None;
    let mut options = Vec::new();
    let mut offset = 0;
    for part in raw.split('&') {
        let at = offset;
        offset += part.len() + 1;
        if part.is_empty() {
            continue;
        }
        let (name, value) = part.split_once('=').unwrap_or((part, ""));
        let value_at = at + name.len() + 1;
        let name = decode(name, at)?;
        if name.eq_ignore_ascii_case("api-version") {
            let value = decode(value, value_at)?;
            let (before, glued) = split_glued(&value);
            version = Some(before.trim().to_owned());
            options.extend(glued.map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned())));
        } else if name.starts_with('$') {
            options.push((name.to_ascii_lowercase(), decode(value, value_at)?));
        }
        if options.len() > MAX_OPTIONS {
            return Err(RequestError::bad(format!(
                "The query string has more than {MAX_OPTIONS} options."
            )));
        }
    }
    check_version(version.as_deref())?;
    read(&options)
}

/// `beta$filter=x` → `beta` and (`$filter`, `x`).
fn split_glued(value: &str) -> (&str, Option<(&str, &str)>) {
    let Some(dollar) = value.find('$') else {
        return (value, None);
    };
    let (before, glued) = value.split_at(dollar);
    (before, Some(glued.split_once('=').unwrap_or((glued, ""))))
}

fn check_version(version: Option<&str>) -> Result<(), RequestError> {
    match version {
        None | Some("") => Err(RequestError::new(
            API_VERSION_MISSING,
            "The request has no `api-version`. Add `api-version=beta` to the query string.",
        )),
        Some(version) if version.eq_ignore_ascii_case(API_VERSION) => Ok(()),
        Some(version) => Err(RequestError::new(
            API_VERSION_INVALID,
            format!(
                "`{}` is not an `api-version` of this service. Use `api-version=beta`.",
                shown(version)
            ),
        )),
    }
}

fn read(options: &[(String, String)]) -> Result<Options, RequestError> {
    for (name, _) in options {
        if let Some((_, why)) = UNSUPPORTED.iter().find(|(unsupported, _)| unsupported == name) {
            return Err(RequestError::unsupported(format!(
                "`{name}` is not supported: {why}. Leave it out."
            )));
        }
        if !KNOWN.contains(&name.as_str()) {
            let hint = nearest_name(name, KNOWN).map_or_else(
                || format!("The options are {}", KNOWN.join(", ")),
                |nearest| format!("Did you mean `{nearest}`?"),
            );
            return Err(RequestError::bad(format!(
                "`{}` is not a query option. {hint}",
                shown(name)
            )));
        }
    }
    let last = |wanted: &str| {
        options
            .iter()
            .rev()
            .find(|(name, _)| name == wanted)
            .map(|(_, value)| value.as_str())
    };
    let top = last("$top").map(|value| number("$top", value)).transpose()?;
    if top == Some(0) {
        return Err(RequestError::bad(
            "`$top=0` asks for no rows. Use a number from 1 on, or leave `$top` out.",
        ));
    }
    Ok(Options {
        filter: last("$filter")
            .map(|value| filled("$filter", value))
            .transpose()?,
        top,
        skip: last("$skip").map(|value| number("$skip", value)).transpose()?,
        skip_token: last("$skiptoken")
            .map(|value| filled("$skiptoken", value))
            .transpose()?,
        format: last("$format").map(format).transpose()?,
    })
}

fn filled(name: &str, value: &str) -> Result<String, RequestError> {
    if value.trim().is_empty() {
        return Err(RequestError::bad(format!(
            "`{name}` is empty. Give it a value, or leave it out."
        )));
    }
    Ok(value.to_owned())
}

fn number(name: &str, value: &str) -> Result<u64, RequestError> {
    let digits = value.trim();
    let number = if digits.bytes().all(|byte| byte.is_ascii_digit()) {
        digits.parse::<u32>().ok()
    } else {
        None
    };
    number.map(u64::from).ok_or_else(|| {
        RequestError::bad(format!(
            "`{name}={}` is not a whole number from 0 to {}.",
            shown(value),
            u32::MAX
        ))
    })
}

fn format(value: &str) -> Result<Format, RequestError> {
    let media_type = value
        .split(';')
        .next()
        .unwrap_or_default()
        .trim()
        .to_ascii_lowercase();
    match media_type.as_str() {
        "json" | "application/json" => Ok(Format::Json),
        "xml" | "application/xml" => Ok(Format::Xml),
        _ => Err(RequestError::unsupported(format!(
            "`$format={}` is not supported: answers are JSON. Use `$format=json`, or leave it out.",
            shown(value)
        ))),
    }
}

/// Decodes `%41` and `+`; `at` is the number of bytes before the text, for the error.
fn decode(text: &str, at: usize) -> Result<String, RequestError> {
    let bytes = text.as_bytes();
    let mut decoded = Vec::with_capacity(bytes.len());
    let mut index = 0;
    while let Some(byte) = bytes.get(index) {
        match byte {
            b'+' => decoded.push(b' '),
            b'%' => {
                let Some(value) = hexadecimal(bytes.get(index + 1..index + 3)) else {
                    return Err(malformed(
                        at + index,
                        "`%` is not followed by two hexadecimal digits; write `%25` for a percent sign",
                    ));
                };
                decoded.push(value);
                index += 2;
            }
            other => decoded.push(*other),
        }
        index += 1;
    }
    String::from_utf8(decoded).map_err(|_| malformed(at, "what is percent-encoded here is not UTF-8"))
}

fn hexadecimal(digits: Option<&[u8]>) -> Option<u8> {
    let [high, low] = digits? else { return None };
    let (high, low) = (char::from(*high).to_digit(16)?, char::from(*low).to_digit(16)?);
    u8::try_from(high * 16 + low).ok()
}

fn malformed(offset: usize, what: &str) -> RequestError {
    let position = offset + 1;
    RequestError::bad(format!(
        "The query string cannot be read: {what} (at byte {position})."
    ))
    .with("position", position)
}

#[cfg(test)]
mod tests;
