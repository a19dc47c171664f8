//! What became of each takeover, and which honest sign-ins look worst: for whoever wants to do better.

use super::contestants::{Alarm, IRREGULAR, TRAVEL, gatelog};
use super::score::Truth;
use detect::Seen;
use model::identity::EventKey;
use std::collections::HashMap;
use std::fmt::Write;

/// So many honest sign-ins are shown.
const HONEST_SHOWN: usize = 400;

/// A line for each takeover and for the worst honest sign-ins.
pub(super) fn of(truth: &Truth, alarms: &[Alarm], events: &[Seen]) -> String {
    let mut travel: HashMap<EventKey, &Alarm> = HashMap::new();
    let mut irregular: HashMap<EventKey, &Alarm> = HashMap::new();
    for alarm in alarms {
        let map = match alarm.detector {
            TRAVEL => &mut travel,
            IRREGULAR => &mut irregular,
            _ => continue,
        };
        map.extend(alarm.keys.iter().map(|key| (*key, alarm)));
    }
    let mut text = String::new();
    for takeover in truth.takeovers_all() {
        let best = takeover
            .successes
            .iter()
            .filter_map(|key| irregular.get(key))
            .max_by(|one, other| one.score.unwrap_or(0.0).total_cmp(&other.score.unwrap_or(0.0)));
        let is_told = takeover.successes.iter().any(|key| travel.contains_key(key));
        let impossible = takeover.impossible_km.map(|km| format!("{km:.0} km"));
        let _ = writeln!(
            text,
            "- {:?} account {} impossible {} told {is_told} irregular {:.2} {}",
            takeover.kind,
            takeover.account,
            impossible.as_deref().unwrap_or("no"),
            best.and_then(|alarm| alarm.score).unwrap_or(0.0),
            best.map_or("", |alarm| &alarm.because)
        );
        if takeover.impossible_km.is_some() && !is_told {
            for because in gatelog::why_not(events, truth.name_of(takeover.account), &takeover.successes) {
                let _ = writeln!(text, "    - {because}");
            }
        }
    }
    let mut honest: Vec<&Alarm> = irregular
        .iter()
        .filter(|(key, _)| truth.is_honest(key))
        .map(|(_, alarm)| *alarm)
        .collect();
    honest.sort_by(|one, other| other.score.unwrap_or(0.0).total_cmp(&one.score.unwrap_or(0.0)));
    let step = (honest.len() / HONEST_SHOWN).max(1);
    for (place, alarm) in honest.iter().enumerate().step_by(step) {
        let _ = writeln!(
            text,
            "- honest {place}: {:.2} {} ({})",
            alarm.score.unwrap_or(0.0),
            alarm.because,
            truth.cases_of(alarm).join("; ")
        );
    }
    for alarm in alarms.iter().filter(|alarm| alarm.detector == TRAVEL) {
        if !alarm.keys.iter().any(|key| truth.is_attackers(*key)) {
            let _ = writeln!(
                text,
                "- false journey: {} ({})",
                alarm.because,
                truth.cases_of(alarm).join("; ")
            );
        }
    }
    text
}
