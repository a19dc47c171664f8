//! The program itself as a process, with a data folder of its own.

#![allow(dead_code, clippy::unwrap_used)] // Each test binary uses its own part.

pub(crate) mod http;
pub(crate) mod records;
pub(crate) mod secrets;
pub(crate) mod tls;

use http::{Answer, Request};
use serde_json::Value;
use std::io::{BufRead, BufReader, Read};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};
use tempfile::TempDir;
use tls::{Authority, Trust};

/// Longer than anything here takes on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// The tenant of most tests.
pub(crate) const CONTOSO: &str = "4b2462a4-bbee-495a-a0e1-f23ae524cc9c";
/// Another one.
pub(crate) const FABRIKAM: &str = "85e54ec3-85ee-4b03-9e3b-863075eb9b62";

/// A data folder and a working folder, both gone when this is dropped.
pub(crate) struct Workplace {
    folder: TempDir,
}

/// An application that may ask for tokens.
#[derive(Debug, Clone)]
pub(crate) struct App {
    pub(crate) tenant: String,
    pub(crate) client_id: String,
    pub(crate) client_secret: String,
}

/// A process of the program, killed when this is dropped.
pub(crate) struct Program {
    child: Child,
    lines: Mutex<Receiver<String>>,
    said: Vec<String>,
    reader: Option<JoinHandle<()>>,
}

/// A running server, killed when this is dropped.
pub(crate) struct Server {
    pub(crate) program: Program,
    /// `127.0.0.1:port` of the service.
    pub(crate) address: String,
    /// The same for metrics and health.
    pub(crate) admin: String,
    /// Whom to trust, if it speaks TLS.
    pub(crate) trust: Option<Trust>,
}

impl Workplace {
    pub(crate) fn new() -> Workplace {
        Workplace {
            folder: tempfile::tempdir().unwrap(),
        }
    }

    /// Where commands run, and where they leave what they write beside the data.
    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn data(&self) -> PathBuf {
        self.path().join("data")
    }

    /// Writes a file into the working folder.
    pub(crate) fn file(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, content).unwrap();
        path
    }

    /// The command line with this data folder and nothing of the tester's own settings.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = bare(arguments);
        command.current_dir(self.path()).env("GATELOG_DATA", self.data());
        command
    }

    /// Runs a command to its end.
    pub(crate) fn run(&self, arguments: &[&str]) -> Output {
        self.command(arguments).stdin(Stdio::null()).output().unwrap()
    }

    /// The JSON that a command which must succeed answers.
    pub(crate) fn json(&self, arguments: &[&str]) -> Value {
        let arguments: Vec<&str> = arguments.iter().copied().chain(["-o", "json"]).collect();
        let output = self.run(&arguments);
        assert!(output.status.success(), "{arguments:?}: {}", shown(&output));
        let json = serde_json::from_slice(&output.stdout)
            .unwrap_or_else(|error| panic!("{error}: {}", shown(&output)));
        secrets::hear_json(&json);
        json
    }

    pub(crate) fn tenant(&self, id: &str, name: &str) {
        self.json(&["tenant", "create", name, "--id", id]);
    }

    pub(crate) fn app(&self, tenant: &str, permissions: &[&str]) -> App {
        let mut arguments = vec!["app", "create", "--tenant", tenant, "--name", "test"];
        for permission in permissions {
            arguments.extend(["--permission", permission]);
        }
        let made = self.json(&arguments);
        App {
            tenant: tenant.to_owned(),
            client_id: made["clientId"].as_str().unwrap().to_owned(),
            client_secret: made["clientSecret"].as_str().unwrap().to_owned(),
        }
    }

    pub(crate) fn serve(&self) -> Server {
        self.serve_with(&[])
    }

    /// Starts a server with more arguments and waits until it answers.
    pub(crate) fn serve_with_arguments(&self, arguments: &[&str]) -> Server {
        let always = [
            "serve",
            "--listen",
            "127.0.0.1:0",
            "--admin-listen",
            "127.0.0.1:0",
        ];
        Server::start(&mut self.command(&[&always, arguments].concat()))
    }

    /// Starts a server with settings (`limits.page_rows`) and waits until it answers.
    pub(crate) fn serve_with(&self, settings: &[(&str, &str)]) -> Server {
        let mut command = self.command(&[
            "serve",
            "--listen",
            "127.0.0.1:0",
            "--admin-listen",
            "127.0.0.1:0",
        ]);
        for (key, value) in settings {
            let name = format!("GATELOG__{}", key.replace('.', "__").to_uppercase());
            command.env(name, value);
        }
        Server::start(&mut command)
    }

    /// Starts a server that speaks TLS with a certificate for its address, and waits until it answers.
    pub(crate) fn serve_over_tls(&self, authority: &Authority) -> Server {
        let certificate = self.file("tls.crt", &authority.certificate);
        let key = self.file("tls.key", &authority.key);
        std::fs::set_permissions(&key, std::fs::Permissions::from_mode(0o600)).unwrap();
        let mut server = self.serve_with(&[
            ("server.tls_certificate_file", certificate.to_str().unwrap()),
            ("server.tls_key_file", key.to_str().unwrap()),
        ]);
        server.trust = Some(authority.trust());
        server
    }
}

/// The program without any of the tester's own settings.
pub(crate) fn bare(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_gatelog"));
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("GATELOG") {
            command.env_remove(name);
        }
    }
    // What is done here in preparation shall not be in what is counted; tests of it switch it on.
    command.env("GATELOG__OWN_EVENTS__ENABLED", "false");
    // All that a log may ever have is searched for secrets when the program ends.
    command.env("GATELOG__LOG__LEVEL", "debug");
    command.args(arguments);
    command
}

/// What a command printed, for a failed test.
pub(crate) fn shown(output: &Output) -> String {
    format!(
        "{}\n{}\n{}",
        output.status,
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    )
}

impl Program {
    /// Starts a command; its standard error is heard.
    pub(crate) fn start(command: &mut Command) -> Program {
        Program::start_with(command, Stdio::null())
    }

    /// The same with something on its standard input.
    pub(crate) fn start_with(command: &mut Command, input: Stdio) -> Program {
        let mut child = command.stdin(input).stderr(Stdio::piped()).spawn().unwrap();
        let stderr = child.stderr.take().unwrap();
        let (sender, lines) = channel();
        let reader = std::thread::spawn(move || {
            for line in BufReader::new(stderr).lines() {
                let Ok(line) = line else { return };
                if sender.send(line).is_err() {
                    return;
                }
            }
        });
        Program {
            child,
            lines: Mutex::new(lines),
            said: Vec::new(),
            reader: Some(reader),
        }
    }

    /// Waits for the next line that says this, and gives it.
    #[allow(
        clippy::disallowed_methods,
        reason = "a test that waits has an end, and measures nothing"
    )]
    pub(crate) fn wait_for(&mut self, text: &str) -> String {
        // Bounded as a whole: a program that goes on talking would keep a test for ever.
        let end = Instant::now() + 5 * PATIENCE;
        loop {
            let patience = PATIENCE.min(end.saturating_duration_since(Instant::now()));
            match self.lines.get_mut().unwrap().recv_timeout(patience) {
                Ok(line) => {
                    self.said.push(line.clone());
                    if line.contains(text) {
                        return line;
                    }
                }
                Err(error) => panic!("waited for {text:?} ({error}); heard:\n{}", self.said.join("\n")),
            }
        }
    }

    /// A line that says this, which may have come while another was waited for.
    pub(crate) fn wait_until_said(&mut self, text: &str) -> String {
        let heard = self.heard().iter().find(|line| line.contains(text)).cloned();
        heard.unwrap_or_else(|| self.wait_for(text))
    }

    /// Every line that was heard until now.
    pub(crate) fn heard(&mut self) -> &[String] {
        let lines = self.lines.get_mut().unwrap();
        self.said.extend(lines.try_iter());
        &self.said
    }

    /// Sends a signal by name (`TERM`).
    pub(crate) fn signal(&self, name: &str) {
        let id = self.child.id().to_string();
        let sent = Command::new("sh")
            .args(["-c", &format!("kill -{name} {id}")])
            .status()
            .unwrap();
        assert!(sent.success());
    }

    /// Waits until it ends by itself.
    pub(crate) fn wait(mut self) -> (ExitStatus, String) {
        let status = self.child.wait().unwrap();
        self.reader.take().unwrap().join().unwrap();
        self.said.extend(self.lines.get_mut().unwrap().try_iter());
        (status, self.said.join("\n"))
    }

    /// Whether it has ended.
    pub(crate) fn has_ended(&mut self) -> bool {
        self.child.try_wait().unwrap().is_some()
    }

    /// Kills it at once, as a power cut would.
    pub(crate) fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    pub(crate) fn stdout(&mut self) -> impl Read + use<> {
        self.child.stdout.take().unwrap()
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
        if let Some(reader) = self.reader.take() {
            let _ = reader.join();
        }
        let lines = self.lines.get_mut().unwrap_or_else(PoisonError::into_inner);
        self.said.extend(lines.try_iter());
        let found = secrets::found_in(&self.said);
        assert!(
            std::thread::panicking() || found.is_none(),
            "{}",
            found.unwrap_or_default()
        );
    }
}

impl Server {
    pub(crate) fn start(command: &mut Command) -> Server {
        let mut program = Program::start(command);
        // "… (listening on 127.0.0.1:39001; metrics and health on http://127.0.0.1:39002)"
        let line = program.wait_for("listening on ");
        let after = |words: &str| {
            let rest = line.split_once(words).unwrap().1;
            rest.split([';', ')']).next().unwrap().to_owned()
        };
        let server = Server {
            address: after("listening on "),
            admin: after("health on http://"),
            trust: None,
            program,
        };
        server.wait_until_alive();
        server
    }

    /// The line comes before the first connection is taken; a connection waits until it is.
    fn wait_until_alive(&self) {
        assert_eq!(Request::get("/livez").send(&self.admin).status, 200);
    }

    pub(crate) fn send(&self, request: &Request) -> Answer {
        match &self.trust {
            None => request.send(&self.address),
            Some(trust) => request.send_trusting(&self.address, trust),
        }
    }

    /// Asks for something with a token.
    pub(crate) fn get(&self, token: &str, target: &str) -> Answer {
        self.send(&Request::get(target).bearer(token))
    }

    /// A token for a resource, as the token endpoint gives it.
    pub(crate) fn token(&self, app: &App, resource: &str) -> String {
        let answer = self.send(
            &Request::post(&format!("/{}/oauth2/token", app.tenant)).form(&format!(
                "grant_type=client_credentials&client_id={}&client_secret={}&resource={resource}",
                app.client_id, app.client_secret
            )),
        );
        assert_eq!(answer.status, 200, "{}", answer.text());
        answer.json()["access_token"].as_str().unwrap().to_owned()
    }

    pub(crate) fn reading_token(&self, app: &App) -> String {
        self.token(app, "https://graph.windows.net")
    }

    pub(crate) fn ingest_token(&self, app: &App) -> String {
        self.token(app, "api://gatelog-ingest")
    }

    /// Brings records over HTTP; they must all be taken.
    pub(crate) fn ingest(&self, token: &str, tenant: &str, records: &str) -> Value {
        let request = Request::post(&format!("/{tenant}/ingest/auto"))
            .bearer(token)
            .body(records);
        let answer = self.send(&request);
        assert_eq!(answer.status, 200, "{}", answer.text());
        let json = answer.json();
        assert_eq!(json["rejected"], 0, "{json}");
        json
    }

    /// Every page from a target to the end, by the nextLinks as they are.
    pub(crate) fn pages(&self, request: impl Fn(&str) -> Request, target: &str) -> Vec<Answer> {
        let mut pages = Vec::new();
        let mut target = target.to_owned();
        loop {
            let page = self.send(&request(&target));
            assert_eq!(page.status, 200, "{target}: {}", page.text());
            let next = page.next_link();
            pages.push(page);
            assert!(pages.len() < 5_000, "the pages have no end");
            let Some(link) = next else { return pages };
            path_of(&link).clone_into(&mut target);
        }
    }
}

/// The path and query of an absolute address.
pub(crate) fn path_of(link: &str) -> &str {
    let after_scheme = link.split_once("://").unwrap().1;
    &after_scheme[after_scheme.find('/').unwrap()..]
}

/// The ids of all rows of several pages.
pub(crate) fn ids_of(pages: &[Answer]) -> Vec<String> {
    pages.iter().flat_map(Answer::ids).collect()
}
