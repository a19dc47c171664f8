//! `/{tenant}/admin/…`: administration of one tenant over the network, by the token of its Global Administrator.
//!
//! The token's application must hold the delegated permission `Directory.AccessAsUser.All`: whoever agreed that an application
//! reads reports did not agree that it makes users. App passwords open nothing here, and what touches more than one tenant
//! (making and deleting tenants, keys, imports, backups) is not here at all.

use super::Admin;
use crate::app::App;
use crate::auth;
use crate::layers::{ClientAddress, RequestId};
use crate::own_events::Actor;
use crate::problem::Problem;
use crate::routes::refused::{self, Face};
use axum::Router;
use axum::extract::{Path, Request, State};
use axum::response::{IntoResponse, Response};
use axum::routing::any;
use http::{HeaderValue, StatusCode, Uri, header};
use std::sync::Arc;
use tower::ServiceExt;

/// How a request that is not let in is refused here.
const FACE: Face = Face {
    resource: issuer::audience::REPORTS_RESOURCE,
    may_not: "Only a Global Administrator of the tenant may do that",
};

/// `inner` serves what is left of the address.
pub(super) fn routes(inner: Router) -> Router<Arc<App>> {
    let serve =
        move |state: State<Arc<App>>,
              path: Path<(String, String)>,
              address: ClientAddress,
              request_id: RequestId,
              request: Request| serve(inner.clone(), state, path, address, request_id, request);
    Router::new().route("/{tenant}/admin/{*rest}", any(serve))
}

async fn serve(
    inner: Router,
    State(app): State<Arc<App>>,
    Path((tenant_word, _)): Path<(String, String)>,
    address: ClientAddress,
    request_id: RequestId,
    request: Request,
) -> Response {
    let (parts, body) = request.into_parts();
    let (tenant, user) = match auth::administrator(&app, &parts.headers, &tenant_word) {
        Ok(found) => found,
        Err(denied) => return refused::answer(&FACE, &app, &tenant_word, &denied, request_id),
    };
    // A request of its own, with nothing of the outer one but what was asked: its path is the rest, as it was written.
    let mut asked = Request::new(body);
    *asked.method_mut() = parts.method;
    *asked.uri_mut() = rest_of(&parts.uri);
    asked.extensions_mut().insert(request_id);
    asked
        .extensions_mut()
        .insert(Admin::of(tenant, Actor::User { user, address }));
    let mut response = match inner.oneshot(asked).await {
        Ok(response) => response,
        Err(never) => match never {},
    };
    // Some answers hold a secret that was just made.
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// What stands behind `/{tenant}/admin`, with its query.
fn rest_of(uri: &Uri) -> Uri {
    let target = uri.path_and_query().map_or("/", |target| target.as_str());
    let rest = target.splitn(4, '/').nth(3).unwrap_or_default();
    format!("/{rest}").parse().unwrap_or_default()
}

pub(super) async fn no_such_address(request: RequestId) -> Response {
    Problem::new(
        StatusCode::NOT_FOUND,
        "no-such-address",
        "There is no such address",
    )
    .detail(
        "Over the network an administrator sees and changes users, roles, applications and the tenant itself. Tenants are made \
         and deleted, and keys, imports and backups handled, on the machine that has the data folder.",
    )
    .of_request(request)
    .into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(target: &str, expected: &str) {
        assert_eq!(rest_of(&target.parse().unwrap()), expected, "{target}");
    }

    #[test]
    fn the_rest_of_an_address_stays_as_it_was_written() {
        check("/contoso.com/admin/users", "/users");
        check(
            "/contoso.com/admin/users/a%2Fb%40c?tenant=x%26y",
            "/users/a%2Fb%40c?tenant=x%26y",
        );
        check("/contoso.com/admin/", "/");
        check("/admin/admin/admin/x", "/admin/x");
    }
}
