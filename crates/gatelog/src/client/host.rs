//! The one service that a token is sent to: scheme, host and port.

use crate::exit::Usage;
use reqwest::Url;

/// Whether a token may go over a connection that everybody on the way can read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PlainHttp {
    /// Only to this machine.
    LoopbackAlone,
    /// Wherever the user says.
    Allowed,
}

/// Scheme, host and port of a service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Host(Url);

impl Host {
    /// Reads `https://reports.contoso.com`, or the name alone.
    pub(crate) fn parse(text: &str, plain: PlainHttp) -> Result<Host, Usage> {
        let wrong = |why: &str| Usage(format!("the host {text:?} cannot be used: {why}"));
        let with_scheme = if text.contains("://") {
            text.to_owned()
        } else {
            format!("https://{text}")
        };
        let url = Url::parse(&with_scheme).map_err(|error| wrong(&error.to_string()))?;
        if !matches!(url.scheme(), "https" | "http") {
            return Err(wrong("it must begin with https:// or http://"));
        }
        if url.path() != "/" || url.query().is_some() || url.fragment().is_some() {
            return Err(wrong(
                "it must be scheme, host and port alone, such as https://reports.contoso.com",
            ));
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(wrong("it must not have a user name or password in it"));
        }
        if url.scheme() == "http" && plain == PlainHttp::LoopbackAlone && !is_loopback(&url) {
            return Err(wrong(
                "over plain HTTP everybody on the way can read the token; use https, or say --plain-http",
            ));
        }
        Ok(Host(url))
    }

    /// `https://reports.contoso.com`, without a slash at the end.
    pub(crate) fn origin(&self) -> String {
        self.0.origin().ascii_serialization()
    }

    /// An address on this host; each part of the path is encoded.
    pub(crate) fn at(&self, path: &[&str]) -> Url {
        let mut url = self.0.clone();
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.clear().extend(path);
        }
        url
    }

    /// Whether an address is on this host. A token goes nowhere else.
    pub(crate) fn owns(&self, url: &Url) -> bool {
        url.origin() == self.0.origin()
    }
}

impl Host {
    /// Whether an address is on this host, or both are the same port of this machine by two of its names.
    pub(crate) fn owns_or_is_beside(&self, url: &Url) -> bool {
        let is_same_port =
            self.0.scheme() == url.scheme() && self.0.port_or_known_default() == url.port_or_known_default();
        self.owns(url) || (is_same_port && is_loopback(&self.0) && is_loopback(url))
    }
}

/// Whether an address is of this machine.
pub(crate) fn is_loopback(url: &Url) -> bool {
    let Some(host) = url.host_str() else { return false };
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost"
        || bare
            .parse::<std::net::IpAddr>()
            .is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: Result<&str, &str>) {
        let host = Host::parse(text, PlainHttp::LoopbackAlone).map(|host| host.origin());
        match (host, expected) {
            (Ok(origin), Ok(expected)) => assert_eq!(origin, expected, "{text}"),
            (Err(error), Err(expected)) => assert!(error.0.contains(expected), "{text}: {error}"),
            (other, _) => panic!("{text}: {other:?}"),
        }
    }

    #[test]
    fn a_host_is_scheme_host_and_port() {
        check("reports.contoso.com", Ok("https://reports.contoso.com"));
        check(
            "https://Reports.Contoso.com:8443/",
            Ok("https://reports.contoso.com:8443"),
        );
        check("http://127.0.0.1:8080", Ok("http://127.0.0.1:8080"));
        check("http://localhost:8080", Ok("http://localhost:8080"));
        check("http://[::1]:8080", Ok("http://[::1]:8080"));
        check("http://reports.contoso.com", Err("plain HTTP"));
        check("http://127.0.0.1.example.com", Err("plain HTTP"));
        check("https://reports.contoso.com/reports", Err("alone"));
        check("https://user:word@reports.contoso.com", Err("password"));
        check("ftp://reports.contoso.com", Err("https://"));
        check("", Err("cannot be used"));
    }

    #[test]
    fn only_its_own_addresses_belong_to_it() {
        let host = Host::parse("https://reports.contoso.com", PlainHttp::LoopbackAlone).unwrap();
        let owns = |text: &str| host.owns(&Url::parse(text).unwrap());
        assert!(owns("https://reports.contoso.com/x?y"));
        assert!(owns("https://reports.contoso.com:443/x"));
        for other in [
            "http://reports.contoso.com/x",
            "https://reports.contoso.com:8443/x",
            "https://reports.contoso.com.example.com/x",
            "https://reports.contoso.com@example.com/x",
            "https://contoso.com/x",
        ] {
            assert!(!owns(other), "{other}");
        }
    }

    #[test]
    fn a_port_of_this_machine_has_several_names() {
        let host = Host::parse("http://localhost:8080", PlainHttp::LoopbackAlone).unwrap();
        let is_beside = |text: &str| host.owns_or_is_beside(&Url::parse(text).unwrap());
        assert!(is_beside("http://127.0.0.1:8080/x"));
        assert!(is_beside("http://[::1]:8080/x"));
        assert!(!is_beside("http://127.0.0.1:8081/x"));
        assert!(!is_beside("https://127.0.0.1:8080/x"));
        assert!(!is_beside("http://reports.contoso.com:8080/x"));
    }

    #[test]
    fn what_stands_in_a_path_is_encoded() {
        let host = Host::parse("https://h", PlainHttp::LoopbackAlone).unwrap();
        assert_eq!(
            host.at(&["a b", "reports", "x/../y?z"]).as_str(),
            "https://h/a%20b/reports/x%2F..%2Fy%3Fz"
        );
    }
}
