//! What Unix hosts log of sign-ins and accounts: sshd, PAM, su, login, and the tools of shadow-utils.
//!
//! Each attempt is told by one line only, or it would count several times: of sshd by its own line and not by that of PAM
//! beside it, of other services by the line of PAM.

mod accounts;
mod sign_ins;

use super::{FormatDef, Reading};
use crate::line::Line;
use crate::telling::{Id, Telling, is_pipelines};
use model::event::{Audit, Facts, SignIn};
use model::identity::Vendor;
use serde_json::{Map, Value};

/// The format.
pub(super) const DEF: FormatDef = FormatDef {
    id: "unix-auth",
    title: "line of sshd, PAM or a tool for accounts",
    about: "/var/log/auth.log and /var/log/secure, the same by syslog, and journald's JSON export.",
    looks_for: "lines of sshd, su, login, useradd, usermod, userdel, passwd, groupadd, groupdel or gpasswd, or of PAM",
    read,
};

/// The recipe of the identity: no line has an id. The time is part of every such identity.
const RECIPE: &str = "unix-auth/1";

/// What a line tells.
enum Told<'a> {
    SignIn(Attempt<'a>),
    Audit(Box<Audit>),
    /// Known, and none of our business; the reason.
    Ignored(&'static str),
    /// Not known.
    Nothing,
}

/// A sign-in or an attempt at one.
#[derive(Debug, Clone, Copy)]
struct Attempt<'a> {
    user: Option<&'a str>,
    /// The service signed in to.
    service: &'a str,
    address: Option<&'a str>,
    /// Why it failed, in the words of the line.
    failure: Option<&'a str>,
    /// The method, the key, who acted.
    details: Option<&'a str>,
}

fn read(record: &Map<String, Value>) -> Reading {
    let Some(line) = Line::of(record) else {
        return Reading::Unrecognised;
    };
    let facts = match told(line) {
        Told::Nothing => return Reading::Unrecognised,
        Told::Ignored(reason) => return Reading::Ignored(reason.to_owned()),
        Told::SignIn(attempt) => Facts::SignIn(Box::new(sign_in(line, attempt))),
        Told::Audit(audit) => Facts::Audit(audit),
    };
    let Some(time) = line.time else {
        return Reading::Rejected(
            "the line has no time: have syslog write one before it (RFC 5424, RFC 3164, or the ISO form of rsyslog)".to_owned(),
        );
    };
    Telling {
        vendor: Vendor::Unix,
        id: Id::Fields(
            RECIPE,
            &[
                line.host,
                line.program,
                line.process,
                Some(line.text),
                line.repeat,
            ],
        ),
        time: Ok(time),
        updated: None,
        tenant: None,
        facts,
        record,
        is_carriers: is_pipelines,
    }
    .event()
}

fn told(line: Line<'_>) -> Told<'_> {
    let program = line.program.unwrap_or_default();
    let program = program.rsplit('/').next().unwrap_or_default();
    // Since 9.8 the parts of OpenSSH log under names of their own.
    if matches!(program, "sshd" | "sshd-session" | "sshd-auth") {
        return sign_ins::of_sshd(line.text);
    }
    if let Some(module) = sign_ins::Pam::of(line.text) {
        return sign_ins::of_pam(program, module);
    }
    match program {
        "su" => sign_ins::of_su(line.text),
        "login" => sign_ins::of_login(line.text),
        "sudo" => Told::Ignored("sudo: commands that were run, and attempts that PAM tells of"),
        "useradd" | "usermod" | "userdel" | "groupadd" | "groupmod" | "groupdel" | "gpasswd" | "passwd"
        | "chpasswd" | "chage" | "chfn" | "chsh" => accounts::of(program, line),
        _ => Told::Nothing,
    }
}

fn sign_in(line: Line<'_>, attempt: Attempt<'_>) -> SignIn {
    let owned = |text: Option<&str>| {
        text.map(str::trim)
            .filter(|text| !text.is_empty())
            .map(str::to_owned)
    };
    SignIn {
        user_principal_name: owned(attempt.user),
        app_display_name: owned(Some(attempt.service)),
        resource_display_name: owned(line.host),
        ip_address: attempt.address.and_then(crate::address::normalise),
        error_code: i64::from(attempt.failure.is_some()),
        failure_reason: owned(attempt.failure),
        additional_details: owned(attempt.details),
        ..SignIn::default()
    }
}
