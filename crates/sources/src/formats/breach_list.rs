//! Breach lists that somebody imports: which account was in which breach, and of what day that was.
//!
//! Two shapes: a table (or JSON) with an account, a breach and its date, and what Have I Been Pwned answers to whoever owns a domain. The members of
//! the latter are those of its breach model, <https://haveibeenpwned.com/API/v3#BreachModel>; the two lists around them
//! (`BreachSearchResults`, `PasteSearchResults` of `Alias`, `DomainName` and `Breaches` or `Pastes`) were read from public programs that take such files.
//!
//! Such lists come with passwords and hashes. So of a record only what is understood is kept, whatever else stands in it and whatever that
//! is called: [`kept`].

use super::{FormatDef, Reading};
use crate::fields::Fields;
use crate::telling::{Id, Telling, is_pipelines};
use model::event::{Facts, RiskDetection, Suspect, Verdict};
use model::identity::Vendor;
use model::time::{TICKS_PER_DAY, Timestamp};
use serde_json::{Map, Value};

/// The format.
pub(super) const DEF: FormatDef = FormatDef {
    id: "breach-list",
    title: "entry of a breach list",
    about: "Which accounts were in which data breach: a table with the columns account, breach and date, or the JSON of Have I Been Pwned's domain search. Passwords in it are never kept.",
    looks_for: "`account`, `breach` and `date` together, or `BreachSearchResults`",
    read,
};

/// What a member says, the name it is kept under, and the names it may come under: in any case, with or without what stands between words. Of
/// several the first counts.
const COLUMNS: &[(&str, &[&str])] = &[
    (
        ACCOUNT,
        &["account", "email", "emailaddress", "domainemail", "accountname"],
    ),
    (BREACH, &["breach", "breachname"]),
    (DATE, &["date", "breachdate"]),
    (ADDED, &["added", "addeddate", "dateadded"]),
    (CLASSES, &["dataclasses", "compromiseddata", "exposeddata"]),
];

const ACCOUNT: &str = "account";
const BREACH: &str = "breach";
const DATE: &str = "date";
const ADDED: &str = "added";
const CLASSES: &str = "data classes";

/// Without these it is no entry of a list.
const NEEDED: &[&str] = &[ACCOUNT, BREACH, DATE];

/// Classes of data that mean that passwords were in it, also scrambled ones. Hints and strengths of passwords are none.
const PASSWORDS: &[&str] = &[
    "password",
    "passwords",
    "password hashes",
    "hashed passwords",
    "encrypted passwords",
    "plaintext passwords",
    "historical passwords",
];

/// No account and no breach has a longer name, in bytes.
const NAME_BYTES_MAX: usize = 512;
/// Pairs of account and breach that one answer of Have I Been Pwned is taken apart into; [`crate::several`] has the limit for all formats.
const PAIRS_MAX: usize = crate::several::TAKEN_APART_RECORDS_MAX;

fn read(record: &Map<String, Value>) -> Reading {
    if record.contains_key("BreachSearchResults") || record.contains_key("PasteSearchResults") {
        return page(record);
    }
    let is_entry = record.contains_key("Alias") && record.contains_key("DomainName");
    if is_entry && (record.contains_key("Breaches") || record.contains_key("Pastes")) {
        return entry(record);
    }
    match kept(record) {
        None => Reading::Unrecognised,
        Some(kept) if kept == *record => one(&kept),
        Some(kept) => Reading::Several(vec![kept]),
    }
}

/// What is kept of an entry: what is understood, under one name each, and nothing else. `None` for what is no entry of a list.
pub(crate) fn kept(record: &Map<String, Value>) -> Option<Map<String, Value>> {
    let mut names: Vec<(String, &String)> = record.keys().map(|name| (squashed(name), name)).collect();
    names.sort_unstable();
    let mut kept = Map::new();
    for (column, spellings) in COLUMNS {
        let mut found = spellings
            .iter()
            .flat_map(|spelling| names.iter().filter(move |(name, _)| name == spelling))
            .map(|(_, name)| &record[*name])
            .peekable();
        if found.peek().is_none() {
            if NEEDED.contains(column) {
                return None;
            }
            continue;
        }
        let value = found.find_map(|value| plain(column, value));
        kept.insert((*column).to_owned(), value.unwrap_or(Value::Null));
    }
    Some(kept)
}

/// A value without what nobody asked for: text, and of classes a list of texts. One that cannot be what it should is nothing: in a row that
/// slipped it may be a password.
fn plain(column: &str, value: &Value) -> Option<Value> {
    match value {
        Value::String(text) => {
            let text = text.trim();
            let is_sound = match column {
                ACCOUNT => is_account(text),
                BREACH => !text.is_empty() && text.len() <= NAME_BYTES_MAX,
                DATE | ADDED => Timestamp::parse_vendor(text).is_ok(),
                _ => !text.is_empty(),
            };
            is_sound.then(|| Value::from(text))
        }
        Value::Array(items) if column == CLASSES => {
            Some(items.iter().filter(|item| item.is_string()).cloned().collect())
        }
        _ => None,
    }
}

/// `Breach Date`, `breach_date` and `BreachDate` are one name.
fn squashed(name: &str) -> String {
    name.chars()
        .filter(|character| character.is_alphanumeric())
        .flat_map(char::to_lowercase)
        .collect()
}

/// Whether a column is called what passwords, what was made of them, or what else lets somebody in, is called.
pub(crate) fn is_secret(name: &str) -> bool {
    const WITHIN: &[&str] = &["password", "passwd", "passphrase", "passwort", "hash"];
    const WHOLE: &[&str] = &[
        "pass",
        "pwd",
        "pw",
        "salt",
        "md5",
        "sha1",
        "sha256",
        "bcrypt",
        "ntlm",
        "secret",
        "plaintext",
        "cleartext",
        "plain",
        "cracked",
    ];
    let name = squashed(name);
    WITHIN.iter().any(|word| name.contains(word)) || WHOLE.contains(&name.as_str())
}

/// What Have I Been Pwned answers of domains.
fn page(record: &Map<String, Value>) -> Reading {
    let mut parts = Vec::new();
    for list in ["BreachSearchResults", "PasteSearchResults"] {
        let entries = match record.get(list) {
            None | Some(Value::Null) => continue,
            Some(Value::Array(entries)) => entries,
            Some(_) => {
                return Reading::Rejected(format!(
                    "its `{list}` is no list; import the file as it was downloaded"
                ));
            }
        };
        for (number, found) in entries.iter().enumerate() {
            let Some(found) = found.as_object() else {
                return Reading::Rejected(format!(
                    "entry {} of its `{list}` is no object; import the file as it was downloaded",
                    number + 1
                ));
            };
            match entry(found) {
                Reading::Several(pairs) => parts.extend(pairs),
                Reading::Ignored(_) => parts.push(found.clone()),
                _ => {
                    return Reading::Rejected(format!(
                        "entry {} of its `{list}` has no `Breaches` that can be read; import the file as it was downloaded",
                        number + 1
                    ));
                }
            }
            if parts.len() > PAIRS_MAX {
                return Reading::Rejected(format!(
                    "it has more than {PAIRS_MAX} pairs of account and breach; import its entries one a line (jq -c '.BreachSearchResults[]')"
                ));
            }
        }
    }
    Reading::Several(parts)
}

/// One account of such an answer, with its breaches.
fn entry(record: &Map<String, Value>) -> Reading {
    let Some(breaches) = record.get("Breaches") else {
        return Reading::Ignored("it is an account in a paste, which is no breach".to_owned());
    };
    let Some(breaches) = breaches.as_array() else {
        return Reading::Rejected(
            "its `Breaches` is no list; import the file as it was downloaded".to_owned(),
        );
    };
    let fields = Fields::new(record);
    let account = fields
        .text("Alias")
        .zip(fields.text("DomainName"))
        .map(|(alias, domain)| format!("{alias}@{domain}"));
    let pairs = breaches.iter().map(|breach| {
        let empty = Map::new();
        let breach = breach.as_object().unwrap_or(&empty);
        let mut pair = Map::new();
        pair.insert(
            ACCOUNT.to_owned(),
            account.clone().map_or(Value::Null, Value::from),
        );
        for (column, name) in [
            (BREACH, "Name"),
            (DATE, "BreachDate"),
            (ADDED, "AddedDate"),
            (CLASSES, "DataClasses"),
        ] {
            let value = breach.get(name).and_then(|value| plain(column, value));
            pair.insert(column.to_owned(), value.unwrap_or(Value::Null));
        }
        pair
    });
    Reading::Several(pairs.collect())
}

/// One account in one breach, as it is kept.
fn one(record: &Map<String, Value>) -> Reading {
    let fields = Fields::new(record);
    // A reason never shows what stands in a list.
    let Some(account) = fields.text(ACCOUNT) else {
        return Reading::Rejected(
            "it names no account, or one that is too long or has blanks or one of `: ; | ,` in it; was a column left out, or a password put behind the account?"
                .to_owned(),
        );
    };
    let Some(breach) = fields.text(BREACH) else {
        return Reading::Rejected("it names no breach, or one whose name is too long".to_owned());
    };
    let Some(date) = fields.text(DATE).and_then(|text| day(&text)) else {
        return Reading::Rejected(
            "it has no date of the breach that can be read; write it as 2013-10-04".to_owned(),
        );
    };
    let written_date: String = date.to_string().chars().take(10).collect();
    let detection = RiskDetection {
        suspect: Suspect {
            user_principal_name: Some(account.clone()),
            ..Suspect::default()
        },
        event_type: Some(
            if tells_passwords(fields) {
                WITH_PASSWORDS
            } else {
                WITHOUT
            }
            .to_owned(),
        ),
        verdict: Verdict {
            detail: Some(format!("{breach} of {written_date}")),
            ..Verdict::default()
        },
        linked_to: Some("user".to_owned()),
        source: Some("imported breach list".to_owned()),
        timing: Some("offline".to_owned()),
        activity_time: Some(date),
        detected_time: fields
            .text(ADDED)
            .and_then(|text| Timestamp::parse_vendor(&text).ok()),
        ..RiskDetection::default()
    };
    Telling {
        vendor: Vendor::BreachList,
        id: Id::Fields("breach-list/1", &[Some(&account), Some(&breach)]),
        time: Ok(date),
        updated: None,
        tenant: None,
        facts: Facts::RiskDetection(Box::new(detection)),
        record,
        is_carriers: is_pipelines,
    }
    .event()
}

/// Our words for the two sorts of entries; reports know them.
const WITH_PASSWORDS: &str = "breachedPassword";
const WITHOUT: &str = "breachedAccount";

fn is_account(text: &str) -> bool {
    !text.is_empty()
        && text.len() <= NAME_BYTES_MAX
        && !text.contains(|c: char| c.is_whitespace() || c.is_control() || matches!(c, ':' | ';' | '|' | ','))
}

/// Whether the list says that passwords were in the breach: a list of classes, or text with something between them.
fn tells_passwords(fields: Fields<'_>) -> bool {
    let is_password = |class: &str| PASSWORDS.contains(&class.trim().to_lowercase().as_str());
    match fields.get(CLASSES) {
        Some(Value::Array(classes)) => classes.iter().filter_map(Value::as_str).any(is_password),
        Some(Value::String(text)) => text.split([',', ';', '|']).any(is_password),
        _ => false,
    }
}

/// The UTC day that a date or a time is on, from its midnight.
fn day(text: &str) -> Option<Timestamp> {
    let time = Timestamp::parse_vendor(text).ok()?;
    let ticks = time.ticks();
    Some(Timestamp::from_ticks(ticks - ticks.rem_euclid(TICKS_PER_DAY)))
}
