//! A script with a library of somebody else, and the person whom it sends to a browser.

use crate::site::{Browser, PASSWORD, REPLY, Site, escaped, form, site_served, text};
use crate::support::http::Request;
use crate::support::tls::Authority;
use crate::support::{CONTOSO, path_of};
use serde_json::Value;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::Duration;

/// Longer than any script takes on a busy machine; a device waits for five seconds between two questions.
const PATIENCE: Duration = Duration::from_secs(120);
pub(crate) const USER: &str = "ada@shared.example";

/// A service that speaks TLS, with everything that a script needs to know of it.
pub(crate) struct Stage {
    pub(crate) site: Site,
    pub(crate) authority: Authority,
    clients: PathBuf,
    variables: Vec<(&'static str, String)>,
}

/// What a line of a program asks for.
pub(crate) enum Heard {
    /// Nothing.
    Told,
    /// Somebody to open this address, and to type what is made of the one where the browser ends up.
    Browse(String, fn(&str) -> String),
    /// Somebody to type this code on this page.
    Approve(String, String),
}

/// Killed when the test ends before it.
struct Script(Child);

impl Drop for Script {
    fn drop(&mut self) {
        // It has ended by itself if all went well.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Stage {
    pub(crate) fn new(clients: PathBuf) -> Stage {
        let authority = Authority::new();
        let site = site_served(|workplace| workplace.serve_over_tls(&authority));
        let place = &site.workplace;
        place.json(&["tenant", "update", "contoso.com", "--password-grant", "on"]);
        let script = place.json(&[
            "app",
            "create",
            "--tenant",
            "contoso.com",
            "--name",
            "script",
            "--delegated-permission",
            "Directory.Read.All",
            "--reply-address",
            REPLY,
            "--reply-address",
            "https://localhost/signed-in",
        ]);
        let daemon = place.app("contoso.com", &["Directory.Read.All"]);
        let certificate = certificate();
        let certificate_file = place.file("app.crt", &certificate.pem);
        let arguments = ["app", "create", "--tenant", "contoso.com", "--name", "certified"];
        let proof = ["--permission", "Directory.Read.All", "--certificate", "app.crt"];
        let certified = place.json(&[&arguments[..], &proof].concat());
        let shown = |path: PathBuf| path.to_str().unwrap().to_owned();
        let ca = shown(place.file("ca.pem", &authority.ca));
        let other = rsa_key();
        let variables = vec![
            ("SERVICE", format!("https://{}", site.server.address)),
            ("TENANT", "contoso.com".to_owned()),
            ("TENANT_ID", CONTOSO.to_owned()),
            ("CLIENT_ID", daemon.client_id),
            ("CLIENT_SECRET", daemon.client_secret),
            ("SCRIPT_ID", text(&script, "clientId")),
            ("SCRIPT_SECRET", text(&script, "clientSecret")),
            ("PUBLIC_ID", site.public.client_id.clone()),
            ("CERTIFIED_ID", text(&certified, "clientId")),
            ("CERTIFICATE", shown(certificate_file)),
            ("CERTIFICATE_KEY", shown(place.file("app.key", certificate.key))),
            ("OTHER_KEY", shown(place.file("other.key", other.serialize_pem()))),
            ("THUMBPRINT", certificate.sha1),
            ("THUMBPRINT_SHA256", certificate.sha256),
            ("USER_NAME", USER.to_owned()),
            ("PASSWORD", PASSWORD.to_owned()),
            // Each of them makes a library trust the authority: requests, OpenSSL, curl and Node.
            ("REQUESTS_CA_BUNDLE", ca.clone()),
            ("SSL_CERT_FILE", ca.clone()),
            ("CURL_CA_BUNDLE", ca.clone()),
            ("NODE_EXTRA_CA_CERTS", ca),
            ("PYTHONDONTWRITEBYTECODE", "1".to_owned()),
        ];
        copy_scripts(&place.path().join("scripts"), &clients);
        Stage {
            site,
            authority,
            clients,
            variables,
        }
    }

    pub(crate) fn service(&self) -> String {
        format!("https://{}", self.site.server.address)
    }

    /// A command that knows the service and trusts its authority.
    pub(crate) fn command(&self, program: impl AsRef<Path>) -> Command {
        let mut command = Command::new(program.as_ref());
        for name in ["http_proxy", "https_proxy", "all_proxy"] {
            command.env_remove(name).env_remove(name.to_uppercase());
        }
        command
            .envs(self.variables.iter().map(|(name, value)| (name, value)))
            .current_dir(self.site.workplace.path());
        command
    }

    /// A script of the folder beside this file, by its name.
    pub(crate) fn script(&self, name: &str) -> Command {
        let mut command = if Path::new(name).extension() == Some("py".as_ref()) {
            let mut python = self.command(self.clients.join("venv/bin/python"));
            // What it prints is waited for.
            python.arg("-u");
            python
        } else {
            self.command("node")
        };
        command.arg(self.site.workplace.path().join("scripts").join(name));
        command
    }

    /// Runs a script to its end and gives what it told of each step.
    pub(crate) fn steps(&mut self, command: Command) -> Vec<Value> {
        let said = self.talk(command, "", |line| {
            let said: Value = serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
            if let Some(address) = said["browse"].as_str() {
                return Heard::Browse(address.to_owned(), str::to_owned);
            }
            match said["approve"].as_str() {
                Some(user_code) => Heard::Approve(user_code.to_owned(), text(&said, "page")),
                None => Heard::Told,
            }
        });
        said.iter()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect()
    }

    /// Runs a program to its end, types something into it at the start and whatever it waits for later, and gives the
    /// lines that asked for nothing.
    pub(crate) fn talk(
        &mut self,
        mut command: Command,
        typed: &str,
        hear: impl Fn(&str) -> Heard,
    ) -> Vec<String> {
        let errors = self.site.workplace.path().join("errors");
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(std::fs::File::create(&errors).unwrap())
            .spawn()
            .unwrap_or_else(|error| panic!("{error}: {command:?}"));
        let mut keyboard = child.stdin.take().unwrap();
        let stdout = child.stdout.take().unwrap();
        let mut script = Script(child);
        // A program that has ended meanwhile tells why by its exit code.
        let mut enter = |line: &str| drop(keyboard.write_all(line.as_bytes()));
        enter(typed);
        let (sender, lines) = channel();
        let reader = std::thread::spawn(move || {
            for line in BufReader::new(stdout).lines().map_while(Result::ok) {
                if sender.send(line).is_err() {
                    return;
                }
            }
        });
        let mut said = Vec::new();
        loop {
            let line = match lines.recv_timeout(PATIENCE) {
                Ok(line) => line,
                Err(RecvTimeoutError::Disconnected) => break,
                Err(error) => panic!("{error} after {said:?}: {}", read(&errors)),
            };
            match hear(&line) {
                Heard::Told => said.push(line),
                Heard::Browse(address, answer) => enter(&format!("{}\n", answer(&self.browse(&address)))),
                Heard::Approve(user_code, page) => self.approve(&user_code, &page),
            }
        }
        reader.join().unwrap();
        let status = script.0.wait().unwrap();
        assert!(status.success(), "{status} after {said:?}: {}", read(&errors));
        said
    }

    /// Somebody signs in and agrees; where the browser is sent in the end. A program that waits on a port of this machine
    /// gets its answer there.
    fn browse(&self, address: &str) -> String {
        let path = path_of(address);
        assert_eq!(format!("{}{path}", self.service()), address);
        let mut browser = Browser::default();
        let mut answer = self.site.answer(&mut browser, path, USER);
        if let Some(location) = answer.header("location") {
            let location = location.to_owned();
            if location.starts_with("http://localhost:") {
                answer = Request::get(path_of(&location)).send(host_of(&location));
                assert_eq!(answer.status, 200, "{}", answer.text());
            }
            return location;
        }
        // The answer as a form that goes to the application.
        let posted = form(&answer);
        let body: Vec<String> = posted
            .hidden
            .iter()
            .map(|(name, value)| format!("{name}={}", escaped(value)))
            .collect();
        let taken = Request::post("/")
            .form(&body.join("&"))
            .send(host_of(&posted.action));
        assert_eq!(taken.status, 200, "{}", taken.text());
        posted.action
    }

    /// Somebody types the code of a device that has asked once in vain, signs in and agrees.
    fn approve(&mut self, user_code: &str, page: &str) {
        self.site.server.program.wait_for("AADSTS70016");
        let server = &self.site.server;
        let mut browser = Browser::default();
        let first = form(&browser.get(server, path_of(page)));
        let sign_in = form(&browser.send(server, &first, &[("usercode", user_code), ("answer", "yes")]));
        let fields = [("user", USER), ("password", PASSWORD), ("answer", "yes")];
        let consent = form(&browser.send(server, &sign_in, &fields));
        let done = browser.send(server, &consent, &[("answer", "yes")]);
        assert!(
            done.text().contains("signed in on your device"),
            "{}",
            done.text()
        );
    }
}

fn host_of(address: &str) -> &str {
    let host = address.strip_prefix("http://").unwrap();
    host.split('/').next().unwrap()
}

fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_default()
}

/// Node looks for modules beside a script, so that is where the scripts and the modules meet.
fn copy_scripts(to: &Path, clients: &Path) {
    let from = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/clients/scripts");
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        std::fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
    }
    std::os::unix::fs::symlink(clients.join("node_modules"), to.join("node_modules")).unwrap();
}

/// A certificate by which an application proves who it is.
struct AppCertificate {
    pem: String,
    key: String,
    sha1: String,
    sha256: String,
}

fn certificate() -> AppCertificate {
    let key = rsa_key();
    let certificate = rcgen::CertificateParams::new(Vec::new())
        .unwrap()
        .self_signed(&key)
        .unwrap();
    let digest = |algorithm| hex(aws_lc_rs::digest::digest(algorithm, certificate.der()).as_ref());
    AppCertificate {
        pem: certificate.pem(),
        key: key.serialize_pem(),
        sha1: digest(&aws_lc_rs::digest::SHA1_FOR_LEGACY_USE_ONLY),
        sha256: digest(&aws_lc_rs::digest::SHA256),
    }
}

fn rsa_key() -> rcgen::KeyPair {
    rcgen::KeyPair::generate_rsa_for(&rcgen::PKCS_RSA_SHA256, rcgen::RsaKeySize::_2048).unwrap()
}

fn hex(bytes: &[u8]) -> String {
    bytes
        .iter()
        .fold(String::new(), |text, byte| text + &format!("{byte:02x}"))
}
