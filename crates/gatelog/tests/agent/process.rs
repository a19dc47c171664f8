//! Files that grow and are rotated, syslog by UDP, TCP and TLS, kills, and what `agent check` says.

use crate::site::{FILES, STEPS, ids, lines, record, site, site_with};
use crate::support::http::Request;
use crate::support::tls::Authority;
use crate::support::{self, CONTOSO, Program, shown};
use generator::{Generator, Plan, Source};
use model::tenant::TenantId;
use model::time::Timestamp;
use std::fs;
use std::io::Write;
use std::net::{TcpStream, UdpSocket};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixDatagram;
use std::time::Duration;

#[test]
fn a_growing_file_with_rotations_arrives_once_whatever_is_killed() {
    let site = site();
    site.config(FILES);
    site.append("app.json", &lines(0..20));
    let agent = site.start();
    site.expect(&ids(0..20));
    // A half line, a rotation by rename, and the rest of the file while the agent is dead.
    let half = record(20);
    site.append("app.json", &half[..60]);
    std::thread::sleep(Duration::from_millis(200));
    agent.kill();
    site.append("app.json", &format!("{}\n{}", &half[60..], lines(21..30)));
    let logs = site.workplace.path().join("logs");
    fs::rename(logs.join("app.json"), logs.join("app.json.1")).unwrap();
    site.append("app.json", &lines(30..40));
    let agent = site.start();
    site.expect(&ids(0..40));
    // Packed: there is nothing new in it but what was written last, without a line end.
    site.append("app.json.1", &record(40));
    let content = fs::read(logs.join("app.json.1")).unwrap();
    fs::write(
        logs.join("app.json.1.zst"),
        zstd::bulk::compress(&content, 1).unwrap(),
    )
    .unwrap();
    fs::remove_file(logs.join("app.json.1")).unwrap();
    site.expect(&ids(0..41));
    let metrics = |agent: &mut Program| {
        let line = agent
            .heard()
            .iter()
            .find(|line| line.contains("health on http://"))
            .cloned();
        let line = line.unwrap();
        let address = line
            .split_once("health on http://")
            .unwrap()
            .1
            .trim_end_matches(')')
            .to_owned();
        assert_eq!(Request::get("/livez").send(&address).status, 200);
        Request::get("/metrics").send(&address).text()
    };
    let mut agent = agent;
    let page = metrics(&mut agent);
    assert!(
        page.contains("gatelog_agent_records_new_total{input=\"entra\"} 21"),
        "{page}"
    );
    assert!(
        page.contains("gatelog_agent_records_rejected_total{input=\"entra\"} 0"),
        "{page}"
    );
    agent.signal("TERM");
    let (status, said) = agent.wait();
    assert!(status.success(), "{said}");
    assert!(said.contains("0 pieces wait for the next start"), "{said}");
}

#[test]
fn syslog_comes_by_udp_tcp_and_tls() {
    let site = site();
    let authority = Authority::new();
    site.workplace.file("tls.crt", &authority.certificate);
    site.workplace.file("tls.key", &authority.key);
    site.config(
        "[[inputs]]\nname = \"syslog\"\nkind = \"syslog\"\nudp = \"127.0.0.1:0\"\ntcp = \"127.0.0.1:0\"\n\
         tls = \"127.0.0.1:0\"\ntls_certificate_file = \"tls.crt\"\ntls_key_file = \"tls.key\"\nsend = \"payload\"\n",
    );
    let mut agent = Program::start(&mut site.workplace.command(&["agent", "--config", "agent.toml"]));
    let line = agent.wait_for("listens for syslog");
    let address = |name: &str| {
        let rest = line.split_once(&format!("{name} ")).unwrap().1;
        rest.split([',', ' ']).next().unwrap().to_owned()
    };
    let new = |number: u32| format!("<38>1 2026-01-01T00:00:00Z web1 app - - - {}", record(number));
    let old = |number: u32| format!("<38>Jan  1 00:00:00 web1 app[42]: {}", record(number));
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    for message in [new(0), old(1)] {
        socket.send_to(message.as_bytes(), address("udp")).unwrap();
    }
    let counted = |message: &str| format!("{} {message}", message.len());
    let mut stream = TcpStream::connect(address("tcp")).unwrap();
    write!(stream, "{}{}\n{}", counted(&new(2)), old(3), counted(&old(4))).unwrap();
    drop(stream);
    let mut stream = authority
        .trust()
        .over(TcpStream::connect(address("tls")).unwrap());
    write!(stream, "{}", counted(&new(5))).unwrap();
    stream.flush().unwrap();
    stream.conn.send_close_notify();
    stream.flush().unwrap();
    site.expect(&ids(0..6));
    agent.signal("TERM");
    assert!(agent.wait().0.success());
}

#[test]
fn a_line_of_sshd_by_syslog_is_a_sign_in() {
    let site = site();
    site.config("[[inputs]]\nname = \"network\"\nkind = \"syslog\"\nudp = \"127.0.0.1:0\"\n");
    let mut agent = Program::start(&mut site.workplace.command(&["agent", "--config", "agent.toml"]));
    let line = agent.wait_for("listens for syslog");
    let address = line
        .split_once("udp ")
        .unwrap()
        .1
        .split(' ')
        .next()
        .unwrap()
        .to_owned();
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    // Without a year, as most senders have it.
    for message in [
        "<38>Jan  1 00:00:03 web1 sshd[42]: Failed password for dora from 203.0.113.9 port 4242 ssh2",
        "<86>Jan  1 00:00:09 web1 sshd[43]: Accepted password for dora from 203.0.113.9 port 4243 ssh2",
    ] {
        socket.send_to(message.as_bytes(), &address).unwrap();
    }
    for _ in 0..STEPS {
        if site.stored().len() == 2 {
            return;
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    panic!("{:?}", site.ledger("network", ""));
}

#[test]
fn requests_of_mim_in_a_growing_file_are_in_the_reports() {
    let site = site();
    site.config(
        "[[inputs]]\nname = \"mim\"\nkind = \"files\"\nfiles = [\"logs/mim.json*\"]\nrotate_seconds = 1\n",
    );
    // A month of a made-up server: whole requests, and requests in parts, several of them at a time.
    let plan = Plan {
        seed: 1,
        users: 200,
        days: 30,
        end: Timestamp::parse_vendor("2026-01-31T12:00:00Z").unwrap(),
        tenant: TenantId::parse(CONTOSO).unwrap(),
        domain: "contoso.com".to_owned(),
    };
    let records: Vec<String> = Generator::new(plan)
        .filter(|told| told.source == Source::Mim)
        .map(|told| told.record + "\n")
        .collect();
    let requests = records
        .iter()
        .filter(|record| {
            let json: serde_json::Value = serde_json::from_str(record).unwrap();
            let message = json["Message"].as_str().unwrap_or_default();
            json["EventID"] == 4121 || message.contains("message 1 out of")
        })
        .count();
    assert!(requests > 20, "{requests}");
    // It grows by halves of lines, is rotated in the middle, and the agent is killed once.
    let all = records.concat();
    let bytes = all.as_bytes();
    let mut agent = Some(site.start());
    for (number, piece) in bytes.chunks(bytes.len().div_ceil(10)).enumerate() {
        site.append("mim.json", std::str::from_utf8(piece).unwrap());
        std::thread::sleep(Duration::from_millis(120));
        if number == 4 {
            agent.take().unwrap().kill();
            agent = Some(site.start());
        }
    }
    let rows = |report: &str| {
        let target =
            format!("/contoso.com/reports/{report}?api-version=beta&$filter=eventTime%20ge%202026-01-01");
        let pages = site
            .server
            .pages(|target| Request::get(target).bearer(&site.read), &target);
        support::ids_of(&pages).len()
    };
    let reports = [
        "mimSsprActivityEvents",
        "mimSsprRegistrationActivityEvents",
        "mimSsgmGroupActivityEvents",
    ];
    let mut shown = 0;
    for _ in 0..STEPS {
        shown = reports.iter().map(|report| rows(report)).sum();
        if shown >= requests {
            break;
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    assert_eq!(shown, requests, "{}", site.ledger("mim", ""));
    let told = site.ledger("mim", "/gaps");
    assert_eq!(told["gaps"], serde_json::json!([]), "{told}");
    drop(agent);
}

#[test]
fn standard_input_ends_when_all_of_it_is_stored() {
    let site = site();
    site.config("[[inputs]]\nname = \"pipe\"\nkind = \"stdin\"\n");
    let path = site.workplace.file("input.json", lines(0..500));
    let output = site
        .workplace
        .command(&["agent", "--config", "agent.toml"])
        .stdin(fs::File::open(path).unwrap())
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", shown(&output));
    assert_eq!(site.stored(), ids(0..500));
}

#[test]
fn standard_input_is_read_on_when_the_configuration_is_read_anew() {
    let site = site();
    site.config("[[inputs]]\nname = \"pipe\"\nkind = \"stdin\"\n");
    let (input, mut writer) = std::io::pipe().unwrap();
    let mut command = site.workplace.command(&["agent", "--config", "agent.toml"]);
    let mut agent = Program::start_with(&mut command, input.into());
    drop(command);
    agent.wait_for("agent: ");
    writer.write_all(lines(0..5).as_bytes()).unwrap();
    site.expect(&ids(0..5));
    for reload in 1..3 {
        agent.signal("HUP");
        agent.wait_for("the configuration was read anew");
        let numbers = reload * 5..(reload + 1) * 5;
        writer.write_all(lines(numbers.clone()).as_bytes()).unwrap();
        site.expect(&ids(0..numbers.end));
    }
    drop(writer);
    let (status, said) = agent.wait();
    assert!(status.success(), "{said}");
}

/// What systemd is told (sd_notify(3)): at a reload that the agent goes on, or it would be ended as one that does not stop.
#[test]
fn whoever_watches_the_agent_hears_of_its_start_its_reload_and_its_stop() {
    let site = site();
    site.config(FILES);
    let path = site.workplace.path().join("notify");
    let socket = UnixDatagram::bind(&path).unwrap();
    socket.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
    let hears = |expected: &str| {
        let mut buffer = [0; 64];
        let length = socket.recv(&mut buffer).unwrap();
        assert_eq!(String::from_utf8_lossy(&buffer[..length]), expected);
    };
    let mut command = site.workplace.command(&["agent", "--config", "agent.toml"]);
    let agent = Program::start(command.env("NOTIFY_SOCKET", &path));
    hears("READY=1");
    agent.signal("HUP");
    hears("RELOADING=1");
    hears("READY=1");
    agent.signal("TERM");
    hears("STOPPING=1");
    assert!(agent.wait().0.success());
}

#[test]
fn a_log_in_a_file_has_what_standard_error_would_have() {
    let site = site();
    let config = site.config(FILES);
    let text = fs::read_to_string(&config).unwrap();
    let with_file = text.replace("[log]\n", "[log]\nfile = \"agent.log\"\n");
    fs::write(&config, &with_file).unwrap();
    let agent = Program::start(&mut site.workplace.command(&["agent", "--config", "agent.toml"]));
    site.append("app.json", &lines(0..1));
    site.expect(&ids(0..1));
    fs::write(&config, &text).unwrap();
    agent.signal("HUP");
    let path = site.workplace.path().join("agent.log");
    let log = || fs::read_to_string(&path).unwrap();
    for _ in 0..STEPS {
        if log().contains("waits for a restart") {
            break;
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    // A state that another agent has is a reason to end.
    fs::write(&config, &with_file).unwrap();
    let second = site.workplace.run(&["agent", "--config", "agent.toml"]);
    assert_eq!(second.status.code(), Some(1));
    agent.signal("TERM");
    let (status, said) = agent.wait();
    assert!(status.success() && said.is_empty(), "{said}");
    let log = log();
    for part in [
        "agent: 1 inputs to",
        "another `log.file` or `log.format` waits for a restart",
        "the agent ends: another agent uses the state folder",
        "0 pieces wait for the next start",
    ] {
        assert!(log.contains(part), "{part}: {log}");
    }
}

#[test]
fn a_journal_is_read_on_from_its_cursor() {
    let site = site();
    // What `journalctl` prints, by the cursor that it is asked for.
    let script = site.workplace.file(
        "journalctl",
        "#!/bin/sh\nfor a in \"$@\"; do case \"$a\" in --after-cursor=*) exec cat second;; esac; done\ncat first\nexec sleep 600 2>/dev/null\n",
    );
    fs::set_permissions(&script, fs::Permissions::from_mode(0o755)).unwrap();
    let entries = |numbers: std::ops::Range<u32>| {
        let mut text = String::new();
        for number in numbers {
            let entry = serde_json::json!({
                "__CURSOR": format!("c{number}"), "__REALTIME_TIMESTAMP": "1764547200000000", "_HOSTNAME": "web1",
                "SYSLOG_IDENTIFIER": "app", "MESSAGE": format!("number {number}"),
            });
            text.push_str(&entry.to_string());
            text.push('\n');
        }
        text
    };
    site.workplace.file("first", entries(0..3));
    site.workplace.file("second", entries(3..5));
    site.config("[[inputs]]\nname = \"journal\"\nkind = \"journald\"\njournalctl = \"./journalctl\"\n");
    let mut agent = site.start();
    agent.wait_until_said("the service has piece 1");
    agent.kill();
    let mut agent = site.start();
    let line = agent.wait_until_said("the service has piece 2");
    assert!(line.contains("2 read"), "{line}");
}

#[test]
fn a_check_says_what_would_be_read_and_sent() {
    let site = site();
    site.config(FILES);
    site.append("app.json", &lines(0..2));
    let length = fs::metadata(site.workplace.path().join("logs/app.json"))
        .unwrap()
        .len();
    let check = |arguments: &[&str], code: i32, expected: &[&str]| {
        let all = [&["agent", "check", "--config", "agent.toml"], arguments].concat();
        let output = site.workplace.run(&all);
        let text = shown(&output);
        assert_eq!(output.status.code(), Some(code), "{text}");
        for part in expected {
            assert!(text.contains(part), "{part}: {text}");
        }
    };
    let unread = format!("1 files, {length} bytes unread");
    check(
        &["--connect"],
        0,
        &[
            "tenant contoso.com",
            "with the roles: Ingest",
            "new",
            "logs/app.json",
            &unread,
        ],
    );
    let agent = site.start();
    site.expect(&ids(0..2));
    check(&[], 0, &["1 files, 0 bytes unread"]);
    check(&["-o", "json"], 0, &["\"unreadBytes\":0", "\"piecesWaiting\":0"]);
    // Two agents never share a state.
    let second = site.workplace.run(&["agent", "--config", "agent.toml"]);
    assert!(
        shown(&second).contains("another agent uses the state folder"),
        "{}",
        shown(&second)
    );
    drop(agent);
    // What the agent would refuse, the check says.
    let state = site.workplace.path().join("agent");
    fs::set_permissions(&state, fs::Permissions::from_mode(0o755)).unwrap();
    check(&[], 1, &["others may read it (mode 755)", "chmod 700"]);
    fs::set_permissions(&state, fs::Permissions::from_mode(0o700)).unwrap();
    // A wrong secret, a wrong key, no configuration at all.
    site.workplace.file("secret", "wrong");
    check(&["--connect"], 4, &["no token"]);
    fs::remove_file(site.workplace.path().join("secret")).unwrap();
    check(&[], 1, &["the secret"]);
    site.config("[[input]]\n");
    check(&[], 2, &["did you mean `inputs`?"]);
    let output = site.workplace.run(&["agent"]);
    assert_eq!(output.status.code(), Some(2), "{}", shown(&output));
}

#[test]
fn pieces_that_are_too_large_come_in_halves_and_the_ledger_agrees() {
    let site = site_with(&[("limits.ingest_decompressed_bytes", "4KiB")]);
    site.config(FILES);
    site.append("app.json", &lines(0..50));
    let mut agent = site.start();
    agent.wait_until_said("too large: it is sent in two parts");
    site.expect(&ids(0..50));
    site.append("app.json", &lines(50..53));
    site.expect(&ids(0..53));
    let told = site.ledger("entra", "/gaps");
    // Halves have the number of their piece, so no number is missing.
    assert_eq!(told["gaps"], serde_json::json!([]), "{told}");
    let told = site.ledger("entra", "");
    let counts = ["read", "new", "known", "rejected"].map(|name| told["source"][name].as_u64().unwrap());
    assert_eq!(counts, [53, 53, 0, 0], "{told}");
}

#[test]
fn what_no_waiting_mends_is_kept_aside_and_told() {
    let site = site();
    site.config("[[inputs]]\nname = \"docs\"\nkind = \"whole\"\nfiles = [\"logs/*\"]\nsettle_seconds = 0\n");
    site.append("a.zip", "PK\u{3}\u{4} an archive, which is not read here");
    let mut agent = site.start();
    let line = agent.wait_until_said("REFUSED piece 1");
    assert!(line.contains("Zip archives are not read here"), "{line}");
    // What comes after it is not held up.
    site.append("b.json", &lines(0..3));
    site.expect(&ids(0..3));
    let aside = site.workplace.path().join("agent/rejected");
    let kept = fs::read(aside.join("docs-1.zst")).unwrap();
    assert!(zstd::decode_all(&kept[..]).unwrap().starts_with(b"PK"));
    let why = fs::read_to_string(aside.join("docs-1.json")).unwrap();
    assert!(why.contains("\"status\":415"), "{why}");
    let mut told = serde_json::Value::Null;
    for _ in 0..STEPS {
        told = site.ledger("docs", "/gaps");
        if told.to_string().contains("unreadable") {
            break;
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    // The service sees the hole, too: number 1 never came.
    let kinds: Vec<&str> = told["gaps"]
        .as_array()
        .unwrap()
        .iter()
        .map(|gap| gap["kind"].as_str().unwrap())
        .collect();
    assert_eq!(kinds, ["sequence", "unreadable"], "{told}");
}

#[test]
fn what_an_operator_can_mend_is_waited_for_and_a_reload_counts() {
    let site = site();
    // A format that there is not is waited for: an operator can mend it.
    site.config(&format!("{FILES}format = \"no-such\"\n"));
    site.append("app.json", &lines(0..1));
    let mut agent = site.start();
    agent.wait_until_said("There is no such format");
    site.config(FILES);
    agent.signal("HUP");
    agent.wait_for("the configuration was read anew");
    site.expect(&ids(0..1));
    // What is no record is counted by the service, and the rest goes on.
    site.append("app.json", &format!("this is no record\n{}", lines(1..2)));
    let line = agent.wait_for("the service did not understand");
    assert!(line.contains("1 of 2 records"), "{line}");
    site.expect(&ids(0..2));
    // A configuration that is not sound changes nothing.
    site.config("[[inputs]]\n");
    agent.signal("HUP");
    agent.wait_for("the configuration stays as it was");
    site.append("app.json", &lines(2..3));
    site.expect(&ids(0..3));
}
