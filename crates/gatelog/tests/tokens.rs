//! Who gets a token, what the answer looks like, and whom a token lets in.

#![allow(clippy::unwrap_used)] // Helpers of tests.

mod support;

use serde_json::Value;
use support::http::{Answer, Request};
use support::records::{audit, days_ago};
use support::{App, CONTOSO, FABRIKAM, Server, Workplace};

/// What a token without `resource` is for (wire contract 0.2).
const REPORTS_ID: &str = "00000002-0000-0000-c000-000000000000";
const LIST: &str = "/contoso.com/reports?api-version=beta";

struct Site {
    server: Server,
    /// It may read and ingest.
    app: App,
    workplace: Workplace,
}

fn site() -> Site {
    let workplace = Workplace::new();
    workplace.tenant(CONTOSO, "contoso.com");
    workplace.tenant(FABRIKAM, "fabrikam.com");
    let app = workplace.app("contoso.com", &["Directory.Read.All", "Ingest"]);
    Site {
        server: workplace.serve(),
        app,
        workplace,
    }
}

impl Site {
    /// Asks for a token with more in the form than the credentials.
    fn ask(&self, path: &str, more: &str) -> Answer {
        let form = format!(
            "grant_type=client_credentials&client_id={}&client_secret={}{more}",
            self.app.client_id, self.app.client_secret
        );
        self.server.send(&Request::post(path).form(&form))
    }

    fn list(&self, token: &str) -> Answer {
        self.server.get(token, LIST)
    }
}

/// A form of asking, and the resource that the token must be for; the token must read.
fn check(site: &Site, path: &str, more: &str, resource: &str) {
    let answer = site.ask(path, more);
    assert_eq!(answer.status, 200, "{path} {more}: {}", answer.text());
    assert_eq!(
        answer.header("content-type"),
        Some("application/json;charset=utf-8")
    );
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    assert_eq!(answer.header("pragma"), Some("no-cache"));
    let json = answer.json();
    let mut names: Vec<&String> = json.as_object().unwrap().keys().collect();
    names.sort();
    // wire contract 4.2: exactly these, and all of them text.
    let expected = [
        "access_token",
        "expires_in",
        "expires_on",
        "ext_expires_in",
        "not_before",
        "resource",
        "token_type",
    ];
    assert_eq!(names, expected, "{path} {more}");
    let text = |name: &str| {
        json[name]
            .as_str()
            .unwrap_or_else(|| panic!("{name} is no text: {json}"))
            .to_owned()
    };
    let number = |name: &str| text(name).parse::<i64>().unwrap();
    assert_eq!(text("token_type"), "Bearer");
    assert_eq!(text("resource"), resource);
    assert_eq!((number("expires_in"), number("ext_expires_in")), (3600, 3600));
    assert_eq!(number("expires_on") - number("not_before"), 3900);
    let now = support::records::now().unix_seconds();
    assert!(
        (now - 60..=now + 60).contains(&(number("not_before") + 300)),
        "{json} at {now}"
    );
    let claims = claims(&text("access_token"));
    assert_eq!(claims["aud"], resource);
    assert_eq!(
        (claims["exp"].as_i64(), claims["nbf"].as_i64()),
        (Some(number("expires_on")), Some(number("not_before")))
    );
    assert_eq!(claims["tid"], CONTOSO);
    assert_eq!(claims["appid"], site.app.client_id.as_str());
    assert_eq!(
        claims["iss"],
        format!("http://{}/{CONTOSO}/", site.server.address)
    );
    assert_eq!(
        (&claims["ver"], &claims["appidacr"]),
        (&"1.0".into(), &"1".into())
    );
    let read = site.list(&text("access_token"));
    assert_eq!(read.status, 200, "{path} {more}: {}", read.text());
}

/// The middle part of a token.
fn claims(token: &str) -> Value {
    let part = token.split('.').nth(1).unwrap();
    serde_json::from_slice(&base64_url(part)).unwrap()
}

fn base64_url(text: &str) -> Vec<u8> {
    const ALPHABET: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let (mut bytes, mut bits, mut held) = (Vec::new(), 0_u32, 0);
    for letter in text.bytes() {
        let value = ALPHABET.iter().position(|other| *other == letter).unwrap();
        bits = bits << 6 | u32::try_from(value).unwrap();
        held += 6;
        if held >= 8 {
            held -= 8;
            bytes.push(u8::try_from(bits >> held & 0xff).unwrap());
        }
    }
    bytes
}

#[test]
fn every_form_of_asking_that_old_clients_have_gives_a_token_that_reads() {
    let site = site();
    let own = format!("http://{}", site.server.address);
    let token = "/contoso.com/oauth2/token";
    check(&site, token, "", REPORTS_ID);
    check(&site, token, "&resource=", REPORTS_ID);
    check(
        &site,
        token,
        "&resource=https://graph.windows.net",
        "https://graph.windows.net",
    );
    check(
        &site,
        token,
        "&resource=https%3A%2F%2Fgraph.windows.net",
        "https://graph.windows.net",
    );
    check(
        &site,
        token,
        "&resource=https%3A%2F%2Fgraph.windows.net%2F",
        "https://graph.windows.net/",
    );
    check(&site, token, &format!("&resource={REPORTS_ID}"), REPORTS_ID);
    check(&site, token, &format!("&resource={own}"), &own);
    check(&site, token, "&scope=offline_access", REPORTS_ID);
    check(
        &site,
        token,
        "&scope=openid&redirect_uri=https://localhost",
        REPORTS_ID,
    );
    for query in ["?api-version=1.0", "?api-version=beta", "?"] {
        check(&site, &format!("{token}{query}"), "", REPORTS_ID);
    }
    for tenant in [CONTOSO, "common", "organizations", "CONTOSO.com"] {
        check(&site, &format!("/{tenant}/oauth2/token"), "", REPORTS_ID);
    }
    check(&site, "//contoso.com//oauth2/token", "", REPORTS_ID);
}

/// A form, and the status, error and AADSTS codes of its refusal.
fn check_refused(site: &Site, path: &str, form: &str, expected: (u16, &str, &[u64])) -> Answer {
    let correlation = "8a3c9b51-7c5b-4b0e-9d58-0c5f4a2f5b11";
    let answer = site.server.send(
        &Request::post(path)
            .header("client-request-id", correlation)
            .form(form),
    );
    let json = answer.json();
    let codes: Vec<u64> = json["error_codes"]
        .as_array()
        .unwrap()
        .iter()
        .map(|code| code.as_u64().unwrap())
        .collect();
    assert_eq!(
        (answer.status, json["error"].as_str().unwrap(), codes.as_slice()),
        expected,
        "{form}: {json}"
    );
    let description = json["error_description"].as_str().unwrap();
    let lines: Vec<&str> = description.split("\r\n").collect();
    assert_eq!(lines.len(), 4, "{description}");
    for code in expected.2 {
        assert!(lines[0].contains(&format!("AADSTS{code}: ")), "{description}");
    }
    assert_eq!(
        lines[1],
        format!("Trace ID: {}", json["trace_id"].as_str().unwrap())
    );
    assert_eq!(lines[2], format!("Correlation ID: {correlation}"));
    assert_eq!(
        lines[3],
        format!("Timestamp: {}", json["timestamp"].as_str().unwrap())
    );
    // "2016-04-11 18:00:12Z"
    let timestamp = json["timestamp"].as_str().unwrap();
    assert_eq!(
        (timestamp.len(), &timestamp[10..11], &timestamp[19..]),
        (20, " ", "Z")
    );
    assert_eq!(
        answer.header("content-type"),
        Some("application/json;charset=utf-8")
    );
    assert_eq!(answer.header("www-authenticate"), None);
    answer
}

#[test]
fn a_refusal_has_the_old_codes_and_words() {
    let site = site();
    let (id, secret) = (site.app.client_id.clone(), site.app.client_secret.clone());
    let token = "/contoso.com/oauth2/token";
    let form = |id: &str, secret: &str, more: &str| {
        format!("grant_type=client_credentials&client_id={id}&client_secret={secret}{more}")
    };
    check_refused(
        &site,
        token,
        &form(&id, "wrong", ""),
        (401, "invalid_client", &[70002, 50012]),
    );
    let nobody = "11111111-2222-4333-8444-555555555555";
    check_refused(
        &site,
        token,
        &form(nobody, &secret, ""),
        (400, "unauthorized_client", &[70001]),
    );
    check_refused(
        &site,
        token,
        &form("no-guid", &secret, ""),
        (400, "unauthorized_client", &[70001]),
    );
    check_refused(
        &site,
        "/nobody.example/oauth2/token",
        &form(&id, &secret, ""),
        (400, "invalid_request", &[90002]),
    );
    // The application of another tenant is none here.
    check_refused(
        &site,
        "/fabrikam.com/oauth2/token",
        &form(&id, &secret, ""),
        (400, "unauthorized_client", &[70001]),
    );
    check_refused(
        &site,
        token,
        &form(&id, &secret, "&resource=https://graph.microsoft.com"),
        (400, "invalid_resource", &[50001]),
    );
    check_refused(
        &site,
        token,
        &form(&id, &secret, "").replace("client_credentials", "client_credentials1"),
        (400, "unsupported_grant_type", &[70003]),
    );
    check_refused(
        &site,
        token,
        "grant_type=client_credentials",
        (400, "invalid_request", &[90014]),
    );
    check_refused(&site, token, "", (400, "invalid_request", &[90014]));
    let answer = check_refused(
        &site,
        token,
        &format!("grant_type=client_credentials&client_id={id}"),
        (400, "invalid_request", &[90014]),
    );
    assert!(!answer.text().contains(&secret));
}

#[test]
fn basic_is_offered_only_to_who_used_it() {
    let site = site();
    let ask = |credentials: &str| {
        let request = Request::post("/contoso.com/oauth2/token")
            .header("Authorization", &format!("Basic {credentials}"))
            .form("grant_type=client_credentials");
        site.server.send(&request)
    };
    let good = base64(&format!("{}:{}", site.app.client_id, site.app.client_secret));
    assert_eq!(ask(&good).status, 200);
    let wrong = ask(&base64(&format!("{}:wrong", site.app.client_id)));
    assert_eq!(
        (wrong.status, wrong.json()["error"].as_str()),
        (401, Some("invalid_client"))
    );
    assert!(
        wrong
            .header("www-authenticate")
            .unwrap()
            .starts_with("Basic realm=")
    );
    let bearer = site.server.send(&Request::get(LIST));
    assert!(bearer.header("www-authenticate").unwrap().starts_with("Bearer "));
}

fn base64(text: &str) -> String {
    const ALPHABET: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::new();
    for part in text.as_bytes().chunks(3) {
        let bits = part
            .iter()
            .fold(0_usize, |bits, byte| bits << 8 | usize::from(*byte))
            << (8 * (3 - part.len()));
        for place in 0..4 {
            let letter = char::from(ALPHABET[bits >> (18 - 6 * place) & 63]);
            out.push(if place <= part.len() { letter } else { '=' });
        }
    }
    out
}

/// The pairs of a challenge as ADAL reads it: its parser wants `^\s*Bearer\s+` and then pairs of `[^,\s="]+?` and
/// `="[^"]*?"` with commas between and none at the end (`/^\s*Bearer\s+([^,\s="]+?)="([^"]*?)"\s*(,\s*([^,\s="]+?)="([^"]*?)"\s*)*$/`).
fn challenge(value: &str) -> Vec<(String, String)> {
    let mut rest = value.trim_start().strip_prefix("Bearer").unwrap();
    assert!(rest.starts_with(' '), "{value}");
    let mut pairs = Vec::new();
    loop {
        let (name, after) = rest
            .trim_start()
            .split_once("=\"")
            .unwrap_or_else(|| panic!("{value}"));
        assert!(
            !name.is_empty() && !name.contains([',', ' ', '=', '"']),
            "{value}"
        );
        let (quoted, after) = after.split_once('"').unwrap();
        pairs.push((name.to_owned(), quoted.to_owned()));
        let after = after.trim_start();
        if after.is_empty() {
            return pairs;
        }
        rest = after.strip_prefix(',').unwrap_or_else(|| panic!("{value}"));
    }
}

/// An Authorization header, and the code and description of the 401 that answers it.
fn check_challenge(site: &Site, authorization: Option<&str>, code: &str, description: &str) {
    let request = match authorization {
        Some(value) => Request::get(LIST).header("Authorization", value),
        None => Request::get(LIST),
    };
    let answer = site.server.send(&request);
    assert_eq!(
        (answer.status, answer.error_code().as_str()),
        (401, code),
        "{authorization:?}"
    );
    let pairs = challenge(answer.header("www-authenticate").unwrap());
    let uri = format!("http://{}/contoso.com/oauth2/authorize", site.server.address);
    let expected = [
        ("authorization_uri", uri.as_str()),
        ("error", "invalid_token"),
        ("error_description", description),
        ("resource_id", REPORTS_ID),
    ];
    let pairs: Vec<(&str, &str)> = pairs
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str()))
        .collect();
    assert_eq!(pairs, expected);
}

#[test]
fn a_token_that_is_not_ours_is_answered_with_a_challenge_that_adal_reads() {
    const CODE: &str = "Authentication_MissingOrMalformed";
    let site = site();
    let good = site.server.reading_token(&site.app);
    check_challenge(&site, None, CODE, "The access token is missing.");
    check_challenge(&site, Some("Digest YTpi"), CODE, "The access token is missing.");
    check_challenge(&site, Some("Bearer "), CODE, "The access token is missing.");
    let invalid = |token: &str| {
        check_challenge(
            &site,
            Some(&format!("Bearer {token}")),
            CODE,
            "The access token is not valid.",
        );
    };
    invalid("abc");
    invalid("a.b.c");
    let parts: Vec<&str> = good.split('.').collect();
    // A letter in the middle of each part; the last letter of a part may hold bits that say nothing.
    for part in 0..3 {
        let mut damaged: Vec<String> = parts.iter().map(|part| (*part).to_owned()).collect();
        let middle = damaged[part].len() / 2;
        let other = if &damaged[part][middle..=middle] == "A" {
            "B"
        } else {
            "A"
        };
        damaged[part].replace_range(middle..=middle, other);
        invalid(&damaged.join("."));
    }
    invalid(&format!("{}.{}.", parts[0], parts[1]));
    // {"alg":"none","typ":"JWT"}
    invalid(&format!("eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0.{}.", parts[1]));
    // The same header name in other letters, and the scheme too, as the Python client sends it.
    let answer = site
        .server
        .send(&Request::get(LIST).header("authorization", &format!("bearer {good}")));
    assert_eq!(answer.status, 200);
    // The word of the address comes back in the challenge only if it could be a tenant's.
    let answer = site
        .server
        .send(&Request::get("/%22x%22,y=z/reports?api-version=beta"));
    let pairs = challenge(answer.header("www-authenticate").unwrap());
    assert!(pairs[0].1.ends_with("/common/oauth2/authorize"), "{pairs:?}");
}

#[test]
fn a_token_is_good_for_one_tenant_and_one_thing() {
    let site = site();
    let reads = site.workplace.app("contoso.com", &["Directory.Read.All"]);
    let brings = site.workplace.app("contoso.com", &["Ingest"]);
    let nothing = site.workplace.app("contoso.com", &[]);
    let other = site
        .workplace
        .app("fabrikam.com", &["Directory.Read.All", "Ingest"]);
    let read = |token: &str| {
        let answer = site.list(token);
        let code = if answer.status == 200 {
            String::new()
        } else {
            answer.error_code()
        };
        (answer.status, code)
    };
    let bring = |token: &str| {
        let record = audit("one", &days_ago(1), "Add user");
        site.server
            .send(
                &Request::post("/contoso.com/ingest/auto")
                    .bearer(token)
                    .body(record),
            )
            .status
    };
    let code = |status: u16, code: &str| (status, code.to_owned());
    assert_eq!(read(&site.server.reading_token(&reads)), code(200, ""));
    assert_eq!(bring(&site.server.ingest_token(&brings)), 200);
    // Tokens of the wrong audience.
    assert_eq!(
        read(&site.server.ingest_token(&site.app)),
        code(401, "Authentication_MissingOrMalformed")
    );
    assert_eq!(bring(&site.server.reading_token(&site.app)), 401);
    // Also once they were seen and remembered.
    let both = (
        site.server.reading_token(&site.app),
        site.server.ingest_token(&site.app),
    );
    for _ in 0..2 {
        assert_eq!((read(&both.0).0, bring(&both.1)), (200, 200));
        assert_eq!((read(&both.1).0, bring(&both.0)), (401, 401));
    }
    // The right audience without the permission.
    for app in [&brings, &nothing] {
        let answer = site.list(&site.server.reading_token(app));
        assert_eq!(
            (answer.status, answer.error_code().as_str()),
            (403, "Authentication_ApplicationHasNoDirectoryReadAccess")
        );
        assert_eq!(
            answer.error_message(),
            "Unable to check Directory Read access for appId"
        );
        let error = &answer.json()["odata.error"];
        assert_eq!(error["appId"], app.client_id.as_str());
        assert_eq!(error["requiredPermission"], "Directory.Read.All");
    }
    assert_eq!(bring(&site.server.ingest_token(&reads)), 403);
    // Another tenant's.
    assert_eq!(
        read(&site.server.reading_token(&other)),
        code(403, "Authentication_Unauthorized")
    );
    assert_eq!(bring(&site.server.ingest_token(&other)), 403);
}

#[test]
fn a_disabled_application_is_shut_out_at_once() {
    let site = site();
    let token = site.server.reading_token(&site.app);
    let ingest = site.server.ingest_token(&site.app);
    let bring = |id: &str| {
        let record = audit(id, &days_ago(1), "Add user");
        site.server
            .send(
                &Request::post("/contoso.com/ingest/auto")
                    .bearer(&ingest)
                    .body(record),
            )
            .status
    };
    assert_eq!((site.list(&token).status, bring("one")), (200, 200));
    let disabled = site.workplace.json(&["app", "disable", &site.app.client_id]);
    assert!(disabled["disabled"].is_string(), "{disabled}");
    let refused = site.list(&token);
    assert_eq!(
        (refused.status, refused.error_code().as_str()),
        (401, "Authorization_IdentityNotFound")
    );
    assert!(refused.header("www-authenticate").is_some());
    assert_eq!(bring("two"), 401);
    let asked = site.ask("/contoso.com/oauth2/token", "");
    assert_eq!(
        (asked.status, asked.json()["error"].as_str()),
        (400, Some("unauthorized_client"))
    );
    site.workplace.json(&["app", "enable", &site.app.client_id]);
    assert_eq!((site.list(&token).status, bring("two")), (200, 200));
    site.workplace.json(&["app", "delete", &site.app.client_id]);
    assert_eq!((site.list(&token).status, bring("three")), (401, 401));
}

#[test]
fn a_second_secret_works_beside_the_first() {
    let mut site = site();
    let more = site
        .workplace
        .json(&["app", "secret", &site.app.client_id, "--secret-days", "1"]);
    assert_eq!(site.ask("/common/oauth2/token", "").status, 200);
    site.app.client_secret = more["clientSecret"].as_str().unwrap().to_owned();
    assert_eq!(site.ask("/common/oauth2/token", "").status, 200);
    let listed = site.workplace.json(&["app", "list"]);
    assert_eq!(listed[0]["secretHints"].as_array().unwrap().len(), 2);
    assert!(
        !listed.to_string().contains(&site.app.client_secret),
        "secrets are shown once"
    );
}
