//! Reply addresses: which may be registered, which a request may name, and what is sent there.

use crate::client::{Client, ClientKind};
use std::fmt::Write;

/// The longest reply address, in bytes.
pub const MAX_ADDRESS_BYTES: usize = 2048;

/// The hosts of the machine itself, to which plain HTTP may go (RFC 8252, 7.3).
const LOOPBACK_HOSTS: &[&str] = &["localhost", "127.0.0.1", "[::1]"];

/// Why an address cannot be a reply address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AddressFault {
    /// Empty, too long, or with characters that no address has.
    #[error("it must be an absolute address of at most {MAX_ADDRESS_BYTES} plain characters")]
    NotAnAddress,
    /// It has a fragment, which would swallow what is sent (RFC 6749, 3.1.2).
    #[error("it must not have a part behind #")]
    Fragment,
    /// Its scheme is not one to which a code may go.
    #[error(
        "use https, http to localhost, 127.0.0.1 or [::1], or a scheme of the application's own such as com.example.app:/reply"
    )]
    Scheme,
    /// It has a user name or no host.
    #[error("it must name a host, and nothing before an @")]
    Host,
}

/// How an answer gets to its reply address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ResponseMode {
    /// In the query of a redirect.
    Query,
    /// In a form that the browser posts.
    FormPost,
}

/// Where the answer to an authorize request goes, checked against what is registered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReplyTo {
    /// The address as the request named it.
    pub address: String,
    /// How.
    pub mode: ResponseMode,
    /// What the client wants back.
    pub state: Option<String>,
    /// Our issuer, for answers that name it (RFC 9207); v1 answers do not (contract 0.5).
    pub issuer: Option<String>,
}

/// An answer on its way to a reply address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reply {
    /// The browser is sent to this address.
    Redirect(String),
    /// The browser posts these fields there.
    Form {
        /// Where to.
        address: String,
        /// Names and values.
        fields: Vec<(&'static str, String)>,
    },
}

/// The parts of an address that matter here.
struct Parts<'a> {
    scheme: &'a str,
    host: &'a str,
    port: Option<&'a str>,
    rest: &'a str,
}

/// Whether an address may be registered.
pub fn check_address(address: &str) -> Result<(), AddressFault> {
    // What could end a header, a quoted word, or a directive of a content security policy has no place in here.
    let plain = |byte: u8| byte.is_ascii_graphic() && !b"\"'<>\\^`{|};,".contains(&byte);
    if address.is_empty() || address.len() > MAX_ADDRESS_BYTES || !address.bytes().all(plain) {
        return Err(AddressFault::NotAnAddress);
    }
    if address.contains('#') {
        return Err(AddressFault::Fragment);
    }
    let Some((scheme, rest)) = address.split_once(':') else {
        return Err(AddressFault::NotAnAddress);
    };
    if !scheme
        .bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || b".+-".contains(&byte))
    {
        return Err(AddressFault::NotAnAddress);
    }
    // RFC 8252, 7.1: a private scheme is a domain name of the application's, turned around.
    if scheme.contains('.') {
        return if rest.starts_with('/') {
            Ok(())
        } else {
            Err(AddressFault::Host)
        };
    }
    let parts = parts(address).ok_or(AddressFault::Host)?;
    match parts.scheme {
        "https" => Ok(()),
        "http" if LOOPBACK_HOSTS.contains(&parts.host) => Ok(()),
        _ => Err(AddressFault::Scheme),
    }
}

/// Whether an address is one of the client's: exactly, letter by letter. A public client's loopback address that was
/// registered without a port matches any port (RFC 8252, 7.3).
pub fn is_registered(client: &Client, address: &str) -> bool {
    if client.reply_addresses.iter().any(|known| known == address) {
        return true;
    }
    client.kind == ClientKind::Public && any_port(client, address)
}

/// Whether an address matches only because its port is left open: then a challenge must protect the code.
pub fn needs_challenge(client: &Client, address: &str) -> bool {
    !client.reply_addresses.iter().any(|known| known == address)
}

fn any_port(client: &Client, address: &str) -> bool {
    if check_address(address).is_err() {
        return false;
    }
    let Some(given) = parts(address) else { return false };
    let port_is_sound = given
        .port
        .is_some_and(|port| port.parse::<u16>().is_ok_and(|port| port != 0));
    client
        .reply_addresses
        .iter()
        .filter_map(|known| parts(known))
        .any(|known| {
            port_is_sound
                && known.scheme == "http"
                && given.scheme == "http"
                && known.port.is_none()
                && LOOPBACK_HOSTS.contains(&known.host)
                && known.host == given.host
                && without_root(known.rest) == without_root(given.rest)
        })
}

/// The origin of an address for the `form-action` of a content security policy: what a browser must be allowed to be
/// sent to after a form.
pub fn origin(address: &str) -> Option<String> {
    check_address(address).ok()?;
    let scheme = address.split(':').next()?;
    if scheme.contains('.') {
        return Some(format!("{scheme}:"));
    }
    let parts = parts(address)?;
    let port = parts.port.map(|port| format!(":{port}")).unwrap_or_default();
    Some(format!("{}://{}{port}", parts.scheme, parts.host))
}

impl ReplyTo {
    /// The code. The order of the first three is the old service's, and in v1 there is nothing else (contract 0.5, 4.1).
    pub fn code(&self, code: &str, session_state: &str, admin_consent: bool) -> Reply {
        let mut fields = vec![
            ("code", code.to_owned()),
            ("session_state", session_state.to_owned()),
        ];
        if let Some(state) = &self.state {
            fields.push(("state", state.clone()));
        }
        if admin_consent {
            fields.push(("admin_consent", "True".to_owned()));
        }
        self.send(fields)
    }

    /// A refusal.
    pub fn refusal(&self, error: &'static str, description: &str) -> Reply {
        let mut fields = vec![
            ("error", error.to_owned()),
            ("error_description", description.to_owned()),
        ];
        if let Some(state) = &self.state {
            fields.push(("state", state.clone()));
        }
        self.send(fields)
    }

    fn send(&self, mut fields: Vec<(&'static str, String)>) -> Reply {
        if let Some(issuer) = &self.issuer {
            fields.push(("iss", issuer.clone()));
        }
        match self.mode {
            ResponseMode::FormPost => Reply::Form {
                address: self.address.clone(),
                fields,
            },
            ResponseMode::Query => Reply::Redirect(with_query(&self.address, &fields)),
        }
    }
}

/// `https://localhost` becomes `https://localhost/?…`; a query that is there stays (RFC 6749, 3.1.2).
fn with_query(address: &str, fields: &[(&'static str, String)]) -> String {
    let mut target = address.to_owned();
    let bare_host = parts(address).is_some_and(|parts| parts.rest.is_empty());
    if bare_host {
        target.push('/');
    }
    let mut separator = match address.split_once('?') {
        None => "?",
        Some((_, "")) => "",
        Some(_) => "&",
    };
    for (name, value) in fields {
        target.push_str(separator);
        target.push_str(name);
        target.push('=');
        target.push_str(&escaped(value));
        separator = "&";
    }
    target
}

/// Percent-encoded but for the unreserved characters of RFC 3986, 2.3; a space is `+`, as the old service wrote it.
pub fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                escaped.push(char::from(byte));
            }
            b' ' => escaped.push('+'),
            other => {
                // Writing into a String cannot fail.
                let _ = write!(escaped, "%{other:02X}");
            }
        }
    }
    escaped
}

fn parts(address: &str) -> Option<Parts<'_>> {
    let (scheme, after) = address.split_once("://")?;
    let end = after.find(['/', '?']).unwrap_or(after.len());
    let (authority, rest) = after.split_at(end);
    if authority.contains('@') {
        return None;
    }
    let (host, port) = match authority.rsplit_once(':') {
        Some((host, port)) if !port.contains(']') => (host, Some(port)),
        _ => (authority, None),
    };
    let port_is_number =
        port.is_none_or(|port| !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit()));
    let host_is_sound = !host.is_empty()
        && host
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b".-:[]_".contains(&byte));
    (port_is_number && host_is_sound).then_some(Parts {
        scheme,
        host,
        port,
        rest,
    })
}

/// No path and the root are the same place.
fn without_root(rest: &str) -> &str {
    if rest == "/" { "" } else { rest }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::tests::client;
    use proptest::prelude::*;

    fn check(address: &str, expected: Result<(), AddressFault>) {
        assert_eq!(check_address(address), expected, "{address}");
    }

    #[test]
    fn addresses_of_applications_can_be_registered() {
        for address in [
            "https://localhost",
            "https://localhost/",
            "https://app.contoso.com:8443/signin?tenant=1",
            "http://localhost",
            "http://127.0.0.1:4711/reply",
            "http://[::1]/",
            "com.contoso.reports:/reply",
            "https://münchen.example".replace('ü', "xn--").as_str(),
        ] {
            check(address, Ok(()));
        }
    }

    #[test]
    fn addresses_that_run_or_leak_cannot() {
        for address in [
            "javascript:alert(1)",
            "data:text/html,x",
            "file:///etc/passwd",
            "https:/contoso.com",
        ] {
            assert!(check_address(address).is_err(), "{address}");
        }
        check("http://contoso.com", Err(AddressFault::Scheme));
        check("ftp://contoso.com", Err(AddressFault::Scheme));
        check("http://localhost.evil.example", Err(AddressFault::Scheme));
        check("https://contoso.com/#a", Err(AddressFault::Fragment));
        check("https://ada@contoso.com", Err(AddressFault::Host));
        check("https://", Err(AddressFault::Host));
        check(
            "https://contoso.com; script-src *",
            Err(AddressFault::NotAnAddress),
        );
        check(
            "https://contoso.com/\r\nSet-Cookie:a",
            Err(AddressFault::NotAnAddress),
        );
        check("/signin", Err(AddressFault::NotAnAddress));
        check("", Err(AddressFault::NotAnAddress));
    }

    fn check_registered(kind: ClientKind, registered: &str, given: &str, expected: bool) {
        let mut client = client();
        client.kind = kind;
        client.reply_addresses = vec![registered.to_owned()];
        assert_eq!(is_registered(&client, given), expected, "{registered} {given}");
    }

    #[test]
    fn an_address_must_be_the_registered_one_letter_by_letter() {
        use ClientKind::Confidential;
        check_registered(Confidential, "https://localhost", "https://localhost", true);
        for other in [
            "https://localhost/",
            "https://LOCALHOST",
            "https://localhost:443",
            "https://localhost?x",
            "https://localhost.evil.example",
            "https://localhost@evil.example",
            "https://localhost/..",
            "http://localhost",
            "",
        ] {
            check_registered(Confidential, "https://localhost", other, false);
        }
    }

    #[test]
    fn only_the_port_of_a_public_clients_loopback_is_left_open() {
        use ClientKind::{Confidential, Public};
        check_registered(Public, "http://localhost", "http://localhost:4711", true);
        check_registered(Public, "http://localhost", "http://localhost:4711/", true);
        check_registered(Public, "http://127.0.0.1/reply", "http://127.0.0.1:1/reply", true);
        check_registered(Confidential, "http://localhost", "http://localhost:4711", false);
        for other in [
            "http://localhost:4711/other",
            "http://localhost:0",
            "http://localhost:99999",
            "http://localhost:4711@evil.example",
            "https://localhost:4711",
            "http://127.0.0.1:4711",
            "http://localhost.evil.example:4711",
        ] {
            check_registered(Public, "http://localhost", other, false);
        }
        check_registered(Public, "http://localhost:80", "http://localhost:4711", false);
        check_registered(Public, "https://contoso.com", "https://contoso.com:4711", false);
    }

    fn reply(address: &str, state: Option<&str>) -> ReplyTo {
        ReplyTo {
            address: address.to_owned(),
            mode: ResponseMode::Query,
            state: state.map(str::to_owned),
            issuer: None,
        }
    }

    fn check_code(address: &str, state: Option<&str>, expected: &str) {
        let got = reply(address, state).code("C", "S", false);
        assert_eq!(got, Reply::Redirect(expected.to_owned()));
    }

    /// Contract 0.5: a script takes the code with a greedy expression.
    #[test]
    fn the_redirect_is_the_old_services_letter_by_letter() {
        check_code(
            "https://localhost",
            None,
            "https://localhost/?code=C&session_state=S",
        );
        check_code(
            "https://localhost/",
            Some("a b&c"),
            "https://localhost/?code=C&session_state=S&state=a+b%26c",
        );
        check_code(
            "https://a.example/x",
            None,
            "https://a.example/x?code=C&session_state=S",
        );
        check_code(
            "https://a.example/x?y=1",
            None,
            "https://a.example/x?y=1&code=C&session_state=S",
        );
        check_code(
            "https://a.example?y=1",
            None,
            "https://a.example?y=1&code=C&session_state=S",
        );
        check_code(
            "com.contoso.app:/x",
            None,
            "com.contoso.app:/x?code=C&session_state=S",
        );
    }

    #[test]
    fn a_refusal_and_a_form_carry_the_same_fields() {
        let refused = reply("https://localhost", Some("s"))
            .refusal("access_denied", "the user canceled the authentication");
        let expected = "https://localhost/?error=access_denied&error_description=the+user+canceled+the+authentication&state=s";
        assert_eq!(refused, Reply::Redirect(expected.to_owned()));
        let form = ReplyTo {
            mode: ResponseMode::FormPost,
            issuer: Some("https://reports.contoso.com/t/v2.0".to_owned()),
            ..reply("https://localhost", None)
        };
        let expected = Reply::Form {
            address: "https://localhost".to_owned(),
            fields: vec![
                ("code", "C".to_owned()),
                ("session_state", "S".to_owned()),
                ("iss", "https://reports.contoso.com/t/v2.0".to_owned()),
            ],
        };
        assert_eq!(form.code("C", "S", false), expected);
    }

    #[test]
    fn the_origin_is_what_a_policy_allows() {
        assert_eq!(
            origin("https://localhost/?a=b").as_deref(),
            Some("https://localhost")
        );
        assert_eq!(
            origin("http://127.0.0.1:4711/x").as_deref(),
            Some("http://127.0.0.1:4711")
        );
        assert_eq!(origin("com.contoso.app:/x").as_deref(), Some("com.contoso.app:"));
        assert_eq!(origin("javascript:alert(1)"), None);
    }

    proptest! {
        /// Whatever the state holds, the redirect stays on the registered address and is one header line.
        #[test]
        fn nothing_in_a_state_leaves_its_place(state in ".{0,60}") {
            let Reply::Redirect(target) = reply("https://localhost", Some(&state)).code("C", "S", false) else {
                return Err(TestCaseError::fail("no redirect"));
            };
            prop_assert!(target.starts_with("https://localhost/?code=C&session_state=S&state="));
            prop_assert!(target.bytes().all(|byte| byte.is_ascii_graphic()));
            prop_assert_eq!(target.matches('&').count(), 2);
        }

        #[test]
        fn what_is_registered_fits_a_policy(address in "(https?|[a-z]{1,5}\\.[a-z]{1,5})://?[ -~]{0,40}") {
            if check_address(&address).is_ok() {
                let origin = origin(&address).unwrap();
                prop_assert!(!origin.contains([' ', ';', ',', '\'', '"']), "{}", origin);
                prop_assert!(address.starts_with(&origin));
            }
        }
    }
}
