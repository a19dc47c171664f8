//! What administrators and applications change in a directory.

use crate::apps::APPS;
use crate::audit_record::{Actor, Audit, Service, Target};
use crate::chance::Chance;
use crate::names::{DEPARTMENTS, GROUPS, ROLES};
use crate::people::{Person, Stranger};
use model::time::Timestamp;
use uuid::Uuid;

/// A change that somebody makes about somebody or something else.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Change {
    AddUser,
    UpdateUser,
    SynchroniseUser,
    DeleteUser,
    DisableUser,
    ResetPassword,
    ForceNewPassword,
    ReplaceLicense,
    AddToGroup,
    RemoveFromGroup,
    AddGroup,
    AddToRole,
    RemoveFromRole,
    UpdateApplication,
    AddServicePrincipal,
    AddCredentials,
    Consent,
    GrantAppRole,
    UpdateDevice,
    InviteGuest,
    UpdatePolicy,
}

/// How often each change is made.
pub(crate) const CHANGES: &[(u32, Change)] = &[
    (200, Change::SynchroniseUser),
    (120, Change::UpdateUser),
    (150, Change::AddToGroup),
    (60, Change::RemoveFromGroup),
    (80, Change::UpdateDevice),
    (45, Change::ReplaceLicense),
    (45, Change::ResetPassword),
    (35, Change::AddUser),
    (25, Change::DeleteUser),
    (20, Change::GrantAppRole),
    (18, Change::UpdateApplication),
    (15, Change::ForceNewPassword),
    (14, Change::Consent),
    (12, Change::AddToRole),
    (10, Change::InviteGuest),
    (8, Change::DisableUser),
    (7, Change::RemoveFromRole),
    (6, Change::AddGroup),
    (5, Change::AddServicePrincipal),
    (4, Change::AddCredentials),
    (4, Change::UpdatePolicy),
];

/// Who is at work when a change is made.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Scene<'a> {
    pub(crate) seed: u64,
    pub(crate) domain: &'a str,
    pub(crate) time: Timestamp,
    pub(crate) person: &'a Person,
    pub(crate) administrator: &'a Person,
    pub(crate) administrator_address: &'a str,
}

/// What a change is called: category, activity, operation.
type Title = (&'static str, &'static str, &'static str);

const USER: &str = "UserManagement";
const GROUP: &str = "GroupManagement";
const APPLICATION: &str = "ApplicationManagement";
const ROLE: &str = "RoleManagement";

/// The record of a change.
pub(crate) fn audit<'a>(kind: Change, scene: Scene<'a>, chance: &mut Chance) -> Audit<'a> {
    let (category, activity, operation) = title(kind);
    let actor = match kind {
        Change::SynchroniseUser => Actor::App("HR Provisioning", object_id(scene.seed, 0)),
        Change::UpdateDevice => Actor::App("Device Registration Service", object_id(scene.seed, 1)),
        Change::Consent => Actor::Person(scene.person, scene.administrator_address.to_owned()),
        _ => Actor::Person(scene.administrator, scene.administrator_address.to_owned()),
    };
    let succeeded = !chance.in_thousand(30);
    Audit {
        time: scene.time,
        correlation: chance.guid(),
        service: if kind == Change::InviteGuest {
            Service::Invitations
        } else {
            Service::Directory
        },
        category,
        activity,
        operation,
        succeeded,
        reason: if succeeded {
            ""
        } else {
            "Microsoft.Online.DirectoryServices.DirectoryUniquenessException"
        },
        actor,
        targets: targets(kind, scene, chance),
        details: vec![(
            "User-Agent",
            "Mozilla/5.0 (Windows NT 10.0; Win64; x64)".to_owned(),
        )],
    }
}

/// The object id of the n-th group, application or service of a directory.
pub(crate) fn object_id(seed: u64, number: u64) -> Uuid {
    Chance::of(seed, &[KEY_OBJECT, number]).guid()
}

/// The object id of a group, by its place in the list.
pub(crate) fn group_id(seed: u64, group: usize) -> Uuid {
    object_id(seed, 100 + group as u64)
}

const KEY_OBJECT: u64 = 3;

fn title(kind: Change) -> Title {
    match kind {
        Change::AddUser => (USER, "Add user", "Add"),
        Change::UpdateUser | Change::SynchroniseUser => (USER, "Update user", "Update"),
        Change::DeleteUser => (USER, "Delete user", "Delete"),
        Change::DisableUser => (USER, "Disable account", "Update"),
        Change::ResetPassword => (USER, "Reset user password", "Update"),
        Change::ForceNewPassword => (USER, "Set force change user password", "Update"),
        Change::ReplaceLicense => (USER, "Change user license", "Update"),
        Change::AddToGroup => (GROUP, "Add member to group", "Assign"),
        Change::RemoveFromGroup => (GROUP, "Remove member from group", "Unassign"),
        Change::AddGroup => (GROUP, "Add group", "Add"),
        Change::AddToRole => (ROLE, "Add member to role", "Assign"),
        Change::RemoveFromRole => (ROLE, "Remove member from role", "Unassign"),
        Change::UpdateApplication => (APPLICATION, "Update application", "Update"),
        Change::AddServicePrincipal => (APPLICATION, "Add service principal", "Add"),
        Change::AddCredentials => (APPLICATION, "Add service principal credentials", "Update"),
        Change::Consent => (APPLICATION, "Consent to application", "Assign"),
        Change::GrantAppRole => (USER, "Add app role assignment grant to user", "Assign"),
        Change::UpdateDevice => ("Device", "Update device", "Update"),
        Change::InviteGuest => (USER, "Invite external user", "Add"),
        Change::UpdatePolicy => ("Policy", "Update conditional access policy", "Update"),
    }
}

fn targets(kind: Change, scene: Scene<'_>, chance: &mut Chance) -> Vec<Target> {
    let person = Target::person(scene.person);
    match kind {
        Change::AddUser => {
            let newcomer = Stranger::new(chance, scene.domain);
            let department = chance.weighted(DEPARTMENTS);
            vec![
                Target::stranger(&newcomer)
                    .changed_list("AccountEnabled", &[], &["true"])
                    .changed_list("DisplayName", &[], &[&newcomer.display_name])
                    .changed_list("Department", &[], &[department.name])
                    .changed_list("UserPrincipalName", &[], &[&newcomer.user_principal_name])
                    .changed_list("UserType", &[], &["Member"])
                    .changed(
                        "Included Updated Properties",
                        None,
                        Some("AccountEnabled, DisplayName, Department, UserPrincipalName, UserType"),
                    ),
            ]
        }
        Change::DeleteUser => {
            let leaver = Stranger::new(chance, scene.domain);
            vec![Target::stranger(&leaver).changed("Is Hard Deleted", None, Some("False"))]
        }
        Change::InviteGuest => {
            let guest = Stranger::new(chance, "guests.example");
            vec![Target::stranger(&guest)]
        }
        Change::UpdateUser | Change::SynchroniseUser => {
            let department = chance.weighted(DEPARTMENTS);
            let title = chance.word(department.titles);
            vec![
                person
                    .changed_list("Department", &[scene.person.department.name], &[department.name])
                    .changed_list("JobTitle", &[scene.person.title], &[title])
                    .changed("Included Updated Properties", None, Some("Department, JobTitle"))
                    .changed("TargetId.UserType", None, Some("Member")),
            ]
        }
        Change::DisableUser => vec![person.changed_list("AccountEnabled", &["true"], &["false"])],
        Change::ResetPassword => vec![person],
        Change::ForceNewPassword => vec![person.changed("ForceChangePassword", None, Some("True"))],
        Change::ReplaceLicense => {
            vec![person.changed_list("AssignedLicense", &["ENTERPRISEPACK"], &["ENTERPRISEPREMIUM"])]
        }
        Change::AddToGroup => {
            let group = chance.below(GROUPS.len() as u64) as usize;
            vec![
                person
                    .changed(
                        "Group.ObjectID",
                        None,
                        Some(&group_id(scene.seed, group).to_string()),
                    )
                    .changed("Group.DisplayName", None, Some(GROUPS[group].name)),
                Target::group(&GROUPS[group], group_id(scene.seed, group)),
            ]
        }
        Change::RemoveFromGroup => {
            let group = chance.below(GROUPS.len() as u64) as usize;
            vec![
                person
                    .changed(
                        "Group.ObjectID",
                        Some(&group_id(scene.seed, group).to_string()),
                        None,
                    )
                    .changed("Group.DisplayName", Some(GROUPS[group].name), None),
                Target::group(&GROUPS[group], group_id(scene.seed, group)),
            ]
        }
        Change::AddGroup => {
            let group = chance.pick(GROUPS);
            vec![Target::group(group, chance.guid()).changed_list("SecurityEnabled", &[], &["true"])]
        }
        Change::AddToRole => {
            let role = chance.word(ROLES);
            vec![
                person.changed("Role.DisplayName", None, Some(role)),
                Target::named("Role", chance.guid(), Some(role)),
            ]
        }
        Change::RemoveFromRole => {
            let role = chance.word(ROLES);
            vec![
                person.changed("Role.DisplayName", Some(role), None),
                Target::named("Role", chance.guid(), Some(role)),
            ]
        }
        Change::UpdateApplication => {
            let app = chance.pick(APPS);
            vec![
                Target::named("Application", chance.guid(), Some(app.name))
                    .changed_list(
                        "AppAddress",
                        &["https://app.example/old"],
                        &["https://app.example/signin"],
                    )
                    .changed("Included Updated Properties", None, Some("AppAddress")),
            ]
        }
        Change::AddServicePrincipal | Change::AddCredentials => {
            let app = chance.pick(APPS);
            vec![
                Target::named("ServicePrincipal", chance.guid(), Some(app.name)).changed(
                    "AppPrincipalId",
                    None,
                    Some(app.id),
                ),
            ]
        }
        Change::Consent | Change::GrantAppRole => {
            let app = chance.pick(APPS);
            vec![
                Target::named("ServicePrincipal", chance.guid(), Some(app.name))
                    .changed("ConsentContext.IsAdminConsent", None, Some("False"))
                    .changed(
                        "ConsentAction.Permissions",
                        None,
                        Some("User.Read openid profile offline_access"),
                    ),
                person,
            ]
        }
        Change::UpdateDevice => vec![
            Target::named(
                "Device",
                scene.person.desktop_id,
                Some(&scene.person.desktop_name),
            )
            .changed_list("DeviceOSVersion", &["10.0.22631"], &["10.0.26100"]),
        ],
        Change::UpdatePolicy => vec![
            Target::named(
                "Policy",
                chance.guid(),
                Some("Require MFA outside trusted networks"),
            )
            .changed(
                "State",
                Some("enabledForReportingButNotEnforced"),
                Some("enabled"),
            ),
        ],
    }
}
