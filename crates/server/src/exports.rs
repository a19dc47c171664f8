//! Who takes rows away in numbers: what makes reading an export.
//!
//! A person looks at pages; whoever reads more rows of a report in a day than `own_events.export_rows` takes them away, by
//! whatever program and in however many requests. That is counted here rather than told by the client, because a client may
//! leave out what it does not want to tell.

use model::tenant::TenantId;
use model::time::Timestamp;
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use uuid::Uuid;

/// Readers that are counted at the most; then counting begins anew. More callers and reports than any installation has.
const MOST_READERS: usize = 200_000;

/// Who reads what.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Reading {
    /// The tenant.
    pub tenant: TenantId,
    /// The application, or the app password.
    pub app_id: Uuid,
    /// The user for whom it acts.
    pub user: Option<Uuid>,
    /// The report's number.
    pub report: u16,
}

/// Rows that were given out this UTC day, by reader. In memory: after a start a day counts anew.
#[derive(Debug, Default)]
pub struct Exports(Mutex<Today>);

#[derive(Debug, Default)]
struct Today {
    day: i64,
    rows: HashMap<Reading, u64>,
}

impl Exports {
    /// Counts rows that are given out. Answers the reader's sum with the one page a day that makes it an export.
    pub fn count(&self, reading: Reading, rows: u64, limit: u64, now: Timestamp) -> Option<u64> {
        let mut today = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let day = now.day();
        if today.day != day || today.rows.len() >= MOST_READERS {
            *today = Today {
                day,
                rows: HashMap::new(),
            };
        }
        let sum = today.rows.entry(reading).or_default();
        let before = *sum;
        *sum = before.saturating_add(rows);
        (before <= limit && *sum > limit).then_some(*sum)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const READING: Reading = Reading {
        tenant: TenantId::new(Uuid::from_u128(1)),
        app_id: Uuid::from_u128(2),
        user: None,
        report: 3,
    };

    /// Pages of rows (reader, seconds since 1970), each with the sum that makes it an export.
    fn check(limit: u64, pages: &[(Reading, i64, u64, Option<u64>)]) {
        let exports = Exports::default();
        for (reading, seconds, rows, expected) in pages {
            let now = Timestamp::from_unix_seconds(*seconds);
            assert_eq!(exports.count(*reading, *rows, limit, now), *expected, "{pages:?}");
        }
    }

    #[test]
    fn the_page_that_goes_beyond_the_limit_is_told_once_a_day() {
        check(
            10,
            &[
                (READING, 0, 10, None),
                (READING, 86_399, 1, Some(11)),
                (READING, 86_399, 100, None),
                (READING, 86_400, 10, None),
                (READING, 86_400, 5, Some(15)),
            ],
        );
        check(10, &[(READING, 0, 1_000, Some(1_000)), (READING, 0, 1_000, None)]);
    }

    #[test]
    fn each_reader_and_each_report_counts_alone() {
        let other = |reading| (reading, 0, 10, None);
        check(
            10,
            &[
                other(READING),
                other(Reading { report: 4, ..READING }),
                other(Reading {
                    user: Some(Uuid::nil()),
                    ..READING
                }),
                other(Reading {
                    app_id: Uuid::nil(),
                    ..READING
                }),
                other(Reading {
                    tenant: TenantId::new(Uuid::nil()),
                    ..READING
                }),
                (READING, 0, 1, Some(11)),
            ],
        );
    }
}
