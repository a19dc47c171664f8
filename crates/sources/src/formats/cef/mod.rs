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
        Subject::Change(activity, operation) => {
            match audit(&cef, activity, operation, success(&cef, subject)) {
                Some(audit) => Facts::Audit(Box::new(audit)),
                None => return Reading::Ignored(nobodys(&cef)),
            }
        }
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
        time: Ok(time),
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

/// Words that stand anywhere, and two words of which the first begins one.
const SIGN_INS: &[&str] = &[
    "login",
    "logon",
    " log in",
    " log on",
    " logged in",
    " logged on",
    "signin",
    " sign in",
    "signon",
    " sign on",
    " signed in",
    "authenticat",
    " auth success",
    " auth fail",
];
const SIGN_OUTS: &[&str] = &[
    "logout",
    "logoff",
    " log out",
    " log off",
    " logged out",
    " logged off",
    "signout",
    " sign out",
];

/// The first that fits: what is more special stands first. A verb of the change without its ending, and a word of what is
/// changed.
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
    (&["creat", "add"], USER, "Add user", "Add"),
    (&["delet", "remov"], USER, "Delete user", "Delete"),
    (
        &["chang", "updat", "modif", "enabl", "disabl", "lock", "unlock"],
        USER,
        "Update user",
        "Update",
    ),
];
const USER: &[&str] = &["user", "account"];
/// What follows a verb of a change in its word: an `address` adds nothing.
const ENDINGS: &[&str] = &[
    "", "e", "ed", "es", "s", "ing", "ion", "al", "y", "ied", "ies", "ication", "ting", "out",
];

/// The words of a text in lower case, each with a space before it: `UserLogin`, `user_login` and `User-Login` are ` user login`.
fn words(text: &str) -> String {
    let mut words = String::with_capacity(text.len() + 1);
    let mut before = ' ';
    for character in text.chars() {
        let is_of_word = character.is_alphanumeric() || character == '\'';
        let begins = !(before.is_alphanumeric() || before == '\'')
            || (before.is_lowercase() && character.is_uppercase());
        if is_of_word {
            if begins {
                words.push(' ');
            }
            words.extend(character.to_lowercase());
        }
        before = character;
    }
    words
}

impl Subject {
    fn of(cef: &Cef) -> Option<Subject> {
        let [name, signature, act, category] = [
            cef.name.as_str(),
            cef.signature.as_str(),
            cef.get("act").unwrap_or_default(),
            cef.get("cat").unwrap_or_default(),
        ]
        .map(words);
        let has = |text: &String, words: &[&str]| words.iter().any(|word| text.contains(word));
        // A category speaks of several sorts of events: `Logon/Logoff`.
        if [&name, &signature, &act].iter().any(|text| has(text, SIGN_OUTS)) {
            return None;
        }
        let texts = [&name, &signature, &category, &act];
        let names_sign_in = has(&name, SIGN_INS);
        let change = CHANGES
            .iter()
            // `User login blocked` changes no user.
            .filter(|(_, nouns, ..)| !(names_sign_in && *nouns == USER))
            .find(|(verbs, nouns, ..)| {
                // Both in one of the texts: a category `user` beside an action `add` is not enough.
                texts.iter().any(|text| has_verb(text, verbs) && has(text, nouns))
            })
            .map(|(.., activity, operation)| Subject::Change(activity, operation));
        if change.is_none() && texts.iter().any(|text| has(text, SIGN_INS)) {
            return Some(Subject::SignIn);
        }
        change
    }
}

fn has_verb(text: &str, verbs: &[&str]) -> bool {
    text.split(' ').any(|word| {
        verbs.iter().any(|verb| {
            word.strip_prefix(verb)
                .is_some_and(|ending| ENDINGS.contains(&ending))
        })
    })
}

/// Whole words.
const WELL: &[&str] = &[
    "success",
    "successful",
    "successfully",
    "succeed",
    "succeeds",
    "succeeded",
    "accept",
    "accepts",
    "accepted",
    "allow",
    "allows",
    "allowed",
    "permit",
    "permits",
    "permitted",
    "granted",
    "passed",
    "ok",
    "complete",
    "completed",
];
/// Before one of those: it did not go well.
const NOT: &[&str] = &["not", "never", "cannot"];
/// Starts of words.
const BADLY: &[&str] = &[
    "fail",
    "deny",
    "denie",
    "denial",
    "reject",
    "error",
    "invalid",
    "refus",
    "unsuccess",
    "wrong",
    "incorrect",
    "mismatch",
    "expired",
    "timeout",
];
/// Starts of words that tell of a change what it does, and of a sign-in that it was not let through.
const BARRED: &[&str] = &["block", "lock"];

/// Whether it went well, if the event tells: its outcome, else its action, else its name.
fn success(cef: &Cef, subject: Subject) -> Option<bool> {
    let judged = |text: &str| {
        let text = words(text);
        // By itself, as an outcome is; in a name it is that of `pass-through` or `pass phrase`.
        if text == " pass" {
            return Some(true);
        }
        let mut negated = false;
        let mut well = None;
        for word in text.split(' ').map(|word| word.trim_matches('\'')) {
            let starts = |starts: &[&str]| starts.iter().any(|start| word.starts_with(start));
            if word == "bad" || starts(BADLY) || (subject == Subject::SignIn && starts(BARRED)) {
                return Some(false);
            }
            negated |= NOT.contains(&word) || word.ends_with("n't");
            if WELL.contains(&word) {
                well = Some(well.unwrap_or(true) && !negated);
            }
        }
        well
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
    let well = success(cef, Subject::SignIn)?;
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

fn audit(cef: &Cef, activity: &str, operation: &str, well: Option<bool>) -> Option<Audit> {
    let (target, target_id) = (cef.get("duser"), cef.get("duid"));
    let (actor, actor_id) = (cef.get("suser"), cef.get("suid"));
    let of_group = activity.ends_with("group");
    let name = target.or(actor);
    let id = target_id.or(actor_id.filter(|_| target.is_none()));
    if name.is_none() && id.is_none() {
        return None;
    }
    // Nobody tells of a change that did not happen without saying so.
    let well = well.unwrap_or(true);
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
