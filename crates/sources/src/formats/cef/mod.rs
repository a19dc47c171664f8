//! CEF of whatever maker: sign-ins and changes of accounts, by the keys that all makers share.
//!
//! An event is ours if its signature, name, category or action speaks of signing in, or of a change of an account or a group,
//! and it names a user. Of a sign-in it must also tell how it ended. All else is ignored and counted by maker and signature.

pub(super) mod parse;

use super::{FormatDef, Reading};
use crate::address;
use crate::line::{Line, is_envelopes, program_word};
use crate::telling::{Id, Telling, is_pipelines};
use model::event::{Actor, Audit, Facts, SignIn, Target};
use model::identity::Vendor;
use parse::Cef;
use serde_json::{Map, Value};

/// The format.
pub(super) const DEF: FormatDef = FormatDef {
    id: "cef",
    title: "event in the Common Event Format",
    about: "What firewalls, gateways and identity products send as CEF, by syslog or in files.",
    looks_for: "lines with `CEF:0|Vendor|Product|Version|Signature|Name|Severity|…`",
    read,
};

/// The keys that decide; names as in ArcSight's dictionary of extensions.
const KEYS: &[&str] = &[
    "duser", "suser", "duid", "suid", "src", "outcome", "act", "reason", "cat", "end", "rt", "start",
];

fn read(record: &Map<String, Value>) -> Reading {
    let Some(line) = Line::of(record) else {
        return Reading::Unrecognised;
    };
    let cef = match Cef::of(line.text) {
        None => return Reading::Unrecognised,
        Some(Err(reason)) => return Reading::Rejected(reason),
        Some(Ok(cef)) => cef,
    };
    if super::pingfederate::is_its(&cef) {
        return Reading::Unrecognised;
    }
    let Some(subject) = Subject::of(&cef) else {
        return Reading::Ignored(nobodys(&cef));
    };
    if let Some(key) = cef.doubled(KEYS) {
        return Reading::Rejected(format!(
            "its key {key} stands several times with different values: whoever wrote one value may have written the other; have \
             the sender escape equals signs"
        ));
    }
    let facts = match subject {
        Subject::SignIn => match sign_in(&cef) {
            Some(sign_in) => Facts::SignIn(Box::new(sign_in)),
            None => return Reading::Ignored(nobodys(&cef)),
        },
        Subject::Change(activity, operation) => match audit(&cef, activity, operation) {
            Some(audit) => Facts::Audit(Box::new(audit)),
            None => return Reading::Ignored(nobodys(&cef)),
        },
    };
    let Some(time) = cef.time().or(line.time) else {
        return Reading::Rejected(
            "the event has no time that can be read: `end`, `rt` or `start`, or one of syslog before it"
                .to_owned(),
        );
    };
    let device = cef.first(&["dvchost", "dvc", "deviceExternalId"]).or(line.host);
    Telling {
        vendor: Vendor::Cef,
        id: Id::Fields("cef/1", &[device, Some(line.text), line.repeat]),
        time,
        updated: None,
        tenant: None,
        facts,
        record,
        is_carriers: |name| is_pipelines(name) || is_envelopes(name),
    }
    .event()
}

/// Why an event is ignored: by its maker and signature, as far as these are plain words.
fn nobodys(cef: &Cef) -> String {
    let word = |text: &'_ str| {
        let joined: String = text.split_whitespace().collect::<Vec<_>>().join("-");
        program_word(Some(&joined)).map_or("(no plain word)".to_owned(), str::to_owned)
    };
    format!(
        "CEF of {} {}, signature {}: no sign-in and no change of an account that tells its user and how it ended",
        word(&cef.vendor),
        word(&cef.product),
        word(&cef.signature)
    )
}

/// What an event speaks of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Subject {
    SignIn,
    /// The activity in the old words, and its operation.
    Change(&'static str, &'static str),
}

const SIGN_INS: &[&str] = &[
    "login",
    "logon",
    "log in",
    "log on",
    "logged in",
    "logged on",
    "signin",
    "sign-in",
    "sign in",
    "signon",
    "sign-on",
    "sign on",
    "signed in",
    "authenticat",
    "auth_success",
    "auth_fail",
];
const SIGN_OUTS: &[&str] = &[
    "logout",
    "logoff",
    "log out",
    "log off",
    "logged out",
    "logged off",
    "sign out",
    "signout",
    "sign-out",
];

/// The first that fits: what is more special stands first. A word of the change and a word of what is changed.
const CHANGES: &[(&[&str], &[&str], &str, &str)] = &[
    (&["add", "join"], &["member"], "Add member to group", "Add"),
    (
        &["remov", "delet"],
        &["member"],
        "Remove member from group",
        "Delete",
    ),
    (&["add"], &["to group"], "Add member to group", "Add"),
    (
        &["remov", "delet"],
        &["from group"],
        "Remove member from group",
        "Delete",
    ),
    (&["reset"], &["password"], "Reset user password", "Update"),
    (
        &["chang", "updat", "modif", "set"],
        &["password"],
        "Change user password",
        "Update",
    ),
    (&["creat", "add"], &["group"], "Add group", "Add"),
    (&["delet", "remov"], &["group"], "Delete group", "Delete"),
    (&["creat", "add"], &["user", "account"], "Add user", "Add"),
    (&["delet", "remov"], &["user", "account"], "Delete user", "Delete"),
    (
        &["chang", "updat", "modif", "enabl", "disabl", "lock"],
        &["user", "account"],
        "Update user",
        "Update",
    ),
];

impl Subject {
    fn of(cef: &Cef) -> Option<Subject> {
        let texts = [
            cef.name.as_str(),
            cef.signature.as_str(),
            cef.get("cat").unwrap_or_default(),
            cef.get("act").unwrap_or_default(),
        ];
        let text = texts.join(" ; ").to_lowercase();
        let has = |words: &[&str]| words.iter().any(|word| text.contains(word));
        let change = CHANGES
            .iter()
            .find(|(verbs, nouns, ..)| {
                // Both in one of the texts: a category `user` beside an action `add` is not enough.
                texts.iter().any(|text| {
                    let text = text.to_lowercase();
                    verbs.iter().any(|verb| text.contains(verb))
                        && nouns.iter().any(|noun| text.contains(noun))
                })
            })
            .map(|(.., activity, operation)| Subject::Change(activity, operation));
        if has(SIGN_OUTS) {
            return None;
        }
        if has(SIGN_INS) && change.is_none() {
            return Some(Subject::SignIn);
        }
        change
    }
}

/// Whether it went well, if the event tells: its outcome, else its action, else its name.
fn success(cef: &Cef) -> Option<bool> {
    const WELL: &[&str] = &[
        "success", "succeed", "accept", "allow", "permit", "granted", "pass", "ok", "complete",
    ];
    const BADLY: &[&str] = &[
        "fail",
        "den",
        "reject",
        "error",
        "block",
        "invalid",
        "refus",
        "unsuccess",
        "wrong",
        "bad",
        "lock",
    ];
    let judged = |text: &str| {
        let text = text.to_lowercase();
        let starts = |words: &[&str]| {
            text.split(|character: char| !character.is_alphanumeric())
                .any(|word| words.iter().any(|start| word.starts_with(start)))
        };
        match (starts(BADLY), starts(WELL)) {
            (true, _) => Some(false),
            (false, true) => Some(true),
            (false, false) => None,
        }
    };
    cef.get("outcome")
        .and_then(judged)
        .or_else(|| cef.get("act").and_then(judged))
        .or_else(|| judged(&cef.name))
        .or_else(|| judged(&cef.signature))
}

fn owned(text: Option<&str>) -> Option<String> {
    text.map(str::to_owned)
}

fn sign_in(cef: &Cef) -> Option<SignIn> {
    let well = success(cef)?;
    let user = cef.first(&["duser", "suser"]);
    let id = cef.first(&["duid", "suid"]);
    user.or(id)?;
    let failure = (!well).then(|| cef.first(&["reason", "msg"]).unwrap_or(&cef.name));
    Some(SignIn {
        user_id: owned(id),
        user_principal_name: owned(user),
        app_display_name: Some(format!("{} {}", cef.vendor, cef.product).trim().to_owned()),
        resource_display_name: owned(cef.first(&["destinationServiceName", "dhost", "dvchost"])),
        ip_address: cef.get("src").and_then(address::normalise),
        device: model::event::Device {
            display_name: owned(cef.get("shost")),
            ..model::event::Device::default()
        },
        client_app: owned(cef.get("app")),
        user_agent: owned(cef.get("requestClientApplication")),
        error_code: i64::from(!well),
        failure_reason: owned(failure),
        additional_details: Some(format!("{}: {}", cef.signature, cef.name)),
        ..SignIn::default()
    })
}

fn audit(cef: &Cef, activity: &str, operation: &str) -> Option<Audit> {
    let (target, target_id) = (cef.get("duser"), cef.get("duid"));
    let (actor, actor_id) = (cef.get("suser"), cef.get("suid"));
    let of_group = activity.ends_with("group");
    let name = target.or(actor);
    let id = target_id.or(actor_id.filter(|_| target.is_none()));
    if name.is_none() && id.is_none() {
        return None;
    }
    // Nobody tells of a change that did not happen without saying so.
    let well = success(cef).unwrap_or(true);
    Some(Audit {
        activity: Some(activity.to_owned()),
        category: Some(
            if of_group {
                "GroupManagement"
            } else {
                "UserManagement"
            }
            .to_owned(),
        ),
        operation_type: Some(operation.to_owned()),
        result: Some(if well { "success" } else { "failure" }.to_owned()),
        result_reason: owned(cef.get("reason")),
        logged_by_service: Some(format!("{} {}", cef.vendor, cef.product).trim().to_owned()),
        actor: Actor {
            user_id: owned(actor_id),
            user_principal_name: owned(actor),
            ip_address: cef.get("src").and_then(address::normalise),
            ..Actor::default()
        },
        targets: vec![Target {
            resource_type: Some("User".to_owned()),
            id: owned(id),
            user_principal_name: owned(name),
            ..Target::default()
        }],
        additional_details: vec![
            ("Signature".to_owned(), owned(Some(cef.signature.as_str()))),
            ("Name".to_owned(), owned(Some(cef.name.as_str()))),
        ],
        ..Audit::default()
    })
}
