//! Devices: a code to type, somebody who signs in, and a program that waits.

use crate::site::*;
use crate::support::http::{Answer, Request};
use serde_json::Value;

const PAGE: &str = "/common/oauth2/deviceauth";
const NEW_GRANT: &str = "urn:ietf:params:oauth:grant-type:device_code";

/// A device of the public application asks.
fn begin(site: &Site, path: &str, more: &str) -> Value {
    let form = format!("client_id={}{more}", site.public.client_id);
    let answer = site.post(path, &form);
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.json()
}

fn poll(site: &Site, path: &str, grant: &str, parameter: &str, device: &Value) -> Answer {
    let code = text(device, "device_code");
    let form = format!(
        "grant_type={grant}&client_id={}&{parameter}={code}",
        site.public.client_id
    );
    site.post(path, &form)
}

/// Somebody types the code, signs in, and decides.
fn decide(site: &Site, device: &Value, answer: &str) -> Answer {
    let mut browser = Browser::default();
    let page = form(&browser.get(&site.server, PAGE));
    let typed = text(device, "user_code").to_lowercase().replace('-', " ");
    let page = form(&browser.send(&site.server, &page, &[("usercode", &typed), ("answer", "yes")]));
    let fields = [
        ("user", "ada@shared.example"),
        ("password", PASSWORD),
        ("answer", "yes"),
    ];
    let page = form(&browser.send(&site.server, &page, &fields));
    browser.send(&site.server, &page, &[("answer", answer)])
}

#[test]
fn a_device_of_old_and_of_new_gets_its_tokens() {
    let site = site();
    let old = begin(
        &site,
        "/common/oauth2/devicecode?api-version=1.0",
        "&resource=https://graph.windows.net",
    );
    // wire contract 4.2: texts.
    assert_eq!(
        (text(&old, "expires_in").as_str(), text(&old, "interval").as_str()),
        ("900", "5")
    );
    assert!(text(&old, "message").contains(&text(&old, "user_code")), "{old}");
    assert!(text(&old, "verification_url").ends_with(PAGE), "{old}");
    let waiting = poll(&site, "/common/oauth2/token", "device_code", "code", &old);
    check_refused(&waiting, (400, "authorization_pending", &[70016]));
    let page = decide(&site, &old, "yes");
    assert!(
        page.text().contains("signed in on your device"),
        "{}",
        page.text()
    );
    let granted = poll(&site, "/common/oauth2/token", "device_code", "code", &old);
    assert_eq!(granted.status, 200, "{}", granted.text());
    let access = text(&granted.json(), "access_token");
    assert_eq!(claims(&access)["appidacr"], "0");
    assert_eq!(site.server.get(&access, AUDIT).ids().len(), 1);
    let again = poll(&site, "/common/oauth2/token", "device_code", "code", &old);
    check_refused(&again, (400, "invalid_grant", &[70018]));

    let scope = "&scope=openid%20offline_access%20https%3A%2F%2Fgraph.windows.net%2F.default";
    let new = begin(&site, "/contoso.com/oauth2/v2.0/devicecode", scope);
    assert_eq!(
        (new["expires_in"].as_i64(), new["interval"].as_i64()),
        (Some(900), Some(5))
    );
    assert!(text(&new, "verification_uri").ends_with(PAGE), "{new}");
    decide(&site, &new, "yes");
    let granted = poll(
        &site,
        "/contoso.com/oauth2/v2.0/token",
        NEW_GRANT,
        "device_code",
        &new,
    );
    assert_eq!(granted.status, 200, "{}", granted.text());
    let granted = granted.json();
    assert_eq!(granted["expires_in"].as_i64(), Some(3600));
    assert!(
        granted["refresh_token"].is_string() && granted["id_token"].is_string(),
        "{granted}"
    );
}

#[test]
fn a_device_that_is_declined_or_impatient_is_told_so() {
    let site = site();
    let path = "/common/oauth2/v2.0/token";
    let device = begin(&site, "/common/oauth2/v2.0/devicecode", "");
    check_refused(
        &poll(&site, path, NEW_GRANT, "device_code", &device),
        (400, "authorization_pending", &[70016]),
    );
    check_refused(
        &poll(&site, path, NEW_GRANT, "device_code", &device),
        (400, "slow_down", &[70016]),
    );
    decide(&site, &device, "no");
    check_refused(
        &poll(&site, path, NEW_GRANT, "device_code", &device),
        (400, "access_denied", &[65004]),
    );
}

#[test]
fn a_device_code_is_its_applications_alone() {
    let site = site();
    let device = begin(&site, "/common/oauth2/devicecode", "");
    decide(&site, &device, "yes");
    let form = format!(
        "grant_type=device_code&client_id={}&client_secret={}&code={}",
        site.other.client_id,
        site.other.client_secret,
        text(&device, "device_code")
    );
    check_refused(&site.token(&form), (400, "invalid_grant", &[70018]));
}

#[test]
fn guessing_codes_of_devices_is_slowed_down() {
    let site = site();
    let device = begin(&site, "/common/oauth2/devicecode", "");
    let mut browser = Browser::default();
    let page = form(&browser.get(&site.server, PAGE));
    let mut guess = |code: &str| browser.send(&site.server, &page, &[("usercode", code), ("answer", "yes")]);
    for index in 0..6 {
        let answer = guess("BBBB-BBBB");
        assert_eq!(answer.status, 200, "guess {index}");
        assert!(answer.text().contains("No program waits"), "{}", answer.text());
    }
    // Also the right one has to wait now.
    let answer = guess(&text(&device, "user_code"));
    assert_eq!(answer.status, 429, "{}", answer.text());
    assert!(answer.header("retry-after").unwrap().parse::<u32>().unwrap() >= 1);
}

#[test]
fn a_device_page_of_another_browser_does_nothing() {
    let site = site();
    let device = begin(&site, "/common/oauth2/devicecode", "");
    let mut attacker = Browser::default();
    let page = form(&attacker.get(&site.server, PAGE));
    let typed = [("usercode", text(&device, "user_code"))];
    let fields = [("usercode", typed[0].1.as_str()), ("answer", "yes")];
    assert_eq!(Browser::default().send(&site.server, &page, &fields).status, 400);
    let forged = Request::post(PAGE).form(&format!("request={}&answer=yes", typed[0].1));
    assert_eq!(site.server.send(&forged).status, 400);
    let waiting = poll(&site, "/common/oauth2/token", "device_code", "code", &device);
    check_refused(&waiting, (400, "authorization_pending", &[70016]));
}
