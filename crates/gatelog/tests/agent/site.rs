//! What every test of the agent starts from: a service, and an agent that has a configuration and a folder of logs.

use crate::support::http::Request;
use crate::support::records::sign_in;
use crate::support::{self, App, CONTOSO, Program, Server, Workplace};
use std::fs::{self, OpenOptions};
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::time::Duration;

/// Longer than anything here takes on a busy machine, in steps of 50 ms.
pub(super) const STEPS: usize = 1_200;

/// A service with a tenant, and a folder of logs beside it.
pub(super) struct Site {
    pub(super) workplace: Workplace,
    pub(super) server: Server,
    pub(super) app: App,
    /// A token that reads.
    pub(super) read: String,
}

pub(super) fn site() -> Site {
    site_with(&[])
}

pub(super) fn site_with(settings: &[(&str, &str)]) -> Site {
    let workplace = Workplace::new();
    workplace.tenant(CONTOSO, "contoso.com");
    let app = workplace.app("contoso.com", &["Ingest"]);
    let reader = workplace.app("contoso.com", &["Directory.Read.All"]);
    let server = workplace.serve_with(settings);
    fs::create_dir(workplace.path().join("logs")).unwrap();
    let secret = workplace.file("secret", &app.client_secret);
    fs::set_permissions(secret, fs::Permissions::from_mode(0o600)).unwrap();
    Site {
        read: server.reading_token(&reader),
        workplace,
        server,
        app,
    }
}

impl Site {
    /// A configuration with these inputs.
    pub(super) fn config(&self, inputs: &str) -> PathBuf {
        let text = format!(
            "[service]\nhost = \"http://{}\"\ntenant = \"contoso.com\"\nclient_id = \"{}\"\nclient_secret_file = \"secret\"\n\
             [state]\nfolder = \"agent\"\n[agent]\npoll_milliseconds = 50\n[http]\nlisten = \"127.0.0.1:0\"\n\
             [log]\nlevel = \"debug\"\n{inputs}",
            self.server.address, self.app.client_id
        );
        self.workplace.file("agent.toml", text)
    }

    pub(super) fn start(&self) -> Program {
        let mut agent = Program::start(&mut self.workplace.command(&["agent", "--config", "agent.toml"]));
        agent.wait_for("agent: ");
        agent
    }

    pub(super) fn append(&self, name: &str, text: &str) {
        let path = self.workplace.path().join("logs").join(name);
        let mut file = OpenOptions::new().create(true).append(true).open(path).unwrap();
        file.write_all(text.as_bytes()).unwrap();
    }

    /// The ids of the sign-ins that are stored, in order.
    pub(super) fn stored(&self) -> Vec<String> {
        let target =
            "/contoso.com/activities/signinEvents?api-version=beta&$filter=signinDateTime%20ge%202001-01-01";
        let pages = self
            .server
            .pages(|target| Request::get(target).bearer(&self.read), target);
        let mut ids = support::ids_of(&pages);
        ids.sort();
        ids
    }

    /// What the service says of this agent's sources.
    pub(super) fn ledger(&self, input: &str, more: &str) -> serde_json::Value {
        let target = format!("/contoso.com/sources/ingest:{}/{input}{more}", self.app.client_id);
        let answer = self.server.get(&self.read, &target);
        assert_eq!(answer.status, 200, "{}", answer.text());
        answer.json()
    }

    /// Waits until exactly these are stored.
    pub(super) fn expect(&self, expected: &[String]) {
        let mut stored = Vec::new();
        for _ in 0..STEPS {
            stored = self.stored();
            if stored.len() >= expected.len() {
                break;
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        assert_eq!(stored, expected);
    }
}

pub(super) fn id(number: u32) -> String {
    format!("s{number:04}")
}

pub(super) fn ids(numbers: std::ops::Range<u32>) -> Vec<String> {
    numbers.map(id).collect()
}

pub(super) fn record(number: u32) -> String {
    let time = format!("2026-01-01T00:{:02}:{:02}Z", number / 60 % 60, number % 60);
    sign_in(&id(number), &time, "dora@contoso.com", "Portal", 0)
}

pub(super) fn lines(numbers: std::ops::Range<u32>) -> String {
    numbers.map(|number| record(number) + "\n").collect()
}

/// Lines of Microsoft Graph in files that are rotated.
pub(super) const FILES: &str =
    "[[inputs]]\nname = \"entra\"\nkind = \"files\"\nfiles = [\"logs/app.json*\"]\nrotate_seconds = 1\n";
