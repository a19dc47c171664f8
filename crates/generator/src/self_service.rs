//! What people do by themselves: reset passwords, register what proves them, join and leave groups.

use crate::audit_record::Service;
use crate::chance::Chance;

/// One record of a story: what the service writes down, and how long after the step before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Step {
    pub(crate) after_seconds: i64,
    pub(crate) service: Service,
    pub(crate) category: &'static str,
    pub(crate) activity: &'static str,
    pub(crate) operation: &'static str,
    pub(crate) succeeded: bool,
    pub(crate) reason: &'static str,
    pub(crate) actor: StepActor,
    pub(crate) target: StepTarget,
    /// What proved who the person is, once something did: a list in brackets, as the reset page writes it.
    pub(crate) proof: Option<&'static str>,
}

/// Who takes a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum StepActor {
    /// The person whose story it is.
    Person,
    /// Whoever owns the group.
    Owner,
}

/// What a step is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum StepTarget {
    /// The person whose story it is.
    Person,
    /// A group (by its place in the list) and the person.
    Group(usize),
}

/// A way to prove who one is, with the sentences that the reset page writes about it.
struct Method {
    started: &'static str,
    completed: &'static str,
    left_after_start: &'static str,
    left_after_completion: &'static str,
    asked_administrator: &'static str,
    blocked: &'static str,
    registered: &'static str,
    proof: &'static str,
}

/// How the resets end, of a hundred: most work.
const ENDINGS: &[(u32, Ending)] = &[
    (60, Ending::Succeeded),
    (13, Ending::Abandoned),
    (12, Ending::Failed),
    (6, Ending::Cancelled),
    (5, Ending::Blocked),
    (4, Ending::ContactedAdministrator),
];

/// The six results that the password reset report of the old portal knew.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ending {
    Succeeded,
    Abandoned,
    Failed,
    Cancelled,
    Blocked,
    ContactedAdministrator,
}

const METHODS: &[(u32, Method)] = &[
    (
        40,
        Method {
            started: "User started the mobile SMS verification option",
            completed: "User completed the mobile SMS verification option",
            left_after_start: "User abandoned after starting the mobile SMS verification option",
            left_after_completion: "User abandoned after completing the mobile SMS verification option",
            asked_administrator: "User contacted an admin after trying the mobile SMS verification option",
            blocked: "User entered too many invalid SMS verification codes and is blocked for 24 hours",
            registered: "User registered Mobile Phone SMS",
            proof: "[Mobile Phone]",
        },
    ),
    (
        25,
        Method {
            started: "User started the email verification option",
            completed: "User completed the email verification option",
            left_after_start: "User abandoned after starting the email verification option",
            left_after_completion: "User abandoned after completing the email verification option",
            asked_administrator: "User contacted an admin after trying the email verification option",
            blocked: "User tried to verify a phone number too many times and is blocked for 24 hours",
            registered: "User registered Alternate Email",
            proof: "[Alternate Email]",
        },
    ),
    (
        15,
        Method {
            started: "User started the mobile voice call verification option",
            completed: "User completed the mobile voice call verification option",
            left_after_start: "User abandoned after starting the mobile voice call verification option",
            left_after_completion: "User abandoned after completing the mobile voice call verification option",
            asked_administrator: "User contacted an admin after trying the mobile voice call verification option",
            blocked: "User tried mobile phone voice verification too many times and is blocked for 24 hours",
            registered: "User registered Mobile Phone Call",
            proof: "[Mobile Phone]",
        },
    ),
    (
        10,
        Method {
            started: "User started the office voice call verification option",
            completed: "User completed the office voice call verification option",
            left_after_start: "User abandoned after starting the office voice call verification option",
            left_after_completion: "User abandoned after completing the office voice call verification option",
            asked_administrator: "User contacted an admin after trying the office voice call verification option",
            blocked: "User tried office phone voice verification too many times and is blocked for 24 hours",
            registered: "User registered Office Phone",
            proof: "[Office Phone]",
        },
    ),
    (
        10,
        Method {
            started: "User started the security questions option",
            completed: "User completed the security questions option",
            left_after_start: "User abandoned after starting the security questions option",
            left_after_completion: "User abandoned after completing the security questions option",
            asked_administrator: "User contacted an admin after trying the security question verification option",
            blocked: "User tried to answer security questions too many times and is blocked for 24 hours",
            registered: "User registered Security Questions",
            proof: "[Security Questions]",
        },
    ),
];

/// Why a reset could not even begin.
const FAILURES: &[&str] = &[
    "Password reset is not enabled for this user. Enable password reset under the configure tab to resolve this",
    "User does not have a license. You can add a license to the user to resolve this",
    "User tried to reset from a device without cookies enabled",
    "User's account has insufficient authentication methods defined. Add authentication info to resolve this",
    "User's password is managed on-premises. You can enable Password Writeback to resolve this",
    "We could not reach your on-premises password reset service. Check your sync machine's event log",
    "We encountered a problem while resetting the user's on-premises password. Check your sync machine's event log",
    "This user is not a member of the password reset users group. Add this user to that group to resolve this.",
    "Password reset has been disabled entirely for this tenant. See http://aka.ms/ssprtroubleshoot to resolve this.",
];

const PROGRESS: &str = "Self-service password reset flow activity progress";

/// A password reset from the first page to its end.
pub(crate) fn reset(chance: &mut Chance) -> Vec<Step> {
    let ending = *chance.weighted(ENDINGS);
    let mut steps = vec![progress(0, true, "User submitted their user ID")];
    if ending == Ending::Failed {
        steps.push(progress(1, false, chance.word(FAILURES)));
        return steps;
    }
    if ending == Ending::Abandoned && chance.in_thousand(200) {
        steps.push(progress(
            600,
            false,
            "User abandoned after entering their user ID",
        ));
        return steps;
    }
    steps.push(progress(2, true, "User was presented with verification options"));
    let method = chance.weighted(METHODS);
    steps.push(progress(chance.between(5, 40), true, method.started));
    let leaves_early = chance.in_thousand(600);
    match ending {
        Ending::Abandoned if leaves_early => {
            steps.push(progress(900, false, method.left_after_start));
            return steps;
        }
        Ending::Cancelled if leaves_early => {
            steps.push(progress(
                30,
                false,
                "User cancelled before passing the required authentication methods",
            ));
            return steps;
        }
        Ending::ContactedAdministrator => {
            steps.push(progress(120, false, method.asked_administrator));
            return steps;
        }
        Ending::Blocked => {
            steps.push(progress(90, false, method.blocked));
            steps.push(Step {
                activity: "Blocked from self-service password reset",
                ..progress(1, true, method.blocked)
            });
            return steps;
        }
        _ => {}
    }
    let proven = steps.len();
    steps.push(progress(chance.between(15, 90), true, method.completed));
    match ending {
        Ending::Cancelled => {
            steps.push(progress(
                40,
                false,
                "User cancelled before submitting a new password",
            ));
        }
        Ending::Abandoned => {
            let sentences = [
                method.left_after_completion,
                "User abandoned before selecting a new password",
                "User abandoned while selecting a new password",
            ];
            steps.push(progress(900, false, chance.word(&sentences)));
        }
        _ => {
            steps.push(progress(
                chance.between(20, 90),
                true,
                "User submitted a new password",
            ));
            steps.push(Step {
                activity: "Reset password (self-service)",
                ..progress(2, true, "Successfully completed reset.")
            });
            steps.push(progress(0, true, "User successfully reset password"));
        }
    }
    for step in &mut steps[proven..] {
        step.proof = Some(method.proof);
    }
    steps
}

/// Somebody tells the directory how to prove who they are.
pub(crate) fn registration(chance: &mut Chance) -> Vec<Step> {
    let methods = Step {
        service: Service::AuthenticationMethods,
        ..progress(0, true, "")
    };
    let mut steps = vec![Step {
        activity: "User started security info registration",
        reason: "User started the registration for security info",
        ..methods
    }];
    for _ in 0..chance.between(1, 2) {
        let method = chance.weighted(METHODS);
        steps.push(Step {
            activity: "User registered security info",
            reason: method.registered,
            after_seconds: chance.between(30, 120),
            ..methods
        });
    }
    steps.push(Step {
        activity: "User registered for self-service password reset",
        operation: "Update",
        ..progress(2, true, "User registered all required security info")
    });
    steps
}

/// Somebody who knows the old password sets a new one, or unlocks the account.
pub(crate) fn password_change(chance: &mut Chance) -> Vec<Step> {
    let activity = *chance.weighted(&[
        (8, "Change password (self-service)"),
        (2, "Unlock user account (self-service)"),
    ]);
    if activity == "Change password (self-service)" && chance.in_thousand(120) {
        return vec![
            Step {
                activity,
                ..progress(0, false, "FuzzyPolicyViolationInvalidPassword")
            },
            Step {
                activity,
                ..progress(35, true, "None")
            },
        ];
    }
    vec![Step {
        activity,
        ..progress(0, true, "None")
    }]
}

/// Somebody asks to join a group, and its owner answers; or leaves one.
pub(crate) fn membership(chance: &mut Chance, group: usize) -> Vec<Step> {
    let about = Step {
        after_seconds: 0,
        service: Service::Groups,
        category: "GroupManagement",
        activity: "Request to join a group",
        operation: "Assign",
        succeeded: true,
        reason: "OK",
        actor: StepActor::Person,
        target: StepTarget::Group(group),
        proof: None,
    };
    let answer = Step {
        actor: StepActor::Owner,
        after_seconds: chance.between(600, 20_000),
        ..about
    };
    match chance.below(100) {
        0..20 => vec![Step {
            activity: "Remove member from group",
            operation: "Unassign",
            ..about
        }],
        20..45 => vec![Step {
            activity: "Add member to group",
            ..about
        }],
        45..85 => vec![
            about,
            Step {
                activity: "Approve a pending request to join a group",
                ..answer
            },
            Step {
                activity: "Add member to group",
                after_seconds: 1,
                ..answer
            },
        ],
        85..93 => vec![
            about,
            Step {
                activity: "Reject a pending request to join a group",
                operation: "Update",
                ..answer
            },
        ],
        _ => vec![
            about,
            Step {
                activity: "Cancel a pending request to join a group",
                operation: "Update",
                after_seconds: 300,
                ..about
            },
        ],
    }
}

fn progress(after_seconds: i64, succeeded: bool, reason: &'static str) -> Step {
    Step {
        after_seconds,
        service: Service::PasswordReset,
        category: "UserManagement",
        activity: PROGRESS,
        operation: "Update",
        succeeded,
        reason,
        actor: StepActor::Person,
        target: StepTarget::Person,
        proof: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    /// The last sentence of many resets, one of each.
    fn endings() -> HashSet<&'static str> {
        (0..5000)
            .map(|seed| {
                let steps = reset(&mut Chance::new(seed));
                steps[steps.len() - 1].reason
            })
            .collect()
    }

    #[test]
    fn resets_end_in_every_way_that_the_old_report_knew() {
        let endings = endings();
        for word in [
            "successfully reset",
            "abandoned",
            "license",
            "cancelled",
            "blocked for 24 hours",
            "contacted an admin",
        ] {
            assert!(endings.iter().any(|ending| ending.contains(word)), "{word}");
        }
        // 13 + 5 + 2 + 5 + 9 + 1 sentences; the block of the email option borrows that of the phone number.
        assert_eq!(endings.len(), 35);
    }

    #[test]
    fn every_story_of_a_group_is_about_that_group() {
        for seed in 0..200 {
            for step in membership(&mut Chance::new(seed), 7) {
                assert_eq!(
                    (step.service, step.target),
                    (Service::Groups, StepTarget::Group(7))
                );
            }
        }
    }
}
