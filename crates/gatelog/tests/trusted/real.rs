//! A provider of others: npm's `oidc-provider` over TLS, with the certificate of an authority that only the configuration
//! knows.

use crate::sign_in::{authorize_address, link, location, reader_app, redeem, refresh};
use crate::site::{Browser, code_of, form, text};
use crate::support::http::Answer;
use crate::support::{CONTOSO, Program, Server, Workplace};
use crate::{check, read, serve};
use reqwest::{Certificate, Client, Url};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use tokio::runtime::Runtime;

const PUBLIC: &str = "https://reports.contoso.com";
const AUDIENCE: &str = "https://gatelog.example";

/// The provider and a service that trusts it.
struct House {
    provider: Provider,
    server: Server,
    workplace: Workplace,
    config: PathBuf,
}

struct Provider {
    issuer: String,
    /// Ends with it.
    _process: Program,
}

/// A browser for the provider: it keeps cookies and follows no redirect by itself.
struct Abroad {
    runtime: Runtime,
    client: Client,
    cookies: BTreeMap<String, String>,
}

/// What the provider answered.
struct Page {
    status: u16,
    location: Option<String>,
    text: String,
}

/// The folder with `node_modules`. Without it a test says so and passes, unless `GATELOG_REQUIRE` names `clients`.
fn modules() -> Option<PathBuf> {
    let folder = std::env::var_os("GATELOG_CLIENTS").map(PathBuf::from);
    let required = std::env::var("GATELOG_REQUIRE").unwrap_or_default();
    assert!(
        folder.is_some() || !required.split(',').any(|word| word == "clients"),
        "GATELOG_REQUIRE names clients, but GATELOG_CLIENTS is not set"
    );
    #[allow(clippy::print_stdout)] // Who runs the tests shall know.
    if folder.is_none() {
        println!("skipped: GATELOG_CLIENTS names no folder with libraries of others");
    }
    folder
}

fn house(more: &str) -> Option<House> {
    let modules = modules()?;
    let workplace = Workplace::new();
    workplace.tenant(CONTOSO, "contoso.com");
    // An authority that nobody else trusts.
    let key = rcgen::KeyPair::generate().unwrap();
    let mut authority = rcgen::CertificateParams::new(Vec::new()).unwrap();
    authority.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    authority
        .distinguished_name
        .push(rcgen::DnType::CommonName, "Authority of the tests");
    authority.key_usages = vec![rcgen::KeyUsagePurpose::KeyCertSign];
    let ca = authority.self_signed(&key).unwrap();
    workplace.file("ca.pem", ca.pem());
    let server_key = rcgen::KeyPair::generate().unwrap();
    let certificate = rcgen::CertificateParams::new(vec!["127.0.0.1".to_owned()])
        .unwrap()
        .signed_by(&server_key, &rcgen::Issuer::new(authority, key))
        .unwrap();
    let certificate = workplace.file("certificate.pem", certificate.pem());
    let server_key = workplace.file("key.pem", server_key.serialize_pem());
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/trusted/issuer.mjs");
    // What is heard is standard error.
    let mut process = Program::start(
        Command::new("sh")
            .args(["-c", "exec node \"$@\" 1>&2", "sh", script])
            .arg(modules)
            .args([&certificate, &server_key])
            .arg(format!("{PUBLIC}/common/oauth2/outside/real/callback"))
            .stdout(Stdio::null()),
    );
    let line = process.wait_for("ready https://");
    let issuer = line.split_once("ready ").unwrap().1.to_owned();
    workplace.file("secret", "between us: 100% & no more\n");
    let config = workplace.file(
        "gatelog.toml",
        format!(
            "[server]\npublic_url = \"{PUBLIC}\"\n[[trusted_issuers]]\nname = \"real\"\nissuer = \"{issuer}\"\n\
             tenants = [\"{CONTOSO}\"]\naudiences = [\"{AUDIENCE}\", \"{AUDIENCE}/elliptic\"]\nclient_id = \"gatelog\"\n\
             client_secret_file = \"secret\"\n{more}\n\
             roles = [{{ claim = \"groups\", value = \"soc\", role = \"Security Reader\" }}]\n"
        ),
    );
    let server = serve(&workplace, &config);
    let provider = Provider {
        issuer,
        _process: process,
    };
    Some(House {
        provider,
        server,
        workplace,
        config,
    })
}

impl House {
    fn abroad(&self) -> Abroad {
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        let ca = std::fs::read(self.workplace.path().join("ca.pem")).unwrap();
        let client = Client::builder()
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .tls_certs_only([Certificate::from_pem(&ca).unwrap()])
            .build()
            .unwrap();
        Abroad {
            runtime: tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .unwrap(),
            client,
            cookies: BTreeMap::new(),
        }
    }

    /// A token that the provider gives a program for an API.
    fn token(&self, resource: &str) -> String {
        let page = self.abroad().send(
            &format!("{}/token", self.provider.issuer),
            Some(&format!(
                "grant_type=client_credentials&client_id=machine%2Bsoc&client_secret=machines-secret&scope=reports&resource={resource}"
            )),
        );
        assert_eq!(page.status, 200, "{}", page.text);
        let json: serde_json::Value = serde_json::from_str(&page.text).unwrap();
        text(&json, "access_token")
    }

    /// Signs somebody in at the provider, from where our page leads to where the provider sends the browser back.
    fn sign_in(&self, browser: &mut Browser, app: &crate::support::App, user: &str) -> Answer {
        let page = browser.get(&self.server, &authorize_address(app, ""));
        let mut abroad = self.abroad();
        let mut address = location(&browser.get(&self.server, &link(&page)));
        let mut said: Option<String> = None;
        for _ in 0..12 {
            if let Some(back) = address.strip_prefix(PUBLIC) {
                let next = location(&browser.get(&self.server, back));
                assert!(!next.contains("code="), "{next}");
                return browser.get(&self.server, &next);
            }
            let page = abroad.send(&address, said.take().as_deref());
            if let Some(next) = page.location {
                let base = Url::parse(&address).unwrap();
                address = base.join(&next).unwrap().to_string();
                continue;
            }
            assert_eq!(page.status, 200, "{}", page.text);
            let (_, rest) = page.text.split_once("action=\"").unwrap();
            let action = rest.split('"').next().unwrap();
            address = Url::parse(&address).unwrap().join(action).unwrap().to_string();
            said = Some(if page.text.contains("value=\"login\"") {
                format!("prompt=login&login={}&password=x", crate::site::escaped(user))
            } else {
                "prompt=consent".to_owned()
            });
        }
        panic!("the provider leads nowhere: {address}");
    }
}

impl Abroad {
    fn send(&mut self, address: &str, form: Option<&str>) -> Page {
        let mut request = match form {
            None => self.client.get(address),
            Some(form) => self
                .client
                .post(address)
                .header("content-type", "application/x-www-form-urlencoded")
                .body(form.to_owned()),
        };
        let cookies: Vec<String> = self
            .cookies
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        if !cookies.is_empty() {
            request = request.header("cookie", cookies.join("; "));
        }
        let (status, headers, text) = self.runtime.block_on(async {
            let answer = request.send().await.unwrap();
            let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
            (status, headers, answer.text().await.unwrap())
        });
        for cookie in headers.get_all("set-cookie") {
            let pair = cookie.to_str().unwrap().split(';').next().unwrap();
            let (name, value) = pair.split_once('=').unwrap();
            self.cookies.insert(name.to_owned(), value.to_owned());
        }
        let location = headers
            .get("location")
            .map(|location| location.to_str().unwrap().to_owned());
        Page {
            status,
            location,
            text,
        }
    }
}

#[test]
fn tokens_of_a_real_provider_are_taken() {
    let Some(house) = house("ca_file = \"ca.pem\"") else {
        return;
    };
    for resource in [AUDIENCE, &format!("{AUDIENCE}/elliptic")] {
        let token = house.token(resource);
        check(&read(&house.server, &token, CONTOSO), 200, "\"value\":[");
    }
    let other = house.token("https://other.example");
    check(&read(&house.server, &other, CONTOSO), 401, "another audience");
}

#[test]
fn without_its_authority_the_provider_is_not_believed() {
    let Some(mut house) = house("") else { return };
    check(
        &read(&house.server, &house.token(AUDIENCE), CONTOSO),
        503,
        "cannot be asked",
    );
    let trusting = std::fs::read_to_string(&house.config)
        .unwrap()
        .replace("audiences", "ca_file = \"ca.pem\"\naudiences");
    house.workplace.file("gatelog.toml", trusting);
    house.server.program.signal("HUP");
    house.server.program.wait_for("reloaded");
    check(&read(&house.server, &house.token(AUDIENCE), CONTOSO), 200, "");
}

#[test]
fn people_sign_in_by_a_real_provider() {
    let Some(house) = house("ca_file = \"ca.pem\"") else {
        return;
    };
    let app = reader_app(&house.workplace, "contoso.com");
    let mut browser = Browser::default();
    let page = house.sign_in(&mut browser, &app, "ada+soc");
    check(&page, 200, "ada+soc_outside.example");
    let answer = browser.send(&house.server, &form(&page), &[("answer", "yes")]);
    let tokens = redeem(&house.server, &app, &code_of(&answer)).json();
    check(
        &read(&house.server, &text(&tokens, "access_token"), CONTOSO),
        200,
        "",
    );
    let renewed = refresh(&house.server, &app, &text(&tokens, "refresh_token")).json();
    check(
        &read(&house.server, &text(&renewed, "access_token"), CONTOSO),
        200,
        "",
    );
    let page = house.sign_in(&mut Browser::default(), &app, "norman");
    check(&page, 200, "gives you no role here");
}
