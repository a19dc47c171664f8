//! v2: scopes, numbers, a public client with a challenge on an open port.

use crate::site::*;
use crate::support::http::Answer;

const OPEN_PORT: &str = "http://localhost:4711";

fn authorize(site: &Site, more: &str) -> String {
    format!(
        "/contoso.com/oauth2/v2.0/authorize?response_type=code&client_id={}&redirect_uri={}&state=s&nonce=n-0S6&scope=openid+profile+offline_access+https%3A%2F%2Fgraph.windows.net%2F.default{more}",
        site.public.client_id,
        escaped(OPEN_PORT)
    )
}

fn protected(site: &Site) -> String {
    authorize(
        site,
        &format!("&code_challenge={CHALLENGE}&code_challenge_method=S256"),
    )
}

fn redeem(site: &Site, answer: &Answer, more: &str) -> Answer {
    let location = answer.header("location").unwrap();
    let code = location.split("code=").nth(1).unwrap().split('&').next().unwrap();
    site.post(
        "/contoso.com/oauth2/v2.0/token",
        &format!(
            "grant_type=authorization_code&client_id={}&code={code}&redirect_uri={}{more}",
            site.public.client_id,
            escaped(OPEN_PORT)
        ),
    )
}

#[test]
fn a_public_client_signs_in_with_a_challenge() {
    let site = site();
    let answer = site.answer(&mut Browser::default(), &protected(&site), "ada@shared.example");
    assert_eq!(answer.status, 302, "{}", answer.text());
    let location = answer.header("location").unwrap();
    assert!(location.starts_with("http://localhost:4711/?code="), "{location}");
    // RFC 9207 names the issuer; v1 must not.
    assert!(
        location.contains("&state=s&iss=http%3A%2F%2F127.0.0.1"),
        "{location}"
    );
    let answer = redeem(&site, &answer, &format!("&code_verifier={VERIFIER}"));
    assert_eq!(answer.status, 200, "{}", answer.text());
    let tokens = answer.json();
    assert_eq!(
        (tokens["expires_in"].as_i64(), tokens.get("resource")),
        (Some(3600), None)
    );
    let scope = "openid profile offline_access https://graph.windows.net/Directory.Read.All https://graph.windows.net/.default";
    assert_eq!(tokens["scope"], scope);
    let id_token = claims(&text(&tokens, "id_token"));
    assert_eq!(
        (&id_token["nonce"], &id_token["ver"]),
        (&"n-0S6".into(), &"2.0".into())
    );
    let access = text(&tokens, "access_token");
    let access_claims = claims(&access);
    assert_eq!(access_claims["azp"], site.public.client_id.as_str());
    assert!(
        access_claims["iss"].as_str().unwrap().ends_with("/v2.0"),
        "{access_claims}"
    );
    assert_eq!(site.server.get(&access, AUDIT).ids().len(), 1);
    let form = format!(
        "grant_type=refresh_token&client_id={}&refresh_token={}&scope=https://graph.windows.net/.default",
        site.public.client_id,
        text(&tokens, "refresh_token")
    );
    let renewed = site.post("/contoso.com/oauth2/v2.0/token", &form);
    assert_eq!(renewed.status, 200, "{}", renewed.text());
    assert_eq!(
        site.server
            .get(&text(&renewed.json(), "access_token"), AUDIT)
            .status,
        200
    );
}

#[test]
fn a_public_client_cannot_go_without_a_challenge_or_with_a_secret() {
    let site = site();
    let answer = Browser::default().get(&site.server, &authorize(&site, ""));
    let location = answer
        .header("location")
        .unwrap_or_else(|| panic!("{}", answer.text()));
    assert!(
        location.contains("error=invalid_request&error_description=AADSTS9002325"),
        "{location}"
    );
    let answer = site.answer(&mut Browser::default(), &protected(&site), "ada@shared.example");
    check_refused(&redeem(&site, &answer, ""), (400, "invalid_grant", &[501_481]));
    let with_secret = redeem(
        &site,
        &answer,
        &format!("&client_secret=x&code_verifier={VERIFIER}"),
    );
    check_refused(&with_secret, (401, "invalid_client", &[700_025]));
    let form = format!(
        "grant_type=client_credentials&client_id={}",
        site.public.client_id
    );
    check_refused(
        &site.post("/contoso.com/oauth2/v2.0/token", &form),
        (400, "invalid_request", &[90014]),
    );
}

#[test]
fn without_offline_access_and_openid_there_is_an_access_token_alone() {
    let site = site();
    let target = protected(&site).replace("openid+profile+offline_access+", "");
    let answer = site.answer(&mut Browser::default(), &target, "ada@shared.example");
    let tokens = redeem(&site, &answer, &format!("&code_verifier={VERIFIER}")).json();
    assert!(tokens["access_token"].is_string(), "{tokens}");
    assert_eq!(
        (tokens.get("refresh_token"), tokens.get("id_token")),
        (None, None),
        "{tokens}"
    );
}

#[test]
fn an_application_asks_for_itself_by_scope() {
    let site = site();
    let app = site.workplace.app("contoso.com", &["Directory.Read.All"]);
    let form = format!(
        "grant_type=client_credentials&client_id={}&client_secret={}&scope=https%3A%2F%2Fgraph.windows.net%2F.default",
        app.client_id, app.client_secret
    );
    let answer = site.post("/contoso.com/oauth2/v2.0/token", &form);
    assert_eq!(answer.status, 200, "{}", answer.text());
    let access = text(&answer.json(), "access_token");
    assert_eq!(claims(&access)["aud"], "https://graph.windows.net");
    assert_eq!(site.server.get(&access, AUDIT).status, 200);
    let wrong = form.replace("graph.windows.net", "graph.microsoft.com");
    check_refused(
        &site.post("/contoso.com/oauth2/v2.0/token", &wrong),
        (400, "invalid_scope", &[70011]),
    );
}
