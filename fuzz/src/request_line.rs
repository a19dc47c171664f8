//! Any bytes as a query string: never a panic, what is understood can be escaped and means the same again, and every page
//! leads to the next one of the same question.

use crate::form::escaped;
use model::query::Position;
use model::reports::{Face, ReportDef, Rows, by_name};
use model::tenant::TenantId;
use model::time::Timestamp;
use odata::ask::{Asked, Context, Progress, ask};
use odata::error::RequestError;
use odata::options::{self, Format, Options};
use uuid::Uuid;

/// Whose rows are asked for.
pub(crate) const TENANT: TenantId = TenantId::new(Uuid::from_u128(0xA2AA_49AA_2C0C_49D2_AF87_F402_C421_DF0B));

/// When and how: 2017-05-24T12:00:00Z, with the service's own limits.
pub(crate) const CONTEXT: Context = Context {
    tenant: TENANT,
    now: Timestamp::from_unix_seconds(1_495_627_200),
    default_window_days: 30,
    page_rows_max: 1000,
    max_page_size: None,
    max_examined: 200_000,
    snapshot: 7,
    epoch: 1,
    visible_since: None,
};

/// The longest query string that is read; longer ones are refused, whatever they say.
const QUERY_BYTES_MAX: usize = 16 * 1024;

/// Room for the names of everything that a report can be filtered by, and for a line of the client's.
const MESSAGE_CHARACTERS_MAX: usize = 1000;

const REPORTS: &[(Face, &str)] = &[
    (Face::Reports, "auditEvents"),
    (Face::Reports, "b2cAuthenticationCount"),
    (Face::Activities, "audit"),
];

/// Takes the bytes for a query string and for a `Prefer` header.
pub fn check(bytes: &[u8]) {
    let query = String::from_utf8_lossy(bytes);
    let preferences = odata::prefer::parse([query.as_ref()]);
    assert_ne!(preferences.max_page_size, Some(0));
    if let Some(applied) = preferences.applied() {
        assert_eq!(odata::prefer::parse([applied.as_str()]), preferences);
    }
    let options = match options::parse(Some(&query)) {
        Ok(options) => options,
        Err(error) => return check_error(&error),
    };
    check_escaped(&options);
    for error in [options.check_for_metadata(), options.check_for_report_list()] {
        if let Err(error) = error {
            check_error(&error);
        }
    }
    for (face, name) in REPORTS {
        let report = by_name(*face, name).expect("the report is in the list");
        for max_page_size in [None, preferences.max_page_size.or(Some(1))] {
            let context = Context {
                max_page_size,
                visible_since: max_page_size.map(|_| CONTEXT.now.plus_days(-90)),
                ..CONTEXT
            };
            match ask(report, &options, &context) {
                Ok(asked) => check_pages(report, &query, asked, &context),
                Err(error) => check_error(&error),
            }
        }
    }
}

/// Every error is told in JSON, and as the client's fault.
pub(crate) fn check_error(error: &RequestError) {
    assert_eq!(error.status, 400, "{error}");
    let length = error.message.chars().count();
    assert!((1..=MESSAGE_CHARACTERS_MAX).contains(&length), "{error}");
    assert!(
        !error.message.chars().any(char::is_control),
        "{:?}",
        error.message
    );
    let body = error.body("id", "date");
    let body: serde_json::Value = serde_json::from_slice(&body).expect("an error is JSON");
    assert_eq!(body["odata.error"]["message"]["value"], error.message.as_str());
}

/// The same options with every value in form encoding.
fn check_escaped(options: &Options) {
    let mut query = "api-version=beta".to_owned();
    let mut add = |name: &str, value: &str| {
        query.extend(["&", name, "=", &escaped(value)]);
    };
    if let Some(filter) = &options.filter {
        add("$filter", filter);
    }
    if let Some(top) = options.top {
        add("$top", &top.to_string());
    }
    if let Some(skip) = options.skip {
        add("%24skip", &skip.to_string());
    }
    if let Some(token) = &options.skip_token {
        add("$SKIPTOKEN", token);
    }
    match options.format {
        Some(Format::Json) => add("$format", "json"),
        Some(Format::Xml) => add("$format", "xml"),
        None => {}
    }
    if query.len() <= QUERY_BYTES_MAX {
        assert_eq!(options::parse(Some(&query)).as_ref(), Ok(options), "{query}");
    }
}

/// Two pages further on, a day later, with the first request repeated beside the token as old clients do.
fn check_pages(report: &'static ReportDef, first_query: &str, first: Asked, context: &Context) {
    let mut asked = first;
    let mut now = context.now;
    for page in 0..3_u8 {
        assert!(
            asked.query.limit >= 1,
            "a page without room never ends: {first_query}"
        );
        assert!(asked.query.limit <= context.page_rows_max, "{first_query}");
        assert!(
            context.max_page_size.is_none_or(|wish| asked.query.limit <= wish),
            "{first_query}"
        );
        let progress = Progress {
            rows: asked.query.limit as u64,
            skipped: asked.query.skip,
            end: Some(Position {
                time: context.now,
                key: [page; 16],
            }),
        };
        let Some(token) = asked.next_token(&progress) else {
            let limit = asked.query.limit as u64;
            assert!(asked.top_left.is_some_and(|left| left <= limit), "{first_query}");
            return;
        };
        let next_query = format!("api-version=beta&$skiptoken={token}");
        let repeated = format!("{first_query}&$skiptoken={token}");
        let options = match options::parse(Some(&next_query)) {
            Ok(options) => options,
            Err(error) => panic!("the next page of {first_query} is refused: {error}"),
        };
        if repeated.len() <= QUERY_BYTES_MAX
            && repeated.matches('$').count() + repeated.matches('%').count() < 60
        {
            let repeated = options::parse(Some(&repeated)).map(|options| options.skip_token);
            assert_eq!(repeated, Ok(Some(token)), "{first_query}");
        }
        now = now.plus_days(1);
        let later = Context {
            now,
            snapshot: 8,
            ..*context
        };
        let next = match ask(report, &options, &later) {
            Ok(next) => next,
            Err(error) => panic!("the next page of {first_query} cannot be asked: {error}"),
        };
        assert_eq!(next.query.after, progress.end);
        assert_eq!(next.query.skip, 0);
        assert_eq!(next.query.snapshot, asked.query.snapshot);
        assert_eq!(next.query.predicate, asked.query.predicate, "{first_query}");
        assert_eq!(next.window, asked.window, "{first_query}");
        if !matches!(report.rows, Rows::One(_)) {
            assert_eq!(next.query.times, asked.query.times, "{first_query}");
        }
        assert_eq!(
            next.top_left,
            asked.top_left.map(|left| left - progress.rows),
            "{first_query}"
        );
        asked = next;
    }
}
