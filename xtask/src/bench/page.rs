//! A page of 100 rows before a random instant, against the same bytes out of memory and against SQLite alone.

use super::client::{Connection, Loaded, Pace, get, load, shortened};
use super::product::{Data, Server, TENANT};
use super::table::{Line, Verdict, megabytes, microseconds, milliseconds, thousands};
use super::yardsticks::{Yardstick, copy_rows};
use super::{Bench, median, ratio};
use anyhow::{Context, Result, bail};
use generator::chance::Chance;
use model::time::Timestamp;
use serde_json::Value;
use std::net::SocketAddr;

/// Distinct requests; far more than anything between disk and client would remember by chance.
const QUESTIONS: usize = 20_000;
pub(super) const TOP: usize = 100;

pub(super) fn run(bench: &Bench<'_>) -> Result<Vec<Line>> {
    let copy = bench.data.copy();
    copy_rows(
        &bench.data.partitions(),
        &copy,
        latest(bench.data),
        bench.data.rows,
    )?;
    let server = Server::start(bench.build, bench.data)?;
    server.rested()?;
    let readers = readers(bench.data, &server)?;
    let instants = instants(bench.data);
    let questions = questions(bench.data, &server, &readers);
    let body = body_of(server.address, &questions[0])?;
    let folder = bench.data.beside.join("page");
    std::fs::create_dir_all(&folder)?;
    std::fs::write(folder.join("0"), &body)?;
    let same_bytes = Yardstick::of_files(bench.build, &folder)?;
    let static_question = vec![get("/0", same_bytes.address, None)];
    if body_of(same_bytes.address, &static_question[0])? != body {
        bail!("the static answer has other bytes");
    }
    let minimal = Yardstick::of_rows(bench.build, &copy)?;
    let minimal_questions: Vec<Vec<u8>> = instants
        .iter()
        .map(|instant| {
            let target = format!("/rows?before={}&top={TOP}", instant.ticks());
            get(&target, minimal.address, None)
        })
        .collect();
    same_rows(&body, &body_of(minimal.address, &minimal_questions[0])?)?;

    let subjects = [
        Subject {
            address: server.address,
            questions: &questions,
            core_seconds: &|| server.core_seconds(),
        },
        Subject {
            address: same_bytes.address,
            questions: &static_question,
            core_seconds: &|| same_bytes.core_seconds(),
        },
        Subject {
            address: minimal.address,
            questions: &minimal_questions,
            core_seconds: &|| minimal.core_seconds(),
        },
    ];
    // Once around for warm caches, then in turns.
    turn(bench, &subjects, Pace::AsFastAsAnswered)?;
    let mut rates = [Vec::new(), Vec::new(), Vec::new()];
    let mut costs = [Vec::new(), Vec::new(), Vec::new()];
    for round in 1..=bench.args.rounds {
        let turned = turn(bench, &subjects, Pace::AsFastAsAnswered)?;
        for (index, (loaded, cost)) in turned.iter().enumerate() {
            rates[index].push(loaded.per_second);
            costs[index].push(*cost);
        }
        let told = |index: usize| {
            let (loaded, cost): &(Loaded, f64) = &turned[index];
            format!(
                "{} a second and {} each",
                thousands(loaded.per_second),
                microseconds(*cost)
            )
        };
        println!(
            "page, turn {round}: ours {}, static {}, minimal {}",
            told(0),
            told(1),
            told(2)
        );
    }
    let [ours, of_static, of_minimal] = &rates;
    let [our_cost, cost_of_static, cost_of_minimal] = &costs;
    let half = median(ours) / 2.0;
    let mut late = [Vec::new(), Vec::new()];
    for _ in 0..bench.args.rounds {
        let turned = turn(bench, &subjects[..2], Pace::PerSecond(half))?;
        for (late, (loaded, _)) in late.iter_mut().zip(&turned) {
            late.push(loaded.spans.quantile(0.99).as_secs_f64());
        }
    }
    let held = server.rss_anon()? as f64;
    let by_whom = by_whom(bench, &server, &readers)?;
    server.stop()?;
    let rows = thousands(bench.data.rows as f64);
    Ok(vec![
        Line {
            work: format!(
                "page of {TOP} rows out of {rows} ({} bytes) against static",
                body.len()
            ),
            measured: format!(
                "{} a second, static {}",
                thousands(median(ours)),
                thousands(median(of_static))
            ),
            ratio: Some(ratio(ours, of_static)),
            floor: "0.30",
            goal: "0.40",
            verdict: Verdict::at_least(ratio(ours, of_static), 0.3, 0.4),
        },
        Line {
            work: "the same against minimal axum + SQLite".to_owned(),
            measured: format!("minimal {} a second", thousands(median(of_minimal))),
            ratio: Some(ratio(ours, of_minimal)),
            floor: "0.8",
            goal: "0.95",
            verdict: Verdict::at_least(ratio(ours, of_minimal), 0.8, 0.95),
        },
        Line {
            work: "the same two by what a core of the server does in a second".to_owned(),
            measured: format!(
                "{} a page, static {} (ratio {:.2}), minimal {}",
                microseconds(median(our_cost)),
                microseconds(median(cost_of_static)),
                ratio(cost_of_static, our_cost),
                microseconds(median(cost_of_minimal))
            ),
            ratio: Some(ratio(cost_of_minimal, our_cost)),
            floor: "–",
            goal: "–",
            verdict: Verdict::None,
        },
        Line {
            work: format!(
                "p99 at half the peak ({} a second) against static",
                thousands(half)
            ),
            measured: format!("{}, static {}", p99(&late[0]), p99(&late[1])),
            ratio: Some(ratio(&late[0], &late[1])),
            floor: "≤ 3",
            goal: "≤ 2",
            verdict: Verdict::at_most(ratio(&late[0], &late[1]), 3.0, 2.0),
        },
        Line {
            work: "memory after that load of pages (RssAnon)".to_owned(),
            measured: megabytes(held),
            ratio: None,
            floor: "–",
            goal: "–",
            verdict: Verdict::None,
        },
        by_whom,
    ])
}

/// Who reads: an application for itself, and a user with a role.
pub(super) fn readers(data: &Data, server: &Server) -> Result<[String; 2]> {
    let resource = "https://graph.windows.net";
    Ok([server.token(data, resource)?, server.user_token(data, resource)?])
}

/// The same pages by each kind of reader alone, in turns: what a user's token costs more than an application's.
fn by_whom(bench: &Bench<'_>, server: &Server, readers: &[String; 2]) -> Result<Line> {
    let [by_application, by_user] = readers
        .each_ref()
        .map(|token| questions(bench.data, server, std::slice::from_ref(token)));
    let core_seconds = || server.core_seconds();
    let subjects = [&by_application, &by_user].map(|questions| Subject {
        address: server.address,
        questions,
        core_seconds: &core_seconds,
    });
    let mut costs = [Vec::new(), Vec::new()];
    let mut rates = [Vec::new(), Vec::new()];
    for _ in 0..bench.args.rounds {
        let turned = turn(bench, &subjects, Pace::AsFastAsAnswered)?;
        for (index, (loaded, cost)) in turned.iter().enumerate() {
            costs[index].push(*cost);
            rates[index].push(loaded.per_second);
        }
    }
    let [application, user] = &costs;
    Ok(Line {
        work: "the same page with a user's token against an application's, by a core of the server"
            .to_owned(),
        measured: format!(
            "user {} each ({} a second), application {} ({} a second)",
            microseconds(median(user)),
            thousands(median(&rates[1])),
            microseconds(median(application)),
            thousands(median(&rates[0]))
        ),
        ratio: Some(ratio(user, application)),
        floor: "–",
        goal: "–",
        verdict: Verdict::None,
    })
}

fn p99(seconds: &[f64]) -> String {
    milliseconds(std::time::Duration::from_secs_f64(median(seconds)))
}

/// A server that is asked in turn.
struct Subject<'a> {
    address: SocketAddr,
    questions: &'a [Vec<u8>],
    core_seconds: &'a dyn Fn() -> Result<f64>,
}

/// Asks each for a while; answers with what came of it, and the seconds of a core that an answer cost its server.
fn turn(bench: &Bench<'_>, subjects: &[Subject<'_>], pace: Pace) -> Result<Vec<(Loaded, f64)>> {
    let mut turned = Vec::new();
    for subject in subjects {
        let before = (subject.core_seconds)()?;
        let loaded = load(
            subject.address,
            subject.questions,
            bench.args.connections,
            bench.args.turn(),
            pace,
        )?;
        let cost = ((subject.core_seconds)()? - before) / loaded.answers as f64;
        turned.push((loaded, cost));
    }
    Ok(turned)
}

/// The same questions for every store: distinct instants, each with a full page of rows before it, by the readers in turn.
pub(super) fn questions(data: &Data, server: &Server, tokens: &[String]) -> Vec<Vec<u8>> {
    let tokens = tokens.iter().cycle();
    instants(data)
        .iter()
        .zip(tokens)
        .map(|(instant, token)| get(&target(*instant), server.address, Some(token)))
        .collect()
}

/// Nothing is asked from here on: the measure of starts brings records of the last hour.
fn latest(data: &Data) -> Timestamp {
    data.last.plus_seconds(-7_200)
}

fn instants(data: &Data) -> Vec<Timestamp> {
    let (first, last) = (data.first.ticks(), latest(data).ticks());
    let page = (last - first) / data.rows as i64 * TOP as i64;
    let mut chance = Chance::new(7);
    let mut ticks: Vec<i64> = (0..QUESTIONS)
        .map(|_| chance.between(first + 2 * page, last))
        .collect();
    let in_order_of_chance = ticks.clone();
    ticks.sort_unstable();
    ticks.dedup();
    debug_assert!(ticks.len() > QUESTIONS / 2, "instants repeat");
    in_order_of_chance
        .into_iter()
        .map(Timestamp::from_ticks)
        .collect()
}

fn target(instant: Timestamp) -> String {
    format!(
        "/{TENANT}/activities/signinEvents?api-version=beta&$filter=signinDateTime%20lt%20{instant}&$top={TOP}"
    )
}

fn body_of(address: SocketAddr, question: &[u8]) -> Result<Vec<u8>> {
    let mut connection = Connection::open(address)?;
    let answer = connection.ask(question)?;
    if answer.status != 200 {
        bail!("answered {}: {}", answer.status, shortened(answer.body));
    }
    Ok(answer.body.to_vec())
}

/// Both answers have the same rows; what is around them differs.
fn same_rows(one: &[u8], other: &[u8]) -> Result<()> {
    let rows = |body: &[u8]| -> Result<Value> {
        let mut answer: Value = serde_json::from_slice(body).context("read a page")?;
        Ok(answer["value"].take())
    };
    let (one, other) = (rows(one)?, rows(other)?);
    if one != other || one.as_array().map(Vec::len) != Some(TOP) {
        bail!("the minimal answer has other rows");
    }
    Ok(())
}
