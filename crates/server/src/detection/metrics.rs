//! What is measured of detection.

use super::Round;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

/// What is measured of detection.
#[derive(Debug, Default)]
pub(crate) struct DetectionMetrics {
    judged: Counter,
    from_history: Counter,
    found: Counter,
    retracted: Counter,
    recalled: Counter,
    failures: Counter,
    waiting: Gauge,
}

impl DetectionMetrics {
    pub(crate) fn register(registry: &mut Registry) -> DetectionMetrics {
        let metrics = DetectionMetrics::default();
        for (name, help, counter) in [
            (
                "gatelog_detection_sign_ins",
                "Sign-ins that were judged",
                &metrics.judged,
            ),
            (
                "gatelog_detection_histories",
                "People and addresses that were judged from their history",
                &metrics.from_history,
            ),
            (
                "gatelog_detection_findings",
                "Findings that were stored, new or more than before",
                &metrics.found,
            ),
            (
                "gatelog_detection_retractions",
                "Findings that were taken back",
                &metrics.retracted,
            ),
            (
                "gatelog_detection_recalls",
                "People and addresses that were not in memory and went on as they were kept",
                &metrics.recalled,
            ),
            (
                "gatelog_detection_failures",
                "Rounds of detection that failed and are repeated",
                &metrics.failures,
            ),
        ] {
            registry.register(name, help, counter.clone());
        }
        registry.register(
            "gatelog_detection_waiting_sign_ins",
            "Sign-ins that wait for others that may come late",
            metrics.waiting.clone(),
        );
        metrics
    }

    pub(crate) fn count(&self, round: &Round) {
        self.judged.inc_by(round.judged);
        self.from_history.inc_by(round.again);
        self.found.inc_by(round.found);
        self.retracted.inc_by(round.retracted);
        self.recalled.inc_by(round.recalled);
    }

    pub(crate) fn count_failure(&self) {
        self.failures.inc();
    }

    pub(crate) fn note_waiting(&self, waiting: u64) {
        self.waiting.set(waiting as i64);
    }
}
