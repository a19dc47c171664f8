//! Network addresses as records write them: with ports, brackets, zones and the `::ffff:` of a mapped one.

use std::net::{IpAddr, SocketAddr};

/// The address in its shortest text; `None` for a mark that stands for none. Text that is no address (a pseudonym, a
/// masked address) is kept as written: it still tells one client from another.
pub(crate) fn normalise(text: &str) -> Option<String> {
    let text = text.trim();
    if matches!(text, "" | "-") || text.eq_ignore_ascii_case("null") {
        return None;
    }
    match parse(text) {
        Some(address) => Some(address.to_canonical().to_string()),
        None => Some(text.to_owned()),
    }
}

fn parse(text: &str) -> Option<IpAddr> {
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

#[cfg(test)]
mod tests {
    use super::*;

    fn check(input: &str, expected: Option<&str>) {
        assert_eq!(normalise(input).as_deref(), expected, "{input}");
    }

    #[test]
    fn an_address_is_kept_in_its_shortest_text() {
        check("203.0.113.7", Some("203.0.113.7"));
        check(" 203.0.113.7 ", Some("203.0.113.7"));
        check("2001:0DB8:0000:0000:0000:0000:0000:0001", Some("2001:db8::1"));
        check("10.0.0.1", Some("10.0.0.1"));
    }

    #[test]
    fn a_mapped_address_is_the_address_itself() {
        check("::ffff:10.23.123.11", Some("10.23.123.11"));
        check("[::ffff:10.23.123.11]:443", Some("10.23.123.11"));
        check("::ffff:0a17:7b0b", Some("10.23.123.11"));
    }

    #[test]
    fn ports_brackets_and_zones_are_left_out() {
        check("203.0.113.7:51234", Some("203.0.113.7"));
        check("[2001:db8::1]:443", Some("2001:db8::1"));
        check("[2001:db8::1]", Some("2001:db8::1"));
        check("fe80::1%eth0", Some("fe80::1"));
        check("[fe80::1%12]:80", Some("fe80::1"));
    }

    #[test]
    fn marks_for_none_are_none() {
        check("-", None);
        check("", None);
        check("  ", None);
        check("null", None);
    }

    #[test]
    fn what_is_no_address_is_kept_as_written() {
        check("203.0.113.xxx", Some("203.0.113.xxx"));
        check("1.2.3.4.5", Some("1.2.3.4.5"));
    }
}
