//! What is measured of each source: the sums of its ledger, as of the last round.
//!
//! The names of sources are those of applications and of what the operator called an agent's inputs; how many of them have series is
//! bounded all the same.

use super::gaps::{self, GapAnswer};
use model::tenant::TenantId;
use model::time::Timestamp;
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::registry::Unit;
use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};
use store::error::StoreError;
use store::events::{EventStore, LedgerLine};

/// Sources that have series of their own: those that brought something last.
const MOST_SOURCES: usize = 500;

/// A source as it was measured.
#[derive(Debug, Clone)]
pub(crate) struct SourceMeasure {
    pub(crate) tenant: TenantId,
    pub(crate) line: LedgerLine,
    pub(crate) open_gaps: usize,
}

/// The open gaps of a tenant, and what is measured of its sources.
pub(crate) fn measured(
    events: &dyn EventStore,
    tenant: TenantId,
    now: Timestamp,
) -> Result<(Vec<GapAnswer>, Vec<SourceMeasure>), StoreError> {
    let mut gaps = gaps::of(events, tenant, None, now)?;
    gaps.retain(|gap| gap.closed.is_none());
    let mut of_sources: BTreeMap<&str, usize> = BTreeMap::new();
    for gap in &gaps {
        *of_sources.entry(&gap.source).or_default() += 1;
    }
    let lines = events.ledger(tenant)?.into_iter();
    let measures = lines.map(|line| SourceMeasure {
        tenant,
        open_gaps: of_sources.get(line.source.as_str()).copied().unwrap_or_default(),
        line,
    });
    let measures = measures.collect();
    Ok((gaps, measures))
}

/// Every source, as of the last round.
#[derive(Debug, Default)]
pub(crate) struct SourceMetrics(RwLock<Arc<Measured>>);

#[derive(Debug, Default)]
struct Measured {
    sources: Vec<Labelled>,
    /// How many more there are.
    others: usize,
}

#[derive(Debug)]
struct Labelled {
    tenant: String,
    measure: SourceMeasure,
}

impl SourceMetrics {
    /// Takes over what was measured. What is not in it any more is gone.
    pub(crate) fn note(&self, mut measures: Vec<SourceMeasure>) {
        measures.sort_by_cached_key(|measure| {
            let name = (measure.tenant, measure.line.source.clone());
            (Reverse(measure.line.last_arrival), name)
        });
        let others = measures.len().saturating_sub(MOST_SOURCES);
        measures.truncate(MOST_SOURCES);
        let sources = measures.into_iter().map(|measure| Labelled {
            tenant: measure.tenant.to_string(),
            measure,
        });
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(Measured {
            sources: sources.collect(),
            others,
        });
    }
}

/// A series of each source: its name, what it is, and its value where it has one.
type Series<T> = (
    &'static str,
    &'static str,
    Option<Unit>,
    fn(&LedgerLine, usize) -> Option<T>,
);

const COUNTERS: &[Series<u64>] = &[
    (
        "gatelog_source_late_records",
        "Of the new and changed records of each source: late ones",
        None,
        |line, _| Some(line.counts.late),
    ),
    (
        "gatelog_source_quarantined_records",
        "Of the new and changed records of each source: those too far in the future",
        None,
        |line, _| Some(line.counts.quarantined),
    ),
    (
        "gatelog_source_late",
        "How late the late records of each source were, together",
        Some(Unit::Seconds),
        |line, _| Some(line.late_by.seconds),
    ),
];

const GAUGES: &[Series<i64>] = &[
    (
        "gatelog_source_newest_event_timestamp",
        "The newest event of each source",
        Some(Unit::Seconds),
        |line, _| line.newest.map(Timestamp::unix_seconds),
    ),
    (
        "gatelog_source_last_arrival_hour_timestamp",
        "The last hour in which each source brought something",
        Some(Unit::Seconds),
        |line, _| Some(line.last_arrival.unix_seconds()),
    ),
    (
        "gatelog_source_last_error_timestamp",
        "When something went wrong last with each source",
        Some(Unit::Seconds),
        |line, _| line.last_error.as_ref().map(|error| error.at.unix_seconds()),
    ),
    (
        "gatelog_source_open_gaps",
        "Gaps of each source that are open",
        None,
        |_, open_gaps| i64::try_from(open_gaps).ok(),
    ),
];

impl Collector for SourceMetrics {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), fmt::Error> {
        let measured = Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner));
        let mut records = encoder.encode_descriptor(
            "gatelog_source_records",
            "Records of each source, by what became of them",
            None,
            MetricType::Counter,
        )?;
        for source in &measured.sources {
            let counts = &source.measure.line.counts;
            for (result, count) in [
                ("new", counts.new),
                ("changed", counts.changed),
                ("known", counts.known),
                ("ignored", counts.ignored),
                ("rejected", counts.rejected),
            ] {
                let [tenant, name] = source.labels();
                let labels = [tenant, name, ("result", result)];
                ConstCounter::new(count).encode(records.encode_family(&labels)?)?;
            }
        }
        for (name, help, unit, value) in COUNTERS {
            let mut family = encoder.encode_descriptor(name, help, unit.as_ref(), MetricType::Counter)?;
            for source in &measured.sources {
                if let Some(value) = value(&source.measure.line, source.measure.open_gaps) {
                    ConstCounter::new(value).encode(family.encode_family(&source.labels())?)?;
                }
            }
        }
        for (name, help, unit, value) in GAUGES {
            let mut family = encoder.encode_descriptor(name, help, unit.as_ref(), MetricType::Gauge)?;
            for source in &measured.sources {
                if let Some(value) = value(&source.measure.line, source.measure.open_gaps) {
                    ConstGauge::new(value).encode(family.encode_family(&source.labels())?)?;
                }
            }
        }
        let others = encoder.encode_descriptor(
            "gatelog_sources_unmeasured",
            "Sources beyond those that have series of their own",
            None,
            MetricType::Gauge,
        )?;
        ConstGauge::new(measured.others as i64).encode(others)
    }
}

impl Labelled {
    fn labels(&self) -> [(&'static str, &str); 2] {
        [("tenant", &self.tenant), ("source", &self.measure.line.source)]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::batch::Counts;
    use prometheus_client::encoding::text::encode;
    use prometheus_client::registry::Registry;
    use store::ledger::{LateBy, SourceError};

    fn measure(source: &str, hour: i64) -> SourceMeasure {
        SourceMeasure {
            tenant: TenantId::parse("11111111-2222-4333-8444-555555555555").unwrap(),
            line: LedgerLine {
                source: source.to_owned(),
                batches: 1,
                counts: Counts {
                    read: 15,
                    new: 5,
                    changed: 4,
                    known: 3,
                    ignored: 2,
                    rejected: 1,
                    late: 6,
                    quarantined: 7,
                },
                late_by: LateBy {
                    seconds: 90,
                    most_ticks: 0,
                },
                first_arrival: Timestamp::from_unix_seconds(0),
                last_arrival: Timestamp::from_unix_seconds(hour * 3_600),
                oldest: None,
                newest: Some(Timestamp::from_unix_seconds(7_199)),
                last_error: Some(SourceError {
                    at: Timestamp::from_unix_seconds(7_000),
                    reason: "no".to_owned(),
                }),
            },
            open_gaps: 8,
        }
    }

    fn printed(measures: Vec<SourceMeasure>) -> String {
        let metrics = Arc::new(SourceMetrics::default());
        metrics.note(measures);
        let mut registry = Registry::default();
        registry.register_collector(Box::new(metrics));
        let mut text = String::new();
        encode(&mut text, &registry).unwrap();
        text
    }

    #[test]
    fn each_source_has_its_sums_its_newest_event_and_its_gaps() {
        let text = printed(vec![measure("ingest:a/\"mim\"", 1)]);
        let labels = r#"tenant="11111111-2222-4333-8444-555555555555",source="ingest:a/\"mim\"""#;
        for expected in [
            format!("gatelog_source_records_total{{{labels},result=\"new\"}} 5\n"),
            format!("gatelog_source_records_total{{{labels},result=\"changed\"}} 4\n"),
            format!("gatelog_source_records_total{{{labels},result=\"known\"}} 3\n"),
            format!("gatelog_source_records_total{{{labels},result=\"ignored\"}} 2\n"),
            format!("gatelog_source_records_total{{{labels},result=\"rejected\"}} 1\n"),
            format!("gatelog_source_late_records_total{{{labels}}} 6\n"),
            format!("gatelog_source_quarantined_records_total{{{labels}}} 7\n"),
            format!("gatelog_source_late_seconds_total{{{labels}}} 90\n"),
            format!("gatelog_source_newest_event_timestamp_seconds{{{labels}}} 7199\n"),
            format!("gatelog_source_last_arrival_hour_timestamp_seconds{{{labels}}} 3600\n"),
            format!("gatelog_source_last_error_timestamp_seconds{{{labels}}} 7000\n"),
            format!("gatelog_source_open_gaps{{{labels}}} 8\n"),
            "gatelog_sources_unmeasured 0\n".to_owned(),
        ] {
            assert!(text.contains(&expected), "{expected}: {text}");
        }
    }

    #[test]
    fn only_so_many_sources_have_series_those_that_came_last() {
        let many = (0..600).map(|number| measure(&format!("s{number}"), number));
        let text = printed(many.collect());
        let has = |source: &str| text.contains(&format!("source=\"{source}\""));
        assert_eq!((has("s99"), has("s100"), has("s599")), (false, true, true));
        assert!(text.contains("gatelog_sources_unmeasured 100\n"), "{text}");
    }
}
