//! What the service says about itself: OpenID Connect discovery, RFC 8414 metadata, keys, instances (contract 4.4).

use crate::audience::{Authority, Permission};
use crate::keys::PublicKey;
use crate::protocol::Protocol;
use model::tenant::TenantId;
use serde_json::{Value, json};

/// What clients can learn of us about a tenant. `word` is the tenant's in the address, `tenant` its id; `None` is
/// `common`, whose issuer is a pattern.
pub fn document(authority: &Authority, word: &str, tenant: Option<TenantId>, protocol: Protocol) -> Value {
    let endpoint = |name| authority.endpoint(word, protocol, name);
    let origin = authority.origin();
    let issuer = match (tenant, protocol) {
        (Some(tenant), _) => authority.issuer(tenant, protocol),
        (None, Protocol::V1) => format!("{origin}/{{tenantid}}/"),
        (None, Protocol::V2) => format!("{origin}/{{tenantid}}/v2.0"),
    };
    let host = origin.split_once("://").map_or(origin, |(_, host)| host);
    let keys = match protocol {
        Protocol::V1 => format!("{origin}/common/discovery/keys"),
        Protocol::V2 => format!("{origin}/{word}/discovery/v2.0/keys"),
    };
    let mut scopes = vec!["openid"];
    if protocol == Protocol::V2 {
        scopes.extend(["profile", "email", "offline_access"]);
        scopes.extend(Permission::DELEGATED.iter().map(|permission| permission.name()));
    }
    json!({
        "issuer": issuer,
        "authorization_endpoint": endpoint("authorize"),
        "token_endpoint": endpoint("token"),
        "device_authorization_endpoint": endpoint("devicecode"),
        "end_session_endpoint": endpoint("logout"),
        "revocation_endpoint": endpoint("revoke"),
        "introspection_endpoint": endpoint("introspect"),
        "userinfo_endpoint": format!("{origin}/{word}/openid/userinfo"),
        "jwks_uri": keys,
        "token_endpoint_auth_methods_supported": ["client_secret_post", "private_key_jwt", "client_secret_basic", "none"],
        "token_endpoint_auth_signing_alg_values_supported": ["RS256", "PS256"],
        "revocation_endpoint_auth_methods_supported": ["client_secret_post", "private_key_jwt", "client_secret_basic", "none"],
        "introspection_endpoint_auth_methods_supported": ["client_secret_post", "private_key_jwt", "client_secret_basic"],
        "response_types_supported": ["code"],
        "response_modes_supported": ["query", "form_post"],
        "grant_types_supported": [
            "authorization_code", "refresh_token", "client_credentials",
            "urn:ietf:params:oauth:grant-type:device_code"
        ],
        "code_challenge_methods_supported": ["S256", "plain"],
        "subject_types_supported": ["pairwise"],
        "id_token_signing_alg_values_supported": ["RS256"],
        "scopes_supported": scopes,
        "claims_supported": [
            "sub", "iss", "aud", "exp", "iat", "nbf", "amr", "nonce", "name", "family_name", "given_name", "oid", "tid",
            "upn", "unique_name", "preferred_username", "ver"
        ],
        "authorization_response_iss_parameter_supported": protocol == Protocol::V2,
        "claims_parameter_supported": false,
        "request_parameter_supported": false,
        "request_uri_parameter_supported": false,
        "http_logout_supported": false,
        "frontchannel_logout_supported": false,
        "microsoft_multi_refresh_token": true,
        "tenant_region_scope": Value::Null,
        "cloud_instance_name": host,
        "cloud_graph_host_name": host,
    })
}

/// The public halves of all keys whose tokens still hold.
pub fn keys<'k>(public: impl IntoIterator<Item = &'k PublicKey>, issuer: Option<&str>) -> Value {
    let keys: Vec<Value> = public
        .into_iter()
        .filter_map(|key| {
            let mut jwk = serde_json::to_value(key.jwk()).ok()?;
            if let (Some(issuer), Some(members)) = (issuer, jwk.as_object_mut()) {
                members.insert("issuer".to_owned(), issuer.into());
            }
            Some(jwk)
        })
        .collect();
    json!({ "keys": keys })
}

/// Where the documents of an authority are, if it is ours: libraries ask before they trust an address.
/// `authorization_endpoint` is what the client would use.
pub fn instance(
    authority: &Authority,
    own_origins: &[String],
    authorization_endpoint: &str,
) -> Option<Value> {
    let (origin, path) = split_origin(authorization_endpoint)?;
    let is_ours = std::iter::once(authority.origin())
        .chain(own_origins.iter().map(String::as_str))
        .any(|ours| ours.eq_ignore_ascii_case(origin));
    if !is_ours {
        return None;
    }
    let mut segments = path.split('/').filter(|segment| !segment.is_empty());
    let tenant = segments.next().filter(|word| is_plain(word))?;
    let version = if segments.any(|segment| segment == "v2.0") {
        "/v2.0"
    } else {
        ""
    };
    let host = origin.split_once("://").map(|(_, host)| host)?;
    let network = json!({ "preferred_network": host, "preferred_cache": host, "aliases": [host] });
    Some(json!({
        "tenant_discovery_endpoint": format!("{origin}/{tenant}{version}/.well-known/openid-configuration"),
        "api-version": "1.1",
        "metadata": [network],
    }))
}

fn is_plain(word: &str) -> bool {
    word.len() <= 253
        && word
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'.')
}

fn split_origin(address: &str) -> Option<(&str, &str)> {
    let (_, rest) = address.split_once("://")?;
    let end = address.len() - rest.len();
    let slash = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    Some(address.split_at(end + slash))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::tests::tenant;
    use crate::grant::tests::authority;
    use crate::keys::tests::key;
    use proptest::prelude::*;

    #[test]
    fn a_tenant_has_its_own_issuer_and_common_a_pattern() {
        let id = "a2aa49aa-2c0c-49d2-af87-f402c421df0b";
        for (tenant, protocol, expected) in [
            (
                Some(tenant()),
                Protocol::V1,
                format!("https://reports.contoso.com/{id}/"),
            ),
            (
                Some(tenant()),
                Protocol::V2,
                format!("https://reports.contoso.com/{id}/v2.0"),
            ),
            (
                None,
                Protocol::V1,
                "https://reports.contoso.com/{tenantid}/".to_owned(),
            ),
            (
                None,
                Protocol::V2,
                "https://reports.contoso.com/{tenantid}/v2.0".to_owned(),
            ),
        ] {
            assert_eq!(
                document(&authority(), "contoso.com", tenant, protocol)["issuer"],
                expected
            );
        }
    }

    #[test]
    fn the_endpoints_are_those_of_the_version() {
        let v1 = document(&authority(), "contoso.com", Some(tenant()), Protocol::V1);
        assert_eq!(
            v1["token_endpoint"],
            "https://reports.contoso.com/contoso.com/oauth2/token"
        );
        assert_eq!(
            v1["jwks_uri"],
            "https://reports.contoso.com/common/discovery/keys"
        );
        let v2 = document(&authority(), "common", None, Protocol::V2);
        assert_eq!(
            v2["authorization_endpoint"],
            "https://reports.contoso.com/common/oauth2/v2.0/authorize"
        );
        assert_eq!(
            v2["userinfo_endpoint"],
            "https://reports.contoso.com/common/openid/userinfo"
        );
    }

    #[test]
    fn keys_are_published_without_a_private_member() {
        let key = key();
        let published = keys([key.public()], Some("https://issuer"));
        let members: Vec<&String> = published["keys"][0].as_object().unwrap().keys().collect();
        assert_eq!(members, ["alg", "e", "issuer", "kid", "kty", "n", "use", "x5t"]);
    }

    fn check_instance(endpoint: &str, expected: Option<&str>) {
        let got = instance(&authority(), &["https://10.0.0.5:8443".to_owned()], endpoint);
        let got = got.map(|json| json["tenant_discovery_endpoint"].as_str().unwrap().to_owned());
        assert_eq!(got.as_deref(), expected, "{endpoint}");
    }

    #[test]
    fn only_our_own_addresses_are_vouched_for() {
        check_instance(
            "https://reports.contoso.com/common/oauth2/authorize",
            Some("https://reports.contoso.com/common/.well-known/openid-configuration"),
        );
        check_instance(
            "https://10.0.0.5:8443/contoso.com/oauth2/v2.0/authorize",
            Some("https://10.0.0.5:8443/contoso.com/v2.0/.well-known/openid-configuration"),
        );
        for other in [
            "https://evil.example/common/oauth2/authorize",
            "https://reports.contoso.com.evil.example/common/oauth2/authorize",
            "https://reports.contoso.com@evil.example/common/oauth2/authorize",
            "http://reports.contoso.com/common/oauth2/authorize",
            "https://reports.contoso.com",
            "https://reports.contoso.com/a\"b/oauth2/authorize",
            "",
        ] {
            check_instance(other, None);
        }
    }

    proptest! {
        #[test]
        fn no_address_makes_the_reader_panic(text in ".{0,80}") {
            let _ = instance(&authority(), &[], &text);
        }
    }
}
