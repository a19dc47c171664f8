//! What help says, and what shells and manuals get.

use crate::{Home, golden, out};

#[test]
fn help_is_as_it_was_looked_at() {
    let home = Home::new();
    for command in [
        "login",
        "logout",
        "whoami",
        "token",
        "reports",
        "get",
        "findings",
        "explain",
        "export",
        "completions",
    ] {
        let output = home
            .command(&[command, "--help"])
            .env("COLUMNS", "100")
            .output()
            .unwrap();
        let text = out(&output, 0);
        assert!(text.contains("Examples:"), "{command}: {text}");
        golden(&format!("help/{command}.txt"), &text);
    }
}

#[test]
fn shells_and_manuals_know_every_command() {
    let home = Home::new();
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let script = out(&home.run(&["completions", shell]), 0);
        for word in ["export", "client-secret-file", "device-code"] {
            assert!(script.contains(word), "{shell}: {word}");
        }
    }
    out(&home.run(&["man", "--to", "man"]), 0);
    for page in ["gatelog.1", "gatelog-get.1", "gatelog-tenant-create.1"] {
        let text = std::fs::read_to_string(home.workplace.path().join("man").join(page)).unwrap();
        assert!(text.contains(".SH SYNOPSIS"), "{page}");
    }
}

#[test]
fn the_version_is_for_people_or_for_programs() {
    let home = Home::new();
    let version = env!("CARGO_PKG_VERSION");
    assert_eq!(out(&home.run(&["--version"]), 0), format!("gatelog {version}\n"));
    let json = out(&home.run(&["--version", "--json"]), 0);
    assert_eq!(
        json,
        format!("{{\"name\":\"gatelog\",\"version\":\"{version}\"}}\n")
    );
}
