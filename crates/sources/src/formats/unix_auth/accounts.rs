//! Accounts and groups, by the tools of shadow-utils.
//!
//! Texts as the tools pass them to syslog(3) and as the Linux audit has them: useradd.c, usermod.c, userdel.c, groupadd.c,
//! groupdel.c, groupmod.c, gpasswd.c, passwd.c of github.com/shadow-maint/shadow.

use super::Told;
use crate::line::Line;
use model::event::{Actor, Audit, Modified, Target};

const PARTS: &str = "tools for accounts: second lines of what another line tells, and notes";

/// What a tool did.
struct Act<'a> {
    activity: &'static str,
    operation: &'static str,
    actor: Option<&'a str>,
    user: Option<&'a str>,
    group: Option<&'a str>,
    modified: Option<Modified>,
}

impl<'a> Act<'a> {
    fn on_user(activity: &'static str, operation: &'static str, user: &'a str) -> Act<'a> {
        Act {
            activity,
            operation,
            actor: None,
            user: Some(user),
            group: None,
            modified: None,
        }
    }

    fn on_group(activity: &'static str, operation: &'static str, group: &'a str) -> Act<'a> {
        Act {
            user: None,
            group: Some(group),
            ..Act::on_user(activity, operation, "")
        }
    }

    fn on_member(activity: &'static str, operation: &'static str, user: &'a str, group: &'a str) -> Act<'a> {
        Act {
            group: Some(group),
            ..Act::on_user(activity, operation, user)
        }
    }
}

/// A line of one of the tools.
pub(super) fn of<'a>(program: &str, line: Line<'a>) -> Told<'a> {
    match act(program, line.text) {
        Some(act) => Told::Audit(Box::new(audit(program, line.text, act))),
        None => Told::Ignored(PARTS),
    }
}

/// `password changed for ann`: PAM does not say by whom. Only `chpasswd` is for administrators alone.
pub(super) fn of_password_change<'a>(program: &str, service: &str, text: &'a str) -> Told<'a> {
    let Some(user) = text.strip_prefix("password changed for ") else {
        return Told::Ignored(PARTS);
    };
    let activity = match service {
        "chpasswd" => "Reset user password",
        _ => "Change user password",
    };
    Told::Audit(Box::new(audit(
        program,
        text,
        Act::on_user(activity, "Update", user),
    )))
}

fn act<'a>(program: &str, text: &'a str) -> Option<Act<'a>> {
    let member = |start: &str, middle: &str| {
        let (user, group) = text.strip_prefix(start)?.split_once(middle)?;
        Some((user, group.strip_suffix('\'')?))
    };
    if let Some(rest) = text.strip_prefix("new user: name=") {
        return Some(Act::on_user("Add user", "Add", first_of_list(rest)));
    }
    if let Some(rest) = text.strip_prefix("new group: name=") {
        return Some(Act::on_group("Add group", "Add", first_of_list(rest)));
    }
    if let Some(user) = quoted(text, "delete user ") {
        return Some(Act::on_user("Delete user", "Delete", user));
    }
    if let Some((user, group)) = member("add '", "' to group '") {
        return Some(Act::on_member("Add member to group", "Add", user, group));
    }
    if let Some((user, group)) = member("delete '", "' from group '") {
        return Some(Act::on_member("Remove member from group", "Delete", user, group));
    }
    match program {
        "gpasswd" => of_gpasswd(text),
        "groupdel" => {
            let group = text.strip_prefix("group '")?.strip_suffix("' removed")?;
            Some(Act::on_group("Delete group", "Delete", group))
        }
        "userdel" => {
            let (group, _) = text.strip_prefix("removed group '")?.split_once("' owned by '")?;
            Some(Act::on_group("Delete group", "Delete", group))
        }
        "groupmod" => {
            let (group, change) = text
                .strip_prefix("group changed in /etc/group (group ")?
                .split_once(", ")?;
            let group = group.split('/').next()?;
            let mut act = Act::on_group("Update group", "Update", group);
            act.modified = Some(Modified {
                name: Some("group".to_owned()),
                old: None,
                new: Some(change.trim_end_matches(')').to_owned()),
            });
            Some(act)
        }
        "usermod" => of_usermod(text),
        "passwd" => {
            let (user, by) = text
                .strip_prefix("password for '")?
                .split_once("' changed by '")?;
            let by = by.strip_suffix('\'')?;
            let activity = if user == by {
                "Change user password"
            } else {
                "Reset user password"
            };
            let mut act = Act::on_user(activity, "Update", user);
            act.actor = Some(by);
            Some(act)
        }
        "chage" => {
            let user = text.strip_prefix("changed password expiry for ")?;
            Some(Act::on_user("Update user", "Update", user))
        }
        "chfn" | "chsh" => {
            let (user, _) = text.strip_prefix("changed user '")?.split_once('\'')?;
            Some(Act::on_user("Update user", "Update", user))
        }
        _ => None,
    }
}

/// `user ann added by root to group sudo`, `user ann removed by root from group sudo`.
fn of_gpasswd(text: &str) -> Option<Act<'_>> {
    let rest = text.strip_prefix("user ")?;
    let (activity, operation, user, rest, middle) = if let Some((user, rest)) = rest.split_once(" added by ")
    {
        ("Add member to group", "Add", user, rest, " to group ")
    } else {
        let (user, rest) = rest.split_once(" removed by ")?;
        ("Remove member from group", "Delete", user, rest, " from group ")
    };
    let (by, group) = rest.split_once(middle)?;
    let mut act = Act::on_member(activity, operation, user, group);
    act.actor = Some(by);
    Some(act)
}

/// `change user 'ann' shell from '/bin/bash' to '/bin/sh'`, `change user 'ann' password`, `lock user 'ann' password`.
fn of_usermod(text: &str) -> Option<Act<'_>> {
    for verb in ["lock user '", "unlock user '"] {
        if let Some((user, _)) = text.strip_prefix(verb).and_then(|rest| rest.split_once('\'')) {
            return Some(Act::on_user("Update user", "Update", user));
        }
    }
    if let Some((old, new)) = text
        .strip_prefix("change user name '")
        .and_then(|rest| rest.split_once("' to '"))
    {
        let mut act = Act::on_user("Update user", "Update", old);
        act.modified = Some(Modified {
            name: Some("name".to_owned()),
            old: Some(old.to_owned()),
            new: Some(new.trim_end_matches('\'').to_owned()),
        });
        return Some(act);
    }
    let (user, change) = text.strip_prefix("change user '")?.split_once("' ")?;
    if change == "password" {
        return Some(Act::on_user("Reset user password", "Update", user));
    }
    let mut act = Act::on_user("Update user", "Update", user);
    if let Some((name, values)) = change.split_once(" from '")
        && let Some((old, new)) = values.split_once("' to '")
    {
        act.modified = Some(Modified {
            name: Some(name.to_owned()),
            old: Some(old.to_owned()),
            new: Some(new.trim_end_matches('\'').to_owned()),
        });
    }
    Some(act)
}

fn audit(program: &str, text: &str, act: Act<'_>) -> Audit {
    let target = |kind: &str, name: &str| Target {
        resource_type: Some(kind.to_owned()),
        id: None,
        display_name: (kind == "Group").then(|| name.to_owned()),
        user_principal_name: (kind == "User").then(|| name.to_owned()),
        modified: Vec::new(),
    };
    let mut targets = Vec::new();
    targets.extend(act.user.map(|user| target("User", user)));
    targets.extend(act.group.map(|group| target("Group", group)));
    if let (Some(target), Some(modified)) = (targets.first_mut(), act.modified) {
        target.modified.push(modified);
    }
    let category = if act.group.is_some() {
        "GroupManagement"
    } else {
        "UserManagement"
    };
    Audit {
        activity: Some(act.activity.to_owned()),
        category: Some(category.to_owned()),
        operation_type: Some(act.operation.to_owned()),
        result: Some("success".to_owned()),
        logged_by_service: Some(program.to_owned()),
        actor: Actor {
            user_principal_name: act.actor.map(str::to_owned),
            app_display_name: Some(program.to_owned()),
            ..Actor::default()
        },
        targets,
        additional_details: vec![("Line".to_owned(), Some(text.to_owned()))],
        ..Audit::default()
    }
}

/// `ann, UID=1001, …`
fn first_of_list(text: &str) -> &str {
    text.split(", ").next().unwrap_or_default()
}

/// `ann` of `delete user 'ann'`.
fn quoted<'a>(text: &'a str, start: &str) -> Option<&'a str> {
    text.strip_prefix(start)?.strip_prefix('\'')?.strip_suffix('\'')
}
