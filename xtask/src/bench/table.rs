//! The table of the design's budgets, with what was measured.

use std::fmt::Write;
use std::time::Duration;

/// A line of the table.
#[derive(Debug, Clone)]
pub(super) struct Line {
    /// What was done.
    pub(super) work: String,
    /// What was measured, and beside it the yardstick.
    pub(super) measured: String,
    /// Ours by the yardstick's, if there is one.
    pub(super) ratio: Option<f64>,
    /// What must be reached.
    pub(super) floor: &'static str,
    /// What should be reached.
    pub(super) goal: &'static str,
    /// What came of it.
    pub(super) verdict: Verdict,
}

/// Whether a floor was reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    /// The goal, too.
    Goal,
    Reached,
    Missed,
    /// There is none.
    None,
}

impl Verdict {
    /// Of what must be large.
    pub(super) fn at_least(value: f64, floor: f64, goal: f64) -> Verdict {
        match value {
            value if value >= goal => Verdict::Goal,
            value if value >= floor => Verdict::Reached,
            _ => Verdict::Missed,
        }
    }

    /// Of what must be small.
    pub(super) fn at_most(value: f64, floor: f64, goal: f64) -> Verdict {
        Verdict::at_least(-value, -floor, -goal)
    }

    fn word(self) -> &'static str {
        match self {
            Verdict::Goal => "goal reached",
            Verdict::Reached => "reached",
            Verdict::Missed => "missed",
            Verdict::None => "–",
        }
    }
}

/// The lines as Markdown, which reads well in a terminal too.
pub(super) fn shown(lines: &[Line]) -> String {
    let mut text = String::from(
        "| work | measured | ratio | floor | goal | floor is |\n| --- | --- | --- | --- | --- | --- |\n",
    );
    for line in lines {
        let ratio = line
            .ratio
            .map_or_else(|| "–".to_owned(), |ratio| format!("{ratio:.2}"));
        let _ = writeln!(
            text,
            "| {} | {} | {ratio} | {} | {} | {} |",
            line.work,
            line.measured,
            line.floor,
            line.goal,
            line.verdict.word()
        );
    }
    text
}

/// The machine, in a line: ratios travel, numbers do not.
pub(super) fn machine() -> String {
    let cores = std::thread::available_parallelism().map_or(0, std::num::NonZero::get);
    let facts = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let processor = facts
        .lines()
        .find_map(|line| line.strip_prefix("model name")?.split_once(": "))
        .map_or("unknown processor", |(_, name)| name);
    let load = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let load = load.split(' ').next().unwrap_or("?").to_owned();
    format!("{cores} cores of {processor}; load before the run {load}")
}

/// `12.3 k`
pub(super) fn thousands(number: f64) -> String {
    match number {
        number if number >= 99_950.0 => format!("{:.0} k", number / 1_000.0),
        number if number >= 999.5 => format!("{:.1} k", number / 1_000.0),
        number => format!("{number:.0}"),
    }
}

/// `1.25 ms`
pub(super) fn milliseconds(span: Duration) -> String {
    format!("{:.2} ms", span.as_secs_f64() * 1_000.0)
}

/// `152.3 µs`
pub(super) fn microseconds(seconds: f64) -> String {
    format!("{:.1} µs", seconds * 1e6)
}

/// `61.4 MB`, of a million bytes each.
pub(super) fn megabytes(bytes: f64) -> String {
    format!("{:.1} MB", bytes / 1e6)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(number: f64, expected: &str) {
        assert_eq!(thousands(number), expected);
    }

    #[test]
    fn numbers_keep_three_digits() {
        check(7.0, "7");
        check(999.4, "999");
        check(1_234.0, "1.2 k");
        check(45_678.0, "45.7 k");
        check(123_456.0, "123 k");
    }

    #[test]
    fn a_line_without_yardstick_has_no_ratio() {
        let line = Line {
            work: "start".to_owned(),
            measured: "20 ms".to_owned(),
            ratio: None,
            floor: "200 ms",
            goal: "100 ms",
            verdict: Verdict::at_most(0.02, 0.2, 0.1),
        };
        assert!(shown(&[line]).ends_with("| start | 20 ms | – | 200 ms | 100 ms | goal reached |\n"));
    }

    #[test]
    fn a_floor_is_reached_at_its_very_value() {
        assert_eq!(Verdict::at_least(0.3, 0.3, 0.4), Verdict::Reached);
        assert_eq!(Verdict::at_least(0.29, 0.3, 0.4), Verdict::Missed);
        assert_eq!(Verdict::at_most(1.5, 1.5, 1.2), Verdict::Reached);
        assert_eq!(Verdict::at_most(1.51, 1.5, 1.2), Verdict::Missed);
        assert_eq!(Verdict::at_most(f64::NAN, 1.5, 1.2), Verdict::Missed);
    }
}
