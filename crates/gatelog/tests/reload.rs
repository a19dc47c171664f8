//! SIGHUP: a renewed certificate and changed settings, and what is wrong changing nothing.

#![allow(clippy::unwrap_used)] // Helpers of tests.

mod support;

use rustls::pki_types::{CertificateDer, ServerName};
use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::sync::Arc;
use support::http::Request;
use support::{CONTOSO, Program, Server, Workplace, records};

const NAME: &str = "reports.contoso.example";

/// A certificate and its key in a folder, each of which is a file of PEM.
fn certificate(folder: &Path) -> CertificateDer<'static> {
    let made = rcgen::generate_simple_self_signed([NAME.to_owned()]).unwrap();
    fs::create_dir_all(folder).unwrap();
    fs::write(folder.join("certificate.pem"), made.cert.pem()).unwrap();
    fs::write(folder.join("key.pem"), made.signing_key.serialize_pem()).unwrap();
    made.cert.der().clone()
}

/// A TLS connection of a client that trusts one certificate.
type Tls = rustls::StreamOwned<rustls::ClientConnection, TcpStream>;

fn connect(address: &str, trusted: &CertificateDer<'static>) -> std::io::Result<Tls> {
    let mut roots = rustls::RootCertStore::empty();
    roots.add(trusted.clone()).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let name = ServerName::try_from(NAME).unwrap();
    let mut connection = rustls::ClientConnection::new(Arc::new(config), name).unwrap();
    let mut stream = TcpStream::connect(address)?;
    connection.complete_io(&mut stream)?;
    Ok(rustls::StreamOwned::new(connection, stream))
}

/// Asks for something that needs a token, and expects to be told so: the service answered.
fn ask(tls: &mut Tls) {
    tls.write_all(
        format!("GET /contoso.com/reports?api-version=beta HTTP/1.1\r\nhost: {NAME}\r\n\r\n").as_bytes(),
    )
    .unwrap();
    let mut head = [0; 12];
    tls.read_exact(&mut head).unwrap();
    assert_eq!(&head, b"HTTP/1.1 401");
    let mut rest = [0; 16 * 1024];
    let mut seen = Vec::new();
    while !String::from_utf8_lossy(&seen).contains("odata.error") {
        let taken = tls.read(&mut rest).unwrap();
        seen.extend_from_slice(&rest[..taken]);
    }
}

fn serve(workplace: &Workplace, settings: &str) -> Server {
    let file = workplace.file("gatelog.toml", settings);
    let arguments = [
        "serve",
        "--listen",
        "127.0.0.1:0",
        "--admin-listen",
        "127.0.0.1:0",
        "--config",
        file.to_str().unwrap(),
    ];
    // The file alone says what is logged.
    Server::start(workplace.command(&arguments).env_remove("GATELOG__LOG__LEVEL"))
}

/// Sends SIGHUP and waits for a line of the log that says this.
fn reload(program: &mut Program, expected: &str) -> String {
    program.signal("HUP");
    program.wait_for(expected)
}

fn metric(server: &Server, name: &str) -> i64 {
    let text = Request::get("/metrics").send(&server.admin).text();
    let line = text.lines().find(|line| line.starts_with(&format!("{name} ")));
    line.unwrap().rsplit(' ').next().unwrap().parse().unwrap()
}

const WITH_TLS: &str =
    "[server]\ntls_certificate_file = \"tls/certificate.pem\"\ntls_key_file = \"tls/key.pem\"\n";

#[test]
fn a_renewed_certificate_is_for_new_connections_and_old_ones_go_on() {
    let workplace = Workplace::new();
    let folder = workplace.path().join("tls");
    let old = certificate(&folder);
    let mut server = serve(&workplace, WITH_TLS);
    let mut early = connect(&server.address, &old).unwrap();
    ask(&mut early);
    let new = certificate(&folder);
    assert!(connect(&server.address, &new).is_err(), "not before it is told");
    reload(&mut server.program, "reloaded");
    ask(&mut connect(&server.address, &new).unwrap());
    assert!(
        connect(&server.address, &old).is_err(),
        "a new connection got the old certificate"
    );
    ask(&mut early);
    assert_eq!(metric(&server, "gatelog_config_last_reload_successful"), 1);
}

#[test]
fn a_certificate_that_cannot_be_used_is_refused_and_the_old_one_stays() {
    let workplace = Workplace::new();
    let folder = workplace.path().join("tls");
    let good = certificate(&folder);
    let mut server = serve(&workplace, WITH_TLS);
    let since = metric(&server, "gatelog_config_last_reload_success_timestamp_seconds");
    let refused = |server: &mut Server, words: &str| {
        let said = reload(&mut server.program, "not reloaded");
        assert!(said.contains(words), "{said}");
        ask(&mut connect(&server.address, &good).unwrap());
        assert_eq!(metric(server, "gatelog_config_last_reload_successful"), 0);
        assert_eq!(
            metric(server, "gatelog_config_last_reload_success_timestamp_seconds"),
            since
        );
    };
    // The key of another certificate, as when a renewal is half-way.
    certificate(&workplace.path().join("other"));
    let key = fs::read(folder.join("key.pem")).unwrap();
    fs::copy(workplace.path().join("other/key.pem"), folder.join("key.pem")).unwrap();
    refused(&mut server, "do not go together");
    fs::write(folder.join("key.pem"), "nothing").unwrap();
    refused(&mut server, "key.pem");
    fs::remove_file(folder.join("key.pem")).unwrap();
    refused(&mut server, "key.pem");
    fs::write(folder.join("key.pem"), key).unwrap();
    // A mistake in the file: nothing of it counts, the certificate neither.
    workplace.file("gatelog.toml", format!("{WITH_TLS}lisen = \"127.0.0.1:0\"\n"));
    refused(&mut server, "did you mean");
    workplace.file("gatelog.toml", WITH_TLS);
    reload(&mut server.program, "reloaded");
    assert_eq!(metric(&server, "gatelog_config_last_reload_successful"), 1);
}

#[test]
fn a_changed_setting_counts_at_once_or_the_log_says_that_it_waits_for_a_restart() {
    let workplace = Workplace::new();
    let mut server = serve(&workplace, "[log]\nlevel = \"info\"\n");
    let client = Request::get("/nobody.example/reports?api-version=beta");
    client.send(&server.address);
    server.program.wait_for("/nobody.example/reports");
    workplace.file(
        "gatelog.toml",
        "[log]\nlevel = \"info,server::reload=debug\"\nformat = \"json\"\n[limits]\nconnections = 7\n[reports]\nwindow_days = 90\n",
    );
    server.program.signal("HUP");
    for (key, words) in [
        ("limits.connections", "after the next restart"),
        ("log.format", "after the next restart"),
        ("log.level", "from now on"),
        ("reports.window_days", "from now on"),
    ] {
        let said = server.program.wait_for(key);
        assert!(said.contains(words), "{said}");
    }
    server.program.wait_for("reloaded");
    // The level is another one: nothing but errors is heard after this.
    workplace.file("gatelog.toml", "[log]\nlevel = \"error\"\n");
    server.program.signal("HUP");
    server.program.wait_for("reading the configuration");
    while metric(&server, "gatelog_config_last_reload_successful") != 1 {
        std::thread::yield_now();
    }
    // What is refused is an error, and so is heard.
    workplace.file("gatelog.toml", "[log]\nlevel = \"loud\"\n");
    let said = reload(&mut server.program, "not reloaded");
    assert!(said.contains("log.level"), "{said}");
    client.send(&server.address);
    server.program.signal("TERM");
    let (status, said) = server.program.wait();
    assert_eq!(status.code(), Some(0), "{said}");
    let after = said.split("not reloaded").last().unwrap();
    assert!(!after.contains("/nobody.example"), "{after}");
}

#[test]
fn a_shorter_retention_frees_at_once_what_is_over() {
    let workplace = Workplace::new();
    workplace.tenant(CONTOSO, "contoso.com");
    let records = workplace.file(
        "records.jsonl",
        records::sign_in("1", "2017-04-10T12:00:00Z", "ann@contoso.com", "Portal", 0),
    );
    workplace.json(&["import", "--tenant", CONTOSO, records.to_str().unwrap()]);
    // As if it had been brought then: what was just stored stays, however old it is.
    let month = workplace.data().join("tenants").join(CONTOSO).join("2017-04.db");
    rusqlite::Connection::open(&month)
        .unwrap()
        .execute("UPDATE meta SET last_write = last_time", [])
        .unwrap();
    let mut server = serve(&workplace, "");
    workplace.file("gatelog.toml", "[retention]\ndefault_days = 30\n");
    server.program.signal("HUP");
    server.program.wait_for("freed 2017-04");
    assert!(!month.exists());
}

#[test]
fn the_key_may_be_a_credential_of_systemd() {
    let workplace = Workplace::new();
    let trusted = certificate(&workplace.path().join("credentials"));
    let settings = "[server]\ntls_certificate_file = \"credential:certificate.pem\"\ntls_key_file = \"credential:key.pem\"\n";
    let file = workplace.file("gatelog.toml", settings);
    let check = ["config", "check", "--config", file.to_str().unwrap()];
    let output = workplace.run(&check);
    assert_eq!(output.status.code(), Some(2));
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("LoadCredential=key.pem:"), "{said}");
    let mut command = workplace.command(&[
        "serve",
        "--listen",
        "127.0.0.1:0",
        "--admin-listen",
        "127.0.0.1:0",
        "--config",
        file.to_str().unwrap(),
    ]);
    let server = Server::start(command.env("CREDENTIALS_DIRECTORY", workplace.path().join("credentials")));
    ask(&mut connect(&server.address, &trusted).unwrap());
}
