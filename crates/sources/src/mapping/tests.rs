//! Mapping files, good and bad, and what becomes of records.

use super::*;
use crate::{Choice, Limits, Understanding, open};
use std::sync::Arc;

const VPN: &str = r#"
family = "acme-vpn"
records = "json"

[[event]]
kind = "sign-in"
when = { event = ["login", "login_failed"], test = { exists = false } }
time = { path = "ts", format = "epoch-millis" }
id = "uuid"
outcome = { path = "result", success = ["ok", "granted"], failure = "denied" }

[event.fields]
user = ["user.email", "user.name"]
ip_address = "client.ip"
application = { value = "Acme VPN" }
country = { path = "geo.country", values = { Germany = "DE" }, default = "??" }
error_code = "code"
reason = "why"

[[event]]
kind = "audit"
when = { "event" = "admin" }
time = "at"

[event.fields]
user = "who"
activity = "what"
target = "whom.0.name"
target_type = { value = "User" }
"#;

fn records(mapping: &str, input: &str) -> Vec<String> {
    let mapping = Arc::new(Mapping::parse(mapping).unwrap_or_else(|errors| panic!("{errors}")));
    let mut parser = open(Choice::Mapped(mapping), Limits::default());
    let mut out = Vec::new();
    parser.push(input.as_bytes(), &mut out);
    parser.finish(&mut out);
    out.into_iter()
        .map(|record| {
            let said = match record.understanding {
                Understanding::Event(understood) => {
                    let facts = if let Facts::SignIn(sign_in) = &understood.event.facts {
                        format!(
                            "sign-in of {} from {} to {}: {} {}",
                            or_dash(sign_in.user_principal_name.as_ref()),
                            or_dash(sign_in.ip_address.as_ref()),
                            or_dash(sign_in.app_display_name.as_ref()),
                            sign_in.error_code,
                            or_dash(sign_in.location.country.as_ref()),
                        )
                    } else if let Facts::Audit(audit) = &understood.event.facts {
                        let target = audit.targets.first();
                        format!(
                            "audit: {} did {} to {} ({})",
                            or_dash(audit.actor.user_principal_name.as_ref()),
                            or_dash(audit.activity.as_ref()),
                            or_dash(target.and_then(|target| target.display_name.as_ref())),
                            or_dash(audit.result.as_ref()),
                        )
                    } else {
                        panic!("a mapping makes no other kind")
                    };
                    format!("{} {facts}", understood.event.time)
                }
                Understanding::Ignored { reason } => format!("ignored: {reason}"),
                Understanding::Rejected { reason, .. } => format!("rejected: {reason}"),
                Understanding::Fragment(part) => format!("part: {part:?}"),
            };
            format!("{}: {said}", record.line)
        })
        .collect()
}

fn or_dash(text: Option<&String>) -> String {
    text.map_or_else(|| "-".to_owned(), Clone::clone)
}

fn check(mapping: &str, input: &str, expected: &[&str]) {
    assert_eq!(records(mapping, input), expected);
}

fn check_wrong(mapping: &str, expected: &str) {
    let errors = Mapping::parse(mapping).expect_err(mapping);
    assert_eq!(errors.to_string(), expected, "{mapping}");
}

#[test]
fn records_become_events_by_the_first_rule_that_is_for_them() {
    check(
        VPN,
        r#"{"event":"login","ts":1495022400000,"uuid":"1","result":"OK","user":{"email":"ann@contoso.example","name":"ann"},"client":{"ip":"203.0.113.7:443"},"geo":{"country":"Germany"}}
{"event":"login_failed","ts":"1495022400001","result":"denied","user":{"name":"bo"},"code":17}
{"event":"admin","at":"2017-05-17T12:00:00Z","who":"ann","what":"Add user","whom":[{"name":"bo"}]}
{"event":"ping"}
{"event":"login","test":true,"ts":1}"#,
        &[
            "1: 2017-05-17T12:00:00Z sign-in of ann@contoso.example from 203.0.113.7 to Acme VPN: 0 DE",
            "2: 2017-05-17T12:00:00.001Z sign-in of bo from - to Acme VPN: 17 ??",
            "3: 2017-05-17T12:00:00Z audit: ann did Add user to bo (-)",
            "4: ignored: the conditions (`when`) of no [[event]] of the mapping `acme-vpn` hold",
            "5: ignored: the conditions (`when`) of no [[event]] of the mapping `acme-vpn` hold",
        ],
    );
}

#[test]
fn what_is_wrong_with_a_record_is_told() {
    check(
        VPN,
        r#"{"event":"login","ts":"yesterday","result":"ok"}
{"event":"login","result":"ok"}
{"event":"login","ts":1495022400000,"result":"maybe"}
{"event":"login","ts":1495022400000}
{"event":"login","ts":1495022400000,"result":"denied","code":"E17"}
{"event":"#,
        &[
            "1: rejected: its `ts` is `yesterday`, which is no number of milliseconds since 1970",
            "2: rejected: it does not say when it happened: it has no `ts`",
            "3: rejected: its outcome `result` is `maybe`, which stands neither in `success` nor in `failure` of the mapping",
            "4: rejected: it does not say whether it succeeded: it has no `result`",
            "5: rejected: its error code is `E17`, which is no whole number; map it with `values`",
            "6: rejected: it is no whole JSON object: the input ends in the middle of it; was the file cut off? (line 6, column 10)",
        ],
    );
}

#[test]
fn tables_are_read_by_their_headings() {
    let mapping = r#"
        family = "door"
        records = "csv"
        [[event]]
        kind = "sign-in"
        time = { path = "When", format = "%d.%m.%Y %H:%M", zone = "+01:00" }
        outcome = { path = "Result", success = "granted" }
        [event.fields]
        user = "Badge.Owner"
        reason = "Why"
    "#;
    check(
        mapping,
        "When;Badge.Owner;Result;Why\r\n17.05.2017 12:00;ann;granted;\r\n17.05.2017 12:01;\"b;o\";denied;\"no\nright\"\r\n",
        &[
            "2: 2017-05-17T11:00:00Z sign-in of ann from - to -: 0 -",
            "3: 2017-05-17T11:01:00Z sign-in of b;o from - to -: 1 -",
        ],
    );
    check(
        mapping,
        "Wann;Wer\n17.05.2017 12:00;ann\n",
        &[
            "1: rejected: the headings of its columns are not known, so none of its rows is read: found `Wann`, `Wer`; wanted are \
             those of the mapping, at least the time `When`",
            "2: rejected: the headings of its columns are not known: see what is said of line 1",
        ],
    );
}

#[test]
fn a_record_has_the_vendors_identity_or_that_of_its_mapped_fields() {
    let keys = |input: &str| -> Vec<EventKey> {
        let mapping = Arc::new(Mapping::parse(VPN).unwrap());
        let mut parser = open(Choice::Mapped(mapping), Limits::default());
        let mut out = Vec::new();
        parser.push(input.as_bytes(), &mut out);
        parser.finish(&mut out);
        out.into_iter()
            .map(|record| match record.understanding {
                Understanding::Event(understood) => understood.key,
                other => panic!("{other:?}"),
            })
            .collect()
    };
    let with_id = keys(
        r#"{"event":"login","ts":1,"uuid":"7","result":"ok"}{"event":"login","ts":2,"uuid":"7","result":"denied"}"#,
    );
    assert_eq!(with_id[0], with_id[1]);
    assert_eq!(
        with_id[0],
        EventKey::from_family_id("acme-vpn", Kind::SignIn, "7")
    );
    let without = keys(
        r#"{"event":"login","ts":1,"result":"ok","user":{"name":"Ann"}}{"event":"login","ts":1,"result":"OK","user":{"name":"ann"},"x":1}{"event":"login","ts":1,"result":"ok","user":{"name":"bo"}}"#,
    );
    assert_eq!(without[0], without[1]);
    assert_ne!(without[0], without[2]);
}

#[test]
fn what_is_missing_is_named() {
    let mapping = Mapping::parse(VPN).unwrap();
    let Value::Object(record) =
        serde_json::json!({ "event": "login", "ts": 1, "result": "ok", "client": { "ip": "203.0.113.7" } })
    else {
        panic!()
    };
    let found = mapping.find(&record);
    assert_eq!(
        found.present,
        ["time", "outcome", "application", "country", "ip_address"]
    );
    assert_eq!(found.missing, ["id", "error_code", "reason", "user"]);
}

#[test]
fn unknown_keys_are_refused_with_a_suggestion() {
    let head = "family = \"a\"\nrecords = \"json\"\n[[event]]\nkind = \"audit\"\ntime = \"t\"\n";
    check_wrong(
        &format!("{head}[event.fields]\nusr = \"u\"\n"),
        "line 7: `usr` is not a field of events of kind `audit`; did you mean `user`?",
    );
    check_wrong(
        &format!("{head}whem = {{ a = \"b\" }}\n"),
        "line 6: `whem` is not a key here; did you mean `when`?",
    );
    check_wrong(
        "familly = \"a\"\nrecords = \"xml\"\n",
        "line 1: `familly` is not a key here; did you mean `family`?\n\
         line 1: it has no `family`\n\
         line 1: it has no [[event]]: one for each sort of records\n\
         line 2: `records` cannot be `xml`: it is one of `json`, `csv`",
    );
    check_wrong(
        "a = \n",
        "line 1: this is not TOML: string values must be quoted, expected literal string",
    );
}

#[test]
fn values_that_do_not_suit_are_refused_where_they_stand() {
    let head = "family = \"a\"\nrecords = \"json\"\n[[event]]\nkind = \"sign-in\"\n";
    check_wrong(
        &format!(
            "{head}time = {{ path = \"t\", zone = \"Europe/Berlin\" }}\noutcome = {{ path = \"r\", success = \"ok\" }}\n"
        ),
        "line 5: `zone` is `UTC` or an offset such as `+01:00`: names such as Europe/Berlin change with the season and leave \
         an hour of each year open",
    );
    check_wrong(
        &format!("{head}time = \"t\"\n"),
        "line 3: a sign-in needs `outcome` (what means success) or a field `error_code` (0 is success)",
    );
    check_wrong(
        &format!("{head}time = \"a..b\"\noutcome = {{ path = \"r\" }}\n"),
        "line 5: the path `a..b` is none: a path is names parted by dots, none of them empty\n\
         line 6: `outcome` has no `success`: the words that mean success",
    );
    check_wrong(
        "family = \"Acme VPN\"\nrecords = \"json\"\n[[event]]\nkind = \"audit\"\ntime = \"t\"\n",
        "line 1: `family` names the maker of the ids in small letters, digits and dashes, at most 40: `acme-vpn`",
    );
}

#[test]
fn a_dot_in_a_name_is_escaped() {
    let mapping =
        "family = \"a\"\nrecords = \"json\"\n[[event]]\nkind = \"audit\"\ntime = \"event\\\\.time.at\"\n";
    check(
        mapping,
        r#"{"event.time":{"at":"2017-05-17T12:00:00Z"}}"#,
        &["1: 2017-05-17T12:00:00Z audit: - did - to - (-)"],
    );
}

/// What is stored beside an event is its format; reading an original again by another one would make another event.
#[test]
fn without_its_mapping_a_record_is_not_understood() {
    let looks_like_graph = br#"{"id":"1","createdDateTime":"2023-01-02T03:04:05Z","status":{"errorCode":0}}"#;
    let format = crate::by_id(FORMAT).unwrap();
    let understanding = crate::understand(&Choice::Only(format), looks_like_graph.to_vec());
    assert!(
        matches!(understanding, Some(Understanding::Rejected { .. })),
        "{understanding:?}"
    );
}
