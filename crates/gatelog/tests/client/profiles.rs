//! Flags over variables over the file, and mistakes in it.

use crate::stub::{Says, Stub};
use crate::{Home, err, out};

#[test]
fn flags_count_before_variables_and_variables_before_the_file() {
    let stub = Stub::start(|_| Says::json(200, r#"{"value":[]}"#));
    let home = Home::new();
    home.workplace.file(
        "config/gatelog/config.toml",
        format!(
            "[profile.default]\nhost = \"{0}\"\ntenant = \"of-the-file\"\n[profile.lab]\nhost = \"{0}\"\ntenant = \"of-the-lab\"\n",
            stub.url()
        ),
    );
    let tenant = |arguments: &[&str], variables: &[(&str, &str)]| {
        let mut command = home.command(&[&["get", "x"], arguments].concat());
        command.env("GATELOG_TOKEN", "t").envs(variables.iter().copied());
        out(&command.output().unwrap(), 0);
        stub.asked()
            .last()
            .unwrap()
            .path()
            .split('/')
            .nth(1)
            .unwrap()
            .to_owned()
    };
    assert_eq!(tenant(&[], &[]), "of-the-file");
    assert_eq!(
        tenant(&[], &[("GATELOG_TENANT", "of-the-variable")]),
        "of-the-variable"
    );
    assert_eq!(tenant(&[], &[("GATELOG_TENANT", "")]), "of-the-file");
    assert_eq!(
        tenant(
            &["--tenant", "of-the-flag"],
            &[("GATELOG_TENANT", "of-the-variable")]
        ),
        "of-the-flag"
    );
    assert_eq!(tenant(&["--profile", "lab"], &[]), "of-the-lab");
    assert_eq!(tenant(&[], &[("GATELOG_PROFILE", "lab")]), "of-the-lab");
    assert_eq!(
        tenant(&["--profile", "default"], &[("GATELOG_PROFILE", "lab")]),
        "of-the-file"
    );
}

#[test]
fn a_mistake_in_the_file_is_told_with_what_was_meant() {
    let check = |text: &str, arguments: &[&str], expected: &str| {
        let home = Home::new();
        home.workplace.file("config/gatelog/config.toml", text);
        let output = home.run(&[&["get", "x"], arguments].concat());
        assert!(err(&output, 2).contains(expected), "{text}: {output:?}");
    };
    check("[profile.default]\nhots = \"h\"", &[], "did you mean `host`?");
    check(
        "[profile.default]\nclient_secret = \"s\"",
        &[],
        "did you mean `client_secret_file`?",
    );
    check(
        "[profile.lab]\nhost = \"h\"",
        &["--profile", "lap"],
        "did you mean `lab`?",
    );
    check("[profile.default", &[], "config.toml");
    check("", &[], "no service is named");
    check("[profile.default]\nhost = \"h\"", &[], "no tenant is named");
    let home = Home::new();
    let output = home.run(&["get", "x", "--config", "nothing.toml"]);
    assert!(err(&output, 1).contains("nothing.toml"), "{output:?}");
}
