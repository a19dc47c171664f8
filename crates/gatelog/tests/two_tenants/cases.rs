//! What is sent to each address of the router, and what must come back.

/// What one tenant's people and programs send to an address, `{t}` for the word of the address, `{c}`, `{u}` and `{token}` for
/// the client id, the person and the token of the *other* tenant.
pub(crate) struct Case {
    /// As the router has it.
    pub(crate) address: &'static str,
    pub(crate) method: &'static str,
    /// What is sent: the target and the form or JSON, if any.
    pub(crate) target: &'static str,
    pub(crate) body: Option<&'static str>,
    /// The statuses at the own tenant's address, with the other's things in the request or without.
    pub(crate) at_own: &'static [u16],
    /// Those at the other tenant's address.
    pub(crate) at_other: &'static [u16],
}

const fn get(
    address: &'static str,
    target: &'static str,
    at_own: &'static [u16],
    at_other: &'static [u16],
) -> Case {
    Case {
        address,
        method: "GET",
        target,
        body: None,
        at_own,
        at_other,
    }
}

const fn post(
    address: &'static str,
    target: &'static str,
    body: &'static str,
    at_own: &'static [u16],
    at_other: &'static [u16],
) -> Case {
    Case {
        address,
        method: "POST",
        target,
        body: Some(body),
        at_own,
        at_other,
    }
}

const fn delete(address: &'static str, target: &'static str, at_own: &'static [u16]) -> Case {
    Case {
        address,
        method: "DELETE",
        target,
        body: None,
        at_own,
        at_other: &[403],
    }
}

pub(crate) const CODE: &str = "client_id={c}&response_type=code&redirect_uri=https%3a%2f%2flocalhost&resource=https%3a%2f%2fgraph.windows.net";
pub(crate) const CREDENTIALS: &str =
    "grant_type=client_credentials&client_id={c}&client_secret=x&resource=https://graph.windows.net";

/// A case at least for every address of the router. Where the other tenant's application, person or token is named, nothing of
/// that tenant comes back; discovery documents and sign-in pages are public and tell nothing of anybody.
pub(crate) const CASES: &[Case] = &[
    get(
        "/{tenant}/reports",
        "/{t}/reports?api-version=beta",
        &[200],
        &[403],
    ),
    get(
        "/{tenant}/reports/",
        "/{t}/reports/?api-version=beta",
        &[200],
        &[403],
    ),
    get(
        "/{tenant}/reports/{report}",
        "/{t}/reports/auditEvents?api-version=beta",
        &[200],
        &[403],
    ),
    get(
        "/{tenant}/activities/{report}",
        "/{t}/activities/signinEvents?api-version=beta",
        &[200],
        &[403],
    ),
    get(
        "/{tenant}/{document}",
        "/{t}/$metadata?api-version=beta",
        &[200],
        &[403],
    ),
    post(
        "/{tenant}/ingest/{format}",
        "/{t}/ingest/auto",
        "",
        &[401],
        &[401],
    ),
    get("/{tenant}/sources", "/{t}/sources", &[200], &[403]),
    // What the other's application brought is none of the own tenant's sources.
    get(
        "/{tenant}/sources/{*rest}",
        "/{t}/sources/ingest%3A{c}",
        &[404],
        &[403],
    ),
    get(
        "/{tenant}/sources/{*rest}",
        "/{t}/sources/import",
        &[200, 404],
        &[403],
    ),
    get(
        "/{tenant}/sources/{*rest}",
        "/{t}/sources/ingest%3A{c}/gaps?state=all",
        &[200],
        &[403],
    ),
    post(
        "/{tenant}/sources/{*rest}",
        "/{t}/sources/mim/gaps",
        "{\"id\":\"11111111-0000-4000-8000-000000000001\",\"kind\":\"dropped\"}",
        &[401],
        &[401],
    ),
    post(
        "/{tenant}/sources/{*rest}",
        "/{t}/sources/import/gaps/11111111-0000-4000-8000-000000000001/close",
        "{\"because\":\"x\"}",
        &[404],
        &[403],
    ),
    post(
        "/{tenant}/sources/{*rest}",
        "/{t}/sources/prove",
        "",
        &[200],
        &[403],
    ),
    get(
        "/{tenant}/findings",
        "/{t}/findings?state=all&user={u}",
        &[200],
        &[403],
    ),
    get(
        "/{tenant}/findings/why",
        "/{t}/findings/why?user={u}&at=2026-11-01T00:00:00Z",
        &[200],
        &[403],
    ),
    // The person's id of the other tenant is no finding's; what it would be is asked with findings in both elsewhere.
    get("/{tenant}/findings/{id}", "/{t}/findings/{u}", &[404], &[403]),
    get(
        "/{tenant}/oauth2/authorize",
        concat!("/{t}/oauth2/authorize?", "{code}"),
        &[200, 400],
        &[200],
    ),
    get(
        "/{tenant}/oauth2/v2.0/authorize",
        concat!("/{t}/oauth2/v2.0/authorize?", "{code}"),
        &[200, 400],
        &[200],
    ),
    post(
        "/{tenant}/oauth2/login",
        "/{t}/oauth2/login",
        "{code}",
        &[200, 400],
        &[200, 400],
    ),
    post(
        "/{tenant}/oauth2/v2.0/login",
        "/{t}/oauth2/v2.0/login",
        "{code}",
        &[200, 400],
        &[200, 400],
    ),
    post(
        "/{tenant}/oauth2/consent",
        "/{t}/oauth2/consent",
        "{code}",
        &[200, 400],
        &[200, 400],
    ),
    post(
        "/{tenant}/oauth2/v2.0/consent",
        "/{t}/oauth2/v2.0/consent",
        "{code}",
        &[200, 400],
        &[200, 400],
    ),
    post(
        "/{tenant}/oauth2/token",
        "/{t}/oauth2/token",
        "{credentials}",
        &[400],
        &[401],
    ),
    post(
        "/{tenant}/oauth2/v2.0/token",
        "/{t}/oauth2/v2.0/token",
        "{credentials}",
        &[400],
        &[400, 401],
    ),
    post(
        "/{tenant}/oauth2/devicecode",
        "/{t}/oauth2/devicecode",
        "client_id={c}&resource=https://graph.windows.net",
        &[400],
        &[200, 400, 401],
    ),
    post(
        "/{tenant}/oauth2/v2.0/devicecode",
        "/{t}/oauth2/v2.0/devicecode",
        "client_id={c}&scope=openid",
        &[400],
        &[200, 400, 401],
    ),
    get(
        "/{tenant}/oauth2/deviceauth",
        "/{t}/oauth2/deviceauth",
        &[200],
        &[200],
    ),
    post(
        "/{tenant}/oauth2/deviceauth",
        "/{t}/oauth2/deviceauth",
        "user_code=AAAA-BBBB",
        &[200, 400],
        &[200, 400],
    ),
    // Nobody is trusted here: there is nowhere to go, and nothing to come back to.
    get("/{tenant}/oauth2/outside", "/{t}/oauth2/outside", &[400], &[400]),
    get(
        "/{tenant}/oauth2/v2.0/outside",
        "/{t}/oauth2/v2.0/outside",
        &[400],
        &[400],
    ),
    get(
        "/{tenant}/oauth2/outside/{issuer}",
        "/{t}/oauth2/outside/entra",
        &[400],
        &[400],
    ),
    get(
        "/{tenant}/oauth2/v2.0/outside/{issuer}",
        "/{t}/oauth2/v2.0/outside/entra",
        &[400],
        &[400],
    ),
    get(
        "/{tenant}/oauth2/outside/{issuer}/callback",
        "/{t}/oauth2/outside/entra/callback?code=x&state=y",
        &[302],
        &[302],
    ),
    get("/{tenant}/oauth2/logout", "/{t}/oauth2/logout", &[200], &[200]),
    get(
        "/{tenant}/oauth2/v2.0/logout",
        "/{t}/oauth2/v2.0/logout",
        &[200],
        &[200],
    ),
    post(
        "/{tenant}/oauth2/revoke",
        "/{t}/oauth2/revoke",
        "token={token}&{own}",
        &[200],
        &[400, 401],
    ),
    post(
        "/{tenant}/oauth2/v2.0/revoke",
        "/{t}/oauth2/v2.0/revoke",
        "token={token}&{own}",
        &[200],
        &[400, 401],
    ),
    post(
        "/{tenant}/oauth2/introspect",
        "/{t}/oauth2/introspect",
        "token={token}&{own}",
        &[200],
        &[400, 401],
    ),
    post(
        "/{tenant}/oauth2/v2.0/introspect",
        "/{t}/oauth2/v2.0/introspect",
        "token={token}&{own}",
        &[200],
        &[400, 401],
    ),
    get(
        "/{tenant}/.well-known/openid-configuration",
        "/{t}/.well-known/openid-configuration",
        &[200],
        &[200],
    ),
    get(
        "/{tenant}/v2.0/.well-known/openid-configuration",
        "/{t}/v2.0/.well-known/openid-configuration",
        &[200],
        &[200],
    ),
    get(
        "/{tenant}/.well-known/oauth-authorization-server",
        "/{t}/.well-known/oauth-authorization-server",
        &[200],
        &[200],
    ),
    get(
        "/{tenant}/v2.0/.well-known/oauth-authorization-server",
        "/{t}/v2.0/.well-known/oauth-authorization-server",
        &[200],
        &[200],
    ),
    get(
        "/.well-known/oauth-authorization-server/{tenant}",
        "/.well-known/oauth-authorization-server/{t}",
        &[200],
        &[200],
    ),
    get(
        "/.well-known/oauth-authorization-server/{tenant}/v2.0",
        "/.well-known/oauth-authorization-server/{t}/v2.0",
        &[200],
        &[200],
    ),
    get("/{tenant}/discovery/keys", "/{t}/discovery/keys", &[200], &[200]),
    get(
        "/{tenant}/discovery/v2.0/keys",
        "/{t}/discovery/v2.0/keys",
        &[200],
        &[200],
    ),
    get(
        "/{tenant}/discovery/instance",
        "/{t}/discovery/instance",
        &[200, 400],
        &[200, 400],
    ),
    get(
        "/{tenant}/userrealm/{user}",
        "/{t}/userrealm/admin%40shared.example",
        &[200, 400],
        &[200, 400],
    ),
    get(
        "/{tenant}/UserRealm/{user}",
        "/{t}/UserRealm/admin%40shared.example",
        &[200, 400],
        &[200, 400],
    ),
    get("/assets/gatelog.css", "/assets/gatelog.css", &[200], &[200]),
    get("/openid/userinfo", "/openid/userinfo", &[200], &[200]),
    get(
        "/{tenant}/openid/userinfo",
        "/{t}/openid/userinfo",
        &[200],
        &[403],
    ),
    get("/{tenant}/admin/tenants", "/{t}/admin/tenants", &[200], &[403]),
    get(
        "/{tenant}/admin/tenants/{tenant}",
        "/{t}/admin/tenants/{o}",
        &[404],
        &[403],
    ),
    post(
        "/{tenant}/admin/tenants/{tenant}",
        "/{t}/admin/tenants/{o}",
        "{}",
        &[404],
        &[403],
    ),
    get("/{tenant}/admin/apps", "/{t}/admin/apps", &[200], &[403]),
    get(
        "/{tenant}/admin/apps",
        "/{t}/admin/apps?tenant={o}",
        &[404],
        &[403],
    ),
    get(
        "/{tenant}/admin/apps/{client_id}",
        "/{t}/admin/apps/{c}",
        &[404],
        &[403],
    ),
    post(
        "/{tenant}/admin/apps/{client_id}",
        "/{t}/admin/apps/{c}",
        "{}",
        &[404],
        &[403],
    ),
    delete("/{tenant}/admin/apps/{client_id}", "/{t}/admin/apps/{c}", &[404]),
    post(
        "/{tenant}/admin/apps/{client_id}/secrets",
        "/{t}/admin/apps/{c}/secrets",
        "{}",
        &[404],
        &[403],
    ),
    delete(
        "/{tenant}/admin/apps/{client_id}/secrets/{hint}",
        "/{t}/admin/apps/{c}/secrets/x",
        &[404],
    ),
    post(
        "/{tenant}/admin/apps/{client_id}/disable",
        "/{t}/admin/apps/{c}/disable",
        "",
        &[404],
        &[403],
    ),
    post(
        "/{tenant}/admin/apps/{client_id}/enable",
        "/{t}/admin/apps/{c}/enable",
        "",
        &[404],
        &[403],
    ),
    get("/{tenant}/admin/users", "/{t}/admin/users", &[200], &[403]),
    get(
        "/{tenant}/admin/users",
        "/{t}/admin/users?tenant={o}",
        &[404],
        &[403],
    ),
    get(
        "/{tenant}/admin/users/{user}",
        "/{t}/admin/users/{u}",
        &[404],
        &[403],
    ),
    get(
        "/{tenant}/admin/users/{user}",
        "/{t}/admin/users/{u}?tenant={o}",
        &[404],
        &[403],
    ),
    get(
        "/{tenant}/admin/users/{user}",
        "/{t}/admin/users/admin%40shared.example",
        &[200],
        &[403],
    ),
    post(
        "/{tenant}/admin/users/{user}",
        "/{t}/admin/users/{u}",
        "{}",
        &[404],
        &[403],
    ),
    delete("/{tenant}/admin/users/{user}", "/{t}/admin/users/{u}", &[404]),
    post(
        "/{tenant}/admin/users/{user}/password",
        "/{t}/admin/users/{u}/password",
        "\"generated\"",
        &[404],
        &[403],
    ),
    post(
        "/{tenant}/admin/users/{user}/disable",
        "/{t}/admin/users/{u}/disable",
        "",
        &[404],
        &[403],
    ),
    post(
        "/{tenant}/admin/users/{user}/enable",
        "/{t}/admin/users/{u}/enable",
        "",
        &[404],
        &[403],
    ),
    post(
        "/{tenant}/admin/users/{user}/second-factor",
        "/{t}/admin/users/{u}/second-factor",
        "",
        &[404],
        &[403],
    ),
    post(
        "/{tenant}/admin/users/{user}/roles/{role}",
        "/{t}/admin/users/{u}/roles/x",
        "",
        &[404],
        &[403],
    ),
    get("/{tenant}/admin/roles", "/{t}/admin/roles", &[200], &[403]),
    get(
        "/{tenant}/admin/roles",
        "/{t}/admin/roles?tenant={o}",
        &[404],
        &[403],
    ),
    get(
        "/{tenant}/admin/roles/{role}",
        "/{t}/admin/roles/global-administrator",
        &[200],
        &[403],
    ),
    get(
        "/{tenant}/admin/users/{user}/app-passwords",
        "/{t}/admin/users/{u}/app-passwords",
        &[404],
        &[403],
    ),
    post(
        "/{tenant}/admin/users/{user}/app-passwords",
        "/{t}/admin/users/{u}/app-passwords",
        "{\"name\":\"x\"}",
        &[404],
        &[403],
    ),
    delete(
        "/{tenant}/admin/users/{user}/app-passwords/{id}",
        "/{t}/admin/users/{u}/app-passwords/11111111-0000-4000-8000-000000000001",
        &[404],
    ),
    get("/{tenant}/admin/sources", "/{t}/admin/sources", &[200], &[403]),
    get(
        "/{tenant}/admin/sources",
        "/{t}/admin/sources?tenant={o}",
        &[404],
        &[403],
    ),
    get(
        "/{tenant}/admin/sources/hours",
        "/{t}/admin/sources/hours?source=ingest%3A{c}",
        &[404],
        &[403],
    ),
    get(
        "/{tenant}/admin/sources/hours",
        "/{t}/admin/sources/hours?source=import&tenant={o}",
        &[404],
        &[403],
    ),
    get(
        "/{tenant}/admin/sources/gaps",
        "/{t}/admin/sources/gaps?state=all",
        &[200],
        &[403],
    ),
    get(
        "/{tenant}/admin/sources/gaps",
        "/{t}/admin/sources/gaps?tenant={o}",
        &[404],
        &[403],
    ),
    post(
        "/{tenant}/admin/sources/gaps/{id}/close",
        "/{t}/admin/sources/gaps/11111111-0000-4000-8000-000000000001/close",
        "{\"because\":\"x\"}",
        &[404],
        &[403],
    ),
    post(
        "/{tenant}/admin/sources/prove",
        "/{t}/admin/sources/prove",
        "",
        &[200],
        &[403],
    ),
    post(
        "/{tenant}/admin/sources/prove",
        "/{t}/admin/sources/prove?tenant={o}",
        "",
        &[404],
        &[403],
    ),
];
