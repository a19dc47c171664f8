//! What the events of the Windows security log say: sign-ins of people, and changes of accounts and groups.
//!
//! The members are those of Microsoft's pages on each event
//! (<https://learn.microsoft.com/previous-versions/windows/it-pro/windows-10/security/threat-protection/auditing/event-4624> and
//! so on), and were read from real logs for all but 4725, 4740, 4757 and 4767.

use super::{AuditOutcome, WindowsEvent, status};
use crate::address;
use crate::formats::Reading;
use model::event::{Actor, Audit, Device, Facts, Modified, SignIn, SignInKind, Target};
use model::identity::Vendor;

/// The provider of the events that are read here; others write into the security log too.
const PROVIDER: &str = "Microsoft-Windows-Security-Auditing";

/// Reads an event of any log that no other format claims.
pub(crate) fn read(event: &WindowsEvent) -> Reading {
    let is_ours =
        event.is_of_channel("Security") && (event.provider.is_none() || event.is_of_provider(PROVIDER));
    if !is_ours {
        return Reading::Ignored(event.name());
    }
    let is_logon = matches!(event.id, 4624 | 4625 | 4648 | 4768 | 4771 | 4776);
    let facts = match event.id {
        _ if is_logon && whose(event) == Account::Machine => {
            Err(format!("{} of a machine account", event.name()))
        }
        _ if is_logon && whose(event) == Account::Service => {
            Err(format!("{} of a service account", event.name()))
        }
        4624 | 4625 | 4768 | 4771 | 4776 => sign_in(event).map(|sign_in| Facts::SignIn(Box::new(sign_in))),
        4634 => Err(format!("{}: a logoff, which no report shows", event.name())),
        _ => match CHANGES.iter().find(|change| change.id == event.id) {
            Some(change) => Ok(Facts::Audit(Box::new(audit(event, change)))),
            None => Err(event.name()),
        },
    };
    let facts = match facts {
        Ok(facts) => facts,
        Err(reason) => return Reading::Ignored(reason),
    };
    match event.happened() {
        Ok(time) => event.tell(Vendor::Windows, time, facts),
        Err(reason) => Reading::Rejected(reason),
    }
}

/// Whose sign-in it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Account {
    Person,
    /// A computer: its name ends with `$`.
    Machine,
    /// Windows itself, or a service with an account of its own making.
    Service,
}

fn whose(event: &WindowsEvent) -> Account {
    /// Local System, Local Service, Network Service and anonymous.
    const SIDS: &[&str] = &["S-1-5-7", "S-1-5-18", "S-1-5-19", "S-1-5-20"];
    /// Services, application pools, virtual machines, window managers, font drivers, and the users that sshd makes up.
    const FAMILIES: &[&str] = &[
        "S-1-5-80-",
        "S-1-5-82-",
        "S-1-5-83-",
        "S-1-5-90-",
        "S-1-5-96-",
        "S-1-5-111-",
    ];
    const NAMES: &[&str] = &["SYSTEM", "LOCAL SERVICE", "NETWORK SERVICE", "ANONYMOUS LOGON"];
    const NUMBERED: &[&str] = &["DWM-", "UMFD-", "sshd_"];
    /// What stands for the domain of such names. Somebody may also try the name `SYSTEM` in a real one.
    const DOMAINS: &[&str] = &[
        "NT AUTHORITY",
        "NT SERVICE",
        "IIS APPPOOL",
        "NT VIRTUAL MACHINE",
        "Window Manager",
        "Font Driver Host",
        "VIRTUAL USERS",
    ];
    let name = event.text("TargetUserName").unwrap_or_default();
    let sid = event
        .text("TargetUserSid")
        .or_else(|| event.text("TargetSid"))
        .unwrap_or_default();
    let domain = event.text("TargetDomainName").unwrap_or_default();
    if SIDS.contains(&sid) || FAMILIES.iter().any(|family| sid.starts_with(family)) {
        return Account::Service;
    }
    let is_one_of = |list: &[&str], text: &str| list.iter().any(|word| word.eq_ignore_ascii_case(text));
    let is_numbered = NUMBERED.iter().any(|word| {
        name.strip_prefix(word)
            .is_some_and(|number| !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit()))
    });
    if is_one_of(DOMAINS, domain) || domain.is_empty() && (is_one_of(NAMES, name) || is_numbered) {
        return Account::Service;
    }
    // Kerberos writes the realm behind it.
    let bare = name.split('@').next().unwrap_or_default();
    if bare.ends_with('$') {
        return Account::Machine;
    }
    Account::Person
}

/// A sign-in; the error says why it is none of a person.
fn sign_in(event: &WindowsEvent) -> Result<SignIn, String> {
    let owned = |name: &str| event.text(name).map(str::to_owned);
    let (code, reason) = outcome(event);
    let logon_type = event.text("LogonType").unwrap_or_default();
    let mut details = Vec::new();
    let mut kind = SignInKind::Interactive;
    if matches!(event.id, 4624 | 4625) {
        let named = LOGON_TYPES.iter().find(|(number, _)| *number == logon_type);
        // Services, batches and copies of tokens sign nobody in; that one of them failed may still be somebody's guess.
        if event.id == 4624 && named.is_none() {
            return Err(format!("{} of logon type {}", event.name(), shorten(logon_type)));
        }
        if let Some((number, name)) = named {
            details.push(format!("Logon type {number} ({name})"));
        } else if !logon_type.is_empty() {
            details.push(format!("Logon type {}", shorten(logon_type)));
        }
        if logon_type == "3" {
            kind = SignInKind::NonInteractive;
        }
    }
    let protocol = match event.id {
        4768 | 4771 => Some("Kerberos".to_owned()),
        4776 => Some("NTLM".to_owned()),
        _ => owned("AuthenticationPackageName"),
    };
    let workstation = owned("WorkstationName").or_else(|| owned("Workstation"));
    details.push(format!("Windows event {}", event.id));
    Ok(SignIn {
        kind,
        user_id: user_sid(event),
        user_principal_name: user_name(event),
        ip_address: event.text("IpAddress").and_then(address::normalise),
        resource_display_name: event.computer.clone(),
        device: Device {
            display_name: workstation.map(|name| name.trim_start_matches('\\').to_owned()),
            ..Device::default()
        },
        client_app: protocol,
        error_code: code,
        failure_reason: reason,
        additional_details: Some(details.join("; ")),
        ..SignIn::default()
    })
}

/// The types of logon that are of people. Microsoft's page on 4624 has all; 8 is how OpenSSH and basic authentication of IIS
/// sign people in, and the failures of both have it too.
const LOGON_TYPES: &[(&str, &str)] = &[
    ("2", "interactive"),
    ("3", "network"),
    ("7", "unlock"),
    ("8", "network, password in clear text"),
    ("10", "remote desktop"),
    ("11", "interactive, cached credentials"),
    ("12", "remote desktop, cached credentials"),
    ("13", "unlock, cached credentials"),
];

/// The number of the outcome, 0 for success, and what it says.
fn outcome(event: &WindowsEvent) -> (i64, Option<String>) {
    let code = |name: &str| {
        event
            .text(name)
            .and_then(status::number)
            .filter(|code| *code != 0)
    };
    let failed = event.outcome == Some(AuditOutcome::Failure);
    match event.id {
        4625 => {
            let code = code("SubStatus").or_else(|| code("Status")).unwrap_or(1);
            (code, Some(status::logon(code)))
        }
        4776 => match code("Status").or_else(|| code("ErrorCode")) {
            Some(code) => (code, Some(status::logon(code))),
            None => failure(failed),
        },
        4768 | 4771 => match code("Status").or_else(|| code("FailureCode")) {
            Some(code) => (code, Some(status::kerberos(code))),
            None => failure(failed || event.id == 4771),
        },
        _ => failure(failed),
    }
}

fn failure(failed: bool) -> (i64, Option<String>) {
    if failed {
        (1, Some("Windows logged it as a failure".to_owned()))
    } else {
        (0, None)
    }
}

/// The account's SID; the one that stands for nobody does not count.
fn user_sid(event: &WindowsEvent) -> Option<String> {
    let sid = event.text("TargetUserSid").or_else(|| event.text("TargetSid"))?;
    (sid != "S-1-0-0").then(|| sid.to_owned())
}

/// `DOMAIN\name`. Event 4771 has no domain; the service that a ticket was asked of names the realm.
fn user_name(event: &WindowsEvent) -> Option<String> {
    let realm = || event.text("ServiceName")?.strip_prefix("krbtgt/");
    let domain = event.text("TargetDomainName").or_else(realm);
    account(domain, event.text("TargetUserName"))
}

/// A name with its domain before it, unless it names it itself (`ann@contoso.example`).
fn account(domain: Option<&str>, name: Option<&str>) -> Option<String> {
    let name = name?;
    match domain {
        Some(domain) if !name.contains(['@', '\\']) => Some(format!("{domain}\\{name}")),
        _ => Some(name.to_owned()),
    }
}

/// An event that tells a change.
struct Change {
    id: i64,
    /// In the words of the old service where it had any.
    activity: &'static str,
    operation_type: &'static str,
    /// What Windows calls it.
    title: &'static str,
    what: Changed,
}

/// What was changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Changed {
    User,
    Membership,
    Renamed,
    LockedOut,
    /// Nothing: somebody tried to log on as the user.
    Nothing,
}

const CHANGES: &[Change] = &[
    // Logged before the logon is tried, and as a success whatever becomes of it; of one that succeeds 4624 tells.
    change(
        4648,
        "Logon attempted with explicit credentials",
        "Other",
        "A logon was attempted using explicit credentials",
        Changed::Nothing,
    ),
    change(
        4720,
        "Add user",
        "Add",
        "A user account was created",
        Changed::User,
    ),
    change(
        4722,
        "Enable account",
        "Update",
        "A user account was enabled",
        Changed::User,
    ),
    change(
        4723,
        "Change user password",
        "Update",
        "An attempt was made to change an account's password",
        Changed::User,
    ),
    change(
        4724,
        "Reset user password",
        "Update",
        "An attempt was made to reset an account's password",
        Changed::User,
    ),
    change(
        4725,
        "Disable account",
        "Update",
        "A user account was disabled",
        Changed::User,
    ),
    change(
        4726,
        "Delete user",
        "Delete",
        "A user account was deleted",
        Changed::User,
    ),
    change(
        4728,
        "Add member to group",
        "Assign",
        "A member was added to a security-enabled global group",
        Changed::Membership,
    ),
    change(
        4729,
        "Remove member from group",
        "Unassign",
        "A member was removed from a security-enabled global group",
        Changed::Membership,
    ),
    change(
        4732,
        "Add member to group",
        "Assign",
        "A member was added to a security-enabled local group",
        Changed::Membership,
    ),
    change(
        4733,
        "Remove member from group",
        "Unassign",
        "A member was removed from a security-enabled local group",
        Changed::Membership,
    ),
    change(
        4738,
        "Update user",
        "Update",
        "A user account was changed",
        Changed::User,
    ),
    change(
        4740,
        "Lock out account",
        "Update",
        "A user account was locked out",
        Changed::LockedOut,
    ),
    change(
        4756,
        "Add member to group",
        "Assign",
        "A member was added to a security-enabled universal group",
        Changed::Membership,
    ),
    change(
        4757,
        "Remove member from group",
        "Unassign",
        "A member was removed from a security-enabled universal group",
        Changed::Membership,
    ),
    change(
        4767,
        "Unlock account",
        "Update",
        "A user account was unlocked",
        Changed::User,
    ),
    change(
        4781,
        "Update user",
        "Update",
        "The name of an account was changed",
        Changed::Renamed,
    ),
];

const fn change(
    id: i64,
    activity: &'static str,
    operation_type: &'static str,
    title: &'static str,
    what: Changed,
) -> Change {
    Change {
        id,
        activity,
        operation_type,
        title,
        what,
    }
}

/// A change. Those of machine accounts stay: that an account is named like a machine may be the point.
fn audit(event: &WindowsEvent, change: &Change) -> Audit {
    let owned = |name: &str| event.text(name).map(str::to_owned);
    let (targets, category) = match change.what {
        Changed::Membership => (membership(event), "GroupManagement"),
        Changed::Nothing => (vec![user(event, change)], "Authentication"),
        _ => (vec![user(event, change)], "UserManagement"),
    };
    let mut details = vec![
        ("EventID".to_owned(), Some(event.id.to_string())),
        ("Event".to_owned(), Some(change.title.to_owned())),
        ("Computer".to_owned(), event.computer.clone()),
        ("SubjectLogonId".to_owned(), owned("SubjectLogonId")),
        ("PrivilegeList".to_owned(), owned("PrivilegeList")),
    ];
    if change.what == Changed::LockedOut {
        // Where other events have a domain, this one has the computer that the attempts came from.
        details.push(("CallerComputerName".to_owned(), owned("TargetDomainName")));
    }
    let is_try = change.what == Changed::Nothing;
    if is_try {
        details.push(("TargetServerName".to_owned(), owned("TargetServerName")));
        details.push(("ProcessName".to_owned(), owned("ProcessName")));
    }
    details.retain(|(_, value)| value.is_some());
    Audit {
        activity: Some(change.activity.to_owned()),
        category: Some(category.to_owned()),
        operation_type: Some(change.operation_type.to_owned()),
        result: match event.outcome {
            Some(AuditOutcome::Failure) => Some("failure".to_owned()),
            _ if is_try => None,
            _ => Some("success".to_owned()),
        },
        logged_by_service: Some("Windows Security".to_owned()),
        actor: Actor {
            user_id: owned("SubjectUserSid"),
            user_principal_name: account(event.text("SubjectDomainName"), event.text("SubjectUserName")),
            ip_address: event
                .text("IpAddress")
                .filter(|_| is_try)
                .and_then(address::normalise),
            ..Actor::default()
        },
        targets,
        additional_details: details,
        ..Audit::default()
    }
}

fn user(event: &WindowsEvent, change: &Change) -> Target {
    let domain = match change.what {
        Changed::LockedOut => event.text("SubjectDomainName"),
        _ => event.text("TargetDomainName"),
    };
    let name = match change.what {
        Changed::Renamed => event.text("NewTargetUserName"),
        _ => event.text("TargetUserName"),
    };
    Target {
        resource_type: Some("User".to_owned()),
        id: user_sid(event),
        user_principal_name: account(domain, name),
        modified: modified(event, change),
        ..Target::default()
    }
}

/// The member first: that is what the act was about, as in the records of Entra.
fn membership(event: &WindowsEvent) -> Vec<Target> {
    let member = Target {
        resource_type: Some("User".to_owned()),
        id: event.text("MemberSid").map(str::to_owned),
        display_name: event.text("MemberName").map(str::to_owned),
        ..Target::default()
    };
    let group = Target {
        resource_type: Some("Group".to_owned()),
        id: event.text("TargetSid").map(str::to_owned),
        display_name: account(event.text("TargetDomainName"), event.text("TargetUserName")),
        ..Target::default()
    };
    vec![member, group]
}

/// The attributes that the event tells; before it only the old account control is told.
fn modified(event: &WindowsEvent, change: &Change) -> Vec<Modified> {
    if change.what == Changed::Renamed {
        return vec![Modified {
            name: Some("SamAccountName".to_owned()),
            old: event.text("OldTargetUserName").map(str::to_owned),
            new: event.text("NewTargetUserName").map(str::to_owned),
        }];
    }
    if !matches!(event.id, 4720 | 4738) {
        return Vec::new();
    }
    let mut modified = Vec::new();
    for name in ATTRIBUTES {
        let Some(value) = event.text(name) else { continue };
        modified.push(Modified {
            name: Some((*name).to_owned()),
            old: None,
            new: Some(in_words(value)),
        });
    }
    let controls = (event.text("OldUacValue"), event.text("NewUacValue"));
    if controls.0 != controls.1 {
        modified.push(Modified {
            name: Some("UacValue".to_owned()),
            old: controls.0.map(str::to_owned),
            new: controls.1.map(str::to_owned),
        });
    }
    modified
}

/// What 4720 and 4738 may tell of an account, in the order of Microsoft's page.
const ATTRIBUTES: &[&str] = &[
    "SamAccountName",
    "DisplayName",
    "UserPrincipalName",
    "HomeDirectory",
    "HomePath",
    "ScriptPath",
    "ProfilePath",
    "UserWorkstations",
    "PasswordLastSet",
    "AccountExpires",
    "PrimaryGroupId",
    "AllowedToDelegateTo",
    "UserAccountControl",
    "UserParameters",
    "SidHistory",
    "LogonHours",
];

/// Numbers of messages that the data refer to, in words; `%%2048` to `%%2111` are bits of the account control.
fn in_words(value: &str) -> String {
    const WORDS: &[(&str, &str)] = &[
        ("%%1793", "<value not set>"),
        ("%%1794", "<never>"),
        ("%%1795", "<never expires>"),
        ("%%1796", "<value changed, but not displayed>"),
        ("%%1797", "All"),
        ("%%2048", "Account Enabled"),
        ("%%2050", "'Password Not Required' - Disabled"),
        ("%%2052", "'Normal Account' - Disabled"),
        ("%%2057", "'Don't Expire Password' - Disabled"),
        ("%%2080", "Account Disabled"),
        ("%%2082", "'Password Not Required' - Enabled"),
        ("%%2084", "'Normal Account' - Enabled"),
        ("%%2089", "'Don't Expire Password' - Enabled"),
    ];
    let words: Vec<&str> = value
        .split_whitespace()
        .map(|part| {
            let known = WORDS.iter().find(|(number, _)| *number == part);
            known.map_or(part, |(_, words)| *words)
        })
        .collect();
    words.join(if value.contains("%%") { ", " } else { " " })
}

fn shorten(text: &str) -> String {
    if text.is_empty() {
        return "that is not told".to_owned();
    }
    text.chars().take(16).collect()
}
