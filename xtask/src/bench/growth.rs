//! The same page out of stores of different sizes: what a question costs when there are ten or a hundred times the rows.

use super::client::{Pace, load};
use super::page::{TOP, questions, readers};
use super::product::{Data, Server};
use super::table::{Line, Verdict, megabytes, microseconds, milliseconds, thousands};
use super::vitals::room;
use super::{Bench, median, ratio};
use anyhow::{Context, Result};
use std::time::Duration;

/// A store of one size, open.
struct Subject {
    data: Data,
    server: Server,
    questions: Vec<Vec<u8>>,
    rates: Vec<f64>,
    /// Seconds of a core for each page.
    costs: Vec<f64>,
    middles: Vec<f64>,
    lates: Vec<f64>,
}

pub(super) fn run(bench: &Bench<'_>) -> Result<Vec<Line>> {
    let mut sizes = bench.args.growth.clone();
    sizes.sort_unstable();
    sizes.dedup();
    if sizes.is_empty() {
        println!("growth: not measured, for want of --growth 100000,1000000,10000000");
        return Ok(Vec::new());
    }
    let mut subjects = Vec::new();
    for size in sizes {
        let data = if size == bench.data.rows {
            bench.data.clone()
        } else {
            Data::load_or_reuse(bench, size)?
        };
        let server = Server::start(bench.build, &data)?;
        server.rested()?;
        let questions = questions(&data, &server, &readers(&data, &server)?);
        subjects.push(Subject {
            data,
            server,
            questions,
            rates: Vec::new(),
            costs: Vec::new(),
            middles: Vec::new(),
            lates: Vec::new(),
        });
    }
    // Until every question was asked once, the largest store is on its way into memory.
    for subject in &subjects {
        warm_up(bench, subject)?;
    }
    for round in 1..=bench.args.rounds {
        for subject in &mut subjects {
            turn(bench, subject)?;
            println!(
                "growth, turn {round}: {} rows, {} pages a second and {} each",
                thousands(subject.data.rows as f64),
                thousands(subject.rates.last().copied().unwrap_or_default()),
                microseconds(subject.costs.last().copied().unwrap_or_default()),
            );
        }
    }
    let mut lines = Vec::new();
    for subject in &subjects {
        let smallest = &subjects[0];
        // How much longer a page takes than out of the smallest store.
        let by_clock = ratio(&smallest.rates, &subject.rates);
        let by_cores = ratio(&subject.costs, &smallest.costs);
        let span = |seconds: &[f64]| milliseconds(Duration::from_secs_f64(median(seconds)));
        lines.push(Line {
            work: format!(
                "growth: a page of {TOP} rows out of {} ({} on disk) against {}",
                thousands(subject.data.rows as f64),
                megabytes(room(&subject.data.folder).all as f64),
                thousands(smallest.data.rows as f64)
            ),
            measured: format!(
                "{} a second, p50 {}, p99 {}, {} of a core each (ratio {by_cores:.2})",
                thousands(median(&subject.rates)),
                span(&subject.middles),
                span(&subject.lates),
                microseconds(median(&subject.costs))
            ),
            ratio: Some(by_clock),
            floor: "≤ 1.5",
            goal: "≤ 1.2",
            verdict: Verdict::at_most(by_clock, 1.5, 1.2),
        });
    }
    for subject in subjects {
        subject.server.stop().context("stop a server")?;
    }
    Ok(lines)
}

fn warm_up(bench: &Bench<'_>, subject: &Subject) -> Result<()> {
    let mut left = subject.questions.len() as u64;
    while left > 0 {
        let loaded = load(
            subject.server.address,
            &subject.questions,
            bench.args.connections,
            bench.args.turn(),
            Pace::AsFastAsAnswered,
        )?;
        left = left.saturating_sub(loaded.answers.max(1));
    }
    Ok(())
}

fn turn(bench: &Bench<'_>, subject: &mut Subject) -> Result<()> {
    let before = subject.server.core_seconds()?;
    let loaded = load(
        subject.server.address,
        &subject.questions,
        bench.args.connections,
        bench.args.turn(),
        Pace::AsFastAsAnswered,
    )?;
    let cost = subject.server.core_seconds()? - before;
    subject.rates.push(loaded.per_second);
    subject.costs.push(cost / loaded.answers.max(1) as f64);
    subject.middles.push(loaded.spans.quantile(0.5).as_secs_f64());
    subject.lates.push(loaded.spans.quantile(0.99).as_secs_f64());
    Ok(())
}
