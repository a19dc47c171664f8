//! Tables: the Entra admin center's CSV downloads as they come, and as Excel leaves them.

mod common;

use common::{one, or_dash, read, read_as, refusal};
use model::event::{Device, Facts, Place, SignIn, SignInKind};
use model::identity::{EventKey, Kind, Vendor};
use sources::{Choice, Record, Understanding, Understood, by_id, formats::by_file_name, understand};

const SIGN_INS: &str = include_str!("fixtures/portal_sign_ins.csv");
const AUDITS: &str = include_str!("fixtures/portal_audits.csv");
const APPLICATIONS: &str = include_str!("fixtures/portal_application_sign_ins.csv");

fn understood(record: Record) -> Understood {
    match record.understanding {
        Understanding::Event(understood) => *understood,
        other => panic!("line {}: {other:?}", record.line),
    }
}

fn sign_in(understood: &Understood) -> &SignIn {
    let Facts::SignIn(sign_in) = &understood.event.facts else {
        panic!("{understood:?}")
    };
    sign_in
}

#[allow(clippy::unnecessary_wraps)] // So that expected events read like the real ones.
fn text(text: &str) -> Option<String> {
    Some(text.to_owned())
}

/// What each record is, in short.
fn told(input: &[u8]) -> Vec<String> {
    read(input)
        .into_iter()
        .map(|record| {
            let said = match record.understanding {
                Understanding::Event(understood) => {
                    let sign_in = sign_in(&understood);
                    format!(
                        "{} {} {} {}",
                        understood.event.time,
                        or_dash(sign_in.user_principal_name.as_ref()),
                        or_dash(sign_in.location.city.as_ref()),
                        sign_in.error_code
                    )
                }
                Understanding::Ignored { reason } => format!("ignored: {reason}"),
                Understanding::Rejected { reason, .. } => format!("rejected: {reason}"),
                other @ Understanding::Fragment(_) => format!("{other:?}"),
            };
            format!("{}: {said}", record.line)
        })
        .collect()
}

fn check(input: impl AsRef<[u8]>, expected: &[&str]) {
    assert_eq!(told(input.as_ref()), expected);
}

const TOLD: [&str; 3] = [
    "2: 2024-05-06T07:08:09Z ann@contoso.example Köln 0",
    "3: 2024-05-06T07:09:10.25Z bo@contoso.example - 50126",
    "5: 2024-05-06T07:10:00Z - - 50140",
];

#[test]
fn every_column_of_a_sign_in_arrives() {
    let events: Vec<Understood> = read(SIGN_INS.as_bytes()).into_iter().map(understood).collect();
    assert_eq!(events[0].format, "entra-csv");
    assert_eq!(
        events[0].event.vendor_id.as_deref(),
        Some("66ea54eb-6301-4ee5-be62-ff5a759b0100")
    );
    assert_eq!(events[0].event.tenant, None);
    assert_eq!(
        *sign_in(&events[0]),
        SignIn {
            kind: SignInKind::Interactive,
            user_id: text("26be570a-ae82-4189-b4e2-a37c6808512d"),
            user_principal_name: text("ann@contoso.example"),
            user_display_name: text("Berg, Ann"),
            app_id: text("de8bc8b5-d9f9-48b1-a8ad-b748da725064"),
            app_display_name: text("Graph \"explorer\""),
            resource_id: text("00000003-0000-0000-c000-000000000000"),
            resource_display_name: text("Microsoft Graph"),
            ip_address: text("203.0.113.7"),
            location: Place {
                city: text("Köln"),
                state: text("Nordrhein-Westfalen"),
                country: text("DE"),
                latitude: None,
                longitude: None,
            },
            device: Device {
                id: text("7f1d7e3a-0d9b-4b52-8b7c-2c3b8f1a9e10"),
                display_name: None,
                operating_system: text("Windows10"),
                browser: text("Edge 124.0.0"),
            },
            client_app: text("Browser"),
            user_agent: text("Mozilla/5.0 (Windows NT 10.0; Win64; x64)"),
            error_code: 0,
            failure_reason: text("Other."),
            additional_details: text("MFA completed in Azure AD"),
            mfa_required: Some(true),
            mfa_method: text("Text message"),
            mfa_result: text("MFA completed in Azure AD"),
            correlation_id: text("d79f5bee-5860-4832-928f-3133e22ae912"),
            is_federated: Some(false),
            conditional_access_status: text("notApplied"),
            ..SignIn::default()
        }
    );
    // A quoted line break is in a cell, and the lines are counted all the same.
    assert_eq!(
        sign_in(&events[1]).failure_reason.as_deref(),
        Some("Error validating credentials\ndue to invalid username or password.")
    );
}

#[test]
fn a_byte_order_mark_line_ends_and_the_end_do_not_matter() {
    let unix = SIGN_INS.replace("\r\n", "\n");
    check(SIGN_INS, &TOLD);
    check(format!("\u{feff}{SIGN_INS}"), &TOLD);
    check(&unix, &TOLD);
    check(unix.trim_end(), &TOLD);
    check(format!("{unix}\n\n,,,\n"), &TOLD);
    check(unix.replace('\n', "\r\r\n"), &TOLD);
}

#[test]
fn what_is_kept_of_a_row_has_no_line_break_of_any_sort() {
    for line_end in ["\n", "\r\n", "\r\r\r\n", "\r"] {
        let input = format!(
            "Date (UTC),Request ID,Username,Sign-in error code\n2024-05-06T07:08:05Z,5,ann,0{line_end}"
        );
        let original = understood(read(input.as_bytes()).remove(0)).original;
        let expected = "Date (UTC),Request ID,Username,Sign-in error code\n2024-05-06T07:08:05Z,5,ann,0";
        assert_eq!(String::from_utf8_lossy(&original), expected, "{line_end:?}");
    }
}

#[test]
fn utf_16_with_tabs_and_other_delimiters_are_read_as_excel_writes_them() {
    let keys = |input: &[u8]| -> Vec<EventKey> {
        read(input)
            .into_iter()
            .map(|record| understood(record).key)
            .collect()
    };
    let expected = keys(SIGN_INS.as_bytes());
    let cells = |delimiter: &str| SIGN_INS.replace("\",\"", &format!("\"{delimiter}\""));
    assert_eq!(keys(cells(";").as_bytes()), expected);
    assert_eq!(keys(format!("sep=;\r\n{}", cells(";")).as_bytes()), expected);
    let tabs = cells("\t");
    for big in [false, true] {
        let units = std::iter::once(0xFEFF).chain(tabs.encode_utf16());
        let bytes: Vec<u8> = units
            .flat_map(|unit| {
                if big {
                    unit.to_be_bytes()
                } else {
                    unit.to_le_bytes()
                }
            })
            .collect();
        assert_eq!(keys(&bytes), expected);
        let records = read(&bytes);
        assert_eq!(
            &bytes[records[1].byte as usize..][..4],
            if big {
                [0, b'"', 0, b'2']
            } else {
                [b'"', 0, b'2', 0]
            }
        );
    }
}

#[test]
fn times_are_read_as_the_portal_and_as_excel_write_them() {
    let input = |time: &str| {
        format!("Date (UTC),Request ID,Username,Location,Sign-in error code\n\"{time}\",1,ann,,0\n")
    };
    for time in [
        "2024-05-06T07:08:09Z",
        "2024-05-06T07:08:09+00:00",
        "2024-05-06 07:08:09",
        "5/6/2024 7:08:09 AM",
        "5/6/2024, 7:08:09 AM",
        "5/6/2024 7:08:09",
    ] {
        check(input(time), &["2: 2024-05-06T07:08:09Z ann - 0"]);
    }
    let wrong = "2: rejected: its `createdDateTime` is `06.05.2024 07:08`, which is no time that can be read (such as \
                 2017-05-17T12:00:00Z)";
    check(input("06.05.2024 07:08"), &[wrong]);
}

#[test]
fn headings_in_another_language_are_refused_with_a_clear_word() {
    let french = "Date (UTC),ID de demande,Agent utilisateur,ID de corrélation,Nom d'utilisateur,Adresse IP\n\
                  2024-05-06T07:08:09Z,1,x,y,ann,203.0.113.7\n";
    let records = told(french.as_bytes());
    assert_eq!(records.len(), 2);
    for said in [
        "1: rejected: the headings of its columns are not known, so none of its rows is read: found `Date (UTC)`, `ID de demande`",
        "wanted are those of the Entra admin center's CSV downloads in English: `Date (UTC)`, `Request ID`",
        "download it with the portal in English",
    ] {
        assert!(records[0].contains(said), "{} does not say {said}", records[0]);
    }
    assert_eq!(
        records[1],
        "2: rejected: the headings of its columns are not known: see what is said of line 1"
    );
}

#[test]
fn a_table_for_another_format_is_told_which() {
    let records = read_as(Choice::Only(by_id("entra-graph").unwrap()), SIGN_INS.as_bytes());
    let Understanding::Rejected { reason, .. } = &records[0].understanding else {
        panic!("{records:?}")
    };
    assert!(
        reason.ends_with("choose the format entra-csv or auto"),
        "{reason}"
    );
}

/// What tells interactive from non-interactive sign-ins is the name of the file alone.
#[test]
fn the_kind_of_a_sign_in_comes_from_the_headings_or_the_name_of_the_file() {
    let kinds = |choice: Choice, input: &str| -> Vec<SignInKind> {
        read_as(choice, input.as_bytes())
            .into_iter()
            .map(|record| sign_in(&understood(record)).kind)
            .collect()
    };
    let by_name = |name: &str| by_file_name(name).map_or(Choice::Auto, Choice::Only);
    assert_eq!(
        kinds(by_name("InteractiveSignIns_2024-05-06.csv"), SIGN_INS),
        [SignInKind::Interactive; 3]
    );
    assert_eq!(
        kinds(by_name("NonInteractiveSignIns_2024-05-06.csv.gz"), SIGN_INS),
        [SignInKind::NonInteractive; 3]
    );
    assert_eq!(
        kinds(by_name("ApplicationSignIns_2024-05-06.csv"), APPLICATIONS),
        [SignInKind::ServicePrincipal]
    );
    assert_eq!(
        kinds(by_name("MSISignIns_2024-05-06.csv"), APPLICATIONS),
        [SignInKind::ManagedIdentity]
    );
    assert!(by_file_name("NonInteractiveSignIns_2024-05-06.json").is_none());
}

#[test]
fn an_applications_sign_in_arrives() {
    let event = understood(read(APPLICATIONS.as_bytes()).remove(0));
    let sign_in = sign_in(&event);
    assert_eq!(
        sign_in.service_principal_id.as_deref(),
        Some("4b6986ec-c49c-40c0-89ce-b2ac51213e39")
    );
    assert_eq!(sign_in.service_principal_name.as_deref(), Some("nightly backup"));
    assert_eq!(
        (sign_in.user_id.as_deref(), sign_in.error_code),
        (None, 7_000_215)
    );
}

#[test]
fn an_audit_arrives_with_its_actor_targets_and_details() {
    let events: Vec<Understood> = read(AUDITS.as_bytes()).into_iter().map(understood).collect();
    let audits: Vec<&model::event::Audit> = events
        .iter()
        .map(|event| {
            let Facts::Audit(audit) = &event.event.facts else {
                panic!("{event:?}")
            };
            &**audit
        })
        .collect();
    assert_eq!(events[0].event.time.to_string(), "2024-02-29T23:59:59.9999999Z");
    assert_eq!(events[0].event.vendor_id, None);
    let audit = audits[0];
    assert_eq!(audit.activity.as_deref(), Some("Add member to group"));
    assert_eq!(audit.logged_by_service.as_deref(), Some("Core Directory"));
    assert_eq!(
        (audit.category.as_deref(), audit.result.as_deref()),
        (Some("GroupManagement"), Some("success"))
    );
    assert_eq!(
        audit.actor.user_principal_name.as_deref(),
        Some("ann@contoso.example")
    );
    assert_eq!(
        audit.actor.user_id.as_deref(),
        Some("26be570a-ae82-4189-b4e2-a37c6808512d")
    );
    assert_eq!(audit.actor.ip_address.as_deref(), Some("203.0.113.7"));
    let names: Vec<_> = audit
        .targets
        .iter()
        .map(|target| target.name().unwrap())
        .collect();
    assert_eq!(names, ["bo@contoso.example", "Finance"]);
    let modified = &audit.targets[0].modified[0];
    assert_eq!(
        (
            modified.name.as_deref(),
            modified.old.as_deref(),
            modified.new.as_deref()
        ),
        (Some("Group.DisplayName"), None, Some("\"Finance\""))
    );
    assert_eq!(
        audit.additional_details,
        [("User-Agent".to_owned(), text("Mozilla/5.0"))]
    );
    assert_eq!(audits[1].actor.app_display_name.as_deref(), Some("Deployer"));
    assert_eq!(
        audits[1].actor.service_principal_id.as_deref(),
        Some("4b6986ec-c49c-40c0-89ce-b2ac51213e39")
    );
    assert_eq!(audits[1].result.as_deref(), Some("failure"));
}

#[test]
fn the_same_audit_downloaded_twice_is_one_event() {
    let keys = |input: &str| -> Vec<EventKey> {
        read(input.as_bytes())
            .into_iter()
            .map(|record| understood(record).key)
            .collect()
    };
    let first = keys(AUDITS);
    assert_ne!(first[0], first[1]);
    assert_eq!(keys(&AUDITS.replace("\r\n", "\n")), first);
}

/// Graph's record of the first sign-in of the table, with what Graph knows more.
const GRAPH: &str = r#"{"id":"66EA54EB-6301-4ee5-be62-ff5a759b0100","createdDateTime":"2024-05-06T07:08:09Z","userDisplayName":"Berg, Ann",
    "userPrincipalName":"ann@contoso.example","userId":"26be570a-ae82-4189-b4e2-a37c6808512d","userType":"member","appId":"de8bc8b5-d9f9-48b1-a8ad-b748da725064",
    "appDisplayName":"Graph \"explorer\"","ipAddress":"203.0.113.7","clientAppUsed":"Browser","userAgent":"Mozilla/5.0 (Windows NT 10.0; Win64; x64)",
    "correlationId":"d79f5bee-5860-4832-928f-3133e22ae912","conditionalAccessStatus":"notApplied","isInteractive":true,"signInEventTypes":["interactiveUser"],
    "authenticationRequirement":"multiFactorAuthentication","authenticationProtocol":"none","incomingTokenType":"none","uniqueTokenIdentifier":"u","originalTransferMethod":"none",
    "clientCredentialType":"none","crossTenantAccessType":"none","tokenIssuerType":"AzureAD","tokenIssuerName":"","processingTimeInMilliseconds":214,"autonomousSystemNumber":3320,
    "flaggedForReview":false,"riskDetail":"none","riskLevelAggregated":"none","riskLevelDuringSignIn":"none","riskState":"none","riskEventTypes_v2":[],
    "resourceDisplayName":"Microsoft Graph","resourceId":"00000003-0000-0000-c000-000000000000","resourceTenantId":"4b2462a4-bbee-495a-a0e1-f23ae524cc9c",
    "homeTenantId":"4b2462a4-bbee-495a-a0e1-f23ae524cc9c","appOwnerTenantId":"f8cdef31-a31e-4b4a-93e4-5f571e91255a","resourceOwnerTenantId":"f8cdef31-a31e-4b4a-93e4-5f571e91255a",
    "tokenProtectionStatusDetails":{"signInSessionStatus":"none","signInSessionStatusCode":null},"sessionId":"s","status":{"errorCode":0,"failureReason":"Other.",
    "additionalDetails":"MFA completed in Azure AD"},"deviceDetail":{"deviceId":"7f1d7e3a-0d9b-4b52-8b7c-2c3b8f1a9e10","displayName":"LAPTOP-1","operatingSystem":"Windows10",
    "browser":"Edge 124.0.0","isCompliant":true,"isManaged":true,"trustType":"Azure AD joined"},"location":{"city":"Köln","state":"Nordrhein-Westfalen","countryOrRegion":"DE",
    "geoCoordinates":{"latitude":50.9,"longitude":6.9}},"mfaDetail":{"authMethod":"Text message","authDetail":"+XX XXXXXXX12"},"authenticationDetails":[{"authenticationMethod":"Password"}]}"#;

#[test]
fn the_same_sign_in_by_csv_and_by_graph_is_one_event_and_the_richer_content_wins() {
    let row = understood(read(SIGN_INS.as_bytes()).remove(0));
    let graph = one(GRAPH);
    let id = "66ea54eb-6301-4ee5-be62-ff5a759b0100";
    assert_eq!(row.key, graph.key);
    assert_eq!(row.key, EventKey::from_vendor_id(Vendor::Entra, Kind::SignIn, id));
    assert_ne!(row.rank.digest, graph.rank.digest);
    assert!(graph.rank > row.rank, "{:?} {:?}", graph.rank, row.rank);
}

/// What is stored can be read again by itself.
#[test]
fn a_row_is_kept_with_its_headings() {
    let choice = Choice::Only(by_id("entra-csv").unwrap());
    for input in [SIGN_INS, AUDITS, APPLICATIONS] {
        for record in read(input.as_bytes()) {
            let first = understood(record);
            let Some(Understanding::Event(again)) = understand(&choice, first.original.clone()) else {
                panic!("{:?}", String::from_utf8_lossy(&first.original))
            };
            assert_eq!(
                (first.key, first.rank, first.event, first.original),
                (again.key, again.rank, again.event, again.original)
            );
        }
    }
}

#[test]
fn the_downloads_beside_the_sign_ins_and_provisioning_events_are_ignored_with_a_reason() {
    let check = |input: &str, expected: &str| {
        let refusal = refusal(Choice::Auto, input);
        assert!(
            refusal.starts_with(expected),
            "{refusal} does not start with {expected}"
        );
    };
    check(
        "Request ID,Authentication method,Authentication method detail,Succeeded,Result detail\n1,Password,Password in the cloud,true,\n",
        "ignored: rows of an `AuthDetails` download",
    );
    check(
        "Change ID,Step,Status\n1,EntryImport,Success\n",
        "ignored: rows of a `ProvisioningLogs_…` download",
    );
}

#[test]
fn a_row_that_breaks_is_refused_alone() {
    let head = "Date (UTC),Request ID,Username,Location,Sign-in error code";
    let good = |id: u8| format!("2024-05-06T07:08:0{id}Z,{id},ann,\"Köln, , DE\",0");
    let told_good = |line: u8, id: u8| format!("{line}: 2024-05-06T07:08:0{id}Z ann Köln 0");
    let broken = |line: &str| {
        let records = told(format!("{head}\n{}\n{line}\n{}\n", good(1), good(2)).as_bytes());
        assert_eq!(records[0], told_good(2, 1), "{line}");
        assert_eq!(*records.last().unwrap(), told_good(4, 2), "{line}: {records:?}");
        assert_eq!(records.len(), 3, "{line}: {records:?}");
        records[1].clone()
    };
    assert_eq!(
        broken("2024-05-06T07:08:05Z,5,an"),
        "3: rejected: it has 3 columns, and the headings in line 1 have 5: was it cut off, or is a quote missing?"
    );
    assert!(
        broken("2024-05-06T07:08:05Z,5,\"ann,Köln,0").contains("a quote is opened in it and never closed")
    );
    assert!(broken("2024-05-06T07:08:05Z,5,a\"nn,Köln,0").contains("a quote stands in a cell"));
    assert!(broken("2024-05-06T07:08:05Z,5,\"a\"nn,Köln,0").contains("text stands between a closing quote"));
    assert!(broken("2024-05-06T07:08:05Z,5,ann,Köln,0,1,2").contains("it has 7 columns"));
    assert!(broken("2024-05-06T07:08:05Z,5,ann,Köln,").contains("whether the sign-in succeeded"));
}

#[test]
fn a_refused_row_keeps_its_bytes() {
    let input = b"Date (UTC),Request ID,Username,Sign-in error code\r\n2024-05-06T07:08:05Z,5,\xFF,0\r\n";
    let mut records = read(input);
    assert_eq!((records.len(), records[0].line, records[0].byte), (1, 2, 51));
    let Understanding::Rejected { reason, original } = records.remove(0).understanding else {
        panic!()
    };
    assert!(reason.contains("CSV UTF-8"), "{reason}");
    assert_eq!(original, b"2024-05-06T07:08:05Z,5,\xFF,0");
}

#[test]
fn joined_files_are_read_one_after_the_other() {
    let joined = format!("{SIGN_INS}\u{feff}{APPLICATIONS}");
    assert_eq!(read(joined.as_bytes()).len(), 4);
    let doubled = format!("{SIGN_INS}{SIGN_INS}");
    assert_eq!(read(doubled.as_bytes()).len(), 6);
}

/// The headings are known from documentation only.
#[test]
fn a_provisioning_row_is_read_as_graphs_record_is() {
    let input = "Date,Identity,Action,Source System,Target System,Application,Status,Job ID,Cycle ID,Change ID,Source ID\n\
                 2024-05-06T07:08:09Z,Ann Berg,Create,Microsoft Entra ID,ServiceNow,ServiceNow (prod),Failure,j,c,h,s\n";
    let event = understood(read(input.as_bytes()).remove(0));
    assert_eq!(event.format, "entra-csv");
    let Facts::Provisioning(provisioning) = &event.event.facts else {
        panic!("{event:?}")
    };
    let told = format!("{provisioning:?}");
    for said in ["Create", "ServiceNow", "ailure"] {
        assert!(told.contains(said), "{told}");
    }
}

/// Whoever chose such a name would have every later row refused.
#[test]
fn somebody_called_like_a_heading_begins_no_table() {
    let input = "UserPrincipalName,CreatedDateTime,OperationName,ResultType,Category\n\
                 Date (UTC),2024-05-06T07:08:09Z,x,0,SignInLogs\n\
                 ann,2024-05-06T07:08:10Z,x,0,SignInLogs\n";
    check(
        input,
        &[
            "2: 2024-05-06T07:08:09Z Date (UTC) - 0",
            "3: 2024-05-06T07:08:10Z ann - 0",
        ],
    );
}

#[test]
fn rows_of_log_analytics_are_read_from_a_table_too() {
    let input = "\"TenantId\",\"TimeGenerated [UTC]\",\"OperationName\",\"Category\",\"ResultType\",\"CreatedDateTime [UTC]\",\"Id\",\
                 \"UserPrincipalName\",\"LocationDetails\",\"Type\"\n\
                 \"w\",\"5/6/2024, 7:08:10.123 AM\",\"Sign-in activity\",\"SignInLogs\",\"50126\",\"5/6/2024, 7:08:09.123 AM\",\"1\",\"ann\",\
                 \"{\"\"city\"\":\"\"Köln\"\"}\",\"SigninLogs\"\n";
    check(input, &["2: 2024-05-06T07:08:09.123Z ann Köln 50126"]);
}

/// As the admin center writes it: one array, Graph's names.
#[test]
fn the_json_download_is_read_as_graphs_records() {
    let download = format!("\u{feff}[{}]", GRAPH.replace('\n', ""));
    let mut records = read(download.as_bytes());
    assert_eq!(records.len(), 1);
    let event = understood(records.remove(0));
    assert_eq!(
        (event.format, sign_in(&event).kind),
        ("entra-graph", SignInKind::Interactive)
    );
}
