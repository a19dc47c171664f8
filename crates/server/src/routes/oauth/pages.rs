//! The pages that people see: server-rendered, without script, readable by old browsers and by keyboard.

use super::browser::Browser;
use askama::Template;
use axum::body::Body;
use axum::response::Response;
use http::{HeaderValue, StatusCode, header};
use issuer::refusal::{Refusal, Trace};
use issuer::reply::{self, Reply};

/// Somebody signs in.
#[derive(Template)]
#[template(path = "sign_in.html")]
pub(super) struct SignInPage<'a> {
    pub(super) application: &'a str,
    pub(super) action: &'a str,
    pub(super) request: &'a str,
    pub(super) form_token: &'a str,
    pub(super) user: &'a str,
    pub(super) message: Option<&'a str>,
    pub(super) needs_code: bool,
    /// Where else: what it is called, and where that leads.
    pub(super) elsewhere: &'a [(String, String)],
}

/// Somebody is asked.
#[derive(Template)]
#[template(path = "consent.html")]
pub(super) struct ConsentPage<'a> {
    pub(super) application: &'a str,
    pub(super) user: &'a str,
    pub(super) permissions: &'a [&'a str],
    pub(super) action: &'a str,
    pub(super) request: &'a str,
    pub(super) form_token: &'a str,
}

/// Somebody types the code of a device.
#[derive(Template)]
#[template(path = "device.html")]
pub(super) struct DevicePage<'a> {
    pub(super) action: &'a str,
    pub(super) form_token: &'a str,
    pub(super) message: Option<&'a str>,
}

/// Something is said, and nothing asked.
#[derive(Template)]
#[template(path = "notice.html")]
pub(super) struct NoticePage<'a> {
    pub(super) heading: &'a str,
    pub(super) text: &'a str,
    pub(super) details: Option<&'a str>,
}

/// The browser takes an answer to the application.
#[derive(Template)]
#[template(path = "form_post.html")]
struct FormPostPage<'a> {
    target: &'a str,
    address: &'a str,
    fields: &'a [(&'static str, String)],
}

/// The stylesheet of all of them.
pub(super) const STYLESHEET: &str = include_str!("../../../templates/gatelog.css");

/// What a permission lets an application do, in words for people.
pub(super) fn in_words(permission: &str) -> &str {
    match permission {
        "Directory.AccessAsUser.All" => {
            "Do whatever you may do here, as an administrator too: users, applications, settings"
        }
        "Directory.Read.All" => "Read the reports and events of your organisation that you may read",
        other => other,
    }
}

/// A page. `may_go_to` is the origin to which a form of it may lead in the end: a browser refuses to be redirected to any
/// other (Chromium holds the redirect of a form against the policy, too).
pub(super) fn page(
    status: StatusCode,
    template: &impl Template,
    browser: &Browser,
    may_go_to: Option<&str>,
) -> Response {
    let (status, html) = match template.render() {
        Ok(html) => (status, html),
        Err(error) => {
            tracing::error!("a page could not be written: {error}");
            (StatusCode::INTERNAL_SERVER_ERROR, String::new())
        }
    };
    let mut response = Response::new(Body::from(html));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("text/html;charset=utf-8"),
    );
    let policy = format!(
        "default-src 'none'; style-src 'self'; form-action 'self'{}{}; frame-ancestors 'none'; base-uri 'none'",
        if may_go_to.is_some() { " " } else { "" },
        may_go_to.unwrap_or_default()
    );
    // An origin that is no header value was no registered address; without the policy there is no page.
    match HeaderValue::from_str(&policy) {
        Ok(policy) => drop(headers.insert(header::CONTENT_SECURITY_POLICY, policy)),
        Err(_) => *response.body_mut() = Body::empty(),
    }
    let headers = response.headers_mut();
    add_page_headers(headers);
    browser.add_cookies(headers);
    response
}

/// What a refusal looks like where no application is known to whom it could be told.
pub(super) fn refusal(refusal: &Refusal, trace: &Trace, browser: &Browser) -> Response {
    let details = format!(
        "Trace ID: {}\nCorrelation ID: {}\nTimestamp: {}",
        trace.trace_id, trace.correlation_id, trace.now
    );
    let text = refusal.to_string();
    let notice = NoticePage {
        heading: "Sign-in did not work",
        text: &text,
        details: Some(&details),
    };
    let status = StatusCode::from_u16(refusal.status()).unwrap_or(StatusCode::BAD_REQUEST);
    page(status, &notice, browser, None)
}

/// An answer on its way to the application.
pub(super) fn answer(reply: &Reply, browser: &Browser) -> Response {
    match reply {
        Reply::Redirect(target) => redirect(target, browser),
        Reply::Form { address, fields } => {
            let origin = reply::origin(address);
            let form = FormPostPage {
                target: origin.as_deref().unwrap_or_default(),
                address,
                fields,
            };
            page(StatusCode::OK, &form, browser, origin.as_deref())
        }
    }
}

/// 302, as the old service answered; every browser then asks with GET.
pub(super) fn redirect(target: &str, browser: &Browser) -> Response {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::FOUND;
    let headers = response.headers_mut();
    match HeaderValue::from_str(target) {
        Ok(target) => drop(headers.insert(header::LOCATION, target)),
        Err(_) => *response.status_mut() = StatusCode::INTERNAL_SERVER_ERROR,
    }
    let headers = response.headers_mut();
    add_page_headers(headers);
    browser.add_cookies(headers);
    response
}

fn add_page_headers(headers: &mut http::HeaderMap) {
    for (name, value) in [
        (header::CACHE_CONTROL, "no-store"),
        (header::PRAGMA, "no-cache"),
        (header::REFERRER_POLICY, "no-referrer"),
        // For browsers that do not know frame-ancestors.
        (header::X_FRAME_OPTIONS, "DENY"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
}
