//! The address as the router sees it: no doubled slashes, and a tenant in front of everything that belongs to one.

use http::Uri;
use http::uri::PathAndQuery;

/// First segments that stand where a tenant should: the tenant was left out.
const WITHOUT_TENANT: &[&str] = &["reports", "activities", "$metadata", "%24metadata"];

/// The word for "the tenant of the token" (wire contract 0.9).
const OWN_TENANT: &str = "myorganization";

/// The address to route, or `None` if it is good as it is.
///
/// `//` collapses (scripts join addresses carelessly, wire contract 5.1), and a first segment `reports`, `activities` or
/// `$metadata` gets `/myorganization` in front: an empty tenant means the token's tenant. The query stays byte for byte.
pub fn normalised(uri: &Uri) -> Option<Uri> {
    let path = uri.path();
    if !path.starts_with('/') {
        return None; // `OPTIONS *`
    }
    let segments = path.trim_start_matches('/');
    let first = segments.split('/').next().unwrap_or_default();
    let tenant_is_missing = WITHOUT_TENANT.iter().any(|word| word.eq_ignore_ascii_case(first));
    if !tenant_is_missing && !path.contains("//") {
        return None;
    }
    let mut target = String::with_capacity(path.len() + 16);
    if tenant_is_missing {
        target.push('/');
        target.push_str(OWN_TENANT);
    }
    for character in path.chars() {
        if character != '/' || !target.ends_with('/') {
            target.push(character);
        }
    }
    if let Some(query) = uri.query() {
        target.push('?');
        target.push_str(query);
    }
    let mut parts = uri.clone().into_parts();
    parts.path_and_query = Some(PathAndQuery::try_from(target).ok()?);
    Uri::from_parts(parts).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn check(given: &str, expected: &str) {
        let uri: Uri = given.parse().unwrap();
        let routed = normalised(&uri).unwrap_or(uri);
        assert_eq!(routed.to_string(), expected, "{given}");
    }

    #[test]
    fn doubled_slashes_collapse() {
        check(
            "/t//activities/signinEvents?api-version=beta",
            "/t/activities/signinEvents?api-version=beta",
        );
        check("//t/reports", "/t/reports");
        check("/t/reports//", "/t/reports/");
        check("////", "/");
        check("/t///reports////x", "/t/reports/x");
    }

    #[test]
    fn an_address_without_tenant_means_the_tenant_of_the_token() {
        check("/reports", "/myorganization/reports");
        check(
            "/reports/auditEvents?api-version=beta",
            "/myorganization/reports/auditEvents?api-version=beta",
        );
        check("//reports/auditEvents", "/myorganization/reports/auditEvents");
        check("/activities/audit", "/myorganization/activities/audit");
        check("/$metadata", "/myorganization/$metadata");
        check("/%24metadata", "/myorganization/%24metadata");
        check("/Reports/auditEvents", "/myorganization/Reports/auditEvents");
    }

    #[test]
    fn the_query_stays_byte_for_byte() {
        check(
            "//reports/x?a=//b&$filter=u%20eq%20'a//b'",
            "/myorganization/reports/x?a=//b&$filter=u%20eq%20'a//b'",
        );
        check("//reports?", "/myorganization/reports?");
        check(
            "//x?api-version=beta$filter=a+gt+b&=c",
            "/x?api-version=beta$filter=a+gt+b&=c",
        );
    }

    #[test]
    fn other_addresses_stay_as_they_are() {
        for same in [
            "/",
            "/contoso.com/reports",
            "/livez",
            "/reportsx/y",
            "/$tenantdomain/reports/x",
            "*",
            "/a/reports",
        ] {
            assert_eq!(normalised(&same.parse().unwrap()), None, "{same}");
        }
    }

    #[test]
    fn an_absolute_address_keeps_its_host() {
        check("http://h:1//t//reports?x", "http://h:1/t/reports?x");
    }

    proptest! {
        #[test]
        fn twice_is_the_same_as_once(path in "(/[a-z$%4]{0,8}){1,6}", query in "(\\?[a-z/=&]{0,12})?") {
            let uri: Uri = format!("{path}{query}").parse().unwrap();
            let once = normalised(&uri).unwrap_or(uri.clone());
            prop_assert!(!once.path().contains("//"));
            prop_assert_eq!(once.query(), uri.query());
            prop_assert_eq!(normalised(&once), None);
        }
    }
}
