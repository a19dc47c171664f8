//! A server with people, applications and a browser that keeps cookies and fills in forms.

use crate::support::http::{Answer, Request};
use crate::support::records::{audit, days_ago};
use crate::support::{App, CONTOSO, FABRIKAM, Server, Workplace};
use issuer::password::Password;
use model::tenant::TenantId;
use model::time::Timestamp;
use model::user::UserName;
use serde_json::Value;
use store::control::{NewUser, PasswordHash, SqliteControlStore, UserStore};
use uuid::Uuid;

pub(crate) const LIST: &str = "/contoso.com/reports?api-version=beta";
pub(crate) const AUDIT: &str = "/contoso.com/reports/auditEvents?api-version=beta";
pub(crate) const RISKY: &str = "/contoso.com/reports/irregularSignInActivityEvents?api-version=beta";
pub(crate) const REPLY: &str = "https://localhost";
pub(crate) const PASSWORD: &str = "correct horse battery staple";
/// RFC 7636, appendix B.
pub(crate) const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
pub(crate) const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

pub(crate) struct Site {
    pub(crate) server: Server,
    /// It may act for users, and has a secret.
    pub(crate) script: App,
    /// Another one like it.
    pub(crate) other: App,
    /// It may act for users, and has no secret.
    pub(crate) public: App,
    pub(crate) workplace: Workplace,
}

/// A browser: its cookies, and nothing else.
#[derive(Default, Clone)]
pub(crate) struct Browser {
    cookies: Vec<(String, String)>,
}

/// A form of a page.
#[derive(Debug, Clone)]
pub(crate) struct Form {
    pub(crate) action: String,
    pub(crate) hidden: Vec<(String, String)>,
}

/// Ada reads everything, Rita what is not about security, Norman nothing; each tenant has its own Ada.
pub(crate) fn site() -> Site {
    site_with(&[])
}

/// The same with settings.
pub(crate) fn site_with(settings: &[(&str, &str)]) -> Site {
    site_served(|workplace| workplace.serve_with(settings))
}

/// The same with a server that is started in another way.
pub(crate) fn site_served(serve: impl FnOnce(&Workplace) -> Server) -> Site {
    let workplace = Workplace::new();
    workplace.tenant(CONTOSO, "contoso.com");
    workplace.tenant(FABRIKAM, "fabrikam.com");
    people(&workplace);
    let user_app = |name: &str, more: &[&str]| {
        let always = ["app", "create", "--tenant", "contoso.com", "--name", name];
        let arguments = [&always, more].concat();
        let made = workplace.json(&arguments);
        App {
            tenant: "contoso.com".to_owned(),
            client_id: made["clientId"].as_str().unwrap().to_owned(),
            client_secret: made["clientSecret"].as_str().unwrap_or_default().to_owned(),
        }
    };
    let delegated = [
        "--delegated-permission",
        "Directory.Read.All",
        "--reply-address",
        REPLY,
    ];
    let script = user_app("Report <script>", &delegated);
    let other = user_app("other", &delegated);
    let open_port = ["--public", "--reply-address", "http://localhost"];
    let public = user_app("public", &[&delegated[..], &open_port].concat());
    let collector = workplace.app("contoso.com", &["Ingest"]);
    let server = serve(&workplace);
    let token = server.ingest_token(&collector);
    server.ingest(&token, "contoso.com", &audit("a-1", &days_ago(1), "Add user"));
    Site {
        server,
        script,
        other,
        public,
        workplace,
    }
}

/// Written into the store before the server takes it.
fn people(workplace: &Workplace) {
    let store = SqliteControlStore::open(&workplace.data()).unwrap();
    let hash = Password::typed(PASSWORD).unwrap().hash(&[7; 16]).unwrap();
    let mut number = 0;
    let mut make = |tenant: &str, name: &str, display_name: &str, roles: &[&str]| {
        number += 1;
        let user = NewUser {
            object_id: Uuid::from_u128(0xadaa_0000_0000_4000_8000_0000_0000_0000 + number),
            tenant: TenantId::parse(tenant).unwrap(),
            name: UserName::parse(name).unwrap(),
            display_name: display_name.to_owned(),
            given_name: Some("Given".to_owned()),
            family_name: None,
            password: Some(PasswordHash(hash.clone())),
            roles: roles.iter().map(|role| (*role).to_owned()).collect(),
        };
        store
            .create_user(&user, Timestamp::from_unix_seconds(1_700_000_000))
            .unwrap();
    };
    make(
        CONTOSO,
        "ada@shared.example",
        "Ada Lovelace",
        &["Security Reader"],
    );
    make(CONTOSO, "rita@contoso.com", "Rita", &["Reports Reader"]);
    make(CONTOSO, "norman@contoso.com", "Norman", &[]);
    make(
        FABRIKAM,
        "ada@shared.example",
        "Other Ada",
        &["Global Administrator"],
    );
}

/// The address of the script of 2017, with more parameters.
pub(crate) fn authorize_address(app: &App, more: &str) -> String {
    format!(
        "/common/oauth2/authorize?response_type=code&redirect_uri={REPLY}&client_id={}&resource=https%3a%2f%2fgraph.windows.net{more}",
        app.client_id
    )
}

impl Site {
    /// From an authorize address to the answer at the reply address: signs in and agrees where it is asked.
    pub(crate) fn answer(&self, browser: &mut Browser, target: &str, user: &str) -> Answer {
        let mut answer = browser.get(&self.server, target);
        for _ in 0..3 {
            let form = match answer.status {
                200 => form(&answer),
                _ => break,
            };
            if !form.action.starts_with('/') {
                // It goes to the application.
                break;
            }
            let fields: Vec<(&str, &str)> = if answer.text().contains("id=\"password\"") {
                vec![("user", user), ("password", PASSWORD), ("answer", "yes")]
            } else {
                vec![("answer", "yes")]
            };
            answer = browser.send(&self.server, &form, &fields);
        }
        answer
    }

    /// A code for an application.
    pub(crate) fn code(&self, app: &App, user: &str, more: &str) -> String {
        let answer = self.answer(&mut Browser::default(), &authorize_address(app, more), user);
        code_of(&answer)
    }

    /// What the script of 2017 sends, with more parameters.
    pub(crate) fn redeem(&self, app: &App, code: &str, more: &str) -> Answer {
        self.token(&format!(
            "grant_type=authorization_code&redirect_uri={REPLY}&client_id={}&client_secret={}&code={code}&resource=https://graph.windows.net{more}",
            app.client_id, app.client_secret
        ))
    }

    pub(crate) fn refresh(&self, app: &App, token: &str) -> Answer {
        self.token(&format!(
            "grant_type=refresh_token&refresh_token={token}&redirect_uri={REPLY}&client_id={}&client_secret={}",
            app.client_id, app.client_secret
        ))
    }

    pub(crate) fn token(&self, form: &str) -> Answer {
        self.post("/common/oauth2/token", form)
    }

    pub(crate) fn post(&self, path: &str, form: &str) -> Answer {
        self.server.send(&Request::post(path).form(form))
    }

    /// The tokens of somebody who signs in with an application.
    pub(crate) fn tokens(&self, app: &App, user: &str) -> Value {
        let code = self.code(app, user, "");
        let answer = self.redeem(app, &code, "");
        assert_eq!(answer.status, 200, "{}", answer.text());
        answer.json()
    }
}

impl Browser {
    pub(crate) fn get(&mut self, server: &Server, target: &str) -> Answer {
        self.exchange(server, Request::get(target))
    }

    /// Sends a form with its hidden fields and these.
    pub(crate) fn send(&mut self, server: &Server, form: &Form, fields: &[(&str, &str)]) -> Answer {
        let hidden = form
            .hidden
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()));
        let body: Vec<String> = hidden
            .chain(fields.iter().copied())
            .map(|(name, value)| format!("{}={}", escaped(name), escaped(value)))
            .collect();
        self.exchange(server, Request::post(&form.action).form(&body.join("&")))
    }

    pub(crate) fn exchange(&mut self, server: &Server, request: Request) -> Answer {
        let cookies: Vec<String> = self
            .cookies
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        let request = if cookies.is_empty() {
            request
        } else {
            request.header("Cookie", &cookies.join("; "))
        };
        let answer = server.send(&request);
        for (name, value) in &answer.headers {
            if name != "set-cookie" {
                continue;
            }
            let (pair, attributes) = value.split_once(';').unwrap();
            assert!(
                attributes.contains("HttpOnly") && attributes.contains("SameSite=Lax"),
                "{value}"
            );
            let (name, value) = pair.split_once('=').unwrap();
            self.cookies.retain(|(known, _)| known != name);
            if !value.is_empty() {
                self.cookies.push((name.to_owned(), value.to_owned()));
            }
        }
        answer
    }

    pub(crate) fn forget(&mut self, name: &str) {
        self.cookies.retain(|(known, _)| known != name);
    }

    pub(crate) fn cookie(&self, name: &str) -> Option<&str> {
        let found = self.cookies.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.as_str())
    }
}

/// The one form of a page.
pub(crate) fn form(page: &Answer) -> Form {
    let html = page.text();
    let start = html
        .find("<form")
        .unwrap_or_else(|| panic!("no form: {} {html}", page.status));
    let form = &html[start..html.find("</form>").unwrap()];
    let mut hidden = Vec::new();
    for tag in form
        .split('<')
        .filter(|tag| tag.starts_with("input type=\"hidden\""))
    {
        hidden.push((attribute(tag, "name"), attribute(tag, "value")));
    }
    Form {
        action: attribute(form, "action"),
        hidden,
    }
}

fn attribute(tag: &str, name: &str) -> String {
    let start = format!("{name}=\"");
    let rest = tag
        .split_once(&start)
        .unwrap_or_else(|| panic!("no {name}: {tag}"))
        .1;
    unescaped(rest.split('"').next().unwrap())
}

/// Numeric character references, which the pages write.
fn unescaped(text: &str) -> String {
    let mut plain = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("&#") {
        let (number, after) = after.split_once(';').unwrap();
        plain.push_str(before);
        plain.push(char::from_u32(number.parse().unwrap()).unwrap());
        rest = after;
    }
    assert!(!rest.contains("&amp;"), "{rest}");
    plain + rest
}

pub(crate) fn escaped(text: &str) -> String {
    text.bytes()
        .map(|byte| match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' => char::from(byte).to_string(),
            other => format!("%{other:02X}"),
        })
        .collect()
}

/// The code of a redirect.
pub(crate) fn code_of(answer: &Answer) -> String {
    assert_eq!(answer.status, 302, "{}", answer.text());
    code_of_address(answer.header("location").unwrap())
}

/// The code in an address, by the expression of the script of 2017: everything between `code=` and the last `&`.
pub(crate) fn code_of_address(address: &str) -> String {
    let after = address
        .split_once("code=")
        .unwrap_or_else(|| panic!("no code: {address}"))
        .1;
    after.rsplit_once('&').unwrap().0.to_owned()
}

pub(crate) fn text(json: &Value, member: &str) -> String {
    json[member]
        .as_str()
        .unwrap_or_else(|| panic!("no text {member}: {json}"))
        .to_owned()
}

/// The middle part of a token.
pub(crate) fn claims(token: &str) -> Value {
    use base64::Engine;
    let part = token.split('.').nth(1).unwrap();
    let json = base64::engine::general_purpose::URL_SAFE_NO_PAD
        .decode(part)
        .unwrap();
    serde_json::from_slice(&json).unwrap()
}

/// Status, `error` and AADSTS codes of a refusal.
pub(crate) fn check_refused(answer: &Answer, expected: (u16, &str, &[u64])) {
    let json = answer.json();
    let codes: Vec<u64> = json["error_codes"]
        .as_array()
        .unwrap_or_else(|| panic!("no refusal: {} {json}", answer.status))
        .iter()
        .map(|code| code.as_u64().unwrap())
        .collect();
    assert_eq!(
        (answer.status, json["error"].as_str().unwrap(), codes.as_slice()),
        expected,
        "{json}"
    );
}
