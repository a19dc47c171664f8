//! Errors for programs of today: `application/problem+json` (RFC 9457), as ingest and administration answer.

use crate::layers::{FaultReport, RequestId};
use axum::body::Body;
use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};
use serde_json::{Map, Value};

/// An error on its way out.
#[derive(Debug, Clone, PartialEq)]
pub struct Problem {
    status: StatusCode,
    kind: &'static str,
    title: &'static str,
    detail: Option<String>,
    request: Option<RequestId>,
    retry_after_seconds: Option<u64>,
    members: Map<String, Value>,
}

impl Problem {
    /// A problem of a kind (`body-too-large`); the title is the same for every problem of the kind.
    pub fn new(status: StatusCode, kind: &'static str, title: &'static str) -> Problem {
        Problem {
            status,
            kind,
            title,
            detail: None,
            request: None,
            retry_after_seconds: None,
            members: Map::new(),
        }
    }

    /// What happened this time, and what to do about it.
    #[must_use]
    pub fn detail(mut self, detail: impl Into<String>) -> Problem {
        self.detail = Some(detail.into());
        self
    }

    /// The request it happened to; the log has the rest under the same id.
    #[must_use]
    pub fn of_request(mut self, request: RequestId) -> Problem {
        self.request = Some(request);
        self
    }

    /// After how many seconds it is worth trying again.
    #[must_use]
    pub fn retry_after_seconds(mut self, seconds: u64) -> Problem {
        self.retry_after_seconds = Some(seconds);
        self
    }

    /// A member of its own (RFC 9457 3.2); the standard's names cannot be replaced.
    #[must_use]
    pub fn member(mut self, name: &str, value: impl Into<Value>) -> Problem {
        self.members.insert(name.to_owned(), value.into());
        self
    }

    /// The status it is answered with.
    pub fn status(&self) -> StatusCode {
        self.status
    }

    fn body(&self) -> Value {
        let mut body = self.members.clone();
        body.insert(
            "type".to_owned(),
            format!("urn:gatelog:problem:{}", self.kind).into(),
        );
        body.insert("title".to_owned(), self.title.into());
        body.insert("status".to_owned(), self.status.as_u16().into());
        if let Some(detail) = &self.detail {
            body.insert("detail".to_owned(), detail.as_str().into());
        }
        if let Some(request) = self.request {
            body.insert("instance".to_owned(), format!("urn:uuid:{request}").into());
            body.insert("requestId".to_owned(), request.to_string().into());
        }
        Value::Object(body)
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = Response::new(Body::from(self.body().to_string()));
        *response.status_mut() = self.status;
        let headers = response.headers_mut();
        headers.insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static("application/problem+json; charset=utf-8"),
        );
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if let Some(seconds) = self.retry_after_seconds {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}

/// What went wrong in the shell itself, as a problem.
pub fn render_fault(report: &FaultReport<'_>) -> Response {
    let fault = report.fault;
    let mut problem = Problem::new(fault.status(), fault.kind(), fault.title())
        .detail(fault.to_string())
        .of_request(report.request);
    if let Some(seconds) = fault.retry_after_seconds() {
        problem = problem.retry_after_seconds(seconds);
    }
    problem.into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(problem: &Problem, expected: &str) {
        let expected: Value = serde_json::from_str(expected).unwrap();
        assert_eq!(problem.body(), expected);
    }

    #[test]
    fn a_problem_has_the_members_of_the_standard_and_its_own() {
        let id = RequestId::from_guid(uuid::Uuid::from_u128(0x67e5_5044_10b1_426f_9247_bb68_0e5f_e0c8));
        check(
            &Problem::new(
                StatusCode::PAYLOAD_TOO_LARGE,
                "body-too-large",
                "The body is too large",
            )
            .detail("split it")
            .member("limitBytes", 1024)
            .member("status", 200)
            .of_request(id),
            r#"{"type":"urn:gatelog:problem:body-too-large","title":"The body is too large","status":413,
                "detail":"split it","limitBytes":1024,
                "instance":"urn:uuid:67e55044-10b1-426f-9247-bb680e5fe0c8",
                "requestId":"67e55044-10b1-426f-9247-bb680e5fe0c8"}"#,
        );
        check(
            &Problem::new(StatusCode::NOT_FOUND, "no-such-format", "No such format"),
            r#"{"type":"urn:gatelog:problem:no-such-format","title":"No such format","status":404}"#,
        );
    }

    #[test]
    fn it_goes_out_as_problem_json_with_its_status() {
        let response = Problem::new(StatusCode::SERVICE_UNAVAILABLE, "busy", "Busy")
            .retry_after_seconds(7)
            .into_response();
        assert_eq!(response.status(), 503);
        assert_eq!(
            response.headers()["content-type"],
            "application/problem+json; charset=utf-8"
        );
        assert_eq!(response.headers()["retry-after"], "7");
    }
}
