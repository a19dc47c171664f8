//! The client as people and scripts use it: the program itself against a real server, and against made-up ones.

#![allow(clippy::unwrap_used)] // Helpers of tests.

mod asking;
mod exporting;
mod help;
mod printing;
mod profiles;
mod renewing;
mod signing_in;
mod stub;
#[path = "../support/mod.rs"]
mod support;
mod trust;

use std::path::PathBuf;
use std::process::{Command, Output, Stdio};
use stub::{Asked, Says, Stub};
use support::http::Request;
use support::records::audit_by;
use support::{App, CONTOSO, Server, Workplace};

/// A real server with 2,300 audits of contoso.com, and an application that may read them.
pub(crate) struct Site {
    pub(crate) server: Server,
    /// What the client speaks to: it passes everything on, and asks for short pages.
    pub(crate) front: Stub,
    pub(crate) app: App,
    pub(crate) workplace: Workplace,
}

/// A person's machine: a home of its own, in which the client runs.
pub(crate) struct Home {
    pub(crate) workplace: Workplace,
}

/// Pages of so many rows make many pages of few records.
pub(crate) const PAGE_ROWS: u32 = 20;
pub(crate) const ROWS: u32 = 1_000;

impl Site {
    pub(crate) fn new() -> Site {
        let workplace = Workplace::new();
        workplace.tenant(CONTOSO, "contoso.com");
        let app = workplace.app("contoso.com", &["Directory.Read.All"]);
        let records: Vec<String> = (0..ROWS).map(record).collect();
        let file = workplace.file("audits.jsonl", records.join("\n"));
        workplace.json(&["import", file.to_str().unwrap(), "--tenant", CONTOSO]);
        Site::over(workplace, app)
    }

    /// Serves what is there.
    pub(crate) fn over(workplace: Workplace, app: App) -> Site {
        let server = workplace.serve();
        Site {
            front: front_of(&server, |_| None),
            server,
            app,
            workplace,
        }
    }

    pub(crate) fn host(&self) -> String {
        self.front.url()
    }

    /// A home whose variables name this service and its application.
    pub(crate) fn home(&self) -> Home {
        let home = Home::new();
        home.workplace.file("secret", &self.app.client_secret);
        home
    }

    /// Runs the client as the application.
    pub(crate) fn run(&self, home: &Home, arguments: &[&str]) -> Output {
        self.command(home, &self.host(), arguments).output().unwrap()
    }

    /// The same at another address, such as one in front of it.
    pub(crate) fn command(&self, home: &Home, host: &str, arguments: &[&str]) -> Command {
        let mut command = home.command(arguments);
        command
            .env("GATELOG_HOST", host)
            .env("GATELOG_TENANT", "contoso.com")
            .env("GATELOG_CLIENT_ID", &self.app.client_id)
            .env("GATELOG_CLIENT_SECRET_FILE", home.workplace.path().join("secret"));
        command
    }

    /// What the server answers, page by page, to a client of four lines.
    pub(crate) fn rows(&self, target: &str) -> Vec<String> {
        let token = self.server.reading_token(&self.app);
        let pages = self
            .server
            .pages(|target| Request::get(target).bearer(&token), target);
        let rows = pages.iter().flat_map(|page| {
            let json = page.json();
            json["value"].as_array().unwrap().clone()
        });
        rows.map(|row| row["id"].as_str().unwrap().to_owned()).collect()
    }

    /// A server in front of this one, which a test may let do something else now and then.
    pub(crate) fn front(&self, meddle: impl FnMut(&Asked) -> Option<Says> + Send + 'static) -> Stub {
        front_of(&self.server, meddle)
    }
}

/// It has no discovery documents: those of the server name the server's own address.
fn front_of(server: &Server, mut meddle: impl FnMut(&Asked) -> Option<Says> + Send + 'static) -> Stub {
    let short_pages = ("Prefer", format!("odata.maxpagesize={PAGE_ROWS}"));
    Stub::in_front_of(&server.address, short_pages, move |asked| {
        if asked.path().contains("/.well-known/") {
            return Some(Says::json(404, "{}"));
        }
        meddle(asked)
    })
}

impl Home {
    pub(crate) fn new() -> Home {
        Home {
            workplace: Workplace::new(),
        }
    }

    /// The client with a home of its own.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = support::bare(arguments);
        command
            .current_dir(self.workplace.path())
            .stdin(Stdio::null())
            .env("HOME", self.workplace.path())
            .env("XDG_CONFIG_HOME", self.workplace.path().join("config"))
            .env("XDG_STATE_HOME", self.workplace.path().join("state"))
            .env("BROWSER", "/nonexistent/browser");
        command
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().unwrap()
    }

    /// Signs in as the application `c` of the tenant `t`.
    pub(crate) fn login(&self, host: &str, how: &[&str]) -> Output {
        let named = ["login", "--host", host, "--tenant", "t", "--client-id", "c"];
        self.run(&[&named, how].concat())
    }

    pub(crate) fn tokens(&self) -> PathBuf {
        self.workplace.path().join("state/gatelog/tokens.json")
    }
}

/// Audits of early 2020, seven to an instant.
fn record(number: u32) -> String {
    let (instant, hour) = (number / 7, number / 7 % 24);
    let time = format!(
        "2020-01-{:02}T{hour:02}:00:00.{:07}Z",
        instant / 24 + 1,
        1_234_567 + number % 7
    );
    audit_by(
        &format!("row{number}"),
        &time,
        "Add user",
        "ada@contoso.com",
        "dora@contoso.com",
    )
}

/// What went to standard output of a command that must have this exit code.
pub(crate) fn out(output: &Output, code: i32) -> String {
    assert_eq!(output.status.code(), Some(code), "{}", support::shown(output));
    String::from_utf8(output.stdout.clone()).unwrap()
}

/// What went to standard error of it.
pub(crate) fn err(output: &Output, code: i32) -> String {
    assert_eq!(output.status.code(), Some(code), "{}", support::shown(output));
    String::from_utf8(output.stderr.clone()).unwrap()
}

/// Compares with a file beside the tests. `GATELOG_BLESS=1` writes it, to be looked at.
pub(crate) fn golden(name: &str, actual: &str) {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("tests/client/golden")
        .join(name);
    if std::env::var_os("GATELOG_BLESS").is_some() {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, actual).unwrap();
        return;
    }
    let expected = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        expected == actual,
        "{} is not what was printed; look, and write it with GATELOG_BLESS=1:\n{actual}",
        path.display()
    );
}
