//! What the agent counts, and how Prometheus reads it.

use super::spool::Queued;
use std::collections::BTreeMap;
use std::fmt::Write;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// The numbers of one input since the start.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    pub(crate) read_bytes: u64,
    pub(crate) read_records: u64,
    pub(crate) dropped_records: u64,
    /// Entries of a journal that could not be read.
    pub(crate) unreadable_records: u64,
    pub(crate) sent_pieces: u64,
    pub(crate) aside_pieces: u64,
    pub(crate) failures: u64,
    /// What the service said of the records.
    pub(crate) new: u64,
    pub(crate) changed: u64,
    pub(crate) known: u64,
    pub(crate) ignored: u64,
    pub(crate) rejected: u64,
    /// Bytes of files that were seen and not read yet.
    pub(crate) unread_bytes: u64,
    /// When the service took the last piece, in seconds since 1970.
    pub(crate) last_success: i64,
}

/// The numbers of all inputs.
#[derive(Debug, Default)]
pub(crate) struct Counters(Mutex<BTreeMap<String, Counts>>);

/// One metric: name, type, help, and its number.
type Metric = (&'static str, &'static str, &'static str, fn(&Counts) -> i64);

/// Metrics of each input.
pub(crate) const METRICS: &[Metric] = &[
    (
        "gatelog_agent_read_bytes_total",
        "counter",
        "Bytes read, unpacked",
        |counts| counts.read_bytes as i64,
    ),
    (
        "gatelog_agent_read_records_total",
        "counter",
        "Records read and kept",
        |counts| counts.read_records as i64,
    ),
    (
        "gatelog_agent_dropped_records_total",
        "counter",
        "Records dropped because the spool was full",
        |counts| counts.dropped_records as i64,
    ),
    (
        "gatelog_agent_unreadable_records_total",
        "counter",
        "Entries of the journal that could not be read",
        |counts| counts.unreadable_records as i64,
    ),
    (
        "gatelog_agent_sent_pieces_total",
        "counter",
        "Pieces that the service acknowledged",
        |counts| counts.sent_pieces as i64,
    ),
    (
        "gatelog_agent_aside_pieces_total",
        "counter",
        "Pieces that the service refused, kept in the folder rejected",
        |counts| counts.aside_pieces as i64,
    ),
    (
        "gatelog_agent_send_failures_total",
        "counter",
        "Attempts to send that will be repeated",
        |counts| counts.failures as i64,
    ),
    (
        "gatelog_agent_records_new_total",
        "counter",
        "Records that were new to the service",
        |counts| counts.new as i64,
    ),
    (
        "gatelog_agent_records_changed_total",
        "counter",
        "Records that changed an event of the service",
        |counts| counts.changed as i64,
    ),
    (
        "gatelog_agent_records_known_total",
        "counter",
        "Records that the service had already",
        |counts| counts.known as i64,
    ),
    (
        "gatelog_agent_records_ignored_total",
        "counter",
        "Records that are none of the service's business",
        |counts| counts.ignored as i64,
    ),
    (
        "gatelog_agent_records_rejected_total",
        "counter",
        "Records that the service did not understand",
        |counts| counts.rejected as i64,
    ),
    (
        "gatelog_agent_unread_bytes",
        "gauge",
        "Bytes of files that were seen and not read yet",
        |counts| counts.unread_bytes as i64,
    ),
    (
        "gatelog_agent_last_success_timestamp_seconds",
        "gauge",
        "When the service took the last piece",
        |counts| counts.last_success,
    ),
];

/// Metrics of what waits, apart from those.
pub(crate) const SPOOL_METRICS: &[(&str, &str)] = &[
    ("gatelog_agent_spool_pieces", "Pieces that wait to be sent"),
    ("gatelog_agent_spool_records", "Records that wait to be sent"),
    (
        "gatelog_agent_spool_bytes",
        "Bytes of the pieces that wait, packed",
    ),
    ("gatelog_agent_spool_max_bytes", "Bytes that may wait"),
];

impl Counters {
    /// Changes the numbers of an input.
    pub(crate) fn of(&self, input: &str, change: impl FnOnce(&mut Counts)) {
        change(self.lock().entry(input.to_owned()).or_default());
    }

    /// The numbers as they are.
    pub(crate) fn all(&self) -> BTreeMap<String, Counts> {
        self.lock().clone()
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, Counts>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The page that Prometheus reads (text format 0.0.4). Names of inputs are words, so they need no quoting.
pub(crate) fn page(
    all: &BTreeMap<String, Counts>,
    queued: &BTreeMap<String, Queued>,
    max_bytes: u64,
) -> String {
    let mut text = String::new();
    for (name, kind, help, number) in METRICS {
        let _ = writeln!(text, "# HELP {name} {help}.\n# TYPE {name} {kind}");
        for (input, counts) in all {
            let _ = writeln!(text, "{name}{{input=\"{input}\"}} {}", number(counts));
        }
    }
    for (name, help) in SPOOL_METRICS {
        let _ = writeln!(text, "# HELP {name} {help}.\n# TYPE {name} gauge");
        if name.ends_with("max_bytes") {
            let _ = writeln!(text, "{name} {max_bytes}");
            continue;
        }
        for input in all
            .keys()
            .chain(queued.keys().filter(|input| !all.contains_key(*input)))
        {
            let waiting = queued.get(input).copied().unwrap_or_default();
            let number = match *name {
                "gatelog_agent_spool_pieces" => waiting.pieces,
                "gatelog_agent_spool_records" => waiting.records,
                _ => waiting.bytes,
            };
            let _ = writeln!(text, "{name}{{input=\"{input}\"}} {number}");
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_metric_is_in_the_handbook() {
        let handbook = include_str!("../../../../docs/agent.md");
        let names = METRICS.iter().map(|metric| metric.0);
        for name in names.chain(SPOOL_METRICS.iter().map(|metric| metric.0)) {
            assert!(handbook.contains(&format!("`{name}`")), "{name}");
        }
    }

    #[test]
    fn a_page_has_a_line_for_each_input() {
        let counters = Counters::default();
        counters.of("a", |counts| counts.read_records += 3);
        let queued = BTreeMap::from([(
            "b".to_owned(),
            Queued {
                pieces: 1,
                records: 2,
                bytes: 7,
            },
        )]);
        let page = page(&counters.all(), &queued, 9);
        for line in [
            "gatelog_agent_read_records_total{input=\"a\"} 3",
            "gatelog_agent_spool_records{input=\"b\"} 2",
            "gatelog_agent_spool_bytes{input=\"a\"} 0",
            "gatelog_agent_spool_max_bytes 9",
        ] {
            assert!(page.lines().any(|other| other == line), "{line}\n{page}");
        }
    }
}
