//! `[server]`: addresses, TLS and the proxies in front.

use super::key::{KeyDef, Kind};
use super::network::Network;
use super::reader::{Checked, Reader, Told};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

/// Addresses, TLS and the proxies in front.
#[derive(Debug, Clone, PartialEq)]
pub struct Server {
    /// Where the reports, tokens and ingest are served.
    pub listen: SocketAddr,
    /// Where metrics and health are served.
    pub admin_listen: SocketAddr,
    /// The address by which clients know the service, if it is not the one they ask.
    pub public_url: Option<PublicUrl>,
    /// The certificate, if the service speaks TLS itself.
    pub tls: Option<TlsFiles>,
    /// Where plain HTTP is allowed.
    pub plain_http: PlainHttp,
    /// The proxies whose word about the client is taken.
    pub trusted_proxies: Vec<Network>,
    /// Which headers the proxies write.
    pub proxy_headers: ProxyHeaders,
    /// How long requests in flight may take to end when the server stops.
    pub drain: Duration,
}

/// Certificate and key, both PEM.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TlsFiles {
    /// The certificate, followed by its intermediates.
    pub certificate: PathBuf,
    /// Its private key.
    pub key: PathBuf,
}

/// Where plain HTTP is allowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PlainHttp {
    /// Between programs of this machine.
    LoopbackOnly,
    /// Anywhere: something in front speaks TLS, or nobody cares.
    Anywhere,
}

/// Which headers trusted proxies write. Only one family is read: a proxy passes the other one on as the client sent it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProxyHeaders {
    /// `X-Forwarded-For`, `X-Forwarded-Proto`, `X-Forwarded-Host`: most proxies.
    XForwarded,
    /// `Forwarded` (RFC 7239).
    Forwarded,
}

/// A public address: scheme and host with an optional port, nothing more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicUrl {
    /// `http` or `https`.
    pub scheme: &'static str,
    /// `reports.contoso.com` or `reports.contoso.com:8443`.
    pub authority: String,
}

pub(super) const KEYS: &[KeyDef] = &[
    KeyDef {
        path: "server.listen",
        kind: Kind::Text,
        default: Some("127.0.0.1:8080"),
        about: "Address and port of the service; port 0 takes any free one.",
    },
    KeyDef {
        path: "server.admin_listen",
        kind: Kind::Text,
        default: Some("127.0.0.1:8081"),
        about: "Address and port of /metrics and health; plain HTTP on loopback, else with the certificate.",
    },
    KeyDef {
        path: "server.public_url",
        kind: Kind::Text,
        default: None,
        about: "Scheme and host by which clients know the service, for links and tokens; without it, what each request asked for.",
    },
    KeyDef {
        path: "server.tls_certificate_file",
        kind: Kind::Text,
        default: None,
        about: "PEM file with the certificate and its intermediates; with it the service speaks TLS. credential:NAME is one of systemd's.",
    },
    KeyDef {
        path: "server.tls_key_file",
        kind: Kind::Text,
        default: None,
        about: "PEM file with the certificate's private key; credential:NAME is one of systemd's.",
    },
    KeyDef {
        path: "server.allow_plain_http",
        kind: Kind::Switch,
        default: Some("false"),
        about: "Serve without TLS on other addresses than loopback: for a proxy in front that speaks TLS.",
    },
    KeyDef {
        path: "server.trusted_proxies",
        kind: Kind::List,
        default: Some(""),
        about: "Addresses or ranges of proxies that may say who the client is and what it asked for.",
    },
    KeyDef {
        path: "server.proxy_headers",
        kind: Kind::Text,
        default: Some("x-forwarded"),
        about: "Which headers the trusted proxies write: x-forwarded (most do) or forwarded (RFC 7239).",
    },
    KeyDef {
        path: "server.drain_seconds",
        kind: Kind::Seconds,
        default: Some("20s"),
        about: "How long requests in flight may take to end when the server stops.",
    },
];

pub(super) fn read(reader: &mut Reader<'_>) -> Checked<Server> {
    let listen = reader.text("server.listen", address);
    let admin_listen = reader.text("server.admin_listen", address);
    let public_url = reader.optional("server.public_url", PublicUrl::parse);
    let certificate = reader.path("server.tls_certificate_file");
    let key = reader.path("server.tls_key_file");
    let plain_http = reader.switch("server.allow_plain_http").map(|allowed| {
        if allowed {
            PlainHttp::Anywhere
        } else {
            PlainHttp::LoopbackOnly
        }
    });
    let trusted_proxies = reader.list("server.trusted_proxies", |text| {
        Network::parse(text).map_err(|error| error.to_string())
    });
    let proxy_headers = reader.text("server.proxy_headers", |text| match text {
        "x-forwarded" => Ok(ProxyHeaders::XForwarded),
        "forwarded" => Ok(ProxyHeaders::Forwarded),
        _ => Err("it takes \"x-forwarded\" or \"forwarded\"".to_owned()),
    });
    let drain = reader.seconds("server.drain_seconds", 0..=3_600);
    let tls = match (certificate?, key?) {
        (Some(certificate), Some(key)) => Some(TlsFiles { certificate, key }),
        (None, None) => None,
        (Some(_), None) => return half_tls(reader, "server.tls_certificate_file", "server.tls_key_file"),
        (None, Some(_)) => return half_tls(reader, "server.tls_key_file", "server.tls_certificate_file"),
    };
    let server = Server {
        listen: listen?,
        admin_listen: admin_listen?,
        public_url: public_url?,
        tls,
        plain_http: plain_http?,
        trusted_proxies: trusted_proxies?,
        proxy_headers: proxy_headers?,
        drain: drain?,
    };
    check_together(reader, &server);
    Ok(server)
}

impl PublicUrl {
    /// From `https://reports.contoso.com`; a path, a query or a user name has no place in it.
    pub fn parse(text: &str) -> Result<PublicUrl, String> {
        let wanted = || "it takes scheme and host alone, such as \"https://reports.contoso.com\"".to_owned();
        let uri: http::Uri = text.parse().map_err(|_| wanted())?;
        let scheme = match uri.scheme_str() {
            Some("https") => "https",
            Some("http") => "http",
            _ => return Err(wanted()),
        };
        let authority = uri.authority().ok_or_else(wanted)?.as_str();
        let bare = matches!(uri.path(), "" | "/") && uri.query().is_none() && !authority.contains('@');
        if !bare {
            return Err(wanted());
        }
        Ok(PublicUrl {
            scheme,
            authority: authority.to_owned(),
        })
    }
}

fn address(text: &str) -> Result<SocketAddr, String> {
    text.parse().map_err(|_| {
        "it takes a numeric address and a port, such as \"127.0.0.1:8080\", \"[::1]:8080\", or \"0.0.0.0:8080\" for \
         every address of the machine"
            .to_owned()
    })
}

fn half_tls(reader: &mut Reader<'_>, given: &str, missing: &str) -> Checked<Server> {
    reader.conflict(format!(
        "`{given}` is set and `{missing}` is not: TLS needs both, plain HTTP neither"
    ));
    Err(Told)
}

fn check_together(reader: &mut Reader<'_>, server: &Server) {
    for (key, address) in [
        ("server.listen", server.listen),
        ("server.admin_listen", server.admin_listen),
    ] {
        let in_clear = server.tls.is_none() && !address.ip().to_canonical().is_loopback();
        if in_clear && server.plain_http == PlainHttp::LoopbackOnly {
            reader.refuse(
                key,
                "tokens and reports would cross the network in clear. Set server.tls_certificate_file and \
                 server.tls_key_file, or listen on 127.0.0.1; if a proxy in front speaks TLS, set \
                 server.allow_plain_http = true"
                    .to_owned(),
            );
        }
    }
    if server.listen == server.admin_listen && server.listen.port() != 0 {
        reader.conflict(format!(
            "`server.listen` and `server.admin_listen` are both {}: give them different ports",
            server.listen
        ));
    }
}
