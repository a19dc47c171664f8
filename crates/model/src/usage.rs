//! What an event adds to the usage reports: who used what on its UTC day, in amounts that can be taken back.
//!
//! A usage report is not made of rows that are stored: it is counted from tallies when it is asked for. A tally is the sum of
//! what the winning contents of events add, so duplicates, late events and changed ones leave it exact in any order.

use crate::event::{Audit, Event, Facts, SignIn, SignInKind, Target};
use crate::identity::{Vendor, derive};
use crate::reports::{CustomerSort, action, customer, is_success};
use crate::tenant::TenantId;
use crate::time::Timestamp;
use std::collections::BTreeMap;
use uuid::Uuid;

/// What is counted, each in amounts of its own meaning.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Tally {
    /// Sign-ins of a person (the member) to an application (the subject): succeeded, failed.
    SignIns,
    /// Changes of a group (the subject): members added, members removed, other changes.
    GroupChanges,
    /// Audits that name an account (the subject): how many.
    Accounts,
    /// Ends and new beginnings of an account (the subject) at an instant (the member): deleted, added or restored.
    AccountEnds,
    /// Authentications of customers to an application (the subject) by a flow (the member): how many.
    CustomerAuthentications,
    /// Second factors that customers of an application (the subject) were asked for by a way (the member): how many.
    CustomerSecondFactors,
}

impl Tally {
    /// Every tally.
    pub const ALL: &'static [Tally] = &[
        Tally::SignIns,
        Tally::GroupChanges,
        Tally::Accounts,
        Tally::AccountEnds,
        Tally::CustomerAuthentications,
        Tally::CustomerSecondFactors,
    ];

    /// The number on disk; never changed or used again.
    pub const fn number(self) -> u8 {
        match self {
            Tally::SignIns => 1,
            Tally::GroupChanges => 2,
            Tally::Accounts => 3,
            Tally::AccountEnds => 4,
            Tally::CustomerAuthentications => 5,
            Tally::CustomerSecondFactors => 6,
        }
    }
}

/// Amounts of a tally; what each means stands at the [`Tally`].
pub type Amounts = [i64; 3];

/// What one event adds to one tally of its day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UsageDraft {
    /// Which tally.
    pub tally: Tally,
    /// What is counted.
    pub subject: Named,
    /// By whom or at which instant.
    pub member: Member,
    /// How much.
    pub amounts: Amounts,
}

/// The second name of a count.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Member {
    /// There is none.
    Nobody,
    /// Somebody.
    Named(Named),
    /// The event's own time.
    Instant,
}

/// An application, an account, a group or a way, and what it is called.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Named {
    /// Which of the four.
    pub sort: Sort,
    /// Tells it from others: its id in lower case, else its name in lower case; empty for an application that is not told.
    pub key: String,
    /// An account's sign-in name; an application's id.
    pub name: Option<String>,
    /// The name for people.
    pub title: Option<String>,
}

/// The sorts of things that are counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Sort {
    /// An application.
    Application,
    /// A person's account.
    Account,
    /// A group.
    Group,
    /// A way of doing something: a flow of signing in, a kind of second factor.
    Way,
}

impl Sort {
    /// The number on disk; never changed or used again.
    pub const fn number(self) -> u8 {
        match self {
            Sort::Application => 1,
            Sort::Account => 2,
            Sort::Group => 3,
            Sort::Way => 4,
        }
    }
}

/// How a usage report is counted from tallies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Grain {
    /// A row for each UTC day and application, out of [`Tally::SignIns`]; `others` counts the people who succeeded.
    Application,
    /// A row for each UTC day and person, out of [`Tally::SignIns`]; `others` counts the applications that were reached.
    Account,
    /// A row for each UTC day and group, out of [`Tally::GroupChanges`].
    Group,
    /// A row for each UTC day from the first account on: the accounts that were seen up to its end and not deleted by then.
    /// Amounts: with a sign-in name, guests (`#EXT#` in it), without one.
    Accounts,
    /// A row for each UTC day, out of a tally whose members are ways: [`Counted::ways`] says how many by each.
    Ways(Tally),
}

/// One line of a usage report before it is JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Counted<'a> {
    /// The row's id.
    pub id: Uuid,
    /// The start of the UTC day.
    pub day: Timestamp,
    /// As in [`Named::key`]; empty where the row speaks of the whole tenant.
    pub key: &'a str,
    /// As in [`Named::name`].
    pub name: Option<&'a str>,
    /// As in [`Named::title`].
    pub title: Option<&'a str>,
    /// As the [`Tally`] or the [`Grain`] says.
    pub amounts: Amounts,
    /// How many different members had a first amount.
    pub others: i64,
    /// How many by way; empty unless that is what the [`Grain`] counts.
    pub ways: &'a BTreeMap<String, i64>,
}

impl<'a> Counted<'a> {
    /// What to call it: its name for people, else its other name, else what tells it apart.
    pub fn called(&self) -> Option<&'a str> {
        let name = self.title.or(self.name).unwrap_or(self.key);
        (!name.is_empty()).then_some(name)
    }
}

/// What `$filter` calls the application of a count whose rows do not tell it.
pub const APPLICATION: &str = "ApplicationId";

/// The id of a row of a usage report: the same for the same tenant, report, subject and day, whatever it counts.
pub fn row_id(tenant: TenantId, report: &str, key: &str, day: Timestamp) -> Uuid {
    let day = day.to_string();
    derive(&["usage", &tenant.to_string(), report, key, &day])
}

/// What an event adds to the tallies. What this service tells of itself says nothing about the use of the directory.
pub fn usage(event: &Event) -> Vec<UsageDraft> {
    if event.vendor == Vendor::Gatelog {
        return Vec::new();
    }
    match &event.facts {
        Facts::SignIn(sign_in) => of_sign_in(event.vendor, sign_in).into_iter().collect(),
        Facts::Audit(audit) => of_audit(audit),
        Facts::Provisioning(_) | Facts::RiskDetection(_) | Facts::RiskState(_) | Facts::Finding(_) => {
            Vec::new()
        }
    }
}

/// Sign-ins of people; an application or a workload that signs in uses nothing. Makers other than Entra write an event for the
/// session and another for each application that is opened in it: there only those with an application count.
fn of_sign_in(vendor: Vendor, sign_in: &SignIn) -> Option<UsageDraft> {
    let has_application = sign_in.app_id.is_some() || sign_in.app_display_name.is_some();
    if !has_application && !matches!(vendor, Vendor::Entra | Vendor::Mapped) {
        return None;
    }
    if !matches!(sign_in.kind, SignInKind::Interactive | SignInKind::NonInteractive) {
        return None;
    }
    let account = account(
        sign_in.user_id.as_deref(),
        sign_in.user_principal_name.as_deref(),
        sign_in.user_display_name.as_deref(),
    )?;
    let application = Named {
        sort: Sort::Application,
        key: lower(
            sign_in
                .app_id
                .as_deref()
                .or(sign_in.app_display_name.as_deref())
                .unwrap_or(""),
        ),
        name: sign_in.app_id.clone(),
        title: sign_in.app_display_name.clone(),
    };
    let succeeded = i64::from(sign_in.error_code == 0);
    Some(UsageDraft {
        tally: Tally::SignIns,
        subject: application,
        member: Member::Named(account),
        amounts: [succeeded, 1 - succeeded, 0],
    })
}

/// What was done, as far as it was done: an act that failed changed nothing.
fn of_audit(audit: &Audit) -> Vec<UsageDraft> {
    if !is_success(audit) {
        return Vec::new();
    }
    let act = action(audit.activity.as_deref().unwrap_or_default());
    let mut drafts: Vec<UsageDraft> = of_customer(audit).into_iter().collect();
    for target in of_type(audit, "Group") {
        let Some(group) = group(target, audit) else {
            continue;
        };
        let amounts = match act {
            "Add member to group" => [1, 0, 0],
            "Remove member from group" => [0, 1, 0],
            _ => [0, 0, 1],
        };
        drafts.push(UsageDraft {
            tally: Tally::GroupChanges,
            subject: group,
            member: Member::Nobody,
            amounts,
        });
    }
    let ends = match act {
        "Delete User" | "Hard Delete user" => Some([1, 0, 0]),
        "Add User" | "Restore user" => Some([0, 1, 0]),
        _ => None,
    };
    for target in of_type(audit, "User") {
        let Some(account) = account(
            target.id.as_deref(),
            target.user_principal_name.as_deref(),
            target.display_name.as_deref(),
        ) else {
            continue;
        };
        if let Some(amounts) = ends {
            drafts.push(UsageDraft {
                tally: Tally::AccountEnds,
                subject: account.clone(),
                member: Member::Instant,
                amounts,
            });
        }
        drafts.push(UsageDraft {
            tally: Tally::Accounts,
            subject: account,
            member: Member::Nobody,
            amounts: [1, 0, 0],
        });
    }
    drafts
}

/// A customer of B2C who was authenticated or asked for a second factor.
fn of_customer(audit: &Audit) -> Option<UsageDraft> {
    let customer = customer(audit)?;
    let way = customer.counts_as()?;
    let application = customer.application();
    Some(UsageDraft {
        tally: match customer.sort {
            CustomerSort::SecondFactor(_) => Tally::CustomerSecondFactors,
            CustomerSort::Authenticated(_) | CustomerSort::NotAuthenticated => Tally::CustomerAuthentications,
        },
        subject: Named {
            sort: Sort::Application,
            key: lower(application.unwrap_or_default()),
            name: application.map(str::to_owned),
            title: None,
        },
        member: Member::Named(Named {
            sort: Sort::Way,
            key: lower(way),
            name: None,
            title: Some(way.to_owned()),
        }),
        amounts: [1, 0, 0],
    })
}

fn of_type<'a>(audit: &'a Audit, resource_type: &'a str) -> impl Iterator<Item = &'a Target> {
    audit
        .targets
        .iter()
        .filter(move |target| target.resource_type.as_deref() == Some(resource_type))
}

fn account(id: Option<&str>, name: Option<&str>, title: Option<&str>) -> Option<Named> {
    Some(Named {
        sort: Sort::Account,
        key: lower(id.or(name)?),
        name: name.map(str::to_owned),
        title: title.map(str::to_owned),
    })
}

/// Today's records name the group of a new member by `Group.DisplayName` among the changes of the member.
fn group(target: &Target, audit: &Audit) -> Option<Named> {
    let changed = audit
        .targets
        .iter()
        .flat_map(|target| &target.modified)
        .filter(|change| change.name.as_deref() == Some("Group.DisplayName"))
        .find_map(|change| change.new.as_deref().or(change.old.as_deref()))
        .map(|name| name.trim().trim_matches('"'))
        .filter(|name| !name.is_empty());
    let title = target.display_name.as_deref().or(changed);
    Some(Named {
        sort: Sort::Group,
        key: lower(target.id.as_deref().or(title)?),
        name: target.id.clone(),
        title: title.map(str::to_owned),
    })
}

fn lower(text: &str) -> String {
    text.trim().to_lowercase()
}
