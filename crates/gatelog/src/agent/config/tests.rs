//! What a configuration may say, and what is said of a mistake.

use super::*;

const SOUND: &str = r#"
[service]
host = "https://reports.contoso.example"
tenant = "contoso.example"
client_id = "7c9b0f3e-6a52-4f0e-8a51-0d6f0f1c2b3a"
client_secret_file = "secret"
[state]
folder = "/var/lib/gatelog-agent"
[[inputs]]
name = "entra"
kind = "files"
files = ["/var/log/entra/*.json*"]
"#;

fn parsed(text: &str) -> Result<Config, String> {
    parse(text, Path::new("/etc/gatelog/agent.toml"))
}

/// A change to the sound configuration, and a part of what is said of it.
fn check(change: &dyn Fn(&str) -> String, expected: &str) {
    let error = parsed(&change(SOUND)).unwrap_err();
    assert!(error.contains(expected), "{error}");
}

fn replaced(from: &'static str, to: &'static str) -> impl Fn(&str) -> String {
    move |text| {
        assert!(text.contains(from), "{from}");
        text.replace(from, to)
    }
}

fn with(more: &'static str) -> impl Fn(&str) -> String {
    move |text| format!("{text}{more}\n")
}

#[test]
fn a_sound_one_has_defaults() {
    let config = parsed(SOUND).unwrap();
    assert_eq!(config.service.host.origin(), "https://reports.contoso.example");
    assert_eq!(
        config.service.secret,
        Some(SecretSource::File(PathBuf::from("/etc/gatelog/secret")))
    );
    assert_eq!(config.spool_bytes, 1 << 30);
    assert_eq!(config.listen, Some("127.0.0.1:8083".parse().unwrap()));
    assert_eq!(config.inputs[0].format, "auto");
    let Kind::Files(plan) = &config.inputs[0].kind else {
        panic!()
    };
    assert_eq!(plan.when_full, WhenFull::Block);
    assert_eq!(plan.start, tail::Start::Beginning);
}

#[test]
fn the_example_that_is_packed_is_sound() {
    let example = include_str!("../../../../../packaging/gatelog-agent.toml");
    let config = parsed(example).unwrap();
    assert_eq!(config.state, Path::new("/var/lib/gatelog-agent"));
    // What is commented out must be sound, too.
    let all: String = example
        .lines()
        .map(|line| match line.strip_prefix("# ") {
            Some(rest) if !rest.starts_with(' ') && (rest.contains(" = ") || rest.starts_with('[')) => {
                format!("{rest}\n")
            }
            _ => format!("{line}\n"),
        })
        .collect();
    let config = parsed(&all).unwrap();
    assert!(config.inputs.len() >= 5, "{}", config.inputs.len());
}

#[test]
fn an_unknown_key_is_told_with_the_one_that_was_meant() {
    check(
        &replaced("tenant =", "tennant ="),
        "/etc/gatelog/agent.toml:4: there is no setting `tennant` here; did you mean `tenant`?",
    );
    check(
        &replaced("files =", "filse ="),
        "there is no setting `filse` here; did you mean `files`?",
    );
    check(&with("[sevice]"), "did you mean `service`?");
    check(&with("[spool]\nmax_byte = 1"), "did you mean `max_bytes`?");
}

#[test]
fn what_is_missing_is_told() {
    check(
        &replaced("client_secret_file = \"secret\"\n", ""),
        "needs client_secret_file",
    );
    check(
        &replaced("tenant = \"contoso.example\"\n", ""),
        "missing field `tenant`",
    );
    check(
        &replaced("files = [\"/var/log/entra/*.json*\"]\n", ""),
        "`inputs.entra.files` is missing",
    );
    check(
        &|text| text.split("[[inputs]]").next().unwrap().to_owned(),
        "there is no [[inputs]]",
    );
}

#[test]
fn values_of_the_wrong_sort_are_told() {
    check(
        &replaced("https://", "http://"),
        "plain HTTP everybody on the way can read the token",
    );
    check(
        &replaced("\"files\"", "\"file\""),
        "not \"file\"; did you mean `files`?",
    );
    check(
        &replaced("\"entra\"", "\"en tra\""),
        "an input's `name` is a word",
    );
    check(
        &with("udp = \"0.0.0.0:514\""),
        "`inputs.entra.udp` is for inputs of the kind syslog",
    );
    check(&with("start = \"now\""), "is beginning or end");
    check(&with("[spool]\nmax_bytes = \"10M\""), "a size such as");
    check(&with("[spool]\nmax_bytes = 5"), "at least 1MiB");
    check(
        &with("[spool]\nwhen_full = \"drop_oldest\""),
        "did you mean `drop-oldest`?",
    );
    check(
        &with("[http]\nlisten = \"0.0.0.0:8083\""),
        "not of this machine alone",
    );
    check(&with("[log]\nlevel = \"loud\""), "`log`: it takes error");
    check(
        &with("[[inputs]]\nname = \"s\"\nkind = \"syslog\""),
        "listens nowhere",
    );
    check(
        &with("[[inputs]]\nname = \"s\"\nkind = \"syslog\"\ntls = \"127.0.0.1:6514\""),
        "needs tls_certificate_file",
    );
    check(
        &with("[[inputs]]\nname = \"entra\"\nkind = \"stdin\""),
        "two inputs are called \"entra\"",
    );
    check(
        &replaced("\"secret\"", "\"s\"\ncertificate = \"c.pem\""),
        "two ways to prove the same",
    );
}

#[test]
fn a_channel_of_the_event_log_is_named_and_its_events_are_few() {
    let channel = |more: &'static str| {
        with(Box::leak(
            format!("[[inputs]]\nname = \"mim\"\nkind = \"event-log\"\nwevtutil = \"/w\"\n{more}")
                .into_boxed_str(),
        ))
    };
    check(&channel(""), "`inputs.mim.channel` is the name of a channel");
    check(&channel("channel = \"/q:*\""), "not \"/q:*\"");
    check(
        &channel("channel = \"Security\"\nevent_ids = [\"4726-4720\"]"),
        "`inputs.mim.event_ids` has numbers",
    );
    check(
        &channel("channel = \"Security\"\nevent_ids = [1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,\"20-21\"]"),
        "at most 18 conditions",
    );
    #[cfg(unix)]
    check(
        &with("[[inputs]]\nname = \"mim\"\nkind = \"event-log\"\nchannel = \"Security\""),
        "only Windows has one",
    );
    check(
        &channel("channel = \"forwardedevents\""),
        "nobody can say which of them is new",
    );
    check(
        &replaced("kind = \"files\"", "kind = \"files\"\nchannel = \"Security\""),
        "`inputs.entra.channel` is for inputs of the kind event-log",
    );
    let config = parsed(&channel(
        "channel = \"Security\"\nevent_ids = [4740, \"4720-4726\"]\nstart = \"end\"",
    )(SOUND))
    .unwrap();
    let Kind::EventLog(plan) = &config.inputs[1].kind else {
        panic!()
    };
    assert_eq!(plan.event_ids, [4_740..=4_740, 4_720..=4_726]);
    assert_eq!(
        (plan.start, plan.poll),
        (tail::Start::End, Duration::from_secs(5))
    );
}

#[test]
fn a_log_may_be_a_file() {
    assert_eq!(parsed(SOUND).unwrap().log_file, None);
    let config = parsed(&with("[log]\nfile = \"agent.log\"")(SOUND)).unwrap();
    assert_eq!(config.log_file, Some(PathBuf::from("/etc/gatelog/agent.log")));
}
