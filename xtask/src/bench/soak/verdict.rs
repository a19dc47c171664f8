//! The first third of a soak beside the last: what drifts, and what must not grow.

use super::{KINDS, Ran};
use crate::bench::median;
use crate::bench::samples::{figures, slope, thirds};
use crate::bench::table::megabytes;
use crate::bench::vitals::{Reading, Vitals};
use std::fmt::Write;

/// Above the line of each minute.
pub(super) const HEADINGS: &str = "p50 / p99 in ms:                                                  page           upload           export\n\
     minute    RssAnon descriptors threads       disk       logs";

/// Memory may grow by so much between the first third and the last: caches and allocators settle late.
const MEMORY_SETTLES: f64 = 24e6;
/// And by so much for each new event of the run: the filters that tell new from known.
const MEMORY_OF_EVENT: f64 = 4.0;
/// Descriptors come and go with connections.
const DESCRIPTORS_SETTLE: f64 = 40.0;

/// Prints the comparison; answers whether nothing grew that must not.
pub(super) fn judge(ran: &Ran, seconds: f64, new_events: f64) -> bool {
    println!("\n{}", table(ran, seconds));
    let memory = |vitals: &Vitals| vitals.rss_anon as f64;
    let descriptors = |vitals: &Vitals| vitals.descriptors as f64;
    let first_and_last = |of: &dyn Fn(&Vitals) -> f64| {
        let [first, _, last] = thirds(seconds);
        let middle = |window: &std::ops::Range<f64>| {
            let values: Vec<f64> = ran
                .readings
                .iter()
                .filter(|(moment, _)| window.contains(moment))
                .map(|(_, vitals)| of(vitals))
                .collect();
            median(&values)
        };
        (middle(&first), middle(&last))
    };
    let (was, is) = first_and_last(&memory);
    let allowed = MEMORY_SETTLES + MEMORY_OF_EVENT * new_events;
    println!(
        "RssAnon, median: first third {}, last {}, {} an hour over the last two; at most {} more is allowed",
        megabytes(was),
        megabytes(is),
        megabytes(growth_an_hour(&ran.readings, seconds)),
        megabytes(allowed)
    );
    let memory_is_flat = is - was <= allowed;
    let (was, is) = first_and_last(&descriptors);
    println!("descriptors, median: first third {was:.0}, last {is:.0}");
    let descriptors_are_flat = is - was <= DESCRIPTORS_SETTLE;
    let used: Vec<f64> = ran
        .readings
        .iter()
        .map(|(_, vitals)| vitals.core_seconds)
        .collect();
    if let (Some(first), Some(last)) = (used.first(), used.last()) {
        println!("the server took {:.2} cores", (last - first) / seconds);
    }
    if !memory_is_flat {
        println!("MISSED: memory grows");
    }
    if !descriptors_are_flat {
        println!("MISSED: descriptors grow");
    }
    memory_is_flat && descriptors_are_flat
}

/// Bytes an hour, by the line of least squares through what comes after the first third.
fn growth_an_hour(readings: &[Reading], seconds: f64) -> f64 {
    let points: Vec<(f64, f64)> = readings
        .iter()
        .filter(|(moment, _)| *moment >= seconds / 3.0)
        .map(|(moment, vitals)| (moment / 3_600.0, vitals.rss_anon as f64))
        .collect();
    slope(&points)
}

fn table(ran: &Ran, seconds: f64) -> String {
    let mut text = String::from(
        "| p50 / p99 / longest, ms | first third | second | last | p99, last by first |\n| --- | --- | --- | --- | --- |\n",
    );
    for (kind, name) in KINDS.iter().enumerate() {
        let of = thirds(seconds).map(|window| figures(&ran.samples, kind, &window));
        let cells = of.map(|of| {
            format!(
                "{:.1} / {:.1} / {:.1} ({})",
                of.p50 * 1e3,
                of.p99 * 1e3,
                of.most * 1e3,
                of.count
            )
        });
        let ratio = of[2].p99 / of[0].p99;
        let ratio = if ratio.is_finite() {
            format!("{ratio:.2}")
        } else {
            "–".to_owned()
        };
        let _ = writeln!(text, "| {name} | {} | {ratio} |", cells.join(" | "));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::samples::Sample;

    /// Memory in MB and descriptors, a reading every ten seconds of a minute and a half.
    fn check(memory: [u64; 9], descriptors: [u64; 9], expected: bool) {
        let readings = memory.iter().zip(descriptors).enumerate();
        let ran = Ran {
            samples: vec![Sample {
                kind: 0,
                due: 1.0,
                took: 0.1,
            }],
            readings: readings
                .map(|(place, (memory, descriptors))| {
                    let vitals = Vitals {
                        rss_anon: memory * 1_000_000,
                        descriptors,
                        threads: 1,
                        core_seconds: 0.0,
                    };
                    (place as f64 * 10.0, vitals)
                })
                .collect(),
            restarted: 0,
        };
        assert_eq!(judge(&ran, 90.0, 1e6), expected, "{memory:?} {descriptors:?}");
    }

    #[test]
    fn what_settles_is_good_and_what_grows_is_not() {
        check([20, 30, 30, 35, 30, 38, 35, 34, 36], [50; 9], true);
        check([20, 30, 40, 50, 60, 70, 80, 90, 99], [50; 9], false);
        check([30; 9], [50, 50, 60, 80, 90, 99, 110, 120, 130], false);
    }

    #[test]
    fn memory_grows_by_the_hour() {
        let reading = |moment: f64, bytes: u64| {
            let vitals = Vitals {
                rss_anon: bytes,
                descriptors: 1,
                threads: 1,
                core_seconds: 0.0,
            };
            (moment, vitals)
        };
        let readings = [reading(0.0, 9_999), reading(60.0, 1_000), reading(96.0, 1_036)];
        assert!((growth_an_hour(&readings, 90.0) - 3_600.0).abs() < 1.0);
    }
}
