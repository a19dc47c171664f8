//! Two tenants, each with an Ada who administers, and what asks for them.

use crate::support::http::{Answer, Request};
use crate::support::{App, CONTOSO, FABRIKAM, Server, Workplace};
use serde_json::Value;

pub(crate) const ADA: &str = "ada@shared.example";

pub(crate) struct Site {
    pub(crate) server: Server,
    pub(crate) workplace: Workplace,
    /// Administers, by an application that may act as its user.
    pub(crate) administrator: String,
    /// The other tenant's Ada and application, as its own administration shows them.
    pub(crate) other_user: String,
    pub(crate) other_app: String,
}

/// Both tenants have an Ada who administers, and an application.
pub(crate) fn site() -> Site {
    let workplace = Workplace::new();
    for (id, name) in [(CONTOSO, "contoso.com"), (FABRIKAM, "fabrikam.com")] {
        workplace.tenant(id, name);
        workplace.json(&["tenant", "update", name, "--password-grant", "on"]);
    }
    let other_user = user(&workplace, "fabrikam.com", ADA, &["Global Administrator"]).0;
    let other_app = workplace.app("fabrikam.com", &["Directory.Read.All"]).client_id;
    let ada = user(&workplace, "contoso.com", ADA, &["Global Administrator"]).1;
    let app = script(&workplace, &["Directory.Read.All", "Directory.AccessAsUser.All"]);
    let server = workplace.serve_with(&[("own_events.enabled", "true"), ("own_events.export_rows", "3")]);
    let administrator = token(&server, &app, ADA, &ada);
    Site {
        server,
        workplace,
        administrator,
        other_user,
        other_app,
    }
}

/// A user's id and password.
pub(crate) fn user(workplace: &Workplace, tenant: &str, name: &str, roles: &[&str]) -> (String, String) {
    let mut arguments = vec!["user", "create", name, "--tenant", tenant];
    for role in roles {
        arguments.extend(["--role", role]);
    }
    let made = workplace.json(&arguments);
    let text = |member: &str| made[member].as_str().unwrap().to_owned();
    (text("id"), text("password"))
}

/// An application of contoso.com that acts for users.
pub(crate) fn script(workplace: &Workplace, delegated: &[&str]) -> App {
    let mut arguments = vec!["app", "create", "--tenant", "contoso.com", "--name", "script"];
    for permission in delegated {
        arguments.extend(["--delegated-permission", permission]);
    }
    let made = workplace.json(&arguments);
    App {
        tenant: "contoso.com".to_owned(),
        client_id: made["clientId"].as_str().unwrap().to_owned(),
        client_secret: made["clientSecret"].as_str().unwrap().to_owned(),
    }
}

pub(crate) fn token(server: &Server, app: &App, name: &str, password: &str) -> String {
    let form = format!(
        "grant_type=password&username={name}&password={password}&client_id={}&client_secret={}&resource=https://graph.windows.net",
        app.client_id, app.client_secret
    );
    let answer = server.send(&Request::post(&format!("/{}/oauth2/token", app.tenant)).form(&form));
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.json()["access_token"].as_str().unwrap().to_owned()
}

impl Site {
    pub(crate) fn ask(&self, token: &str, method: &str, target: &str, body: &Value) -> Answer {
        let request = Request::new(method, &format!("/contoso.com/admin{target}")).bearer(token);
        let request = match body {
            Value::Null => request,
            body => request.body(body.to_string()),
        };
        self.server.send(&request)
    }

    pub(crate) fn administer(&self, method: &str, target: &str, body: &Value) -> Answer {
        self.ask(&self.administrator, method, target, body)
    }

    /// What the tenant's audit has of acts: activity, actor, target; newest first.
    pub(crate) fn acts(&self) -> Vec<(String, String, String)> {
        let target = "/contoso.com/activities/audit?api-version=beta";
        let rows = self.server.get(&self.administrator, target).json();
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let rows = rows["value"].as_array().unwrap().iter();
        rows.map(|row| {
            let actor = &row["actor"];
            let by = [&actor["userPrincipalName"], &actor["name"]].map(text);
            let by = by.into_iter().find(|name| !name.is_empty()).unwrap_or_default();
            (text(&row["activity"]), by, text(&row["targets"][0]["name"]))
        })
        .collect()
    }

    /// Waits until an act is there: exports are written after the answer.
    pub(crate) fn act(&self, activity: &str) -> (String, String, String) {
        for _ in 0..200 {
            if let Some(act) = self.acts().into_iter().find(|(name, _, _)| name == activity) {
                return act;
            }
            std::thread::sleep(std::time::Duration::from_millis(25));
        }
        panic!("no {activity}: {:?}", self.acts());
    }
}
