//! The door of a listener: every request comes in through it, and every answer goes out.

use super::access::{AccessLine, OpenRequest, watched};
use super::origin::{BadHost, Origin, OriginRules, Peer};
use super::panic::caught;
use super::request_id::{CLIENT_REQUEST_ID, REQUEST_ID, RequestId, clients_own};
use super::{Fault, FaultReport, RenderFault, normalised};
use crate::config::Server;
use crate::metrics::Metrics;
use axum::Router;
use axum::extract::{MatchedPath, OriginalUri, Request};
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse, Response};
use edge::clock::Stopwatch;
use http::{HeaderMap, HeaderValue, header};
use std::sync::Arc;
use tower::Service;
use tracing::Instrument;

/// The routes of one listener and what is done around them.
#[derive(Debug, Clone)]
pub struct Door {
    routes: Router,
    origins: OriginRules,
    rules: DoorRules,
    metrics: Arc<Metrics>,
}

/// What differs between listeners.
#[derive(Debug, Clone, Copy)]
pub struct DoorRules {
    /// Whether addresses start with a tenant.
    pub tenants: TenantAddresses,
    /// How faults of the shell are spelled.
    pub faults: RenderFault,
}

/// Whether the addresses of a listener start with a tenant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TenantAddresses {
    /// They do: addresses are put right as [`normalised`] says.
    Yes,
    /// They do not, and are routed as they come.
    No,
}

impl Door {
    /// A door to these routes.
    pub fn new(routes: Router, rules: DoorRules, server: &Server, metrics: Arc<Metrics>) -> Door {
        Door {
            routes: routes.layer(from_fn(remember_route)),
            origins: OriginRules::new(server),
            rules,
            metrics,
        }
    }

    /// Answers one request. Handlers find in its extensions: [`RequestId`], [`Origin`], [`super::ClientAddress`],
    /// [`Peer`], and axum's `OriginalUri` with the address as the client wrote it.
    pub async fn answer(&self, peer: &Peer, mut request: Request) -> Response {
        let started = Stopwatch::start();
        let id = RequestId::fresh();
        let clients_own_id = clients_own(request.headers());
        let method = request.method().clone();
        let origin = self.origins.origin(peer, request.uri(), request.headers());
        let client = self.origins.client(peer, request.headers());
        let original = request.uri().clone();
        if self.rules.tenants == TenantAddresses::Yes
            && let Some(uri) = normalised(&original)
        {
            *request.uri_mut() = uri;
        }
        let uri = request.uri().clone();
        let open = request.extensions_mut().remove::<Arc<OpenRequest>>();
        let https = origin.as_ref().is_ok_and(|origin| origin.scheme == "https");
        let extensions = request.extensions_mut();
        extensions.insert(OriginalUri(original));
        extensions.insert(id);
        extensions.insert(client);
        extensions.insert(peer.clone());
        let mut response = self.routed(request, origin, id).await;
        let route = response
            .extensions_mut()
            .remove::<RouteTemplate>()
            .map(|RouteTemplate(path)| path);
        add_headers(response.headers_mut(), id, clients_own_id, https);
        let status = response.status();
        let line = AccessLine {
            metrics: self.metrics.clone(),
            request: id,
            client,
            tenants: self.rules.tenants,
            method,
            uri,
            started,
            route,
            status,
            _open: open,
        };
        response.map(|body| watched(body, line))
    }

    async fn routed(&self, mut request: Request, origin: Result<Origin, BadHost>, id: RequestId) -> Response {
        let path = request.uri().path().to_owned();
        let answer = |fault| {
            (self.rules.faults)(&FaultReport {
                fault,
                path: &path,
                request: id,
            })
        };
        let Ok(origin) = origin else {
            return answer(Fault::BadHost);
        };
        request.extensions_mut().insert(origin);
        let span = tracing::info_span!("request", id = %id);
        let mut routes = self.routes.clone();
        // A router is always ready, so it can be called without being asked first.
        let asked = async move { routes.call(request).await };
        let Ok(response) = caught(asked.instrument(span)).await else {
            tracing::error!(request.id = %id, "the handler of {path} panicked");
            return answer(Fault::Panicked);
        };
        response.into_response()
    }
}

/// The router's template of an answered address, for the measures.
#[derive(Debug, Clone)]
struct RouteTemplate(Arc<str>);

async fn remember_route(route: Option<MatchedPath>, request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    if let Some(route) = route {
        response
            .extensions_mut()
            .insert(RouteTemplate(Arc::from(route.as_str())));
    }
    response
}

/// How long a browser shall insist on TLS: a year, as the old service said (wire contract 1.6). Not for subdomains: the
/// host is the operator's, and its other services are none of our business.
const STRICT_TRANSPORT: HeaderValue = HeaderValue::from_static("max-age=31536000");

fn add_headers(headers: &mut HeaderMap, id: RequestId, clients_own_id: Option<HeaderValue>, https: bool) {
    if let Some(id) = id.header() {
        headers.insert(REQUEST_ID, id);
    }
    if let Some(id) = clients_own_id {
        headers.insert(CLIENT_REQUEST_ID, id);
    }
    headers.insert(
        header::X_CONTENT_TYPE_OPTIONS,
        HeaderValue::from_static("nosniff"),
    );
    if https {
        headers.insert(header::STRICT_TRANSPORT_SECURITY, STRICT_TRANSPORT);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::layers::Transport;
    use crate::testing::{RULES, config, door};
    use axum::body::Body;
    use axum::routing::get;
    use http_body_util::BodyExt;

    fn routes() -> Router {
        Router::new()
            .route(
                "/{tenant}/reports",
                get(|uri: OriginalUri| async move { format!("asked for {}", uri.0) }),
            )
            .route(
                "/{tenant}/links",
                get(|origin: Origin| async move { origin.to_string() }),
            )
            .route(
                "/{tenant}/bug",
                get(async || if true { panic!("on purpose") } else { "" }),
            )
    }

    async fn ask(door: &Door, request: http::request::Builder) -> (http::response::Parts, String) {
        let local = Some("127.0.0.1:8080".parse().unwrap());
        let peer = Peer {
            address: Some([10, 0, 0, 1].into()),
            local,
            transport: Transport::Plain,
        };
        let response = door.answer(&peer, request.body(Body::empty()).unwrap()).await;
        let (parts, body) = response.into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        (parts, String::from_utf8_lossy(&body).into_owned())
    }

    async fn check(path: &str, expected: (u16, &str)) {
        let (parts, body) = ask(&door(routes()), Request::get(path).header("host", "h.example")).await;
        assert_eq!(parts.status.as_u16(), expected.0, "{path}: {body}");
        assert!(body.contains(expected.1), "{path}: {body}");
    }

    #[tokio::test]
    async fn addresses_are_put_right_before_routing_and_kept_as_they_came() {
        check("/t/reports?x=1", (200, "asked for /t/reports?x=1")).await;
        check("/t//reports?x=//", (200, "asked for /t//reports?x=//")).await;
        check("//reports", (200, "asked for //reports")).await;
        check("/reports", (200, "asked for /reports")).await;
        check("/t/x", (404, "")).await;
    }

    #[tokio::test]
    async fn addresses_without_tenants_are_left_alone_where_there_are_none() {
        let rules = DoorRules {
            tenants: TenantAddresses::No,
            ..RULES
        };
        let routes = Router::new().route("/reports", get(async || "here"));
        let door = Door::new(routes, rules, &config(&[]).server, Metrics::new());
        assert_eq!(
            ask(&door, Request::get("/reports").header("host", "a")).await.1,
            "here"
        );
        assert_eq!(
            ask(&door, Request::get("//reports").header("host", "a"))
                .await
                .0
                .status,
            404
        );
    }

    #[tokio::test]
    async fn a_handler_knows_the_origin_and_a_bad_host_never_gets_to_it() {
        check("/t/links", (200, "http://h.example")).await;
        let (parts, body) = ask(&door(routes()), Request::get("/t/links").header("host", "a\"b")).await;
        assert_eq!(parts.status, 400);
        assert!(body.contains("the Host header must hold one host name"), "{body}");
    }

    #[tokio::test]
    async fn every_answer_has_a_fresh_id_and_the_clients_own_only_if_given() {
        let door = door(routes());
        let mut seen = Vec::new();
        for path in ["/t/reports", "/nothing", "/t/bug"] {
            let (parts, _) = ask(
                &door,
                Request::get(path)
                    .header("host", "a")
                    .header("request-id", "mine"),
            )
            .await;
            let id = parts.headers["request-id"].to_str().unwrap().to_owned();
            assert_eq!(uuid::Uuid::parse_str(&id).unwrap().get_version_num(), 4);
            assert!(!seen.contains(&id));
            seen.push(id);
            assert!(!parts.headers.contains_key("client-request-id"));
        }
        let given = Request::get("/t/reports")
            .header("host", "a")
            .header("client-request-id", "abc-1");
        assert_eq!(ask(&door, given).await.0.headers["client-request-id"], "abc-1");
        let insane = Request::get("/t/reports")
            .header("host", "a")
            .header("client-request-id", "<b>");
        assert!(
            !ask(&door, insane)
                .await
                .0
                .headers
                .contains_key("client-request-id")
        );
    }

    #[tokio::test]
    async fn a_panic_is_a_500_with_the_requests_id_and_nothing_of_the_inside() {
        let door = door(routes());
        let (parts, body) = ask(&door, Request::get("/t/bug").header("host", "a")).await;
        assert_eq!(parts.status, 500);
        assert!(
            body.contains(parts.headers["request-id"].to_str().unwrap()),
            "{body}"
        );
        assert!(!body.contains("on purpose"), "{body}");
        assert_eq!(
            ask(&door, Request::get("/t/reports").header("host", "a"))
                .await
                .0
                .status,
            200
        );
    }

    #[tokio::test]
    async fn answers_are_not_sniffed_and_insist_on_tls_only_where_there_is_tls() {
        let (parts, _) = ask(&door(routes()), Request::get("/t/reports").header("host", "a")).await;
        assert_eq!(parts.headers["x-content-type-options"], "nosniff");
        assert!(!parts.headers.contains_key("strict-transport-security"));
        let server = config(&[("server.public_url", "https://a.example")]).server;
        let behind_proxy = Door::new(routes(), RULES, &server, Metrics::new());
        let (parts, _) = ask(&behind_proxy, Request::get("/t/reports").header("host", "a")).await;
        assert_eq!(parts.headers["strict-transport-security"], "max-age=31536000");
    }

    #[tokio::test]
    async fn requests_are_measured_by_the_routers_template() {
        let metrics = Metrics::new();
        let door = Door::new(routes(), RULES, &config(&[]).server, metrics.clone());
        for path in ["/contoso.com/reports", "/reports", "/nobody/knows/this"] {
            ask(&door, Request::get(path).header("host", "a")).await;
        }
        let text = metrics.render().unwrap();
        let line = "_count{method=\"GET\",route=\"/{tenant}/reports\",status=\"2xx\"} 2";
        assert!(text.contains(line), "{text}");
        assert!(
            text.contains("_count{method=\"GET\",route=\"unmatched\",status=\"4xx\"} 1"),
            "{text}"
        );
        assert!(!text.contains("contoso"), "{text}");
    }
}
