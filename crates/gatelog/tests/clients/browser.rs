//! The mission's flow in a real browser: what people see, by keyboard, without scripts, on a small window, and where it ends.

use crate::conversation::{Stage, USER};
use crate::site::{authorize_address, code_of_address, text};
use crate::support::{Program, bare, shown};
use crate::{chromium, clients};
use serde_json::{Value, json};
use std::path::PathBuf;
use std::process::Command;

const TITLE: &str = "Sign in";
const CONSENT: &str = "May Report <script> act for you?";
const WRONG: &str = "The user name or the password is not right.";

/// A browser and the libraries to drive it.
fn stage() -> Option<(Stage, PathBuf)> {
    let (clients, browser) = (clients()?, chromium()?);
    Some((Stage::new(clients), browser))
}

/// A visit to an address, as the script beside this file goes about it.
fn visit(stage: &Stage, browser: &PathBuf, name: &str, path: &str) -> Command {
    let mut command = stage.script("browser.mjs");
    command
        .arg(name)
        .env("CHROMIUM", browser)
        .env("KEY_DIGEST", &stage.authority.key_digest)
        .env("ADDRESS", format!("{}{path}", stage.service()))
        .env("HOME", stage.site.workplace.path());
    if let Some(folder) = std::env::var_os("GATELOG_SCREENSHOTS") {
        std::fs::create_dir_all(&folder).unwrap();
        command.env("SCREENSHOTS", folder);
    }
    command
}

/// A page in order: English, nothing in the way of anybody, and the focus where one goes on.
fn page(step: &str, heading: &str, focus: Option<&str>) -> Value {
    let mut page = json!({ "step": step, "heading": heading, "language": "en", "barriers": [] });
    if let Some(focus) = focus {
        page["focus"] = focus.into();
    }
    page
}

fn told(mut page: Value, message: &str) -> Value {
    page["message"] = message.into();
    page
}

fn no_complaints() -> Value {
    json!({ "step": "complaints", "complaints": [] })
}

/// Where the browser went in the end, which is taken out of the steps.
fn redirect(steps: &mut Vec<Value>) -> String {
    let at = steps
        .iter()
        .position(|step| step["step"] == "redirect")
        .unwrap_or_else(|| panic!("the browser never went on: {steps:?}"));
    text(&steps.remove(at), "address")
}

/// Code to tokens, tokens to rows, and the renewal: what the script of 2017 does with the address.
fn check_code(stage: &Stage, address: &str) {
    let query = address.strip_prefix("https://localhost/?").unwrap();
    let names: Vec<&str> = query
        .split('&')
        .map(|pair| pair.split('=').next().unwrap())
        .collect();
    assert_eq!(names, ["code", "session_state"], "{address}");
    let site = &stage.site;
    let tokens = site.redeem(&site.script, &code_of_address(address), "").json();
    let rows = |access: &str| site.server.get(access, crate::site::AUDIT).ids().len();
    assert_eq!(rows(&text(&tokens, "access_token")), 1);
    let renewed = site.refresh(&site.script, &text(&tokens, "refresh_token")).json();
    assert_eq!(rows(&text(&renewed, "access_token")), 1);
}

#[test]
fn somebody_signs_in_by_keyboard_alone() {
    let Some((mut stage, browser)) = stage() else {
        return;
    };
    let path = authorize_address(&stage.site.script, "");
    let command = visit(&stage, &browser, "keyboard", &path);
    let mut steps = stage.steps(command);
    check_code(&stage, &redirect(&mut steps));
    let expected = json!([
        page("sign-in", TITLE, Some("user")),
        told(page("wrong-password", TITLE, Some("password")), WRONG),
        page("consent", CONSENT, None),
        page("consent-by-keyboard", CONSENT, Some("answer")),
        no_complaints(),
    ]);
    assert_eq!(json!(steps), expected);
}

#[test]
fn somebody_signs_in_without_scripts_on_a_small_window() {
    let Some((mut stage, browser)) = stage() else {
        return;
    };
    let path = authorize_address(&stage.site.script, "");
    let command = visit(&stage, &browser, "plain", &path);
    let mut steps = stage.steps(command);
    check_code(&stage, &redirect(&mut steps));
    let expected = json!([
        page("small-sign-in", TITLE, Some("user")),
        told(page("small-wrong-password", TITLE, Some("password")), WRONG),
        page("small-consent", CONSENT, None),
        no_complaints(),
    ]);
    assert_eq!(json!(steps), expected);
}

#[test]
fn somebody_changes_their_mind() {
    let Some((mut stage, browser)) = stage() else {
        return;
    };
    let path = authorize_address(&stage.site.script, "&state=s");
    let command = visit(&stage, &browser, "cancel", &path);
    let mut steps = stage.steps(command);
    assert_eq!(
        redirect(&mut steps),
        "https://localhost/?error=access_denied&error_description=the+user+canceled+the+authentication&state=s"
    );
    assert_eq!(steps, [no_complaints()]);
}

#[test]
fn somebody_types_the_code_of_a_device() {
    let Some((mut stage, browser)) = stage() else {
        return;
    };
    let form = format!(
        "client_id={}&resource=https://graph.windows.net",
        stage.site.public.client_id
    );
    let device = stage.site.post("/common/oauth2/devicecode", &form).json();
    let mut command = visit(&stage, &browser, "device", "/common/oauth2/deviceauth");
    command.env("USER_CODE", text(&device, "user_code"));
    let steps = stage.steps(command);
    let expected = json!([
        page("device", "Enter the code", Some("user-code")),
        told(
            page("device-wrong-code", "Enter the code", Some("user-code")),
            "No program waits under this code. Look again, or start anew there."
        ),
        page("device-sign-in", TITLE, Some("user")),
        page("device-consent", "May public act for you?", None),
        page("device-done", "You are signed in on your device", None),
        no_complaints(),
    ]);
    assert_eq!(json!(steps), expected);
    let code = text(&device, "device_code");
    let poll = format!(
        "grant_type=device_code&client_id={}&code={code}",
        stage.site.public.client_id
    );
    let tokens = stage.site.token(&poll).json();
    let access = text(&tokens, "access_token");
    assert_eq!(stage.site.server.get(&access, crate::site::AUDIT).ids().len(), 1);
}

#[test]
fn a_wrong_address_is_explained() {
    let Some((mut stage, browser)) = stage() else {
        return;
    };
    let path = authorize_address(&stage.site.script, "").replace("localhost", "elsewhere.example");
    let command = visit(&stage, &browser, "error", &path);
    let steps = stage.steps(command);
    assert_eq!(steps[0], page("error", "Sign-in did not work", None));
    assert_eq!(steps[1], page("small-error", "Sign-in did not work", None));
}

/// The client's own sign-in with the real issuer: it opens a port, and the browser comes back to it.
#[test]
fn the_command_line_client_signs_somebody_in() {
    let Some((mut stage, browser)) = stage() else {
        return;
    };
    let place = &stage.site.workplace;
    let arguments = [
        "app",
        "create",
        "--tenant",
        "contoso.com",
        "--name",
        "cli",
        "--public",
    ];
    let rights = [
        "--delegated-permission",
        "Directory.Read.All",
        "--reply-address",
        "http://127.0.0.1/",
    ];
    let client_id = text(&place.json(&[&arguments[..], &rights].concat()), "clientId");
    let folder = place.path().to_owned();
    let home = folder.join("home");
    let service = stage.service();
    let run = |arguments: &[&str]| {
        let mut command = bare(arguments);
        command
            .env("HOME", &home)
            .env("XDG_STATE_HOME", home.join("state"))
            .env("XDG_CONFIG_HOME", home.join("config"))
            .env("BROWSER", "/nonexistent/browser")
            .current_dir(&folder);
        command
    };
    let signing_in = [
        "login",
        "--host",
        &service,
        "--tenant",
        "contoso.com",
        "--client-id",
        &client_id,
        "--ca-file",
        "ca.pem",
    ];
    let mut login = Program::start(&mut run(&signing_in));
    let address = login.wait_for("/authorize?");
    let done = |arguments: &[&str]| {
        let output = run(arguments).output().unwrap();
        assert!(output.status.success(), "{arguments:?}: {}", shown(&output));
        String::from_utf8(output.stdout).unwrap()
    };
    let mut command = visit(&stage, &browser, "login", "");
    command.env("ADDRESS", address.trim());
    let steps = stage.steps(command);
    assert_eq!(
        json!(steps),
        json!([page("login-done", "Signed in", None), no_complaints()])
    );
    let (status, said) = login.wait();
    assert!(status.success() && said.contains(USER), "{said}");
    assert!(done(&["whoami"]).contains(USER));
    assert_eq!(done(&["get", "auditEvents"]).lines().count(), 1);
    done(&["logout"]);
}
