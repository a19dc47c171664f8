//! Data folders of earlier schema versions open in this one and say what they said.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on panics")]

mod told;

use model::batch::{Batch, Counts, EventDraft, Lateness, Outcome, RowDraft, Subject};
use model::identity::{EventKey, Kind, Rank, Vendor};
use model::query::Query;
use model::reports::{self, Face};
use model::tenant::{TenantId, TenantName};
use model::time::TICKS_PER_SECOND;
use std::fs;
use std::path::{Path, PathBuf};
use store::control::{
    AppKind, AppPermission, AppStatus, ControlStore, DetectionCursor, DetectionStore, NewApp, NewAppSecret,
    PermissionKind, SigningKeyRecord, SqliteControlStore,
};
use store::events::{ChangeKind, EventStore, LedgerLine, MonthInfo};
use store::ledger::LateBy;
use told::{append, assert_clean, batch, key, month, open, seen, time, try_append};
use uuid::Uuid;

const NAMES: [&str; 2] = ["fixture.example", "fixture.onmicrosoft.com"];
const CLIENT: Uuid = Uuid::from_u128(0x0a99_0000_0000_4000_8000_0000_0000_0001);
const OBJECT: Uuid = Uuid::from_u128(0x0a99_0000_0000_4000_8000_0000_0000_0002);

fn tenant() -> TenantId {
    TenantId::parse("4f0c2b7e-6d1a-4d38-9a55-0c1e8b7d2f10").unwrap()
}

/// What each schema before the present one wrote of the same script.
fn fixtures() -> impl Iterator<Item = PathBuf> {
    (1..store::sqlite::SCHEMA_VERSION).map(|schema| {
        Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("fixtures")
            .join(format!("schema-v{schema}"))
    })
}

const A1: &str = "2017-04-10T08:00:00.1234567Z";
const A2: &str = "2017-05-03T00:00:00Z";
const B1: &str = "2017-05-02T09:30:00Z";
const C1: &str = "2017-04-30T23:59:59.9999999Z";
const D1: &str = "2017-05-01T00:00:00Z";
const E1: &str = "2017-05-30T00:00:00Z";

fn audit(id: &str, when: &str, content: u8, person: &str) -> EventDraft {
    EventDraft {
        subjects: vec![Subject::person(person), Subject::address("192.0.2.7")],
        ..told::event(id, when, content)
    }
}

const SIGN_IN_ROW: &str = r#"{"id":"s","signinDateTime":"2017-04-11T12:00:00Z","signinDateTimeInMillis":1491912000000,"userDisplayName":"Ada","userPrincipalName":"ada@fixture.example","userId":"u","appId":"p","appDisplayName":"Mail","ipAddress":"192.0.2.7","deviceInformation":null,"geoCoordinates":{"latitude":null,"longitude":null},"location":{"city":null,"state":null,"country":null},"loginStatus":"0","signinErrorCode":0,"failureReason":null,"mfaRequired":null,"mfaAuthDetail":null,"mfaResult":null}"#;

fn sign_in() -> EventDraft {
    let report = reports::by_name(Face::Activities, "signinEvents").unwrap();
    EventDraft {
        key: EventKey::from_vendor_id(Vendor::Entra, Kind::SignIn, "s"),
        kind: Kind::SignIn,
        time: time("2017-04-11T12:00:00Z"),
        rank: Rank {
            updated: Some(time("2017-04-11T12:00:05Z")),
            properties: 11,
            digest: [0x51; 16],
        },
        format: "entra-graph",
        original: br#"{"id":"s"}"#.to_vec(),
        rows: vec![RowDraft {
            report: report.number,
            json: SIGN_IN_ROW.as_bytes().to_vec(),
            particulars: br#"{"kind":"interactiveUser","clientApp":"Browser"}"#.to_vec(),
        }],
        subjects: vec![Subject::person("ada@fixture.example")],
        usage: Vec::new(),
    }
}

fn bring(source: &str, arrived: &str, lateness: Lateness, events: &[EventDraft]) -> Batch {
    Batch {
        tenant: tenant(),
        source: source.to_owned(),
        arrived: time(arrived),
        lateness,
        ..batch(events)
    }
}

/// The script that the fixture's description tells.
fn write_events(store: &dyn EventStore) {
    let (ada, bob) = ("ada@fixture.example", "bob@fixture.example");
    let feed = Lateness::After(900 * TICKS_PER_SECOND);
    let first = Batch {
        ignored: 2,
        rejected: 1,
        ..bring(
            "import:march",
            "2017-06-01T12:00:00Z",
            Lateness::NotCounted,
            &[
                audit("m", "2017-03-05T00:00:00Z", 1, bob),
                audit("n", "2017-03-20T00:00:00Z", 1, bob),
            ],
        )
    };
    let second = [
        audit("a", A1, 1, ada),
        audit("b", B1, 1, ada),
        audit("c", C1, 1, bob),
        sign_in(),
    ];
    let third = [
        audit("a", A1, 1, ada),
        audit("a", A2, 2, ada),
        audit("b", B1, 0, ada),
        audit("d", D1, 1, bob),
        audit("e", E1, 1, ada),
    ];
    try_append(store, first).unwrap();
    try_append(store, bring("feed:a", "2017-05-15T10:20:30Z", feed, &second)).unwrap();
    try_append(store, bring("feed:a", "2017-05-15T10:20:30Z", feed, &third)).unwrap();
    store
        .purge(
            tenant(),
            &seen(store, tenant(), "2017-03"),
            time("2017-06-01T12:30:00Z"),
        )
        .unwrap();
    let refused = bring(
        "import:march",
        "2017-06-02T08:00:00Z",
        Lateness::NotCounted,
        &[audit("o", "2017-03-25T00:00:00Z", 1, bob)],
    );
    assert_eq!(try_append(store, refused).unwrap().outcomes, [Outcome::Purged]);
}

fn write_control(folder: &Path) {
    let control = SqliteControlStore::open(folder).unwrap();
    let names = NAMES.map(|name| TenantName::parse(name).unwrap());
    let now = time("2017-04-01T00:00:00Z");
    control.create_tenant(tenant(), &names, "Fixture", now).unwrap();
    let app = NewApp {
        client_id: CLIENT,
        tenant: tenant(),
        object_id: OBJECT,
        name: "collector".to_owned(),
        kind: AppKind::Confidential,
        permissions: vec![AppPermission {
            kind: PermissionKind::Application,
            name: "Ingest".to_owned(),
        }],
        reply_addresses: vec!["https://localhost/".to_owned()],
        roles: vec!["Security Reader".to_owned()],
    };
    control.create_app(&app, now).unwrap();
    let secret = NewAppSecret {
        hash: [7; 32],
        hint: "abc".to_owned(),
        expires: Some(time("2018-04-01T00:00:00Z")),
    };
    control.add_secret(CLIENT, &secret, now).unwrap();
    control
        .set_app_status(CLIENT, AppStatus::Disabled, time(A1))
        .unwrap();
    let signing_key = SigningKeyRecord {
        kid: "k1".to_owned(),
        created: now,
        not_after: None,
        file_name: "signing-k1.pem".to_owned(),
    };
    control.put_signing_key(&signing_key).unwrap();
    control
        .put_checkpoint(tenant(), "feed:a", b"page 3", now)
        .unwrap();
    let cursor = DetectionCursor { epoch: 1, commit: 3 };
    control.put_detection_cursor(tenant(), cursor).unwrap();
}

#[test]
#[ignore = "writes the fixture; see its README"]
fn write_the_fixture() {
    let parent = tempfile::tempdir().unwrap();
    let data = parent.path().join("data");
    write_events(open(&data).store.as_ref());
    write_control(&data);
    for path in files(&data) {
        let name = path.strip_prefix(&data).unwrap().display().to_string();
        assert!(!name.ends_with("-wal"), "{name} was not closed in good order");
        if path.extension().is_some_and(|extension| extension == "db") {
            // A folder of the present schema's own: those of older ones stay as they were written.
            let present = format!("fixtures/schema-v{}", store::sqlite::SCHEMA_VERSION);
            let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(present);
            let target = folder.join(format!("{name}.zst"));
            fs::create_dir_all(target.parent().unwrap()).unwrap();
            let bytes = fs::read(&path).unwrap();
            fs::write(target, zstd::bulk::compress(&bytes, 19).unwrap()).unwrap();
        }
    }
}

/// Every file below a folder.
fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path));
        } else {
            found.push(path);
        }
    }
    found
}

/// A fixture as a data folder of its own.
fn unpack(fixture: &Path) -> (tempfile::TempDir, PathBuf) {
    let parent = tempfile::tempdir().unwrap();
    let data = parent.path().join("data");
    let mut names: Vec<String> = Vec::new();
    for path in files(fixture) {
        let Some(name) = path
            .strip_prefix(fixture)
            .unwrap()
            .to_str()
            .unwrap()
            .strip_suffix(".zst")
        else {
            continue;
        };
        let target = data.join(name);
        fs::create_dir_all(target.parent().unwrap()).unwrap();
        let packed = fs::read(&path).unwrap();
        fs::write(target, zstd::bulk::decompress(&packed, 4 << 20).unwrap()).unwrap();
        names.push(name.rsplit('/').next().unwrap().to_owned());
    }
    names.sort_unstable();
    assert_eq!(names, ["2017-04.db", "2017-05.db", "catalogue.db", "control.db"]);
    (parent, data)
}

fn row(id: &str, when: &str, content: u8) -> String {
    format!(r#"{{"id":"{id}","eventTime":"{when}","content":{content}}}"#)
}

fn rows(store: &dyn EventStore, face: Face, report: &str) -> String {
    let query = Query {
        report: reports::by_name(face, report).unwrap(),
        ..told::query(100)
    };
    String::from_utf8(store.scan(tenant(), &query).unwrap().block).unwrap()
}

#[test]
fn the_rows_of_older_schemas_are_read_as_they_were_written() {
    fixtures().for_each(|fixture| check_rows(&fixture));
}

fn check_rows(fixture: &Path) {
    let (_parent, data) = unpack(fixture);
    let opened = open(&data);
    let store = opened.store.as_ref();
    assert_eq!(
        rows(store, Face::Reports, "auditEvents"),
        [row("a", A2, 2), row("b", B1, 1), row("d", D1, 1), row("c", C1, 1)].join(",")
    );
    assert_eq!(rows(store, Face::Activities, "signinEvents"), SIGN_IN_ROW);
    // Rendered on reading, from what is kept beside the row.
    let rendered = rows(store, Face::Reports, "allUserSignInActivityEvents");
    assert!(
        rendered.contains("Ada") && rendered.contains("Browser"),
        "{rendered}"
    );
    let totals: Vec<_> = store
        .report_totals(tenant())
        .unwrap()
        .iter()
        .map(|total| {
            let report = reports::by_number(total.report).unwrap();
            (report.name, total.rows, total.newest.to_string())
        })
        .collect();
    assert_eq!(
        totals,
        [
            ("auditEvents", Some(4), A2.to_owned()),
            ("signinEvents", Some(1), "2017-04-11T12:00:00Z".to_owned())
        ]
    );
    let ada = Subject::person("ada@fixture.example");
    let events = store
        .history(tenant(), &ada, time("2017-04-12"), time("2017-12-31"), 10)
        .unwrap();
    let originals: Vec<String> = events
        .iter()
        .map(|event| String::from_utf8(event.original.clone()).unwrap())
        .collect();
    assert_eq!(originals, [row("b", B1, 1), row("a", A2, 2)]);
}

#[test]
fn the_account_of_older_schemas_is_read_as_it_was_written() {
    fixtures().for_each(|fixture| check_account(&fixture));
}

fn check_account(fixture: &Path) {
    let (_parent, data) = unpack(fixture);
    let opened = open(&data);
    let store = opened.store.as_ref();
    assert_eq!(store.tenants().unwrap(), [tenant()]);
    assert_eq!(store.snapshot(tenant()).unwrap(), 3);
    let months = [
        MonthInfo {
            month: month("2017-04"),
            first: time(A1),
            last: time(A2),
            last_write: time("2017-05-15T10:20:30Z"),
            last_commit: 3,
        },
        MonthInfo {
            month: month("2017-05"),
            first: time(D1),
            last: time(E1),
            last_write: time("2017-05-15T10:20:30Z"),
            last_commit: 3,
        },
    ];
    assert_eq!(store.months(tenant()).unwrap(), months);
    let ledger = [
        LedgerLine {
            source: "feed:a".to_owned(),
            counts: Counts {
                read: 9,
                new: 6,
                changed: 2,
                known: 1,
                late: 1,
                quarantined: 1,
                ..Counts::default()
            },
            // Neither the batches nor how late the late one was had been kept; the oldest event can be told from the events.
            batches: 0,
            late_by: LateBy::default(),
            first_arrival: time("2017-05-15T10:00:00Z"),
            last_arrival: time("2017-05-15T10:00:00Z"),
            oldest: Some(time(A1)),
            newest: Some(time(A2)),
            last_error: None,
        },
        LedgerLine {
            source: "import:march".to_owned(),
            counts: Counts {
                read: 6,
                new: 2,
                ignored: 2,
                rejected: 2,
                ..Counts::default()
            },
            batches: 0,
            late_by: LateBy::default(),
            first_arrival: time("2017-06-01T12:00:00Z"),
            last_arrival: time("2017-06-02T08:00:00Z"),
            // Its month is gone, and with it what told that.
            oldest: None,
            newest: Some(time("2017-03-20T00:00:00Z")),
            last_error: None,
        },
    ];
    assert_eq!(store.ledger(tenant()).unwrap(), ledger);
    let changes: Vec<_> = store
        .changes(tenant(), 0, 100)
        .unwrap()
        .iter()
        .map(|change| (change.commit, change.key, change.what))
        .collect();
    assert_eq!(
        changes,
        [
            (2, key("a"), ChangeKind::New),
            (2, key("c"), ChangeKind::New),
            (2, sign_in().key, ChangeKind::New),
            (2, key("b"), ChangeKind::New),
            (3, key("a"), ChangeKind::Replaced),
            (3, key("b"), ChangeKind::Kept),
            (3, key("d"), ChangeKind::New),
            (3, key("e"), ChangeKind::New),
        ]
    );
    let recount = store.check(tenant()).unwrap();
    assert!(recount.faults.is_empty(), "{}", recount.faults.join("\n"));
    assert_eq!((recount.events, recount.rows), (8, 5));
    let proof = store.prove(tenant()).unwrap();
    assert!(proof.faults.is_empty(), "{}", proof.faults.join("\n"));
    assert_eq!(proof.events, 8);
}

#[test]
fn a_folder_of_an_older_schema_goes_on_where_it_stood() {
    fixtures().for_each(|fixture| check_going_on(&fixture));
}

fn check_going_on(fixture: &Path) {
    let (_parent, data) = unpack(fixture);
    let opened = open(&data);
    let store = opened.store.as_ref();
    let (ada, bob) = ("ada@fixture.example", "bob@fixture.example");
    let events = [
        audit("a", A2, 2, ada),
        audit("b", B1, 0, ada),
        audit("e", E1, 1, ada),
        audit("m", "2017-03-05T00:00:00Z", 1, bob),
        audit("f", "2017-05-04T00:00:00Z", 1, bob),
        audit("c", C1, 3, bob),
    ];
    let told = try_append(
        store,
        bring("feed:a", "2017-05-15T11:00:00Z", Lateness::NotCounted, &events),
    )
    .unwrap();
    assert_eq!(
        told.outcomes,
        [
            Outcome::Known,
            Outcome::Known,
            Outcome::Known,
            Outcome::Purged,
            Outcome::New,
            Outcome::Changed
        ]
    );
    assert_eq!(told.commit, 4);
    // Another tenant beside it is a matter of course.
    append(store, &[told::event("x", "2017-05-01", 1)]);
    drop(opened);
    let opened = open(&data);
    assert_eq!(
        rows(opened.store.as_ref(), Face::Reports, "auditEvents"),
        [
            row("f", "2017-05-04T00:00:00Z", 1),
            row("a", A2, 2),
            row("b", B1, 1),
            row("d", D1, 1),
            row("c", C1, 3)
        ]
        .join(",")
    );
    assert_clean(opened.store.as_ref());
}

#[test]
fn the_control_store_beside_older_schemas_is_read_as_it_was_written() {
    fixtures().for_each(|fixture| check_control(&fixture));
}

fn check_control(fixture: &Path) {
    let (_parent, data) = unpack(fixture);
    let control = SqliteControlStore::open(&data).unwrap();
    let tenants = control.tenants().unwrap();
    assert_eq!(tenants.len(), 1);
    let names: Vec<String> = tenants[0].names.iter().map(ToString::to_string).collect();
    assert_eq!(names, NAMES);
    assert_eq!(
        (
            tenants[0].id,
            tenants[0].display_name.as_str(),
            tenants[0].created
        ),
        (tenant(), "Fixture", time("2017-04-01T00:00:00Z"))
    );
    let app = control.app(CLIENT).unwrap().unwrap();
    assert_eq!(
        (app.tenant, app.object_id, app.name.as_str()),
        (tenant(), OBJECT, "collector")
    );
    assert_eq!(app.disabled, Some(time(A1)));
    assert_eq!(app.roles, ["Security Reader"]);
    assert_eq!(app.reply_addresses, ["https://localhost/"]);
    assert_eq!(app.permissions.len(), 1);
    assert_eq!(
        (app.permissions[0].kind, app.permissions[0].name.as_str()),
        (PermissionKind::Application, "Ingest")
    );
    assert_eq!(app.secrets.len(), 1);
    assert_eq!(
        (
            app.secrets[0].hash,
            app.secrets[0].hint.as_str(),
            app.secrets[0].expires
        ),
        ([7; 32], "abc", Some(time("2018-04-01T00:00:00Z")))
    );
    let keys = control.signing_keys().unwrap();
    assert_eq!(keys.len(), 1);
    assert_eq!(
        (keys[0].kid.as_str(), keys[0].file_name.as_str()),
        ("k1", "signing-k1.pem")
    );
    assert_eq!(
        control.checkpoint(tenant(), "feed:a").unwrap().as_deref(),
        Some(b"page 3".as_slice())
    );
    // Cursors of the schemas that the fixtures have were for no detector that there ever was: all is judged from the start.
    assert_eq!(control.detection_cursor(tenant()).unwrap(), None);
    let cursor = DetectionCursor { epoch: 1, commit: 4 };
    control.put_detection_cursor(tenant(), cursor).unwrap();
    assert_eq!(control.detection_cursor(tenant()).unwrap(), Some(cursor));
}
