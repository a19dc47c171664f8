//! Who an `Actor` or a `Target` is: a list of ids, each of a type.

use super::{is_guid, told};
use crate::fields::Fields;
use serde_json::Value;

/// One person, application, group … out of the list of its ids.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Identity {
    /// `User`, `Group`, `ServicePrincipal` …
    pub(super) class: Option<String>,
    /// Its object id.
    pub(super) id: Option<String>,
    /// The application's id, if it is a service principal.
    pub(super) app_id: Option<String>,
    /// Its name for people.
    pub(super) name: Option<String>,
    /// Its sign-in name.
    pub(super) principal_name: Option<String>,
}

/// The types, as samples number them; the schema has the names alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum IdType {
    Claim,
    Name,
    Other,
    /// The passport id, which nothing here is known by.
    Puid,
    /// The names of a service principal, joined with semicolons.
    Spn,
    Upn,
}

const TYPES: &[(&str, &str, IdType)] = &[
    ("0", "Claim", IdType::Claim),
    ("1", "Name", IdType::Name),
    ("2", "Other", IdType::Other),
    ("3", "PUID", IdType::Puid),
    ("4", "SPN", IdType::Spn),
    ("5", "UPN", IdType::Upn),
];

impl Identity {
    /// Of a list of `{"ID": …, "Type": …}`.
    ///
    /// Of type `Other` come the class alone (`User`), the object id alone, both in one (`User_<guid>`) and, of a service
    /// principal, its application's id. Sign-ins have the object id as a `Claim`.
    pub(super) fn of(list: &[Value]) -> Identity {
        let ids: Vec<(IdType, String)> = list
            .iter()
            .filter_map(Value::as_object)
            .filter_map(|pair| {
                let pair = Fields::new(pair);
                Some((id_type(&pair.text("Type")?)?, told(pair.text("ID")?)?))
            })
            .collect();
        let of_type = |wanted: IdType| {
            ids.iter()
                .filter(move |(id_type, _)| *id_type == wanted)
                .map(|(_, id)| id)
        };
        let joined = of_type(IdType::Other).find_map(|id| {
            let (class, id) = id.rsplit_once('_')?;
            (is_guid(id) && is_class(class)).then(|| (class.to_owned(), id.to_owned()))
        });
        let guids = || of_type(IdType::Other).filter(|id| is_guid(id));
        let (class, id) = match joined {
            Some((class, id)) => (Some(class), Some(id)),
            None => (
                of_type(IdType::Other).find(|id| is_class(id)).cloned(),
                guids().next().cloned(),
            ),
        };
        let id = id.or_else(|| of_type(IdType::Claim).next().cloned());
        Identity {
            app_id: guids()
                .find(|other| class.as_deref() == Some(SERVICE_PRINCIPAL) && Some(*other) != id.as_ref())
                .cloned(),
            class,
            id,
            name: of_type(IdType::Name).next().cloned(),
            principal_name: of_type(IdType::Upn).next().cloned(),
        }
    }
}

/// The class of what signs in without being a person.
pub(super) const SERVICE_PRINCIPAL: &str = "ServicePrincipal";

/// The classes that samples show; any other word of type `Other` may mean something else (`Certificate`, `Other`).
const CLASSES: &[&str] = &[
    "User",
    "Group",
    SERVICE_PRINCIPAL,
    "Application",
    "Role",
    "Device",
    "Contact",
    "Policy",
    "AdministrativeUnit",
];

fn is_class(word: &str) -> bool {
    CLASSES.contains(&word)
}

fn id_type(text: &str) -> Option<IdType> {
    TYPES
        .iter()
        .find(|(number, name, _)| *number == text || name.eq_ignore_ascii_case(text))
        .map(|(_, _, id_type)| *id_type)
}
