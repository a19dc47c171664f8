//! The judge's tables: a line for each figure, a column for each contestant, the goal beside them.

use super::contestants::{ADDRESSES, FAILURES, INFECTED, IRREGULAR, TRAVEL, UNKNOWN};
use super::score::{Figures, Share};

/// A line of the table: which figure, what a good one is, and the goal.
struct Line {
    detector: &'static str,
    figure: &'static str,
    goal: Option<Goal>,
}

/// What a figure should be.
#[derive(Clone, Copy)]
enum Goal {
    AtLeast(f64),
    AtMost(f64),
}

const fn line(detector: &'static str, figure: &'static str) -> Line {
    Line {
        detector,
        figure,
        goal: None,
    }
}

const fn at_least(detector: &'static str, figure: &'static str, goal: f64) -> Line {
    Line {
        detector,
        figure,
        goal: Some(Goal::AtLeast(goal)),
    }
}

const fn at_most(detector: &'static str, figure: &'static str, goal: f64) -> Line {
    Line {
        detector,
        figure,
        goal: Some(Goal::AtMost(goal)),
    }
}

/// The lines in their order, with the goals that were set before the first detector.
const LINES: &[Line] = &[
    at_least(TRAVEL, "recall", 0.85),
    line(TRAVEL, "recall, naive"),
    line(TRAVEL, "recall, VPN in the country"),
    line(TRAVEL, "recall, homes in the country"),
    line(TRAVEL, "recall, Tor"),
    line(TRAVEL, "recall, guessed"),
    line(TRAVEL, "precision"),
    at_most(TRAVEL, "false per 1,000 user-days", 2.0),
    line(FAILURES, "recall"),
    line(FAILURES, "precision"),
    at_least(FAILURES, "exactly the oracle's rows", 1.0),
    at_least(UNKNOWN, "recall", 0.95),
    line(UNKNOWN, "precision"),
    line(UNKNOWN, "false per 1,000 user-days"),
    at_most(UNKNOWN, "of 10,000 random homes", 0.0),
    at_least(ADDRESSES, "sprays with a hit found", 1.0),
    line(ADDRESSES, "stuffings with a hit found"),
    line(ADDRESSES, "brute forces with a hit found"),
    line(ADDRESSES, "precision"),
    at_most(ADDRESSES, "false per 1,000 active addresses", 1.0),
    line(INFECTED, "recall"),
    line(INFECTED, "precision"),
    at_most(IRREGULAR, "honest flagged", 0.01),
    line(IRREGULAR, "score from which that is so"),
    at_least(IRREGULAR, "naive caught", 0.95),
    at_least(IRREGULAR, "VPN caught", 0.90),
    at_least(IRREGULAR, "targeted caught", 0.80),
    line(IRREGULAR, "address seen before caught"),
    line(IRREGULAR, "Tor caught"),
    line(IRREGULAR, "honest flagged as shipped"),
    line(IRREGULAR, "naive caught as shipped"),
    line(IRREGULAR, "VPN caught as shipped"),
    line(IRREGULAR, "targeted caught as shipped"),
    line(IRREGULAR, "Tor caught as shipped"),
];

/// Whether goals stand beside the figures.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Goals {
    Shown,
    None,
}

/// The table as Markdown: median and spread over the seeds. Figures that nobody has are left out.
pub(crate) fn markdown(contestants: &[(&'static str, Vec<Figures>)], goals: Goals) -> String {
    let mut heads = vec!["detector".to_owned(), "figure".to_owned()];
    if goals == Goals::Shown {
        heads.push("goal".to_owned());
    }
    heads.extend(contestants.iter().map(|(name, _)| (*name).to_owned()));
    let mut rows = vec![row(&heads), row(&vec!["---".to_owned(); heads.len()])];
    for line in LINES {
        let cells: Vec<Option<String>> = contestants
            .iter()
            .map(|(_, figures)| cell(line, figures, goals))
            .collect();
        if cells.iter().all(Option::is_none) {
            continue;
        }
        let mut columns = vec![line.detector.to_owned(), line.figure.to_owned()];
        if goals == Goals::Shown {
            columns.push(match line.goal {
                Some(Goal::AtLeast(goal)) => format!("≥ {goal}"),
                Some(Goal::AtMost(goal)) => format!("≤ {goal}"),
                None => String::new(),
            });
        }
        columns.extend(
            cells
                .into_iter()
                .map(|cell| cell.unwrap_or_else(|| "–".to_owned())),
        );
        rows.push(row(&columns));
    }
    rows.concat()
}

fn row(columns: &[String]) -> String {
    format!("| {} |\n", columns.join(" | "))
}

/// `0.81 (0.78–0.84) miss`
fn cell(line: &Line, figures: &[Figures], goals: Goals) -> Option<String> {
    let mut values: Vec<f64> = figures
        .iter()
        .filter_map(|figures| {
            figures
                .get(&(line.detector, line.figure))
                .copied()
                .and_then(Share::value)
        })
        .filter(|value| value.is_finite())
        .collect();
    if values.is_empty() {
        return None;
    }
    values.sort_by(f64::total_cmp);
    let median = quantile(&values, 0.5);
    let mut cell = format!(
        "{} ({}–{})",
        figure(median),
        figure(values[0]),
        figure(values[values.len() - 1])
    );
    let is_missed = match line.goal {
        Some(Goal::AtLeast(goal)) => median < goal,
        Some(Goal::AtMost(goal)) => median > goal,
        None => false,
    };
    if goals == Goals::Shown && is_missed {
        cell.push_str(" **miss**");
    }
    Some(cell)
}

/// Two digits behind the point, more for small shares.
fn figure(value: f64) -> String {
    if value != 0.0 && value.abs() < 0.1 {
        format!("{value:.4}")
    } else {
        format!("{value:.2}")
    }
}

/// A quantile of values in order, by the nearest rank below and above in proportion.
pub(crate) fn quantile(sorted: &[f64], share: f64) -> f64 {
    let Some(last) = sorted.len().checked_sub(1) else {
        return f64::NAN;
    };
    let rank = share.clamp(0.0, 1.0) * last as f64;
    let below = rank.floor() as usize;
    let above = (below + 1).min(last);
    sorted[below] + (sorted[above] - sorted[below]) * (rank - below as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn figures(part: f64, whole: f64) -> Figures {
        Figures::from([((TRAVEL, "recall"), Share { part, whole })])
    }

    #[test]
    fn a_missed_goal_is_printed_as_missed() {
        let seeds = vec![figures(7.0, 10.0), figures(8.0, 10.0), figures(0.0, 0.0)];
        let table = markdown(&[("Rule", seeds)], Goals::Shown);
        assert!(
            table.contains("| multiple-geographies | recall | ≥ 0.85 | 0.75 (0.70–0.80) **miss** |"),
            "{table}"
        );
        assert_eq!(table.lines().count(), 3, "{table}");
        let table = markdown(&[("Rule", vec![figures(9.0, 10.0)])], Goals::Shown);
        assert!(!table.contains("miss"), "{table}");
    }

    #[test]
    fn quantiles_lie_between_the_values() {
        assert!((quantile(&[1.0, 2.0, 4.0], 0.5) - 2.0).abs() < 1e-9);
        assert!((quantile(&[1.0, 2.0, 4.0], 0.75) - 3.0).abs() < 1e-9);
        assert!((quantile(&[1.0, 2.0], 1.0) - 2.0).abs() < 1e-9);
    }
}
