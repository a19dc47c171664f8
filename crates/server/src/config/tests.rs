//! Which layer wins, what is refused, and what the refusals say.

use super::*;
use edge::logging::LogFormat;
use std::path::PathBuf;
use std::time::Duration;

fn inputs(file: &str, environment: &[(&str, &str)], flags: &[(&str, &str)]) -> Inputs {
    let owned = |pairs: &[(&str, &str)]| {
        pairs
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect::<Vec<_>>()
    };
    let mut environment = owned(environment);
    environment.push(("HOME".to_owned(), "/home/ada".to_owned()));
    Inputs {
        file: Some((PathBuf::from("/etc/gatelog/gatelog.toml"), file.to_owned())),
        environment,
        overrides: owned(flags),
    }
}

/// Which line of `config show --origin` a configuration gives.
fn check(file: &str, environment: &[(&str, &str)], flags: &[(&str, &str)], expected: &str) {
    let shown = match load(&inputs(file, environment, flags)) {
        Ok(loaded) => show(&loaded, Origins::Shown),
        Err(errors) => panic!("{errors}"),
    };
    assert!(
        shown.lines().any(|line| line == expected),
        "no line `{expected}` in\n{shown}"
    );
}

/// What a wrong configuration is told.
fn check_refused(file: &str, environment: &[(&str, &str)], flags: &[(&str, &str)], expected: &str) {
    let Err(errors) = load(&inputs(file, environment, flags)) else {
        panic!("accepted; expected {expected}")
    };
    assert!(
        errors.to_string().lines().any(|line| line.contains(expected)),
        "no `{expected}` in\n{errors}"
    );
}

const FILE: &str = "[server]\nlisten = \"127.0.0.1:1111\"\n";
const VARIABLE: &[(&str, &str)] = &[("GATELOG__SERVER__LISTEN", "127.0.0.1:2222")];
const FLAG: &[(&str, &str)] = &[("server.listen", "127.0.0.1:3333")];

#[test]
fn flags_win_over_the_environment_over_the_file_over_defaults() {
    check("", &[], &[], "listen = \"127.0.0.1:8080\"  # default");
    check(
        FILE,
        &[],
        &[],
        "listen = \"127.0.0.1:1111\"  # /etc/gatelog/gatelog.toml:2",
    );
    check(
        FILE,
        VARIABLE,
        &[],
        "listen = \"127.0.0.1:2222\"  # variable GATELOG__SERVER__LISTEN",
    );
    check(
        FILE,
        VARIABLE,
        FLAG,
        "listen = \"127.0.0.1:3333\"  # flag server.listen",
    );
    check("", &[], FLAG, "listen = \"127.0.0.1:3333\"  # flag server.listen");
}

#[test]
fn the_data_folder_has_a_variable_of_its_own_and_follows_xdg() {
    check(
        "",
        &[],
        &[],
        "folder = \"/home/ada/.local/share/gatelog\"  # default",
    );
    check(
        "",
        &[("XDG_DATA_HOME", "/xdg")],
        &[],
        "folder = \"/xdg/gatelog\"  # default",
    );
    check(
        "",
        &[("XDG_DATA_HOME", "relative")],
        &[],
        "folder = \"/home/ada/.local/share/gatelog\"  # default",
    );
    check(
        "",
        &[("GATELOG_DATA", "/srv/logs")],
        &[],
        "folder = \"/srv/logs\"  # variable GATELOG_DATA",
    );
    check(
        "",
        &[("GATELOG_DATA", "/srv/logs")],
        &[("data.folder", "/flag")],
        "folder = \"/flag\"  # flag data.folder",
    );
}

#[test]
fn units_and_lists_are_read_in_every_layer() {
    check(
        "[limits]\nbody_bytes = \"2MiB\"",
        &[],
        &[],
        "body_bytes = \"2MiB\"  # /etc/gatelog/gatelog.toml:2",
    );
    check(
        "[limits]\nbody_bytes = 2_097_152",
        &[],
        &[],
        "body_bytes = \"2MiB\"  # /etc/gatelog/gatelog.toml:2",
    );
    check(
        "limits.header_seconds = 10",
        &[],
        &[],
        "header_seconds = \"10s\"  # /etc/gatelog/gatelog.toml:1",
    );
    check(
        "",
        &[],
        &[("tokens.lifetime_seconds", "5m")],
        "lifetime_seconds = \"300s\"  # flag tokens.lifetime_seconds",
    );
    check(
        "",
        &[("GATELOG__SERVER__TRUSTED_PROXIES", "10.0.0.1, fd00::/8")],
        &[],
        "trusted_proxies = [\"10.0.0.1\", \"fd00::/8\"]  # variable GATELOG__SERVER__TRUSTED_PROXIES",
    );
}

#[test]
fn tables_of_names_take_reports_and_tenants() {
    let file = "[reports.visibility]\nauditEvents = 7\n[retention]\ndefault_days = 400\n[retention.tenants]\n\"contoso.com\" = 90\n";
    check(
        file,
        &[],
        &[],
        "visibility.\"auditEvents\" = 7  # /etc/gatelog/gatelog.toml:2",
    );
    check(
        file,
        &[],
        &[],
        "tenants.\"contoso.com\" = 90  # /etc/gatelog/gatelog.toml:6",
    );
    let loaded = load(&inputs(
        file,
        &[("GATELOG__REPORTS__VISIBILITY__AUDITEVENTS", "9")],
        &[],
    ));
    let reports = loaded.unwrap().config.reports;
    let audit = model::reports::by_name(model::reports::Face::Reports, "auditEvents").unwrap();
    assert_eq!(reports.visibility_of(audit), Some(9));
}

#[test]
fn the_defaults_are_what_the_documentation_says() {
    let config = load(&inputs("", &[], &[])).unwrap().config;
    assert_eq!(config.server.listen.to_string(), "127.0.0.1:8080");
    assert_eq!(config.server.admin_listen.to_string(), "127.0.0.1:8081");
    assert_eq!(config.server.plain_http, PlainHttp::LoopbackOnly);
    assert_eq!(config.limits.rows_examined, 200_000);
    assert_eq!(config.limits.page_rows, 1_000);
    assert_eq!(config.reports.window_days, 30);
    assert_eq!(
        config.retention,
        Retention {
            default_days: None,
            tenant_days: std::collections::BTreeMap::new()
        }
    );
    assert_eq!(config.tokens.lifetime, Duration::from_secs(3_600));
    assert_eq!(config.log.format, LogFormat::Human);
}

#[test]
fn unknown_keys_are_refused_with_a_suggestion_and_the_place() {
    check_refused(
        "[server]\n\nlisten_on = \"x\"",
        &[],
        &[],
        "/etc/gatelog/gatelog.toml:3: there is no setting `server.listen_on`; did you mean `server.listen`?",
    );
    check_refused(
        "[sever]\nlisten = \"x\"",
        &[],
        &[],
        "gatelog.toml:1: there is no setting `[sever]`; did you mean `[server]`?",
    );
    check_refused("listen = \"x\"", &[], &[], "did you mean `server.listen`?");
    check_refused(
        "colour = \"x\"",
        &[],
        &[],
        "there is no setting `colour`; `gatelog config show` lists every setting",
    );
    check_refused(
        "",
        &[("GATELOG__SERVER__LISTN", "x")],
        &[],
        "environment: there is no setting `GATELOG__SERVER__LISTN`; did you mean `GATELOG__SERVER__LISTEN`?",
    );
    check_refused(
        "",
        &[("GATELOG_SERVER_LISTEN", "x")],
        &[],
        "did you mean `GATELOG__SERVER__LISTEN`?",
    );
    check_refused(
        "",
        &[],
        &[("server.lisen", "x")],
        "flag server.lisen: there is no setting `server.lisen`; did you mean `server.listen`?",
    );
}

#[test]
fn variables_that_are_not_ours_are_left_alone() {
    check(
        "",
        &[("GATELOG_SAMPLES", "/x"), ("GATELOGS", "1")],
        &[],
        "listen = \"127.0.0.1:8080\"  # default",
    );
}

#[test]
fn wrong_values_say_what_would_be_right() {
    check_refused(
        "[server]\nlisten = 8080",
        &[],
        &[],
        "gatelog.toml:2: `server.listen` cannot be 8080: it takes a text in quotes",
    );
    check_refused(
        "[server]\nlisten = \"localhost:8080\"",
        &[],
        &[],
        "a numeric address and a port",
    );
    check_refused(
        "[limits]\nbody_bytes = \"16M\"",
        &[],
        &[],
        "`limits.body_bytes` cannot be \"16M\": it takes a size such as",
    );
    check_refused(
        "[limits]\nrequest_seconds = \"0s\"",
        &[],
        &[],
        "it goes from 1 to 3600 seconds",
    );
    check_refused(
        "[limits]\npage_rows = \"1000\"",
        &[],
        &[],
        "it takes a whole number such as 30",
    );
    check_refused(
        "[limits]\npage_rows = 10",
        &[],
        &[],
        "`limits.page_rows` cannot be 10: it goes from 1000 to 100000",
    );
    check_refused("[log]\nlevel = \"loud\"", &[], &[], "it takes error, warn, info");
    check_refused("[log]\nformat = \"xml\"", &[], &[], "\"human\" or \"json\"");
    check_refused(
        "[server]\nallow_plain_http = \"yes\"",
        &[],
        &[],
        "true or false, without quotes",
    );
    check_refused(
        "[server]\ntrusted_proxies = [\"proxy.local\"]",
        &[],
        &[],
        "not an address or a range",
    );
    check_refused(
        "[server]\ntrusted_proxies = [1]",
        &[],
        &[],
        "a list of other things than texts",
    );
    check_refused(
        "[retention.tenants]\ncontoso.com = 90",
        &[],
        &[],
        "a name with dots stands in quotes",
    );
    check_refused(
        "[retention.tenants]\n\"common\" = 90",
        &[],
        &[],
        "means something else",
    );
    check_refused("[retention]\ntenants = 90", &[], &[], "write [retention.tenants]");
    check_refused(
        "[reports.visibility]\nauditEvent = 9",
        &[],
        &[],
        "did you mean `auditEvents`?",
    );
    check_refused(
        "[reports.visibility]\nauditEvents = 0",
        &[],
        &[],
        "it goes from 1 to 36500 days",
    );
    check_refused(
        "[server]\nlisten = ",
        &[],
        &[],
        "gatelog.toml:2: this is not TOML",
    );
    check_refused(
        "[server]\nlisten = \"127.0.0.1:1\"\nlisten = \"127.0.0.1:2\"",
        &[],
        &[],
        "gatelog.toml:3: this is not TOML",
    );
}

#[test]
fn every_mistake_is_told_at_once() {
    let file = "[server]\nlisten = 1\nfoo = 2\n[limits]\npage_rows = 1\n";
    let errors = load(&inputs(file, &[], &[])).unwrap_err();
    assert_eq!(errors.0.len(), 3, "{errors}");
    assert!(check_text(&Err(errors)).starts_with("The configuration has 3 mistakes:\n"));
}

#[test]
fn plain_http_stays_on_loopback_unless_told() {
    check_refused(
        "[server]\nlisten = \"0.0.0.0:8080\"",
        &[],
        &[],
        "tokens and reports would cross the network in clear",
    );
    check_refused(
        "[server]\nadmin_listen = \"[::]:8081\"",
        &[],
        &[],
        "server.allow_plain_http = true",
    );
    check(
        "[server]\nlisten = \"127.9.9.9:80\"",
        &[],
        &[],
        "listen = \"127.9.9.9:80\"  # /etc/gatelog/gatelog.toml:2",
    );
    check(
        "[server]\nlisten = \"[::1]:80\"",
        &[],
        &[],
        "listen = \"[::1]:80\"  # /etc/gatelog/gatelog.toml:2",
    );
    check(
        "[server]\nlisten = \"0.0.0.0:8080\"\nallow_plain_http = true",
        &[],
        &[],
        "listen = \"0.0.0.0:8080\"  # /etc/gatelog/gatelog.toml:2",
    );
    check(
        "[server]\nlisten = \"0.0.0.0:8080\"\ntls_certificate_file = \"a.pem\"\ntls_key_file = \"b.pem\"",
        &[],
        &[],
        "listen = \"0.0.0.0:8080\"  # /etc/gatelog/gatelog.toml:2",
    );
}

#[test]
fn settings_that_do_not_go_together_are_refused() {
    check_refused(
        "[server]\ntls_key_file = \"k.pem\"",
        &[],
        &[],
        "`server.tls_key_file` is set and `server.tls_certificate_file` is not",
    );
    check_refused(
        "[server]\nadmin_listen = \"127.0.0.1:8080\"",
        &[],
        &[],
        "give them different ports",
    );
}

#[test]
fn a_public_url_is_scheme_and_host_and_its_password_is_no_part_of_it() {
    check(
        "[server]\npublic_url = \"https://r.contoso.com:8443/\"",
        &[],
        &[],
        "public_url = \"https://r.contoso.com:8443/\"  # /etc/gatelog/gatelog.toml:2",
    );
    check_refused(
        "server.public_url = \"https://user:secret@a\"",
        &[],
        &[],
        "`server.public_url` cannot be \"https://…@a\": it takes",
    );
    for wrong in [
        "ftp://a",
        "r.contoso.com",
        "https://a/b",
        "https://a?b",
        "https://user:secret@a",
        "https://",
        "",
    ] {
        check_refused(
            &format!("server.public_url = {wrong:?}"),
            &[],
            &[],
            "it takes scheme and host alone",
        );
    }
}

#[test]
fn relative_paths_in_the_file_start_at_the_file() {
    let loaded = load(&inputs("[data]\nfolder = \"data\"", &[], &[])).unwrap();
    assert_eq!(loaded.config.data.folder, PathBuf::from("/etc/gatelog/data"));
    let loaded = load(&inputs("", &[], &[("data.folder", "data")])).unwrap();
    assert_eq!(loaded.config.data.folder, PathBuf::from("data"));
}

#[test]
fn what_is_shown_can_be_used_as_a_file() {
    let file = "[server]\npublic_url = \"https://r.contoso.com\"\ntrusted_proxies = [\"10.0.0.0/8\"]\n[retention.tenants]\n\"contoso.com\" = 90\n[limits]\nbody_bytes = \"3MiB\"\n[log]\nlevel = \"info,store=debug\"\n";
    let first = load(&inputs(file, &[], &[])).unwrap();
    for origins in [Origins::Shown, Origins::Hidden] {
        let second = load(&inputs(&show(&first, origins), &[], &[])).unwrap();
        assert_eq!(second.config, first.config);
    }
}

#[test]
fn the_verdict_counts_where_settings_come_from() {
    let loaded = load(&inputs(
        FILE,
        &[("GATELOG_DATA", "/d")],
        &[("log.format", "json"), ("log.level", "warn")],
    ));
    assert!(check_text(&loaded).starts_with(
        "The configuration is sound: 1 setting from the file, 1 setting from the environment, 2 settings from flags, "
    ));
}

#[test]
fn without_a_home_the_data_folder_must_be_named() {
    let errors = load(&Inputs::default()).unwrap_err();
    assert!(
        errors
            .to_string()
            .contains("no data folder: set data.folder, --data or GATELOG_DATA"),
        "{errors}"
    );
}

#[test]
fn a_file_that_is_not_there_is_named() {
    let errors = read(Some(Path::new("/nowhere/gatelog.toml")), Vec::new()).unwrap_err();
    assert!(
        errors
            .to_string()
            .contains("cannot read the configuration file /nowhere/gatelog.toml"),
        "{errors}"
    );
}

fn check_text(loaded: &Result<Loaded, ConfigErrors>) -> String {
    super::check(loaded)
}

const ROLE: &str = "[[roles]]\nname = \"Help Desk\"\nreports = [\"auditEvents\", \"signinEvents\"]\n";

/// What a role of a file makes null: `report.property`, in order.
fn check_role(file: &str, name: &str, expected: &[&str]) {
    let config = load(&inputs(file, &[], &[])).unwrap().config;
    let role = config.roles.by_name(name).unwrap();
    let mut masked = Vec::new();
    for readable in &role.reports {
        for property in &readable.masked {
            masked.push(format!("{}.{property}", readable.report.name));
        }
    }
    assert_eq!(masked, expected, "{file}");
}

#[test]
fn a_role_names_reports_and_masks_properties() {
    check_role(ROLE, "Help Desk", &[]);
    check_role(ROLE, "help-desk", &[]);
    check_role(
        &format!("{ROLE}mask = [\"ipAddress\", \"auditEvents.actor\"]"),
        "Help Desk",
        &["auditEvents.actor", "signinEvents.ipAddress"],
    );
    // A second one, after ten others: they count as numbers, not as text.
    let many: Vec<String> = (1..=11)
        .map(|number| format!("[[roles]]\nname = \"R{number}\"\nreports = [\"*\"]\n"))
        .collect();
    let config = load(&inputs(&many.concat(), &[], &[])).unwrap().config;
    let names: Vec<&str> = config
        .roles
        .defined
        .iter()
        .map(|role| role.name.as_str())
        .collect();
    assert_eq!(
        names,
        ["R1", "R2", "R3", "R4", "R5", "R6", "R7", "R8", "R9", "R10", "R11"]
    );
    assert_eq!(config.roles.defined[0].reports.len(), model::reports::ALL.len());
}

#[test]
fn a_role_is_shown_as_it_can_be_written() {
    let file = format!("{ROLE}mask = [\"ipAddress\"]\n[[roles]]\nname = \"Other\"\nreports = [\"*\"]\n");
    check(
        &file,
        &[],
        &[],
        "name = \"Help Desk\"  # /etc/gatelog/gatelog.toml:2",
    );
    check("", &[], &[], "# [[roles]]: there is none");
    let first = load(&inputs(&file, &[], &[])).unwrap();
    assert_eq!(first.config.roles.defined.len(), 2);
    let second = load(&inputs(&show(&first, Origins::Shown), &[], &[])).unwrap();
    assert_eq!(second.config, first.config);
}

#[test]
fn a_role_that_cannot_be_meant_is_refused() {
    let refused = |more: &str, expected: &str| check_refused(&format!("{ROLE}{more}"), &[], &[], expected);
    refused(
        "mask = [\"ipAdress\"]",
        "gatelog.toml:4: `roles[1].mask` cannot be a list: no report of the role has a property `ipAdress`; did you mean `ipAddress`?",
    );
    refused(
        "mask = [\"id\"]",
        "`id` is the key of auditEvents, which is never masked",
    );
    refused(
        "mask = [\"auditEvents.eventTime\"]",
        "`eventTime` is the time of auditEvents, which is never masked",
    );
    refused(
        "mask = [\"weakCredentials.id\"]",
        "`weakCredentials` is none of the reports of the role",
    );
    refused(
        "masks = [\"id\"]",
        "there is no setting `roles[1].masks`; did you mean `roles[].mask`?",
    );
    refused(
        "[[roles]]\nname = \"help-desk\"\nreports = [\"*\"]",
        "`roles[2].name` cannot be \"help-desk\": another role has that name",
    );
    refused("[[roles]]\n", "`roles[2]` cannot be empty");
    let alone = |file: &str, expected: &str| check_refused(file, &[], &[], expected);
    alone(
        "[[roles]]\nname = \"x\"\nreports = [\"auditEvent\"]",
        "there is no report `auditEvent`; did you mean `auditEvents`?",
    );
    alone(
        "[[roles]]\nname = \"x\"",
        "a role names the reports that it reads",
    );
    alone("[[roles]]\nreports = [\"*\"]", "a role has a name");
    alone(
        "[[roles]]\nname = \"security reader\"\nreports = [\"*\"]",
        "that role is built in",
    );
    alone(
        "[roles]\nname = \"x\"",
        "there may be several: write [[roles]] above the settings of each",
    );
    alone("roles = [\"x\"]", "write [[roles]] above the settings of each");
    check_refused(
        "",
        &[("GATELOG__ROLES[1]__NAME", "x")],
        &[],
        "there is no setting",
    );
    check_refused("", &[("GATELOG__ROLES[]__NAME", "x")], &[], "there is no setting");
}
