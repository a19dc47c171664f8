//! `gatelog login` and `logout` against a made-up issuer that checks what a real one checks.

use crate::stub::{Asked, Says, Stub, field};
use crate::support::Program;
use crate::support::http::Request;
use crate::{Home, err, out};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use std::os::unix::fs::PermissionsExt;
use std::sync::{Arc, Mutex};

/// Which discovery documents the issuer has.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Discovery {
    V2,
    V1,
    Nothing,
}

/// An issuer that gives a token for the code `the code` to who knows the verifier of the challenge.
fn issuer(discovery: Discovery) -> (Stub, Arc<Mutex<Option<String>>>) {
    let challenge: Arc<Mutex<Option<String>>> = Arc::default();
    let known = Arc::clone(&challenge);
    let stub = Stub::start(move |asked| {
        let base = format!("http://{}", asked.header("host").unwrap());
        let document = |path: &str| {
            let text = format!(
                r#"{{"issuer":"https://issuer.example/","authorization_endpoint":"{base}/t/{path}/authorize","token_endpoint":"{base}/t/{path}/token","device_authorization_endpoint":"{base}/t/{path}/devicecode","revocation_endpoint":"{base}/t/{path}/revoke"}}"#
            );
            Says::json(200, &text)
        };
        match (asked.path(), discovery) {
            ("/t/v2.0/.well-known/openid-configuration", Discovery::V2) => document("oauth2/v2.0"),
            ("/t/.well-known/openid-configuration", Discovery::V1) => document("oauth2"),
            (path, _) if path.ends_with("/token") => give(asked, known.lock().unwrap().as_deref()),
            (path, _) if path.ends_with("/revoke") => Says::json(200, ""),
            _ => Says::json(404, "{}"),
        }
    });
    (stub, challenge)
}

fn give(asked: &Asked, challenge: Option<&str>) -> Says {
    let refuse = |why: &str| {
        Says::json(
            400,
            &format!(r#"{{"error":"invalid_grant","error_description":"{why}"}}"#),
        )
    };
    if asked.field("grant_type").as_deref() != Some("authorization_code") {
        return refuse("another grant");
    }
    let verifier = asked.field("code_verifier").unwrap_or_default();
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, verifier.as_bytes());
    if challenge != Some(URL_SAFE_NO_PAD.encode(digest.as_ref()).as_str()) {
        return refuse("the verifier is not that of the challenge");
    }
    if asked.field("code").as_deref() != Some("the code") {
        return refuse("another code");
    }
    let claims = URL_SAFE_NO_PAD
        .encode(r#"{"upn":"ada@contoso.com","tid":"the-tenant-id","scp":"Directory.Read.All"}"#);
    Says::json(
        200,
        &format!(
            r#"{{"token_type":"Bearer","expires_in":"3599","access_token":"e30.{claims}.x","refresh_token":"the refresh token"}}"#
        ),
    )
}

/// Starts a sign-in, and gives what the browser is sent to.
fn begin(home: &Home, stub: &Stub) -> (Program, reqwest::Url) {
    let url = stub.url();
    let mut program = Program::start(&mut home.command(&[
        "login",
        "--host",
        &url,
        "--tenant",
        "t",
        "--client-id",
        "the-client",
    ]));
    let line = program.wait_for("/authorize?");
    (program, reqwest::Url::parse(&line).unwrap())
}

/// The browser comes back with an answer.
fn come_back(question: &reqwest::Url, answer: &str) -> (u16, String) {
    let redirect = field(question.query().unwrap(), "redirect_uri").unwrap();
    let address = redirect
        .strip_prefix("http://")
        .unwrap()
        .strip_suffix('/')
        .unwrap();
    let answer = Request::get(&format!("/{answer}")).send(address);
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    assert!(
        answer
            .header("content-security-policy")
            .unwrap()
            .contains("default-src 'none'")
    );
    assert_eq!(answer.header("referrer-policy"), Some("no-referrer"));
    (answer.status, answer.text())
}

fn check_browser(discovery: Discovery, authorize: &str, aim: (&str, &str)) {
    let (stub, challenge) = issuer(discovery);
    let home = Home::new();
    let (program, question) = begin(&home, &stub);
    let parameter = |name: &str| field(question.query().unwrap(), name);
    assert_eq!(question.path(), authorize);
    assert_eq!(parameter("response_type").as_deref(), Some("code"));
    assert_eq!(parameter("client_id").as_deref(), Some("the-client"));
    assert_eq!(parameter("code_challenge_method").as_deref(), Some("S256"));
    assert_eq!(parameter(aim.0).as_deref(), Some(aim.1));
    *challenge.lock().unwrap() = parameter("code_challenge");
    let state = parameter("state").unwrap();

    // What does not belong to this sign-in is answered, and changes nothing.
    for stranger in [
        "?code=evil&state=guessed".to_owned(),
        "?code=evil".to_owned(),
        format!("?code=evil&state={state}&state={state}"),
        format!("favicon.ico?code=evil&state={state}"),
    ] {
        let (status, page) = come_back(&question, &stranger);
        assert_eq!(status, 404, "{stranger}: {page}");
        assert!(!page.contains("evil"), "{page}");
    }
    let (status, page) = come_back(
        &question,
        &format!("?code=the+code&session_state=x&state={state}"),
    );
    assert_eq!(status, 200);
    assert!(page.contains("You can close this window"), "{page}");
    let (status, said) = program.wait();
    assert!(status.success(), "{said}");
    assert!(
        said.contains("signed in to") && said.contains("ada@contoso.com"),
        "{said}"
    );
    let tokens = stub
        .asked()
        .iter()
        .filter(|asked| asked.path().ends_with("/token"))
        .count();
    assert_eq!(tokens, 1, "the strangers' codes were never redeemed");

    // What follows needs no host and tenant.
    let whoami = out(&home.run(&["whoami"]), 0);
    for word in [
        "ada@contoso.com",
        "the-tenant-id",
        "Directory.Read.All",
        &stub.url(),
    ] {
        assert!(whoami.contains(word), "{word}: {whoami}");
    }
    let goodbye = err(&home.run(&["logout"]), 0);
    assert!(!home.tokens().exists());
    let revoked: Vec<Option<String>> = stub
        .asked()
        .iter()
        .filter(|asked| asked.path().ends_with("/revoke"))
        .map(|asked| asked.field("token"))
        .collect();
    if discovery == Discovery::Nothing {
        assert!(goodbye.contains("no way to take tokens back"), "{goodbye}");
        assert!(revoked.is_empty());
    } else {
        assert_eq!(revoked[0].as_deref(), Some("the refresh token"));
        assert!(goodbye.contains("has taken the tokens back"), "{goodbye}");
    }
    assert!(err(&home.run(&["whoami"]), 2).contains("no service is named"));
}

#[test]
fn a_person_signs_in_by_browser_with_v2() {
    check_browser(
        Discovery::V2,
        "/t/oauth2/v2.0/authorize",
        (
            "scope",
            "openid profile offline_access https://graph.windows.net/.default",
        ),
    );
}

#[test]
fn a_person_signs_in_by_browser_with_v1() {
    let aim = ("resource", "https://graph.windows.net");
    check_browser(Discovery::V1, "/t/oauth2/authorize", aim);
    check_browser(Discovery::Nothing, "/t/oauth2/authorize", aim);
}

#[test]
fn a_refusal_in_the_browser_is_told_here() {
    let (stub, _) = issuer(Discovery::V2);
    let home = Home::new();
    let (program, question) = begin(&home, &stub);
    let state = field(question.query().unwrap(), "state").unwrap();
    let (status, page) = come_back(
        &question,
        &format!("?error=access_denied&error_description=the+user+canceled&state={state}"),
    );
    assert_eq!(status, 200);
    assert!(page.contains("Not signed in"), "{page}");
    let (status, said) = program.wait();
    assert_eq!(status.code(), Some(4), "{said}");
    assert!(said.contains("the user canceled [access_denied]"), "{said}");
    assert!(!home.tokens().exists());
}

#[test]
fn the_browser_is_started_with_the_address_alone() {
    let (stub, challenge) = issuer(Discovery::V2);
    let home = Home::new();
    let script = home.workplace.file(
        "browser",
        "#!/bin/sh\nprintf '%s\\n' \"$#\" \"$1\" > asked\nmv asked opened\n",
    );
    std::fs::set_permissions(&script, std::fs::Permissions::from_mode(0o755)).unwrap();
    let url = stub.url();
    let mut command = home.command(&["login", "--host", &url, "--tenant", "t", "--client-id", "c"]);
    command.env("BROWSER", &script);
    let mut program = Program::start(&mut command);
    let shown = program.wait_for("/authorize?");
    let question = reqwest::Url::parse(&shown).unwrap();
    *challenge.lock().unwrap() = field(question.query().unwrap(), "code_challenge");
    let opened = home.workplace.path().join("opened");
    while !opened.exists() && !program.has_ended() {
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    assert_eq!(std::fs::read_to_string(&opened).unwrap(), format!("1\n{shown}\n"));
    let state = field(question.query().unwrap(), "state").unwrap();
    come_back(&question, &format!("?code=the+code&state={state}"));
    let (status, said) = program.wait();
    assert!(status.success(), "{said}");
}

#[test]
fn a_person_signs_in_on_another_device() {
    let check = |has_v2: bool, grant: &'static str| {
        let mut polls = 0;
        let stub = Stub::start(move |asked| {
            let base = format!("http://{}", asked.header("host").unwrap());
            match asked.path() {
                "/t/v2.0/.well-known/openid-configuration" if has_v2 => Says::json(
                    200,
                    &format!(r#"{{"token_endpoint":"{base}/t/oauth2/v2.0/token"}}"#),
                ),
                path if path.ends_with("/devicecode") => Says::json(
                    200,
                    r#"{"user_code":"ABC-123","device_code":"the device","verification_uri":"https://h/device","verification_url":"https://h/device","expires_in":"900","interval":"0","message":"x"}"#,
                ),
                path if path.ends_with("/token") => {
                    assert_eq!(asked.field("grant_type").as_deref(), Some(grant));
                    assert_eq!(asked.field("device_code").as_deref(), Some("the device"));
                    polls += 1;
                    if polls < 3 {
                        return Says::json(
                            400,
                            r#"{"error":"authorization_pending","error_description":"AADSTS70016: Pending."}"#,
                        );
                    }
                    Says::json(
                        200,
                        r#"{"token_type":"Bearer","expires_in":3600,"access_token":"a"}"#,
                    )
                }
                _ => Says::json(404, "{}"),
            }
        });
        let home = Home::new();
        let url = stub.url();
        let output = home.run(&[
            "login",
            "--device-code",
            "--host",
            &url,
            "--tenant",
            "t",
            "--client-id",
            "c",
        ]);
        let said = err(&output, 0);
        assert!(
            said.contains("open https://h/device in a browser and enter the code ABC-123"),
            "{said}"
        );
        assert_eq!(out(&home.run(&["token"]), 0), "a\n");
    };
    check(true, "urn:ietf:params:oauth:grant-type:device_code");
    check(false, "device_code");
}

#[test]
fn an_application_signs_in_by_certificate() {
    let stub = Stub::start(|asked| {
        if !asked.path().ends_with("/token") {
            return Says::json(404, "{}");
        }
        let assertion = asked.field("client_assertion").unwrap_or_default();
        let claims = URL_SAFE_NO_PAD
            .decode(assertion.split('.').nth(1).unwrap_or_default())
            .unwrap();
        let claims: serde_json::Value = serde_json::from_slice(&claims).unwrap();
        let address = format!("http://{}{}", asked.header("host").unwrap(), asked.target);
        assert_eq!(claims["aud"], address.as_str());
        assert_eq!(
            asked.field("client_assertion_type").as_deref(),
            Some("urn:ietf:params:oauth:client-assertion-type:jwt-bearer")
        );
        assert_eq!(asked.field("client_secret"), None);
        Says::json(
            200,
            r#"{"token_type":"Bearer","expires_in":"3600","access_token":"a"}"#,
        )
    });
    let key = rcgen::KeyPair::generate_rsa_for(&rcgen::PKCS_RSA_SHA256, rcgen::RsaKeySize::_2048).unwrap();
    let certificate = rcgen::CertificateParams::new(Vec::new())
        .unwrap()
        .self_signed(&key)
        .unwrap();
    let home = Home::new();
    home.workplace
        .file("app.pem", format!("{}{}", certificate.pem(), key.serialize_pem()));
    let url = stub.url();
    out(&home.login(&url, &["--certificate", "app.pem"]), 0);
    assert_eq!(out(&home.run(&["token"]), 0), "a\n");
    let kept = std::fs::read_to_string(home.tokens()).unwrap();
    assert!(!kept.contains("PRIVATE"), "{kept}");
    home.workplace.file("wrong.pem", certificate.pem());
    let output = home.run(&[
        "token",
        "--certificate",
        "wrong.pem",
        "--host",
        &url,
        "--tenant",
        "u",
        "--client-id",
        "c",
    ]);
    assert!(err(&output, 1).contains("no private key"), "{output:?}");
}

#[test]
fn a_secret_on_standard_input_is_read_once_and_not_kept() {
    let site = crate::Site::new();
    let home = Home::new();
    let secret = home.workplace.file("s", format!("{}\n", site.app.client_secret));
    let host = site.host();
    let mut command = home.command(&[
        "login",
        "--host",
        &host,
        "--tenant",
        "contoso.com",
        "--client-id",
        &site.app.client_id,
        "--client-secret-file",
        "-",
    ]);
    command.stdin(std::fs::File::open(&secret).unwrap());
    let output = command.output().unwrap();
    assert!(err(&output, 0).contains("the secret is not kept"), "{output:?}");
    std::fs::remove_file(&secret).unwrap();
    out(&home.run(&["reports"]), 0);
    let kept = std::fs::read_to_string(home.tokens()).unwrap();
    assert!(!kept.contains(&site.app.client_secret));
}
