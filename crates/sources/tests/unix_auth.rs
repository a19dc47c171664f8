//! Lines of sshd, PAM and the tools for accounts; texts as their sources write them, people and places made up.

mod common;

use common::{one, or_dash, refusal};
use model::event::{Actor, Facts};
use proptest::prelude::*;
use sources::Choice;

fn line(text: &str) -> String {
    format!("2026-10-11T22:14:15.003Z web1 {text}")
}

/// `user | service | address | failure | details`
fn check(text: &str, expected: &str) {
    let understood = one(&line(text));
    let Facts::SignIn(sign_in) = &understood.event.facts else {
        panic!("{text}: {understood:?}")
    };
    assert_eq!(
        sign_in.error_code,
        i64::from(sign_in.failure_reason.is_some()),
        "{text}"
    );
    assert_eq!(sign_in.resource_display_name.as_deref(), Some("web1"));
    let told = [
        &sign_in.user_principal_name,
        &sign_in.app_display_name,
        &sign_in.ip_address,
        &sign_in.failure_reason,
        &sign_in.additional_details,
    ];
    let told: Vec<String> = told.map(|text| or_dash(text.as_ref())).into();
    assert_eq!(told.join(" | "), expected, "{text}");
}

/// `activity | actor | user | group | change`
fn check_audit(text: &str, expected: &str) {
    let understood = one(&line(text));
    let Facts::Audit(audit) = &understood.event.facts else {
        panic!("{text}: {understood:?}")
    };
    let target = |kind: &str| {
        let found = audit
            .targets
            .iter()
            .find(|target| target.resource_type.as_deref() == Some(kind));
        found.and_then(|target| target.name()).unwrap_or("-").to_owned()
    };
    let change = audit.targets.iter().flat_map(|target| &target.modified).next();
    let change = change.map_or("-".to_owned(), |change| {
        format!(
            "{}: {} to {}",
            or_dash(change.name.as_ref()),
            or_dash(change.old.as_ref()),
            or_dash(change.new.as_ref())
        )
    });
    let Actor {
        user_principal_name: actor,
        ..
    } = &audit.actor;
    let told = [
        or_dash(audit.activity.as_ref()),
        or_dash(actor.as_ref()),
        target("User"),
        target("Group"),
        change,
    ];
    assert_eq!(told.join(" | "), expected, "{text}");
    assert_eq!(audit.result.as_deref(), Some("success"));
}

fn check_ignored(text: &str, reason: &str) {
    let told = refusal(Choice::Auto, &line(text));
    assert!(told.starts_with(&format!("ignored: {reason}")), "{text}: {told}");
}

#[test]
fn sshd_tells_who_came_in_and_who_did_not() {
    check(
        "sshd[1]: Accepted password for ann from 203.0.113.7 port 51234 ssh2",
        "ann | sshd | 203.0.113.7 | - | password",
    );
    check(
        "sshd-session[1]: Accepted publickey for ann from 2001:db8::1 port 1 ssh2: ED25519 SHA256:abc",
        "ann | sshd | 2001:db8::1 | - | ED25519 SHA256:abc",
    );
    check(
        "sshd[1]: Accepted keyboard-interactive/pam for ann from ::ffff:203.0.113.7 port 1 ssh2",
        "ann | sshd | 203.0.113.7 | - | keyboard-interactive/pam",
    );
    check(
        "sshd[1]: Failed password for root from 203.0.113.9 port 1 ssh2",
        "root | sshd | 203.0.113.9 | wrong password | password",
    );
    check(
        "sshd[1]: Failed password for invalid user oracle from 203.0.113.9 port 1 ssh2",
        "oracle | sshd | 203.0.113.9 | the user does not exist | password",
    );
    check(
        "sshd[1]: Failed keyboard-interactive/pam for invalid user x y from 203.0.113.9 port 1",
        "x y | sshd | 203.0.113.9 | the user does not exist | keyboard-interactive/pam",
    );
    check(
        "sshd[1]: Failed password for invalid user  from 203.0.113.9 port 1 ssh2",
        "- | sshd | 203.0.113.9 | the user does not exist | password",
    );
}

#[test]
fn of_each_attempt_one_line_counts() {
    let rest = "sshd: connections, sessions";
    for text in [
        "sshd[1]: Invalid user oracle from 203.0.113.9 port 1",
        "sshd[1]: Connection closed by authenticating user root 203.0.113.9 port 1 [preauth]",
        "sshd[1]: Disconnected from invalid user x 203.0.113.9 port 1 [preauth]",
        "sshd[1]: error: maximum authentication attempts exceeded for root from 203.0.113.9 port 1 ssh2 [preauth]",
        "sshd[1]: Received disconnect from 203.0.113.9 port 1:11: Bye Bye [preauth]",
        "sshd[1]: Failed to start",
    ] {
        check_ignored(text, rest);
    }
    for text in [
        "sshd[1]: Failed publickey for ann from 203.0.113.9 port 1 ssh2: RSA SHA256:abc",
        "sshd[1]: Failed none for invalid user x from 203.0.113.9 port 1 ssh2",
    ] {
        check_ignored(text, "sshd: keys and tickets");
    }
    check_ignored(
        "sshd[1]: pam_unix(sshd:auth): authentication failure; logname= uid=0 euid=0 tty=ssh ruser= rhost=203.0.113.9  user=root",
        "PAM on behalf of sshd",
    );
    check_ignored(
        "sshd[1]: pam_unix(sshd:session): session opened for user ann(uid=1000) by (uid=0)",
        "PAM: sessions",
    );
    check_ignored(
        "sudo:     ann : TTY=pts/0 ; PWD=/home/ann ; USER=root ; COMMAND=/usr/bin/apt",
        "sudo: commands",
    );
    check_ignored("su[1]: FAILED SU (to root) ann on pts/0", "su: notes");
}

#[test]
fn pam_tells_of_other_services() {
    check(
        "sudo: pam_unix(sudo:auth): authentication failure; logname=ann uid=1000 euid=0 tty=/dev/pts/0 ruser=ann rhost=  user=ann",
        "ann | sudo | - | authentication failure | ann",
    );
    check(
        "login[1]: pam_unix(login:auth): authentication failure; logname=LOGIN uid=0 euid=0 tty=/dev/tty1 ruser= rhost=  user=ann",
        "ann | login | - | authentication failure | -",
    );
    check(
        "vsftpd: pam_sss(vsftpd:auth): authentication failure; logname= uid=0 euid=0 tty=ftp ruser=x rhost=203.0.113.9 user=bob",
        "bob | vsftpd | 203.0.113.9 | authentication failure | x",
    );
    check(
        "su[1]: (to root) ann on pts/0",
        "root | su | - | - | ann on pts/0",
    );
    check("su: Successful su for root by ann", "root | su | - | - | ann");
    check("login[1]: LOGIN ON tty1 BY ann", "ann | login | - | - | tty1");
    check("login[1]: ROOT LOGIN ON tty1", "root | login | - | - | tty1");
}

#[test]
fn tools_for_accounts_tell_what_they_did_in_the_old_words() {
    for (text, expected) in [
        (
            "useradd[1]: new user: name=bob, UID=1001, GID=1001, home=/home/bob, shell=/bin/bash, from=/dev/pts/0",
            "Add user | - | bob | - | -",
        ),
        (
            "useradd[1]: new group: name=bob, GID=1001",
            "Add group | - | - | bob | -",
        ),
        (
            "groupadd[1]: new group: name=ops, GID=1002",
            "Add group | - | - | ops | -",
        ),
        (
            "usermod[1]: add 'bob' to group 'sudo'",
            "Add member to group | - | bob | sudo | -",
        ),
        (
            "gpasswd[1]: user bob added by root to group sudo",
            "Add member to group | root | bob | sudo | -",
        ),
        (
            "gpasswd[1]: user bob removed by root from group sudo",
            "Remove member from group | root | bob | sudo | -",
        ),
        (
            "userdel[1]: delete 'bob' from group 'sudo'",
            "Remove member from group | - | bob | sudo | -",
        ),
        ("userdel[1]: delete user 'bob'", "Delete user | - | bob | - | -"),
        (
            "userdel[1]: removed group 'bob' owned by 'bob'",
            "Delete group | - | - | bob | -",
        ),
        (
            "groupdel[1]: group 'ops' removed",
            "Delete group | - | - | ops | -",
        ),
        (
            "usermod[1]: change user 'bob' shell from '/bin/bash' to '/bin/sh'",
            "Update user | - | bob | - | shell: /bin/bash to /bin/sh",
        ),
        (
            "usermod[1]: change user 'bob' password",
            "Reset user password | - | bob | - | -",
        ),
        (
            "usermod[1]: lock user 'bob' password",
            "Update user | - | bob | - | -",
        ),
        (
            "usermod[1]: change user name 'bob' to 'rob'",
            "Update user | - | bob | - | name: bob to rob",
        ),
        (
            "passwd[1]: pam_unix(passwd:chauthtok): password changed for bob",
            "Change user password | - | bob | - | -",
        ),
        (
            "chpasswd[1]: pam_unix(chpasswd:chauthtok): password changed for bob",
            "Reset user password | - | bob | - | -",
        ),
        (
            "passwd[1]: password for 'bob' changed by 'root'",
            "Reset user password | root | bob | - | -",
        ),
        (
            "passwd[1]: password for 'bob' changed by 'bob'",
            "Change user password | bob | bob | - | -",
        ),
        (
            "chage[1]: changed password expiry for bob",
            "Update user | - | bob | - | -",
        ),
    ] {
        check_audit(text, expected);
    }
    check_ignored(
        "useradd[1]: add 'bob' to shadow group 'sudo'",
        "tools for accounts",
    );
    check_ignored(
        "groupdel[1]: group 'ops' removed from /etc/group",
        "tools for accounts",
    );
}

#[test]
fn a_line_without_any_time_is_rejected() {
    assert_eq!(
        refusal(
            Choice::Auto,
            "<38>sshd[1]: Failed password for root from 203.0.113.9 port 1 ssh2"
        ),
        "rejected: the line has no time: have syslog write one before it (RFC 5424, RFC 3164, or the ISO form of rsyslog)"
    );
}

proptest! {
    /// sshd writes what a client calls itself as it came, but for control characters (vis(3) with VIS_OCTAL).
    #[test]
    fn a_user_name_cannot_fake_its_address(
        name in prop::collection::vec(prop::sample::select(vec![
            " from ", "198.51.100.66", " port ", "22", " ssh2", ": ", "invalid user ", " for ", "root", "\"", "Accepted password",
            "[preauth]", "é",
        ]), 1..8),
    ) {
        let name = name.concat();
        prop_assume!(!name.trim().is_empty() && name.trim() == name);
        let text = line(&format!("sshd[1]: Failed password for invalid user {name} from 203.0.113.9 port 4242 ssh2"));
        let understood = one(&text);
        let Facts::SignIn(sign_in) = &understood.event.facts else { panic!("{understood:?}") };
        prop_assert_eq!(sign_in.ip_address.as_deref(), Some("203.0.113.9"));
        prop_assert_eq!(sign_in.user_principal_name.as_deref(), Some(name.as_str()));
        prop_assert_eq!(sign_in.error_code, 1);
    }
}
