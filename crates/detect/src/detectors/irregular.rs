//! irregularSignInActivityEvents: sign-ins that do not fit the person, measured against everybody.
//!
//! The form of the score is that of Freeman, Jain, Dürmuth, Biggio and Giacinto, 'Who Are You? A Statistical Approach to Measuring User
//! Authenticity' (NDSS 2016): for each feature, how likely its value is for anybody against how likely it is for this person, with
//! backoff from what is narrow to what is wide (address, network, country; browser, system). The weights were fitted by logistic regression on
//! made-up worlds of seeds for tuning, and rounded. The User-Agent as a whole got none: browsers are updated, and who aims at somebody has theirs.

use super::{DetectorDef, Judges};
use crate::habits::{Feature, Habits, values};
use crate::population::Population;
use crate::seen::{Outcome, Seen};
use crate::told::{Draft, Evidence, Judging, Told, is_somewhere, rounded, sign_in};
use model::event::SignInKind;
use model::finding::{Found, IrregularClass};
use serde::{Deserialize, Serialize};
use serde_json::json;

/// The detector.
pub(super) const DEF: DetectorDef = DetectorDef {
    name: "irregular",
    report: "irregularSignInActivityEvents",
    judges: Judges::People,
    about: "A success whose address, network, country, device, browser, system and hour do not fit the person.",
};

/// When a sign-in does not fit.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Thresholds {
    /// A score (natural logarithm of a ratio of likelihoods) from here on is irregular: about one honest sign-in of three hundred.
    pub irregular_score: f64,
    /// From here on suspicious: about one honest sign-in of fifteen hundred.
    pub suspicious_score: f64,
    /// So many days, or
    pub learning_days: u32,
    /// so many sign-ins, whichever comes first, nothing is called irregular. Microsoft's own: 14 days or 10 logins.
    pub learning_sign_ins: u32,
}

impl Default for Thresholds {
    fn default() -> Thresholds {
        Thresholds {
            irregular_score: 5.5,
            suspicious_score: 9.0,
            learning_days: 14,
            learning_sign_ins: 10,
        }
    }
}

/// A feature, and how much of its surprise counts.
struct Weighed {
    name: &'static str,
    feature: Feature,
    weight: f64,
    /// How many sign-ins of everybody a person's own begin with: little for what is nearly always their own, much for hours.
    prior: f64,
    /// Whether a value that fits speaks for the person.
    when_it_fits: WhenItFits,
}

/// What a value that the person has more than others makes of a score.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum WhenItFits {
    /// It makes it less.
    Counts,
    /// Nothing: whoever aims at somebody has it, too.
    CountsNothing,
}

const fn weighed(name: &'static str, feature: Feature, weight: f64, prior: f64) -> Weighed {
    Weighed {
        name,
        feature,
        weight,
        prior,
        when_it_fits: WhenItFits::Counts,
    }
}

const fn only_if_odd(name: &'static str, feature: Feature, weight: f64, prior: f64) -> Weighed {
    Weighed {
        when_it_fits: WhenItFits::CountsNothing,
        ..weighed(name, feature, weight, prior)
    }
}

/// From what is narrow to what is wide. One surprise is seldom alone: a strange address is mostly in a strange network, so that none of them
/// counts in full.
const FEATURES: &[Weighed] = &[
    weighed("address", Feature::Address, 0.9, 1.0),
    weighed("network", Feature::Network, 0.3, 1.0),
    weighed("sort of network", Feature::Class, 0.6, 1.0),
    weighed("city", Feature::City, 0.4, 1.0),
    only_if_odd("country", Feature::Country, 0.3, 1.0),
    weighed("device", Feature::Device, 0.6, 1.0),
    weighed("browser", Feature::Browser, 0.4, 1.0),
    weighed("operating system", Feature::OperatingSystem, 0.4, 1.0),
    weighed("hour", Feature::Hour, 0.4, 8.0),
];

/// What a feature adds to the score.
struct Part {
    name: &'static str,
    /// The logarithm of everybody's share over the person's.
    surprise: f64,
    score: f64,
    persons: f64,
    everybodys: f64,
}

/// Whether a sign-in of a person is scored, so that the snapshot that counts for its day must have its counts.
pub fn is_scored(seen: &Seen) -> bool {
    seen.outcome == Outcome::Success
        && seen.kind == SignInKind::Interactive
        && is_somewhere(&seen.whereabouts)
}

/// Judges one success against what was usual before it.
pub(crate) fn observe(seen: &Seen, habits: &Habits, judging: &Judging<'_>, told: &mut Told) {
    // Nothing rests on a score: of a sign-in that is decided already it need not be known again.
    if !judging.is_decided || !is_scored(seen) {
        return;
    }
    let thresholds = &judging.version.rules.irregular;
    if habits.is_learning(seen.time, thresholds.learning_days, thresholds.learning_sign_ins) {
        told.note(&DEF, seen, || {
            habits.why_learning(thresholds.learning_days, thresholds.learning_sign_ins)
        });
        return;
    }
    let population = judging.populations.at(seen.time.day());
    let parts = parts(seen, habits, population);
    let score: f64 = parts.iter().map(|part| part.score).sum();
    if score < thresholds.irregular_score {
        told.note(&DEF, seen, || {
            let parts: Vec<_> = parts
                .iter()
                .map(|part| format!("{} {:.1}", part.name, part.score))
                .collect();
            let from = thresholds.irregular_score;
            format!(
                "its score is {score:.1} ({}); irregular is from {from:.1}",
                parts.join(", ")
            )
        });
        return;
    }
    let class = if score >= thresholds.suspicious_score {
        IrregularClass::Suspicious
    } else {
        IrregularClass::Irregular
    };
    let unusual: Vec<&str> = parts
        .iter()
        .filter(|part| part.score > 0.5)
        .map(|part| part.name)
        .collect();
    let features: Vec<_> = parts
        .iter()
        .map(|part| {
            json!({
                "feature": part.name,
                "score": rounded(part.score),
                "surprise": rounded(part.surprise),
                "shareOfThePersons": rounded(part.persons),
                "shareOfEverybodys": rounded(part.everybodys),
            })
        })
        .collect();
    let evidence = Evidence::default()
        .with("score", rounded(score))
        .with("irregularFrom", thresholds.irregular_score)
        .with("suspiciousFrom", thresholds.suspicious_score)
        .with("features", features)
        .with("signIn", sign_in(seen))
        .with("signInsOfThePersonBefore", habits.sign_ins)
        .with(
            "population",
            json!({ "day": population.day, "signIns": population.sign_ins }),
        );
    let event = crate::told::event_id(seen.key);
    told.found.push(judging.finding(Draft {
        time: seen.time,
        seen,
        found: Found::Irregular {
            class,
            device: seen.tool.user_agent.as_deref().map(str::to_owned),
            location: seen.whereabouts.place_name(),
        },
        told_apart_by: &[&event],
        summary: format!(
            "{} not as usual for the person (score {score:.1})",
            unusual.join(", ")
        ),
        evidence,
    }));
}

fn parts(seen: &Seen, habits: &Habits, population: &Population) -> Vec<Part> {
    let mut parts = Vec::with_capacity(FEATURES.len());
    for weighed in FEATURES {
        let Some(value) = values(seen).of(weighed.feature) else {
            continue;
        };
        let everybodys = population.share(weighed.feature, value);
        let own = habits
            .of(weighed.feature, Some(value))
            .map_or(0.0, |used| f64::from(used.count));
        let persons = (own + weighed.prior * everybodys)
            / (f64::from(habits.shown_by(weighed.feature)) + weighed.prior);
        let surprise = (everybodys / persons).ln();
        let counted = match weighed.when_it_fits {
            WhenItFits::Counts => surprise,
            WhenItFits::CountsNothing => surprise.max(0.0),
        };
        parts.push(Part {
            name: weighed.name,
            surprise,
            score: weighed.weight * counted,
            persons,
            everybodys,
        });
    }
    parts
}
