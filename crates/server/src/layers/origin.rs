//! Who asks, and by which scheme and host: from the connection, or from proxies that are trusted to say.

use crate::config::{Network, ProxyHeaders, PublicUrl, Server};
use axum::extract::FromRequestParts;
use http::request::Parts;
use http::{HeaderMap, StatusCode, Uri, header};
use std::fmt;
use std::net::{IpAddr, SocketAddr};

/// Scheme and host of the service as the client knows it: what links are built on. A handler takes it as an argument.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    /// `http` or `https`.
    pub scheme: &'static str,
    /// Host and, if there was one, port, as the client wrote them.
    pub authority: String,
}

/// The other end of a connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Peer {
    /// Its address; a Unix socket has none.
    pub address: Option<IpAddr>,
    /// Our own address of the connection; a Unix socket has none.
    pub local: Option<SocketAddr>,
    /// How the bytes come.
    pub transport: Transport,
}

/// How the bytes of a connection come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Transport {
    /// TCP in clear.
    Plain,
    /// TLS over TCP.
    Tls,
    /// A Unix socket: only who may open the file gets here.
    UnixSocket,
}

/// The client's address: the peer's, or what a trusted proxy says; `None` on the Unix socket. A handler takes it as an
/// argument.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClientAddress(pub Option<IpAddr>);

/// Whose word is taken, and the address that overrides all.
#[derive(Debug, Clone)]
pub(super) struct OriginRules {
    public_url: Option<PublicUrl>,
    trusted_proxies: Vec<Network>,
    proxy_headers: ProxyHeaders,
}

/// The `Host` header is missing, doubled, or no host at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct BadHost;

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}", self.scheme, self.authority)
    }
}

impl<S: Sync> FromRequestParts<S> for Origin {
    type Rejection = StatusCode;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Origin, StatusCode> {
        parts
            .extensions
            .get()
            .cloned()
            .ok_or(StatusCode::INTERNAL_SERVER_ERROR)
    }
}

impl<S: Sync> FromRequestParts<S> for ClientAddress {
    type Rejection = StatusCode;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<ClientAddress, StatusCode> {
        parts
            .extensions
            .get()
            .copied()
            .ok_or(StatusCode::INTERNAL_SERVER_ERROR)
    }
}

/// The origin of a server that listens on an address, when no request says otherwise.
pub(crate) fn origin_of(server: &Server, listening: SocketAddr) -> Origin {
    match &server.public_url {
        Some(url) => Origin {
            scheme: url.scheme,
            authority: url.authority.clone(),
        },
        None => Origin {
            scheme: if server.tls.is_some() { "https" } else { "http" },
            authority: listening.to_string(),
        },
    }
}

impl OriginRules {
    pub(super) fn new(server: &Server) -> OriginRules {
        OriginRules {
            public_url: server.public_url.clone(),
            trusted_proxies: server.trusted_proxies.clone(),
            proxy_headers: server.proxy_headers,
        }
    }

    /// The origin of a request.
    pub(super) fn origin(&self, peer: &Peer, uri: &Uri, headers: &HeaderMap) -> Result<Origin, BadHost> {
        let authority = asked_host(peer, uri, headers)?;
        if let Some(url) = &self.public_url {
            return Ok(Origin {
                scheme: url.scheme,
                authority: url.authority.clone(),
            });
        }
        let mut origin = Origin {
            scheme: if peer.transport == Transport::Tls {
                "https"
            } else {
                "http"
            },
            authority,
        };
        if !self.trusts(peer.address) {
            return Ok(origin);
        }
        let said = self.said(headers);
        match said.scheme.as_deref() {
            Some(scheme) if scheme.eq_ignore_ascii_case("https") => origin.scheme = "https",
            Some(scheme) if scheme.eq_ignore_ascii_case("http") => origin.scheme = "http",
            _ => {}
        }
        if let Some(host) = said.host.filter(|host| is_host(host)) {
            origin.authority = host;
        }
        Ok(origin)
    }

    /// The client's address: the nearest hop that is not a trusted proxy.
    pub(super) fn client(&self, peer: &Peer, headers: &HeaderMap) -> ClientAddress {
        if !self.trusts(peer.address) {
            return ClientAddress(peer.address.map(|address| address.to_canonical()));
        }
        let mut nearest = peer.address;
        for hop in self.said(headers).hops.iter().rev() {
            let Some(address) = hop_address(hop) else { break };
            nearest = Some(address);
            if !self.trusts(nearest) {
                break;
            }
        }
        ClientAddress(nearest.map(|address| address.to_canonical()))
    }

    fn trusts(&self, address: Option<IpAddr>) -> bool {
        address.is_some_and(|address| {
            self.trusted_proxies
                .iter()
                .any(|network| network.contains(address))
        })
    }

    fn said(&self, headers: &HeaderMap) -> Said {
        match self.proxy_headers {
            ProxyHeaders::XForwarded => Said {
                scheme: items(headers, "x-forwarded-proto").pop(),
                host: items(headers, "x-forwarded-host").pop(),
                hops: items(headers, "x-forwarded-for"),
            },
            ProxyHeaders::Forwarded => forwarded(headers),
        }
    }
}

/// What proxies said, the nearest last. Of several words about scheme and host the nearest proxy's counts.
#[derive(Debug, Default, PartialEq, Eq)]
struct Said {
    scheme: Option<String>,
    host: Option<String>,
    hops: Vec<String>,
}

/// Host and port that were asked for: the request target's (HTTP/2, or a whole address in HTTP/1), else `Host`. A client
/// of HTTP/1.0 may leave it out and gets the address that it connected to (RFC 9112 3.2 and 3.3).
fn asked_host(peer: &Peer, uri: &Uri, headers: &HeaderMap) -> Result<String, BadHost> {
    if let Some(authority) = uri.authority() {
        return if is_host(authority.as_str()) {
            Ok(authority.as_str().to_owned())
        } else {
            Err(BadHost)
        };
    }
    let mut given = headers.get_all(header::HOST).iter();
    match (given.next(), given.next()) {
        (Some(host), None) => host
            .to_str()
            .ok()
            .filter(|host| is_host(host))
            .map(str::to_owned)
            .ok_or(BadHost),
        (None, _) => Ok(peer
            .local
            .map_or_else(|| "localhost".to_owned(), |address| address.to_string())),
        _ => Err(BadHost),
    }
}

/// A host name or address with an optional port: nothing that could break out of a link.
fn is_host(text: &str) -> bool {
    if text.len() > 255 {
        return false;
    }
    let (host, port) = match text.strip_prefix('[') {
        Some(rest) => match rest.split_once(']') {
            Some((address, after)) if address.parse::<std::net::Ipv6Addr>().is_ok() => {
                match after.strip_prefix(':') {
                    Some(port) => (address, Some(port)),
                    None if after.is_empty() => (address, None),
                    None => return false,
                }
            }
            _ => return false,
        },
        None => match text.rsplit_once(':') {
            Some((host, port)) => (host, Some(port)),
            None => (text, None),
        },
    };
    let in_brackets = text.starts_with('[');
    let host_is_sane = !host.is_empty()
        && (in_brackets
            || host
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte)));
    host_is_sane
        && port
            .is_none_or(|port| port.parse::<u16>().is_ok() && port.bytes().all(|byte| byte.is_ascii_digit()))
}

fn items(headers: &HeaderMap, name: &str) -> Vec<String> {
    let mut items = Vec::new();
    for value in headers.get_all(name) {
        let Ok(text) = value.to_str() else { continue };
        items.extend(text.split(',').map(|item| item.trim().to_owned()));
    }
    items
}

/// `Forwarded: for=192.0.2.60;proto=https;host=a.example, for="[2001:db8::1]:4711"` (RFC 7239).
fn forwarded(headers: &HeaderMap) -> Said {
    let mut said = Said::default();
    for value in headers.get_all(header::FORWARDED) {
        let Ok(text) = value.to_str() else { continue };
        for element in outside_quotes(text, ',') {
            let (mut scheme, mut host) = (None, None);
            for pair in outside_quotes(element, ';') {
                let Some((name, value)) = pair.split_once('=') else {
                    continue;
                };
                let value = value.trim().trim_matches('"').to_owned();
                match name.trim().to_ascii_lowercase().as_str() {
                    "for" => said.hops.push(value),
                    "proto" => scheme = Some(value),
                    "host" => host = Some(value),
                    _ => {}
                }
            }
            said.scheme = scheme.or(said.scheme);
            said.host = host.or(said.host);
        }
    }
    said
}

fn outside_quotes(text: &str, separator: char) -> Vec<&str> {
    let mut parts = Vec::new();
    let (mut start, mut quoted) = (0, false);
    for (at, character) in text.char_indices() {
        if character == '"' {
            quoted = !quoted;
        } else if character == separator && !quoted {
            parts.push(&text[start..at]);
            start = at + 1;
        }
    }
    parts.push(&text[start..]);
    parts
}

/// `192.0.2.1`, `192.0.2.1:4711`, `2001:db8::1`, `[2001:db8::1]:4711`; names such as `unknown` or `_hidden` are none.
fn hop_address(hop: &str) -> Option<IpAddr> {
    hop.parse()
        .ok()
        .or_else(|| hop.parse::<SocketAddr>().ok().map(|address| address.ip()))
        .or_else(|| hop.strip_prefix('[')?.strip_suffix(']')?.parse().ok())
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;

    fn rules(public_url: Option<&str>, trusted: &[&str], proxy_headers: ProxyHeaders) -> OriginRules {
        OriginRules {
            public_url: public_url.map(|url| PublicUrl::parse(url).unwrap()),
            trusted_proxies: trusted
                .iter()
                .map(|network| Network::parse(network).unwrap())
                .collect(),
            proxy_headers,
        }
    }

    fn peer(address: &str, transport: Transport) -> Peer {
        let local = Some("127.0.0.1:8080".parse().unwrap());
        Peer {
            address: Some(address.parse().unwrap()),
            local,
            transport,
        }
    }

    /// Origin and client of a request from 10.0.0.1 in clear.
    fn check(rules: &OriginRules, given: &[(&'static str, &str)], expected: (&str, &str)) {
        let mut headers = HeaderMap::new();
        for (name, value) in given {
            headers.append(*name, HeaderValue::from_str(value).unwrap());
        }
        let peer = peer("10.0.0.1", Transport::Plain);
        let origin = rules.origin(&peer, &Uri::from_static("/t/reports"), &headers);
        let origin = origin.map_or_else(|BadHost| "bad".to_owned(), |origin| origin.to_string());
        let client = rules.client(&peer, &headers).0.unwrap().to_string();
        assert_eq!((origin.as_str(), client.as_str()), expected, "{given:?}");
    }

    #[test]
    fn without_proxies_the_connection_and_the_host_header_say() {
        let rules = rules(None, &[], ProxyHeaders::XForwarded);
        check(
            &rules,
            &[("host", "graph.contoso.com")],
            ("http://graph.contoso.com", "10.0.0.1"),
        );
        check(
            &rules,
            &[("host", "127.0.0.1:8080")],
            ("http://127.0.0.1:8080", "10.0.0.1"),
        );
        check(
            &rules,
            &[("host", "[::1]:8080")],
            ("http://[::1]:8080", "10.0.0.1"),
        );
        check(&rules, &[], ("http://127.0.0.1:8080", "10.0.0.1"));
        let tls = rules.origin(
            &peer("10.0.0.1", Transport::Tls),
            &Uri::from_static("https://h2.example/x"),
            &HeaderMap::new(),
        );
        assert_eq!(tls.unwrap().to_string(), "https://h2.example");
    }

    #[test]
    fn nobody_is_believed_who_is_not_a_trusted_proxy() {
        let given = &[
            ("host", "a.example"),
            ("x-forwarded-proto", "https"),
            ("x-forwarded-host", "evil.example"),
            ("x-forwarded-for", "192.0.2.1"),
            ("forwarded", "for=192.0.2.1;proto=https;host=evil.example"),
        ];
        check(
            &rules(None, &[], ProxyHeaders::XForwarded),
            given,
            ("http://a.example", "10.0.0.1"),
        );
        check(
            &rules(None, &["10.0.0.2"], ProxyHeaders::Forwarded),
            given,
            ("http://a.example", "10.0.0.1"),
        );
    }

    #[test]
    fn a_trusted_proxy_says_scheme_host_and_client() {
        let rules = rules(None, &["10.0.0.0/8"], ProxyHeaders::XForwarded);
        check(
            &rules,
            &[
                ("host", "a"),
                ("x-forwarded-proto", "https"),
                ("x-forwarded-host", "b.example"),
                ("x-forwarded-for", "192.0.2.1"),
            ],
            ("https://b.example", "192.0.2.1"),
        );
        check(
            &rules,
            &[
                ("host", "a"),
                ("x-forwarded-proto", "gopher"),
                ("x-forwarded-host", "b/../c"),
            ],
            ("http://a", "10.0.0.1"),
        );
    }

    #[test]
    fn the_client_is_the_nearest_hop_that_is_no_trusted_proxy() {
        let rules = rules(None, &["10.0.0.0/8"], ProxyHeaders::XForwarded);
        check(
            &rules,
            &[("host", "a"), ("x-forwarded-for", "6.6.6.6, 192.0.2.1, 10.0.0.7")],
            ("http://a", "192.0.2.1"),
        );
        check(
            &rules,
            &[("host", "a"), ("x-forwarded-for", "10.0.0.9, 10.0.0.7")],
            ("http://a", "10.0.0.9"),
        );
        check(
            &rules,
            &[("host", "a"), ("x-forwarded-for", "6.6.6.6, unknown")],
            ("http://a", "10.0.0.1"),
        );
        check(
            &rules,
            &[
                ("host", "a"),
                ("x-forwarded-for", "6.6.6.6"),
                ("x-forwarded-for", "192.0.2.1:99"),
            ],
            ("http://a", "192.0.2.1"),
        );
    }

    #[test]
    fn only_the_configured_family_of_headers_is_read() {
        let given = &[
            ("host", "a"),
            ("x-forwarded-for", "6.6.6.6"),
            (
                "forwarded",
                "for=\"[2001:db8::1]:4711\";proto=https;host=\"b:8443\"",
            ),
        ];
        check(
            &rules(None, &["10.0.0.1"], ProxyHeaders::Forwarded),
            given,
            ("https://b:8443", "2001:db8::1"),
        );
        check(
            &rules(None, &["10.0.0.1"], ProxyHeaders::XForwarded),
            given,
            ("http://a", "6.6.6.6"),
        );
    }

    #[test]
    fn the_public_address_overrides_all_but_a_bad_host_stays_bad() {
        let rules = rules(
            Some("https://reports.contoso.com"),
            &["10.0.0.1"],
            ProxyHeaders::XForwarded,
        );
        check(
            &rules,
            &[("host", "a"), ("x-forwarded-host", "b")],
            ("https://reports.contoso.com", "10.0.0.1"),
        );
        check(&rules, &[("host", "a b")], ("bad", "10.0.0.1"));
    }

    #[test]
    fn a_host_that_could_break_out_of_a_link_is_refused() {
        let rules = rules(None, &[], ProxyHeaders::XForwarded);
        for host in [
            "", "a b", "a/b", "a\"b", "user@a", "a:b", "a:99999", "a:+80", "[::1", "[x]", "[::1]x", ":80",
            "a,b", "a?b",
        ] {
            check(&rules, &[("host", host)], ("bad", "10.0.0.1"));
        }
        check(&rules, &[("host", "a"), ("host", "b")], ("bad", "10.0.0.1"));
    }
}
