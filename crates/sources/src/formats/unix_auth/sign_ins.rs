//! Sign-ins and attempts, by sshd, PAM, su and login.
//!
//! A user name may be any text that a client sends, with the words of the line in it. So an address is looked for from the
//! end of the line, where no client writes.

use super::{Attempt, Told};

/// Methods whose refusal means that a credential was wrong. A client offers one key after the other until one is taken, and
/// asks with `none` what there is: such refusals are no failed sign-in (auth.c of OpenSSH logs them all alike).
const CREDENTIALS: &[&str] = &["password", "keyboard-interactive", "challenge-response"];

const OFFERED: &str = "sshd: keys and tickets that were offered and not taken, of which clients try several";
const SSHD_REST: &str = "sshd: connections, sessions and what else is no end of an attempt to sign in";
const SESSIONS: &str = "PAM: sessions that were opened and closed";
const PAM_OF_SSHD: &str = "PAM on behalf of sshd, which tells of the same attempts itself";
const PAM_REST: &str = "PAM: notes that are no refusal";
const SU_REST: &str = "su: notes beside the lines that tell who became whom";
const LOGIN_REST: &str = "login: failures that PAM tells of, and notes";

/// `Accepted password for ann from 203.0.113.7 port 51234 ssh2`; the format is that of auth_log() in OpenSSH's auth.c.
pub(super) fn of_sshd(text: &str) -> Told<'_> {
    let (success, rest) = if let Some(rest) = text.strip_prefix("Accepted ") {
        (true, rest)
    } else if let Some(rest) = text.strip_prefix("Failed ") {
        (false, rest)
    } else if let Some(module) = Pam::of(text) {
        return of_pam("sshd", module);
    } else {
        return Told::Ignored(SSHD_REST);
    };
    let Some((method, rest)) = rest.split_once(" for ") else {
        return Told::Ignored(SSHD_REST);
    };
    let Some((user, from)) = rest.rsplit_once(" from ") else {
        return Told::Ignored(SSHD_REST);
    };
    let Some((address, after)) = from.split_once(" port ") else {
        return Told::Ignored(SSHD_REST);
    };
    let is_credential = CREDENTIALS.iter().any(|name| {
        method == *name
            || method
                .strip_prefix(name)
                .is_some_and(|rest| rest.starts_with('/'))
    });
    if !success && !is_credential {
        return Told::Ignored(OFFERED);
    }
    let invalid = user.strip_prefix("invalid user ");
    // `: ED25519 SHA256:…` after the port and the protocol.
    let key = after.split_once(": ").map(|(_, key)| key);
    let failure = match invalid {
        _ if success => None,
        Some(_) => Some("the user does not exist"),
        None => Some("wrong password"),
    };
    Told::SignIn(Attempt {
        user: invalid.or(Some(user)).filter(|user| !user.is_empty()),
        service: "sshd",
        address: Some(address),
        failure,
        details: key.or(Some(method)),
    })
}

/// What a module of PAM says: `pam_unix(sudo:auth): authentication failure; …`.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pam<'a> {
    /// The service that asked.
    service: &'a str,
    /// `auth`, `account`, `session` or `chauthtok`.
    stage: &'a str,
    text: &'a str,
}

impl<'a> Pam<'a> {
    pub(super) fn of(text: &'a str) -> Option<Pam<'a>> {
        let (module, rest) = text.split_once('(')?;
        let is_module = module.len() > 4
            && module.starts_with("pam_")
            && module
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
        let (place, text) = rest.split_once("): ").filter(|_| is_module)?;
        let (service, stage) = place.split_once(':')?;
        Some(Pam { service, stage, text })
    }
}

/// By pam_unix(8); the line of a failure is that of `_log_err` in its support.c: `authentication failure; logname= uid=0 euid=0
/// tty=ssh ruser= rhost=203.0.113.7  user=root`.
pub(super) fn of_pam<'a>(program: &str, module: Pam<'a>) -> Told<'a> {
    match module.stage {
        "session" => return Told::Ignored(SESSIONS),
        "chauthtok" => return super::accounts::of_password_change(program, module.service, module.text),
        _ if module.service == "sshd" => return Told::Ignored(PAM_OF_SSHD),
        "auth" => {}
        _ => return Told::Ignored(PAM_REST),
    }
    let Some(rest) = module.text.strip_prefix("authentication failure; ") else {
        return Told::Ignored(PAM_REST);
    };
    let after = |mark: &str, text: &'a str| text.split_once(mark).map(|(_, after)| after);
    let from = after(" rhost=", rest).unwrap_or_default();
    let (address, user) = match from.split_once(' ') {
        Some((address, rest)) => (address, rest.trim_start().strip_prefix("user=")),
        None => (from, None),
    };
    let by = after(" ruser=", rest).and_then(|rest| rest.split(' ').next());
    Told::SignIn(Attempt {
        user: user.or(by),
        service: module.service,
        address: Some(address),
        failure: Some("authentication failure"),
        details: by,
    })
}

/// `(to root) ann on pts/0` (util-linux), `Successful su for root by ann` and `FAILED su for root by ann` (shadow).
pub(super) fn of_su(text: &str) -> Told<'_> {
    let became = |user, by| {
        Told::SignIn(Attempt {
            user: Some(user),
            service: "su",
            address: None,
            failure: None,
            details: Some(by),
        })
    };
    if let Some((user, by)) = text.strip_prefix("(to ").and_then(|rest| rest.split_once(") ")) {
        return became(user, by);
    }
    if let Some((user, by)) = text
        .strip_prefix("Successful su for ")
        .and_then(|rest| rest.rsplit_once(" by "))
    {
        return became(user, by);
    }
    Told::Ignored(SU_REST)
}

/// `LOGIN ON tty1 BY ann`, `ROOT LOGIN ON tty1` (util-linux); what failed PAM tells.
pub(super) fn of_login(text: &str) -> Told<'_> {
    let signed_in = |user, terminal| {
        Told::SignIn(Attempt {
            user: Some(user),
            service: "login",
            address: None,
            failure: None,
            details: Some(terminal),
        })
    };
    if let Some(terminal) = text.strip_prefix("ROOT LOGIN ON ") {
        return signed_in("root", terminal);
    }
    if let Some((terminal, user)) = text
        .strip_prefix("LOGIN ON ")
        .and_then(|rest| rest.split_once(" BY "))
    {
        return signed_in(user, terminal);
    }
    Told::Ignored(LOGIN_REST)
}
