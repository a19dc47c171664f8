//! `cargo xtask <task>`: the chores of the house that are no part of the product.

#![allow(clippy::print_stdout, reason = "a command room: people read what it prints")]

mod agent;
mod bench;
mod countries;
mod crash;
mod deb;
mod generate;
mod judge;
mod records;
mod tidy;
mod tree;

use anyhow::{Context, Result, bail};
use std::path::PathBuf;
use std::process::ExitCode;

/// The product's: what it is measured against must not have a slower one.
#[cfg(unix)]
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

/// A task by its name on the command line.
struct Task {
    name: &'static str,
    about: &'static str,
    run: fn() -> Result<ExitCode>,
}

/// The tasks; one line each.
const ALL: &[Task] = &[
    Task {
        name: "tidy",
        about: "check what the compiler does not: purity, lists, headings, generated files",
        run: run_tidy,
    },
    Task {
        name: "generate",
        about: "write the files that are made from the code",
        run: run_generate,
    },
    Task {
        name: "crash",
        about: "kill the server again and again, and look for what it lost or doubled",
        run: crash::run,
    },
    Task {
        name: "agent",
        about: "drive the agent by random scripts, or kill it while it brings a million lines",
        run: agent::run,
    },
    Task {
        name: "bench",
        about: "measure pages, ingest, export and start against their ceilings, in release",
        run: bench::run,
    },
    Task {
        name: "judge",
        about: "judge the detectors, and the rules of others, by made-up lives of which the truth is known",
        run: judge::run,
    },
    Task {
        name: "memory",
        about: "pour gigabytes into `gatelog import` and print its memory over time",
        run: bench::memory::run,
    },
    Task {
        name: "purge",
        about: "free a large month under load, and print what readers and writers felt",
        run: bench::purge::run,
    },
    Task {
        name: "soak",
        about: "run mixed load for half an hour, and look for drift",
        run: bench::soak::run,
    },
    Task {
        name: "tenants",
        about: "load many tenants on one server, and recount by plain SQL",
        run: bench::tenants::run,
    },
    Task {
        name: "records",
        about: "write made-up sign-ins to standard output",
        run: records::run,
    },
    Task {
        name: "countries",
        about: "make the table of countries that comes with the program, of a file in MaxMind's format",
        run: countries::run,
    },
    Task {
        name: "deb",
        about: "pack the program, its unit and its configuration as a Debian package",
        run: deb::run,
    },
    Task {
        name: "bench-static",
        about: "(a yardstick of bench) serve the same bytes for ever",
        run: bench::yardsticks::run_static,
    },
    Task {
        name: "bench-minimal",
        about: "(a yardstick of bench) serve rows of one SQLite file without OData and tokens",
        run: bench::yardsticks::run_minimal,
    },
];

fn main() -> Result<ExitCode> {
    let wanted = std::env::args().nth(1).unwrap_or_default();
    let Some(task) = ALL.iter().find(|task| task.name == wanted) else {
        println!("usage: cargo xtask <task>\n");
        for task in ALL {
            println!("  {:<13} {}", task.name, task.about);
        }
        if matches!(wanted.as_str(), "" | "help" | "--help" | "-h") {
            return Ok(ExitCode::SUCCESS);
        }
        bail!("there is no task `{wanted}`");
    };
    (task.run)()
}

fn run_tidy() -> Result<ExitCode> {
    let root = root()?;
    let tree = tree::Tree::load(&root)?;
    let mut findings = tidy::check(&tree);
    findings.extend(tidy::check_dependencies(&root, &tree)?);
    for finding in &findings {
        println!("{finding}");
    }
    if findings.is_empty() {
        println!("tidy: {} files are in order", tree.len());
        return Ok(ExitCode::SUCCESS);
    }
    println!("tidy: {} to mend", findings.len());
    Ok(ExitCode::FAILURE)
}

fn run_generate() -> Result<ExitCode> {
    for path in generate::write(&root()?)? {
        println!("wrote {path}");
    }
    Ok(ExitCode::SUCCESS)
}

/// The top folder of the repository.
fn root() -> Result<PathBuf> {
    let manifest =
        std::env::var_os("CARGO_MANIFEST_DIR").context("find the repository: run this as `cargo xtask`")?;
    let root = PathBuf::from(manifest)
        .parent()
        .context("find the repository above xtask")?
        .to_owned();
    Ok(root)
}
