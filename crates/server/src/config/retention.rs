//! `[retention]`: when data are deleted. Nothing is, until this says so.

use super::key::{KeyDef, Kind};
use super::reader::{Checked, Reader};
use model::tenant::{TenantId, TenantName};
use std::collections::BTreeMap;

/// When data are deleted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Retention {
    /// Days that tenants without a line of their own are kept; `None` keeps everything.
    pub default_days: Option<u32>,
    /// Days by tenant.
    pub tenant_days: BTreeMap<TenantRef, u32>,
}

/// A tenant as a person names it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum TenantRef {
    /// By its GUID.
    Id(TenantId),
    /// By one of its domain names.
    Name(TenantName),
}

impl Retention {
    /// How many days a tenant's data are kept; `None` is for ever. Where several of its names have a line, the longest
    /// time counts: deleting cannot be undone.
    pub fn days_of(&self, id: TenantId, names: &[TenantName]) -> Option<u32> {
        let own = self.tenant_days.get(&TenantRef::Id(id)).copied();
        let by_name = names
            .iter()
            .filter_map(|name| self.tenant_days.get(&TenantRef::Name(name.clone())).copied());
        own.into_iter().chain(by_name).max().or(self.default_days)
    }
}

pub(super) const KEYS: &[KeyDef] = &[
    KeyDef {
        path: "retention.default_days",
        kind: Kind::Whole,
        default: None,
        about: "Days that data are kept, for tenants without a line of their own; without it, for ever.",
    },
    KeyDef {
        path: "retention.tenants",
        kind: Kind::DaysByName,
        default: None,
        about: "Days that data are kept, by tenant (GUID or domain in quotes): a table of tenant = days.",
    },
];

pub(super) fn read(reader: &mut Reader<'_>) -> Checked<Retention> {
    let default_days = reader.optional_whole("retention.default_days", 1..=36_500);
    let mut tenant_days = BTreeMap::new();
    for (key, name, days) in reader.by_name("retention.tenants") {
        let tenant = match TenantId::parse(&name) {
            Some(id) => TenantRef::Id(id),
            None => match TenantName::parse(&name) {
                Ok(name) => TenantRef::Name(name),
                Err(error) => {
                    reader.refuse(&key, error.to_string());
                    continue;
                }
            },
        };
        if let Ok(days) = reader.within(&key, days, &(1..=36_500), " days") {
            tenant_days.insert(tenant, days as u32);
        }
    }
    Ok(Retention {
        default_days: default_days?.map(|days| days as u32),
        tenant_days,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "a2aa49aa-2c0c-49d2-af87-f402c421df0b";

    fn check(default: Option<u32>, lines: &[(&str, u32)], expected: Option<u32>) {
        let tenant = |text: &str| match TenantId::parse(text) {
            Some(id) => TenantRef::Id(id),
            None => TenantRef::Name(TenantName::parse(text).unwrap()),
        };
        let tenant_days = lines.iter().map(|(name, days)| (tenant(name), *days)).collect();
        let retention = Retention {
            default_days: default,
            tenant_days,
        };
        let names = [
            TenantName::parse("contoso.com").unwrap(),
            TenantName::parse("contoso.example").unwrap(),
        ];
        assert_eq!(retention.days_of(TenantId::parse(ID).unwrap(), &names), expected);
    }

    #[test]
    fn nothing_is_deleted_until_configured() {
        check(None, &[], None);
        check(None, &[("fabrikam.com", 30)], None);
    }

    #[test]
    fn a_tenants_own_line_counts_and_of_several_the_longest() {
        check(Some(30), &[], Some(30));
        check(Some(30), &[("contoso.com", 90)], Some(90));
        check(Some(365), &[(ID, 7)], Some(7));
        check(Some(30), &[(ID, 7), ("contoso.example", 400)], Some(400));
    }
}
