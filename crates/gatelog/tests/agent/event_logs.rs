//! Event logs of Windows that grow, read by the agent and shown in reports: MIM's requests, and the security log.

use crate::evtx::{Chunk, Node, Value, file, seal, sign_in_template, sign_in_values, text};
use crate::site::{STEPS, Site, site};
use crate::support::http::Request;
use crate::support::{self, CONTOSO};
use generator::{Generator, Plan, Source};
use model::tenant::TenantId;
use model::time::Timestamp;
use std::fs::{self, OpenOptions};
use std::io::{Seek, SeekFrom, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::Duration;

const EVTX: &str = "[[inputs]]\nname = \"windows\"\nkind = \"evtx\"\nfiles = [\"logs/*.evtx\"]\n";
const HEADER_BYTES: usize = 4_096;
/// Text of so many bytes in UTF-16 goes into a chunk: so that there are some of them.
const TEXT_A_CHUNK: usize = 16_000;

const SIGN_INS: &str = "activities/signinEvents?api-version=beta&$filter=signinDateTime%20ge%202001-01-01";
const AUDITS: &str = "reports/auditEvents?api-version=beta&$filter=eventTime%20ge%202001-01-01";
const MIM_REPORTS: &[&str] = &[
    "reports/mimSsprActivityEvents?api-version=beta&$filter=eventTime%20ge%202001-01-01",
    "reports/mimSsprRegistrationActivityEvents?api-version=beta&$filter=eventTime%20ge%202001-01-01",
    "reports/mimSsgmGroupActivityEvents?api-version=beta&$filter=eventTime%20ge%202001-01-01",
];

#[test]
fn requests_of_mim_in_a_growing_event_log_are_in_the_reports_through_a_kill() {
    let site = site();
    site.config(EVTX);
    let records = requests();
    let whole = records
        .iter()
        .filter(|(id, text)| *id == 4_121 || text.contains("message 1 out of"))
        .count();
    assert!(
        whole > 20 && records.len() > whole,
        "{whole} of {}",
        records.len()
    );
    let chunks = chunks_of_requests(&records);
    assert!(chunks.len() >= 4, "{} chunks", chunks.len());
    let log = Log::new(&site, "mim.evtx");
    let mut agent = Some(site.start());
    let half = chunks.len() / 2;
    for (number, chunk) in chunks.iter().enumerate() {
        log.put(number, chunk);
        if number + 1 == half {
            expect(&site, MIM_REPORTS, 1..=whole);
            agent.take().unwrap().kill();
        }
        if number == half {
            agent = Some(site.start());
        }
    }
    expect(&site, MIM_REPORTS, whole..=whole);
    expect_sound(&site);
    drop(agent);
}

/// The channel is asked by what stands in for `wevtutil`, which reads a plain file.
#[test]
fn requests_of_mim_in_a_channel_are_in_the_reports_through_a_kill() {
    let site = site();
    let program = site.workplace.file("wevtutil", include_str!("wevtutil.sh"));
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
    site.config(
        "[[inputs]]\nname = \"windows\"\nkind = \"event-log\"\nchannel = \"Identity Manager Request Log\"\n\
         wevtutil = \"./wevtutil\"\npoll_seconds = 1\n",
    );
    let records = requests();
    let whole = records
        .iter()
        .filter(|(id, text)| *id == 4_121 || text.contains("message 1 out of"))
        .count();
    let path = site.workplace.path().join("events");
    // A line is an event, so a line end of the text is written as a reference, as XML has it.
    let events: Vec<String> = (1..)
        .zip(&records)
        .map(|(number, (id, text))| format!("{number} {id} {}\n", rendered(*id, number, text)))
        .collect();
    let half = events.len() / 2;
    fs::write(&path, "").unwrap();
    let agent = site.start();
    fs::write(&path, events[..half].concat()).unwrap();
    expect(&site, MIM_REPORTS, 1..=whole);
    agent.kill();
    fs::write(&path, events.concat()).unwrap();
    let agent = site.start();
    expect(&site, MIM_REPORTS, whole..=whole);
    expect_sound(&site);
    let read = events.len() as u64;
    let check = site.workplace.run(&["agent", "check", "--config", "agent.toml"]);
    let expected = format!("Identity Manager Request Log: its newest event is {read}; read up to {read}");
    assert!(
        support::shown(&check).contains(&expected),
        "{}",
        support::shown(&check)
    );
    drop(agent);
}

/// An event of MIM as `wevtutil` writes it.
fn rendered(id: u16, number: u64, message: &str) -> String {
    let message = message
        .replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('\r', "&#13;")
        .replace('\n', "&#10;");
    format!(
        "<Event xmlns='http://schemas.microsoft.com/win/2004/08/events/event'><System><Provider \
         Name='Microsoft.IdentityManagement.Service'/><EventID Qualifiers='0'>{id}</EventID><TimeCreated \
         SystemTime='2026-01-31T12:00:00.000000000Z'/><EventRecordID>{number}</EventRecordID><Channel>Identity Manager Request \
         Log</Channel><Computer>mim.contoso.example</Computer></System><EventData><Data>{message}</Data></EventData></Event>"
    )
}

#[test]
fn a_chunk_of_the_security_log_that_grows_brings_what_is_new_in_it() {
    let site = site();
    site.config(EVTX);
    let log = Log::new(&site, "Security.evtx");
    let chunk = |first: u64, count: u64| {
        let mut chunk = Chunk::default();
        for number in first..first + count {
            let user = format!("user{number}");
            chunk.record(
                &sign_in_template(),
                &sign_in_values(4_625, number, &user, "203.0.113.9"),
            );
        }
        numbered(chunk.finish(), first, first + count - 1)
    };
    let agent = site.start();
    log.put(0, &chunk(1, 2));
    expect(&site, &[SIGN_INS], 2..=2);
    // The same chunk with more in it, then another one, while nobody looks.
    agent.kill();
    log.put(0, &chunk(1, 5));
    log.put(1, &chunk(6, 1));
    let agent = site.start();
    expect(&site, &[SIGN_INS], 6..=6);
    // An archived copy under another name has nothing new in it.
    let logs = site.workplace.path().join("logs");
    fs::copy(logs.join("Security.evtx"), logs.join("Archive-Security-1.evtx")).unwrap();
    log.put(1, &chunk(6, 3));
    expect(&site, &[SIGN_INS], 8..=8);
    expect_sound(&site);
    drop(agent);
}

/// A growing log made of the chunks of real ones, which are outside of this repository; what is in them was told by a public
/// tool and jq.
#[test]
fn a_growing_event_log_of_real_chunks_gives_what_a_public_tool_found_in_them() {
    let Some(samples) = samples() else { return };
    let golden = include_str!("../../../sources/tests/golden/evtx.tsv");
    let site = site();
    site.config(EVTX);
    let log = Log::new(&site, "Security.evtx");
    let mut agent = Some(site.start());
    let (mut sign_ins, mut audits) = (0, 0);
    for (number, name) in REAL.iter().enumerate() {
        let bytes = fs::read(samples.join(name)).unwrap();
        log.put(number, &bytes[HEADER_BYTES..]);
        let facts = || {
            golden
                .lines()
                .filter(|line| line.split('\t').next() == Some(*name))
        };
        let of = |kind: &str| {
            facts()
                .filter(|line| line.split('\t').nth(2) == Some(kind))
                .count()
        };
        sign_ins += of("sign-in");
        audits += facts().count() - of("sign-in") - of("ignored");
        if number == 2 {
            agent.take().unwrap().kill();
        }
        if number == 3 {
            agent = Some(site.start());
        }
    }
    assert!(sign_ins > 50 && audits > 10, "{sign_ins} and {audits}");
    expect(&site, &[SIGN_INS], sign_ins..=sign_ins);
    expect(&site, &[AUDITS], audits..=audits);
    expect_sound(&site);
    drop(agent);
}

const REAL: &[&str] = &[
    "ID4625-OpenSSH_brutforce_with_valid_users.evtx",
    "ID4728-Massive_account_group_membership_change.evtx",
    "ID4771-Kerberos_brutforce_with_valid_user.evtx",
    "ID4756-Exchange_admin_group_change.evtx",
    "ID4720-Local_user_created.evtx",
    "ID_4776,4625-AccountRestore_local_bruteforce.evtx",
];

/// A file that grows as Windows lets it grow: whole chunks are written at their place.
struct Log(std::path::PathBuf);

impl Log {
    fn new(site: &Site, name: &str) -> Log {
        let path = site.workplace.path().join("logs").join(name);
        fs::write(&path, file(0, &[])).unwrap();
        Log(path)
    }

    fn put(&self, number: usize, chunk: &[u8]) {
        let mut file = OpenOptions::new().write(true).open(&self.0).unwrap();
        file.seek(SeekFrom::Start((HEADER_BYTES + number * chunk.len()) as u64))
            .unwrap();
        file.write_all(chunk).unwrap();
    }
}

/// Waits until these reports together have at least so many rows; they must not have more than so many.
fn expect(site: &Site, reports: &[&str], rows: std::ops::RangeInclusive<usize>) {
    let mut shown = 0;
    for _ in 0..STEPS {
        let ids: Vec<String> = reports
            .iter()
            .flat_map(|report| {
                let target = format!("/contoso.com/{report}");
                let pages = site
                    .server
                    .pages(|target| Request::get(target).bearer(&site.read), &target);
                support::ids_of(&pages)
            })
            .collect();
        shown = ids.len();
        if shown >= *rows.start() {
            break;
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    assert!(
        rows.contains(&shown),
        "{shown} rows for {rows:?}: {}",
        site.ledger("windows", "")
    );
}

/// Nothing was refused, and nothing is missing.
fn expect_sound(site: &Site) {
    let told = site.ledger("windows", "/gaps");
    assert_eq!(told["gaps"], serde_json::json!([]), "{told}");
    let told = site.ledger("windows", "");
    assert_eq!(told["source"]["rejected"], 0, "{told}");
}

/// A month of a made-up server's requests: the number of each event, and its text.
fn requests() -> Vec<(u16, String)> {
    let plan = Plan {
        seed: 1,
        users: 200,
        days: 30,
        end: Timestamp::parse_vendor("2026-01-31T12:00:00Z").unwrap(),
        tenant: TenantId::parse(CONTOSO).unwrap(),
        domain: "contoso.com".to_owned(),
    };
    Generator::new(plan)
        .filter(|told| told.source == Source::Mim)
        .map(|told| {
            let record: serde_json::Value = serde_json::from_str(&told.record).unwrap();
            let text = match &record["Message"] {
                serde_json::Value::String(text) => text.clone(),
                request => request.to_string(),
            };
            (record["EventID"].as_u64().unwrap() as u16, text)
        })
        .collect()
}

fn chunks_of_requests(records: &[(u16, String)]) -> Vec<Vec<u8>> {
    let template = request_template();
    let mut chunks = Vec::new();
    let (mut chunk, mut size, mut first) = (Chunk::default(), 0, 1);
    for (number, (id, message)) in (1..).zip(records) {
        let bytes = 2 * message.encode_utf16().count() + 100;
        if size + bytes > TEXT_A_CHUNK {
            chunks.push(numbered(std::mem::take(&mut chunk).finish(), first, number - 1));
            (size, first) = (0, number);
        }
        chunk.record(&template, &request_values(*id, number, message));
        size += bytes;
    }
    chunks.push(numbered(chunk.finish(), first, records.len() as u64));
    chunks
}

/// An event of MIM's log: the values are number, record number, text, time.
fn request_template() -> Node {
    use Node::{Element, Text, Value};
    let plain = |name: &'static str, node: Node| Element(name, vec![], vec![node]);
    let provider = Text("Microsoft.IdentityManagement.Service".to_owned());
    Element(
        "Event",
        vec![(
            "xmlns",
            Text("http://schemas.microsoft.com/win/2004/08/events/event".to_owned()),
        )],
        vec![
            Element(
                "System",
                vec![],
                vec![
                    Element("Provider", vec![("Name", provider)], vec![]),
                    plain("EventID", Value(0, 0x06)),
                    Element("TimeCreated", vec![("SystemTime", Value(3, 0x11))], vec![]),
                    plain("EventRecordID", Value(1, 0x0A)),
                    plain("Channel", Text("Identity Manager Request Log".to_owned())),
                    plain("Computer", Text("mim.contoso.example".to_owned())),
                ],
            ),
            Element(
                "EventData",
                vec![],
                vec![Element("Data", vec![], vec![Value(2, 0x01)])],
            ),
        ],
    )
}

fn request_values(id: u16, record: u64, message: &str) -> Vec<Value> {
    // 2026-01-31T12:00:00Z in ticks of 100 ns since 1601.
    let ticks: u64 = 134_143_344_000_000_000;
    vec![
        (0x06, id.to_le_bytes().to_vec()),
        (0x0A, record.to_le_bytes().to_vec()),
        text(message),
        (0x11, ticks.to_le_bytes().to_vec()),
    ]
}

/// A chunk whose header says which records it has, as Windows writes it.
fn numbered(mut chunk: Vec<u8>, first: u64, last: u64) -> Vec<u8> {
    for (place, number) in [(8, first), (16, last), (24, first), (32, last)] {
        chunk[place..place + 8].copy_from_slice(&number.to_le_bytes());
    }
    let end = u32::from_le_bytes(chunk[48..52].try_into().unwrap());
    seal(&mut chunk, end as usize);
    chunk
}

/// The folder of the real event logs. Without it the test says so and passes, unless `GATELOG_REQUIRE` names `samples`.
#[allow(clippy::print_stderr)] // A skipped test says so.
fn samples() -> Option<std::path::PathBuf> {
    let Some(folder) = std::env::var_os("GATELOG_SAMPLES") else {
        let required = std::env::var("GATELOG_REQUIRE").unwrap_or_default();
        assert!(
            !required.split(',').any(|word| word.trim() == "samples"),
            "GATELOG_REQUIRE names samples, but GATELOG_SAMPLES is not set"
        );
        eprintln!("skipped: set GATELOG_SAMPLES to the folder with the real records (evtx)");
        return None;
    };
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    Some(root.join(folder).join("evtx"))
}
