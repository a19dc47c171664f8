//! One Windows event in the shape in which each program writes it.

use serde_json::{Value, json};

/// The members of an event beside its data.
#[derive(Clone, Copy)]
pub(crate) struct About {
    pub(crate) id: i64,
    pub(crate) record: u64,
    pub(crate) time: &'static str,
    pub(crate) failure: bool,
}

pub(crate) const FAILED: About = About {
    id: 4625,
    record: 771,
    time: "2024-05-04T10:20:30.1234567Z",
    failure: true,
};

pub(crate) fn about(id: i64) -> About {
    About {
        id,
        failure: false,
        ..FAILED
    }
}

pub(crate) const WRONG_PASSWORD: &[(&str, &str)] = &[
    ("TargetUserSid", "S-1-0-0"),
    ("TargetUserName", "ann"),
    ("TargetDomainName", "CONTOSO"),
    ("Status", "0xc000006d"),
    ("SubStatus", "0xc000006a"),
    ("LogonType", "10"),
    ("AuthenticationPackageName", "Negotiate"),
    ("WorkstationName", "DESK7"),
    ("IpAddress", "::ffff:203.0.113.9"),
];

fn keywords(about: About) -> &'static str {
    if about.failure {
        "0x8010000000000000"
    } else {
        "0x8020000000000000"
    }
}

pub(crate) fn as_xml(about: About, data: &[(&str, &str)]) -> String {
    let data: Vec<String> = data
        .iter()
        .map(|(name, value)| {
            format!(
                "<Data Name='{name}'>{}</Data>",
                value.replace('&', "&amp;").replace('<', "&lt;")
            )
        })
        .collect();
    let data = data.concat();
    format!(
        "<Event xmlns='http://schemas.microsoft.com/win/2004/08/events/event'><System>\
         <Provider Name='Microsoft-Windows-Security-Auditing' Guid='{{54849625-5478-4994-a5ba-3e3b0328c30d}}'/>\
         <EventID>{}</EventID><Version>0</Version><Keywords>{}</Keywords><TimeCreated SystemTime='{}'/>\
         <EventRecordID>{}</EventRecordID><Channel>Security</Channel><Computer>dc1.contoso.example</Computer>\
         <Security/></System><EventData>{data}</EventData></Event>",
        about.id,
        keywords(about),
        about.time,
        about.record
    )
}

fn named(data: &[(&str, &str)]) -> Value {
    Value::Object(
        data.iter()
            .map(|(name, value)| ((*name).to_owned(), json!(value)))
            .collect(),
    )
}

pub(crate) fn as_evtx_dump(about: About, data: &[(&str, &str)]) -> String {
    json!({"Event": {
        "#attributes": {"xmlns": "http://schemas.microsoft.com/win/2004/08/events/event"},
        "System": {
            "Provider": {"#attributes": {"Name": "Microsoft-Windows-Security-Auditing"}},
            "EventID": about.id, "Keywords": keywords(about),
            "TimeCreated": {"#attributes": {"SystemTime": about.time}},
            "EventRecordID": about.record, "Channel": "Security", "Computer": "dc1.contoso.example"
        },
        "EventData": named(data),
    }})
    .to_string()
}

pub(crate) fn as_winlogbeat(about: About, data: &[(&str, &str)]) -> String {
    json!({
        "@timestamp": "2024-05-04T10:20:30.123Z",
        "event": {"code": about.id.to_string(), "outcome": if about.failure { "failure" } else { "success" }},
        "message": "An account failed to log on.",
        "winlog": {
            "event_id": about.id, "channel": "Security", "computer_name": "dc1.contoso.example",
            "provider_name": "Microsoft-Windows-Security-Auditing", "record_id": about.record,
            "keywords": [if about.failure { "Audit Failure" } else { "Audit Success" }],
            "event_data": named(data),
        },
    })
    .to_string()
}

pub(crate) fn as_nxlog(about: About, data: &[(&str, &str)]) -> String {
    let mut record = json!({
        "EventTime": "2024-05-04 10:20:30", "Hostname": "dc1.contoso.example", "EventID": about.id,
        "EventType": if about.failure { "AUDIT_FAILURE" } else { "AUDIT_SUCCESS" }, "Channel": "Security",
        "SourceName": "Microsoft-Windows-Security-Auditing", "RecordNumber": about.record, "SeverityValue": 4,
        "Message": "An account failed to log on.", "SourceModuleName": "in",
    });
    for (name, value) in data {
        record[*name] = json!(value);
    }
    record.to_string()
}
