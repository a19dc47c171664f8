//! What an address is before anything is looked up: its scope, and the IPv4 address that an IPv6 address carries.

use model::whereabouts::Scope;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

/// The address in a text as records and people write it: with a port, brackets or a zone, too.
pub fn parse(text: &str) -> Option<IpAddr> {
    let text = text.trim();
    if let Ok(address) = text.parse::<IpAddr>() {
        return Some(address);
    }
    if let Ok(address) = text.parse::<SocketAddr>() {
        return Some(address.ip());
    }
    let bare = text
        .strip_prefix('[')
        .and_then(|rest| rest.split_once(']'))
        .map_or(text, |(address, _)| address);
    let without_zone = bare.split_once('%').map_or(bare, |(address, _)| address);
    without_zone.parse().ok()
}

/// An address as it is looked up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Address {
    /// As it was written; a mapped one (`::ffff:192.0.2.1`) as the IPv4 address that it is.
    pub(crate) written: IpAddr,
    /// The IPv4 address within, where a translator or a tunnel carries one; else the same.
    pub(crate) carried: IpAddr,
}

impl Address {
    pub(crate) fn of(address: IpAddr) -> Address {
        let written = address.to_canonical();
        let carried = match written {
            IpAddr::V4(_) => written,
            IpAddr::V6(v6) => carried_by(v6).map_or(written, IpAddr::V4),
        };
        Address { written, carried }
    }

    pub(crate) fn scope(self) -> Scope {
        match self.carried {
            IpAddr::V4(v4) => scope_of_v4(v4),
            IpAddr::V6(v6) => scope_of_v6(v6),
        }
    }
}

/// The IPv4 address behind a translator (NAT64, RFC 6052: `64:ff9b::/96`), a 6to4 gateway (RFC 3056: `2002::/16`) or a
/// Teredo server (RFC 4380: `2001::/32`, the client's address in its last 32 bits, each turned over).
fn carried_by(address: Ipv6Addr) -> Option<Ipv4Addr> {
    match address.segments() {
        [0x64, 0xff9b, 0, 0, 0, 0, high, low] | [0x2002, high, low, ..] => Some(joined(high, low)),
        [0x2001, 0, _, _, _, _, high, low] => Some(joined(!high, !low)),
        _ => None,
    }
}

fn joined(high: u16, low: u16) -> Ipv4Addr {
    Ipv4Addr::from(u32::from(high) << 16 | u32::from(low))
}

/// IANA's special-purpose registry for IPv4 (RFC 6890 and what came after).
fn scope_of_v4(address: Ipv4Addr) -> Scope {
    match address.octets() {
        [127, ..] => Scope::Loopback,
        [10, ..] | [172, 16..=31, ..] | [192, 168, ..] | [169, 254, ..] => Scope::Private,
        [100, 64..=127, ..] => Scope::CarrierShared,
        [192, 0, 2, _] | [198, 51, 100, _] | [203, 0, 113, _] => Scope::Documentation,
        // This network, protocol assignments, the anycast of 6to4 relays, benchmarks, multicast and the rest.
        [0 | 224..=255, ..] | [192, 0, 0, _] | [192, 88, 99, _] | [198, 18..=19, ..] => Scope::Reserved,
        _ => Scope::Public,
    }
}

/// IANA's special-purpose registry for IPv6. Outside of `2000::/3` nothing is handed out for global use.
fn scope_of_v6(address: Ipv6Addr) -> Scope {
    if address.is_loopback() {
        return Scope::Loopback;
    }
    match address.segments() {
        // Unique local, link-local, the old site-local, and NAT64 with a prefix of one's own (RFC 8215).
        [0xfc00..=0xfdff | 0xfe80..=0xfeff, ..] | [0x64, 0xff9b, 1, ..] => Scope::Private,
        // RFC 3849 and RFC 9637.
        [0x2001, 0xdb8, ..] | [0x3fff, 0..=0x0fff, ..] => Scope::Documentation,
        // Protocol assignments: benchmarks, ORCHID and such.
        [0x2001, 0..=0x01ff, ..] => Scope::Reserved,
        [0x2000..=0x3fff, ..] => Scope::Public,
        _ => Scope::Reserved,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, scope: Scope, carried: &str) {
        let address = Address::of(text.parse().unwrap());
        assert_eq!(address.scope(), scope, "{text}");
        assert_eq!(address.carried.to_string(), carried, "{text}");
    }

    /// The limits of each block are tried on both sides.
    #[test]
    fn the_scope_is_that_of_the_registries() {
        let here = |text: &str, scope| check(text, scope, text);
        here("8.8.8.8", Scope::Public);
        here("0.0.0.0", Scope::Reserved);
        here("9.255.255.255", Scope::Public);
        here("10.0.0.0", Scope::Private);
        here("11.0.0.0", Scope::Public);
        here("100.63.255.255", Scope::Public);
        here("100.64.0.0", Scope::CarrierShared);
        here("100.127.255.255", Scope::CarrierShared);
        here("100.128.0.0", Scope::Public);
        here("127.0.0.1", Scope::Loopback);
        here("127.255.255.255", Scope::Loopback);
        here("169.254.7.7", Scope::Private);
        here("172.15.255.255", Scope::Public);
        here("172.16.0.0", Scope::Private);
        here("172.31.255.255", Scope::Private);
        here("172.32.0.0", Scope::Public);
        here("192.0.2.1", Scope::Documentation);
        here("192.0.3.1", Scope::Public);
        here("192.168.1.1", Scope::Private);
        here("198.51.100.1", Scope::Documentation);
        here("203.0.113.255", Scope::Documentation);
        here("203.0.114.0", Scope::Public);
        here("223.255.255.255", Scope::Public);
        here("224.0.0.1", Scope::Reserved);
        here("255.255.255.255", Scope::Reserved);
        here("::", Scope::Reserved);
        here("::1", Scope::Loopback);
        here("2001:db8::1", Scope::Documentation);
        here("2001:db9::1", Scope::Public);
        here("3fff::1", Scope::Documentation);
        here("3fff:1000::1", Scope::Public);
        here("2606:4700::1111", Scope::Public);
        here("2001:20::1", Scope::Reserved);
        here("2001:200::1", Scope::Public);
        here("fc00::1", Scope::Private);
        here("fdff::1", Scope::Private);
        here("fe80::1", Scope::Private);
        here("ff02::1", Scope::Reserved);
        here("64:ff9b:1::1", Scope::Private);
        here("100::1", Scope::Reserved);
    }

    #[test]
    fn an_address_within_another_is_what_counts() {
        check("::ffff:8.8.8.8", Scope::Public, "8.8.8.8");
        check("::ffff:10.1.2.3", Scope::Private, "10.1.2.3");
        check("64:ff9b::808:808", Scope::Public, "8.8.8.8");
        check("64:ff9b::a01:203", Scope::Private, "10.1.2.3");
        check("2002:808:808::1", Scope::Public, "8.8.8.8");
        check("2002:c0a8:101::1", Scope::Private, "192.168.1.1");
        // RFC 4380, section 4: 192.0.2.45 with every bit turned over.
        check(
            "2001:0:4136:e378:8000:63bf:3fff:fdd2",
            Scope::Documentation,
            "192.0.2.45",
        );
    }

    #[test]
    fn an_address_is_found_in_what_people_write() {
        let check = |text: &str, expected: Option<&str>| {
            assert_eq!(
                parse(text).map(|address| address.to_string()).as_deref(),
                expected,
                "{text}"
            );
        };
        check(" 203.0.113.7 ", Some("203.0.113.7"));
        check("203.0.113.7:443", Some("203.0.113.7"));
        check("[2001:db8::1]:443", Some("2001:db8::1"));
        check("[2001:db8::1]", Some("2001:db8::1"));
        check("fe80::1%eth0", Some("fe80::1"));
        check("printer", None);
        check("", None);
        check("203.0.113", None);
    }
}
