//! Where a token never goes, and who may read the files that hold it.

use crate::stub::{Says, Stub};
use crate::support::tls::Authority;
use crate::{Home, Site, err, out};
use std::os::unix::fs::{MetadataExt, PermissionsExt};

fn get(home: &Home, stub: &Stub) -> std::process::Output {
    home.command(&[
        "get",
        "x",
        "--all",
        "--debug",
        "--host",
        &stub.url(),
        "--tenant",
        "t",
    ])
    .env("GATELOG_TOKEN", "very-secret-token")
    .output()
    .unwrap()
}

#[test]
fn a_next_link_to_another_origin_is_refused() {
    let elsewhere = Stub::start(|_| Says::json(200, r#"{"value":[]}"#));
    let link = format!("{}/t/reports/x?%24skiptoken=1", elsewhere.url());
    let stub = Stub::start(move |_| {
        Says::json(
            200,
            &format!(r#"{{"value":[{{"id":1}}],"@odata.nextLink":"{link}"}}"#),
        )
    });
    let output = get(&Home::new(), &stub);
    assert!(err(&output, 1).contains("another origin"), "{output:?}");
    assert_eq!(elsewhere.asked().len(), 0);
    assert!(!err(&output, 1).contains("very-secret-token"));
}

#[test]
fn a_redirect_is_not_followed() {
    let elsewhere = Stub::start(|_| Says::json(200, r#"{"value":[]}"#));
    let link = format!("{}/t/reports/x", elsewhere.url());
    let stub = Stub::start(move |_| Says::json(307, "").with("Location", &link));
    let output = get(&Home::new(), &stub);
    assert!(err(&output, 1).contains("redirect"), "{output:?}");
    assert_eq!(elsewhere.asked().len(), 0);
}

#[test]
fn a_discovery_document_cannot_send_a_secret_elsewhere() {
    let elsewhere = Stub::start(|_| Says::json(200, "{}"));
    let address = format!("{}/token", elsewhere.url());
    let stub =
        Stub::start(move |_| Says::json(200, &format!(r#"{{"issuer":"i","token_endpoint":"{address}"}}"#)));
    let home = Home::new();
    home.workplace.file("secret", "s3cret");
    let output = home.run(&[
        "token",
        "--host",
        &stub.url(),
        "--tenant",
        "t",
        "--client-id",
        "c",
        "--client-secret-file",
        "secret",
    ]);
    assert!(err(&output, 1).contains("--authority"), "{output:?}");
    assert_eq!(elsewhere.asked().len(), 0);
}

#[test]
fn the_debug_log_has_neither_token_nor_secret() {
    let site = Site::new();
    let home = site.home();
    let output = site.run(&home, &["get", "auditEvents", "--since", "2020-01-01", "--debug"]);
    let said = err(&output, 0);
    assert!(
        said.contains("debug: GET http://") && said.contains("debug: POST http://"),
        "{said}"
    );
    let token = out(&site.run(&home, &["token"]), 0);
    for secret in [token.trim(), site.app.client_secret.as_str()] {
        assert!(!said.contains(secret), "{said}");
    }
}

#[test]
fn tokens_are_the_users_alone() {
    let site = Site::new();
    let home = site.home();
    out(&site.run(&home, &["token"]), 0);
    let mode = |path: &std::path::Path| path.metadata().unwrap().mode() & 0o7777;
    let file = home.tokens();
    let folder = file.parent().unwrap();
    assert_eq!((mode(&file), mode(folder)), (0o600, 0o700));
    assert_eq!(mode(&folder.join("tokens.lock")), 0o600);
    let kept = std::fs::read_to_string(&file).unwrap();
    assert!(
        !kept.contains(&site.app.client_secret),
        "the secret itself is not kept"
    );

    for (path, wide, right) in [(file.as_path(), 0o640, 0o600), (folder, 0o755, 0o700)] {
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(wide)).unwrap();
        let output = site.run(&home, &["token"]);
        assert!(
            err(&output, 1).contains(&format!("chmod {right:o}")),
            "{output:?}"
        );
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(right)).unwrap();
    }
    out(&site.run(&home, &["token"]), 0);

    std::fs::write(&file, "{").unwrap();
    assert!(err(&site.run(&home, &["token"]), 1).contains("no file of sign-ins"));
}

#[test]
fn without_a_home_an_application_works_all_the_same() {
    let site = Site::new();
    let home = site.home();
    let mut command = site.command(
        &home,
        &site.host(),
        &["get", "auditEvents", "--since", "2020-01-01", "-q"],
    );
    command
        .env_remove("HOME")
        .env_remove("XDG_STATE_HOME")
        .env_remove("XDG_CONFIG_HOME");
    assert_eq!(out(&command.output().unwrap(), 0).lines().count(), 20);
    // A state folder that cannot be made is no hindrance, either.
    let mut command = site.command(
        &home,
        &site.host(),
        &["get", "auditEvents", "--since", "2020-01-01"],
    );
    command.env("XDG_STATE_HOME", "/proc/nowhere");
    let output = command.output().unwrap();
    assert_eq!(out(&output, 0).lines().count(), 20);
    assert!(err(&output, 0).contains("not kept"), "{output:?}");
}

#[test]
fn an_organisations_own_authority_is_trusted_when_it_is_named() {
    let authority = Authority::new();
    let workplace = crate::Workplace::new();
    workplace.tenant(crate::CONTOSO, "contoso.com");
    let app = workplace.app("contoso.com", &["Directory.Read.All"]);
    let server = workplace.serve_over_tls(&authority);

    let home = Home::new();
    home.workplace.file("ca.pem", &authority.ca);
    let secret = home.workplace.file("secret", &app.client_secret);
    let host = format!("https://{}", server.address);
    let reports = |more: &[&str]| {
        let always = [
            "reports",
            "--host",
            &host,
            "--tenant",
            "contoso.com",
            "--client-id",
            &app.client_id,
        ];
        let mut command = home.command(&[&always, more].concat());
        command.env("GATELOG_CLIENT_SECRET_FILE", &secret);
        command.output().unwrap()
    };
    let stranger = reports(&[]);
    assert!(
        err(&stranger, 1).contains("could not trust the connection"),
        "{stranger:?}"
    );
    assert!(out(&reports(&["--ca-file", "ca.pem"]), 0).contains("auditEvents"));
    // It is remembered with the sign-in.
    assert!(out(&reports(&[]), 0).contains("auditEvents"));
    let none = reports(&["--ca-file", "secret"]);
    assert!(err(&none, 2).contains("no certificate in PEM"), "{none:?}");
}
