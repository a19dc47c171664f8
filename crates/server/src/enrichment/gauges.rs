//! What is measured of enrichment: how old each source is, how much it knows, and whether its newest file is in force.

use super::state::EMBEDDED;
use super::{EnrichmentStatus, SourceKind, SourceStatus};
use crate::metrics::Metrics;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;

/// Names and classes are the operator's own.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Labels {
    kind: &'static str,
    class: String,
    name: String,
}

/// The gauges, each with a series for each source.
#[derive(Debug, Default)]
pub(crate) struct Gauges {
    age_seconds: Family<Labels, Gauge>,
    entries: Family<Labels, Gauge>,
    stale: Family<Labels, Gauge>,
    failed: Family<Labels, Gauge>,
    unreadable: Family<Labels, Gauge>,
}

impl Gauges {
    /// Gauges that are shown with the others.
    pub(crate) fn registered(metrics: &Metrics) -> Gauges {
        let gauges = Gauges::default();
        metrics.register(
            "gatelog_enrichment_age_seconds",
            "How old what is known of addresses is, by source",
            gauges.age_seconds.clone(),
        );
        metrics.register(
            "gatelog_enrichment_entries",
            "Ranges, networks and list entries that count now, by source",
            gauges.entries.clone(),
        );
        metrics.register(
            "gatelog_enrichment_stale",
            "1 if a source is older than it may become",
            gauges.stale.clone(),
        );
        metrics.register(
            "gatelog_enrichment_failed",
            "1 if the file that is there now cannot be used; what was read before stays in force",
            gauges.failed.clone(),
        );
        metrics.register(
            "gatelog_enrichment_unreadable_records",
            "Look-ups that met a damaged record, since the file was read",
            gauges.unreadable.clone(),
        );
        // A series from the start, so that an alert has something to look at; the files are read within moments.
        let embedded = Labels {
            kind: SourceKind::Countries.as_str(),
            class: String::new(),
            name: EMBEDDED.to_owned(),
        };
        for family in gauges.all() {
            family.get_or_create(&embedded).set(0);
        }
        gauges
    }

    fn all(&self) -> [&Family<Labels, Gauge>; 5] {
        [
            &self.age_seconds,
            &self.entries,
            &self.stale,
            &self.failed,
            &self.unreadable,
        ]
    }

    /// Takes over how every source is. Those that are no more have no series any more.
    pub(crate) fn set(&self, status: &EnrichmentStatus) {
        for family in self.all() {
            family.clear();
        }
        for source in &status.sources {
            let labels = labels(source);
            if let Some(age) = source.age_seconds {
                self.age_seconds.get_or_create(&labels).set(age);
            }
            self.entries.get_or_create(&labels).set(source.entries as i64);
            self.stale.get_or_create(&labels).set(i64::from(source.is_stale));
            self.failed
                .get_or_create(&labels)
                .set(i64::from(source.failure.is_some()));
            self.unreadable
                .get_or_create(&labels)
                .set(source.unreadable_records as i64);
        }
    }
}

fn labels(source: &SourceStatus) -> Labels {
    Labels {
        kind: source.kind.as_str(),
        class: source.class.clone().unwrap_or_default(),
        name: source.name.clone(),
    }
}
