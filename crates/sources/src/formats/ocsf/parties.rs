//! Who and where, in OCSF's objects `user` and `network_endpoint`.

use super::{object, told};
use crate::address;
use crate::fields::Fields;
use model::event::Place;
use serde_json::Value;

/// A user object.
#[derive(Debug, Clone, Default)]
pub(super) struct User {
    pub(super) id: Option<String>,
    /// The name to sign in with.
    pub(super) name: Option<String>,
    /// The name for people.
    pub(super) full_name: Option<String>,
    pub(super) sort: UserSort,
}

/// The schema's `type_id`, as far as it matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum UserSort {
    #[default]
    Person,
    /// A computer's own account.
    System,
    Service,
}

impl User {
    pub(super) fn of(fields: Fields<'_>) -> User {
        let text = |name: &str| fields.text(name).and_then(told);
        let bare = text("name");
        // The end of a computer's account on Windows, whatever the type says.
        let is_computer = bare.as_deref().is_some_and(|name| name.ends_with('$'));
        let sort = match fields.integer("type_id") {
            _ if is_computer => UserSort::System,
            Some(3) => UserSort::System,
            Some(4) => UserSort::Service,
            _ => UserSort::Person,
        };
        User {
            id: text("uid"),
            name: sign_in_name(bare, text("domain"), text("email_addr")),
            full_name: text("full_name"),
            sort,
        }
    }

    pub(super) fn is_told(&self) -> bool {
        self.id.is_some() || self.name.is_some() || self.full_name.is_some()
    }
}

/// A name with a domain in it, else the address of the mailbox, else the name in its domain (`CONTOSO\ann`).
fn sign_in_name(name: Option<String>, domain: Option<String>, email: Option<String>) -> Option<String> {
    match name {
        Some(name) if name.contains(['@', '\\']) => Some(name),
        Some(name) => email.or_else(|| match domain {
            Some(domain) => Some(format!("{domain}\\{name}")),
            None => Some(name),
        }),
        None => email,
    }
}

/// Where something came from.
#[derive(Debug, Clone, Default)]
pub(super) struct Source {
    pub(super) ip_address: Option<String>,
    /// The name of the machine.
    pub(super) host: Option<String>,
    /// What runs on it.
    pub(super) operating_system: Option<String>,
    pub(super) place: Place,
}

impl Source {
    pub(super) fn of(fields: Fields<'_>) -> Source {
        let endpoint = object(fields, "src_endpoint");
        let endpoint = Fields::new(&endpoint);
        let system = object(endpoint, "os");
        Source {
            ip_address: endpoint.text("ip").and_then(|text| address::normalise(&text)),
            host: ["hostname", "name"]
                .iter()
                .find_map(|name| told(endpoint.text(name)?)),
            operating_system: Fields::new(&system).text("name"),
            place: place(endpoint),
        }
    }
}

/// `lat` and `long`, else `coordinates`, which has the longitude first, as GeoJSON does.
fn place(endpoint: Fields<'_>) -> Place {
    let location = object(endpoint, "location");
    let location = Fields::new(&location);
    let pair = location.list("coordinates");
    let of_pair = |index: usize| pair.get(index).and_then(Value::as_f64);
    let latitude = location
        .number("lat")
        .or_else(|| of_pair(1))
        .filter(|degrees| degrees.abs() <= 90.0);
    let longitude = location
        .number("long")
        .or_else(|| of_pair(0))
        .filter(|degrees| degrees.abs() <= 180.0);
    Place {
        city: location.text("city"),
        state: location.text("region"),
        country: location.text("country"),
        latitude: latitude.filter(|_| longitude.is_some()),
        longitude: longitude.filter(|_| latitude.is_some()),
    }
}
