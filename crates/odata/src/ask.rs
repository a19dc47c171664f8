//! The options of a request and a report become a question, and its answer's end becomes the next page's token.

use crate::error::RequestError;
use crate::filter;
use crate::options::Options;
use crate::skiptoken::{self, SkipToken};
use model::query::{Position, Predicate, Query, TimeRanges};
use model::reports::{ReportDef, Rows};
use model::tenant::TenantId;
use model::time::Timestamp;

/// How far ahead of the clock the default window reaches: as far as an event's own time may be ahead of its arrival and
/// still be kept as sound. So every row that was stored is shown, also when a source's clock is fast.
const DAYS_AHEAD: i64 = 1;

/// What the question depends on besides its words.
#[derive(Debug, Clone, Copy)]
pub struct Context {
    /// Whose rows; a `$skiptoken` of another tenant is refused.
    pub tenant: TenantId,
    /// The present.
    pub now: Timestamp,
    /// How many days back a question without a date reaches; the old service said 30.
    pub default_window_days: i64,
    /// The most rows in one page.
    pub page_rows_max: usize,
    /// What the client wishes by `Prefer: maxpagesize`.
    pub max_page_size: Option<usize>,
    /// How many rows one request may look at.
    pub max_examined: u64,
    /// The state of the tenant that a first page reads; later pages read the first page's.
    pub snapshot: u64,
    /// Which life of the tenant's commits the state belongs to; a token of another one is refused.
    pub epoch: u64,
    /// The oldest time that this report may show, if it forgets earlier than the store.
    pub visible_since: Option<Timestamp>,
}

/// A question, and what its next page needs to know.
#[derive(Debug, Clone)]
pub struct Asked {
    /// What the store is asked.
    pub query: Query,
    /// How many rows of `$top` are still to come, with this page; `None` without `$top`.
    pub top_left: Option<u64>,
    /// The default window, first and last instant, if it applies because `$filter` compares no date.
    pub window: Option<(Timestamp, Timestamp)>,
    tenant: TenantId,
    epoch: u64,
    page_rows: usize,
    filter: Option<String>,
}

/// How far the answer to a question came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// Rows in the page.
    pub rows: u64,
    /// Rows left out for `$skip`.
    pub skipped: u64,
    /// The place up to which rows were looked at; `None` if there are none after it.
    pub end: Option<Position>,
}

impl Asked {
    /// The `$skiptoken` of the next page; `None` on the last one.
    pub fn next_token(&self, progress: &Progress) -> Option<String> {
        let position = progress.end?;
        let top_left = self.top_left.map(|left| left.saturating_sub(progress.rows));
        if top_left == Some(0) {
            return None;
        }
        let token = SkipToken {
            report: self.query.report.number,
            snapshot: self.query.snapshot.unwrap_or(u64::MAX),
            epoch: self.epoch,
            page_rows: u32::try_from(self.page_rows).unwrap_or(u32::MAX),
            top_left,
            skip_left: self.query.skip.saturating_sub(progress.skipped),
            window: self.window,
            position,
            filter: self.filter.clone(),
        };
        Some(token.encode(self.tenant))
    }
}

/// Makes the question.
///
/// - Without a comparison with a date in `$filter`, the rows of the last `default_window_days` days answer (wire
///   contract 1.5), up to a day ahead of now; the window is fixed with the first page.
/// - `$top` up to `page_rows_max` comes in one page, a larger one in pages of that size; `Prefer: maxpagesize` makes pages
///   smaller, never larger.
/// - With a `$skiptoken`, its own `$filter`, `$top`, `$skip` and window count and those of the request do not: old clients
///   send them again beside it.
pub fn ask(report: &'static ReportDef, options: &Options, context: &Context) -> Result<Asked, RequestError> {
    options.check_format()?;
    let wish = context
        .max_page_size
        .unwrap_or(usize::MAX)
        .min(context.page_rows_max);
    let start = match &options.skip_token {
        Some(token) => Start::go_on(report, skiptoken::decode(token, context.tenant)?, context.epoch)?,
        None => Start::first_page(options, context, wish),
    };
    let page_rows = wish.min(start.page_rows).max(1);
    let predicate = start
        .filter
        .as_deref()
        .map(|text| filter::parse(report, text))
        .transpose()?;
    let dated = predicate.as_ref().is_some_and(Predicate::compares_time);
    let window = if dated {
        None
    } else {
        start.window.or_else(|| Some(default_window(report, context)))
    };
    let (times, predicate) = divide(report, predicate);
    let top_left = start
        .top_left
        .map(|left| usize::try_from(left).unwrap_or(usize::MAX));
    Ok(Asked {
        query: Query {
            report,
            times: times.intersection(&allowed(report, window, context)),
            predicate,
            skip: start.skip_left,
            after: start.after,
            snapshot: Some(start.snapshot),
            limit: page_rows.min(top_left.unwrap_or(usize::MAX)),
            max_examined: context.max_examined,
        },
        top_left: start.top_left,
        window,
        tenant: context.tenant,
        epoch: context.epoch,
        page_rows,
        filter: start.filter,
    })
}

/// Where a page starts: at the top, by the request's options, or where its token says.
struct Start {
    filter: Option<String>,
    top_left: Option<u64>,
    skip_left: u64,
    page_rows: usize,
    snapshot: u64,
    window: Option<(Timestamp, Timestamp)>,
    after: Option<Position>,
}

impl Start {
    fn first_page(options: &Options, context: &Context, page_rows: usize) -> Start {
        Start {
            filter: options.filter.clone(),
            top_left: options.top,
            skip_left: options.skip.unwrap_or(0),
            page_rows,
            snapshot: context.snapshot,
            window: None,
            after: None,
        }
    }

    fn go_on(report: &ReportDef, token: SkipToken, epoch: u64) -> Result<Start, RequestError> {
        token.check_report(report)?;
        token.check_epoch(epoch)?;
        Ok(Start {
            filter: token.filter,
            top_left: token.top_left,
            skip_left: token.skip_left,
            page_rows: token.page_rows as usize,
            snapshot: token.snapshot,
            window: token.window,
            after: Some(token.position),
        })
    }
}

fn default_window(report: &'static ReportDef, context: &Context) -> (Timestamp, Timestamp) {
    let last = latest(report, context).unwrap_or(context.now.plus_days(DAYS_AHEAD));
    (context.now.plus_days(-context.default_window_days), last)
}

/// A report of one item sums up the past: it cannot end after now.
fn latest(report: &'static ReportDef, context: &Context) -> Option<Timestamp> {
    matches!(report.rows, Rows::One(_)).then_some(context.now)
}

/// The instants that the question may see whatever its `$filter` says.
fn allowed(
    report: &'static ReportDef,
    window: Option<(Timestamp, Timestamp)>,
    context: &Context,
) -> TimeRanges {
    let (first, last) = window.unwrap_or((Timestamp::MIN, latest(report, context).unwrap_or(Timestamp::MAX)));
    TimeRanges::between(first.max(context.visible_since.unwrap_or(Timestamp::MIN)), last)
}

/// What of a predicate time ranges can say, and what must be examined row by row.
fn divide(report: &'static ReportDef, predicate: Option<Predicate>) -> (TimeRanges, Option<Predicate>) {
    let (Some(predicate), Some(member)) = (&predicate, report.time_member()) else {
        return (TimeRanges::all(), predicate);
    };
    let times = predicate.time_ranges(member);
    let rest = match predicate {
        predicate if predicate.is_only_about(member) => None,
        Predicate::And(parts) => {
            let mut rest: Vec<Predicate> = parts
                .iter()
                .filter(|part| !part.is_only_about(member))
                .cloned()
                .collect();
            if rest.len() == 1 {
                rest.pop()
            } else {
                Some(Predicate::And(rest))
            }
        }
        predicate => Some(predicate.clone()),
    };
    (times, rest)
}

#[cfg(test)]
mod tests;
