//! `[[trusted_issuers]]`: outside issuers (Entra ID, Keycloak, any OpenID Connect provider) whose tokens are taken, and by
//! whom people may sign in.

use super::key::{KeyDef, Kind};
use super::reader::{Checked, Reader, Told};
use super::retention::TenantRef;
use super::{PublicUrl, Roles};
use issuer::outside::document::is_safe;
use issuer::outside::keys::Algorithm;
use issuer::outside::mapping::RoleRule;
use issuer::outside::token::{MAX_SKEW_SECONDS, Trust};
use model::role::DirectoryRole;
use model::tenant::{TenantId, TenantName};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

/// An outside issuer, and what is taken from it.
#[derive(Debug, Clone, PartialEq)]
pub struct TrustedIssuer {
    /// Its word in logs, metrics and addresses.
    pub name: String,
    /// What people read on the button.
    pub label: String,
    /// What is believed of it.
    pub trust: Trust,
    /// The tenants for which it vouches, and no other.
    pub tenants: Vec<TenantRef>,
    /// How people sign in by it, if they may.
    pub sign_in: Option<OutsideSignIn>,
    /// Authorities in PEM that are trusted for it beside the machine's own.
    pub authorities: Option<Arc<Vec<u8>>>,
    /// After so long its keys are asked for again.
    pub refresh: Duration,
    /// For so long its last keys count when it cannot be asked.
    pub stale: Duration,
    /// It is asked at most once in so long, whatever tokens come.
    pub pause: Duration,
    /// How long an answer of it may take.
    pub patience: Duration,
}

/// How people sign in by an outside issuer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutsideSignIn {
    /// Our name there.
    pub client_id: String,
    /// The file of our secret there; without one we are a public client.
    pub client_secret_file: Option<PathBuf>,
    /// What is asked for.
    pub scopes: Vec<String>,
    /// After so long somebody must sign in there again, or what was given here ends.
    pub lasts: Duration,
}

/// The most issuers, and the most rules of one.
const MOST_ISSUERS: usize = 50;

/// Long enough for every group that matters.
const MOST_RULES: usize = 500;

const REFRESH: Duration = Duration::from_secs(3_600);
const STALE: Duration = Duration::from_secs(86_400);
const PAUSE: Duration = Duration::from_secs(30);
const PATIENCE: Duration = Duration::from_secs(5);
const SIGN_IN: Duration = Duration::from_secs(86_400);
const SKEW: Duration = Duration::from_secs(60);

pub(super) const KEYS: &[KeyDef] = &[
    KeyDef {
        path: "trusted_issuers[].name",
        kind: Kind::Text,
        default: None,
        about: "A word for the issuer, of small letters, digits and dashes: in logs, metrics and addresses.",
    },
    KeyDef {
        path: "trusted_issuers[].issuer",
        kind: Kind::Text,
        default: None,
        about: "Its address exactly as its tokens spell it in `iss`; /.well-known/openid-configuration stands below it.",
    },
    KeyDef {
        path: "trusted_issuers[].tenants",
        kind: Kind::List,
        default: None,
        about: "The tenants (GUID or domain) for which it vouches.",
    },
    KeyDef {
        path: "trusted_issuers[].audiences",
        kind: Kind::List,
        default: None,
        about: "What `aud` of its access tokens must be; without any, they are not taken.",
    },
    KeyDef {
        path: "trusted_issuers[].algorithms",
        kind: Kind::List,
        default: None,
        about: "How it may sign: RS256, PS256, ES256, ES384. Without a list, the first three.",
    },
    KeyDef {
        path: "trusted_issuers[].subject_claim",
        kind: Kind::Text,
        default: None,
        about: "The claim that names somebody for ever; `sub` if left out, `oid` for Entra ID.",
    },
    KeyDef {
        path: "trusted_issuers[].name_claim",
        kind: Kind::Text,
        default: None,
        about: "The claim that people are called by; preferred_username, upn, unique_name or email if left out.",
    },
    KeyDef {
        path: "trusted_issuers[].roles[].claim",
        kind: Kind::Text,
        default: None,
        about: "A claim that gives a role: roles, groups, scp, or by dots what stands deeper: realm_access.roles.",
    },
    KeyDef {
        path: "trusted_issuers[].roles[].value",
        kind: Kind::Text,
        default: None,
        about: "What the claim must be, or have among its values.",
    },
    KeyDef {
        path: "trusted_issuers[].roles[].role",
        kind: Kind::Text,
        default: None,
        about: "The role here that it gives.",
    },
    KeyDef {
        path: "trusted_issuers[].client_id",
        kind: Kind::Text,
        default: None,
        about: "Our name there; with it people may sign in by this issuer.",
    },
    KeyDef {
        path: "trusted_issuers[].client_secret_file",
        kind: Kind::Text,
        default: None,
        about: "File with our secret there; credential:NAME is one of systemd's. Without it we are a public client.",
    },
    KeyDef {
        path: "trusted_issuers[].scopes",
        kind: Kind::List,
        default: None,
        about: "What a sign-in asks for; openid, profile and email if left out.",
    },
    KeyDef {
        path: "trusted_issuers[].label",
        kind: Kind::Text,
        default: None,
        about: "What people read on the button `Sign in with …`; the name if left out.",
    },
    KeyDef {
        path: "trusted_issuers[].sign_in_seconds",
        kind: Kind::Seconds,
        default: None,
        about: "After so long somebody must sign in there again, or what was given here ends; 24h if left out.",
    },
    KeyDef {
        path: "trusted_issuers[].ca_file",
        kind: Kind::Text,
        default: None,
        about: "PEM file with authorities that are trusted for this issuer beside the machine's own.",
    },
    KeyDef {
        path: "trusted_issuers[].skew_seconds",
        kind: Kind::Seconds,
        default: None,
        about: "By how much its clock may differ from ours; 60s if left out, 5m at most.",
    },
    KeyDef {
        path: "trusted_issuers[].refresh_seconds",
        kind: Kind::Seconds,
        default: None,
        about: "After so long its keys are asked for again; 1h if left out.",
    },
    KeyDef {
        path: "trusted_issuers[].stale_seconds",
        kind: Kind::Seconds,
        default: None,
        about: "For so long its last keys count when it cannot be asked; 24h if left out.",
    },
    KeyDef {
        path: "trusted_issuers[].pause_seconds",
        kind: Kind::Seconds,
        default: None,
        about: "It is asked at most once in so long, whatever tokens come; 30s if left out.",
    },
    KeyDef {
        path: "trusted_issuers[].timeout_seconds",
        kind: Kind::Seconds,
        default: None,
        about: "How long an answer of it may take; 5s if left out.",
    },
];

/// `ours` is our own public address, whose tokens are nobody else's; `roles` are those that the operator defines.
pub(super) fn read(
    reader: &mut Reader<'_>,
    ours: Option<&PublicUrl>,
    roles: &Roles,
) -> Checked<Vec<Arc<TrustedIssuer>>> {
    let mut issuers: Vec<Arc<TrustedIssuer>> = Vec::new();
    let mut sound = Ok(());
    let tables = reader.tables("trusted_issuers");
    if tables.len() > MOST_ISSUERS {
        reader.conflict(format!("there are more than {MOST_ISSUERS} [[trusted_issuers]]"));
        return Err(Told);
    }
    for table in tables {
        match one(reader, &table, &issuers, ours, roles) {
            Ok(issuer) => issuers.push(Arc::new(issuer)),
            Err(Told) => sound = Err(Told),
        }
    }
    sound.map(|()| issuers)
}

fn one(
    reader: &mut Reader<'_>,
    table: &str,
    others: &[Arc<TrustedIssuer>],
    ours: Option<&PublicUrl>,
    roles: &Roles,
) -> Checked<TrustedIssuer> {
    let key = |name: &str| format!("{table}.{name}");
    let name = required(reader, &key("name"), "it has a name, such as \"entra\"", |text| {
        name_of(text, others)
    });
    let issuer = required(
        reader,
        &key("issuer"),
        "it has an address, such as \"https://login.example.com/realms/main\"",
        |text| issuer_of(text, others, ours),
    );
    let tenants = tenants(reader, &key("tenants"));
    let audiences = audiences(reader, &key("audiences"));
    let algorithms = algorithms(reader, &key("algorithms"));
    let subject_claim = reader.optional(&key("subject_claim"), claim);
    let name_claim = reader.optional(&key("name_claim"), claim);
    let mapping = mapping(reader, &key("roles"), roles);
    let label = reader.optional(&key("label"), label_of);
    let sign_in = sign_in(reader, table);
    let authorities = authorities(reader, &key("ca_file"));
    let skew = reader.optional_seconds(&key("skew_seconds"), 0..=MAX_SKEW_SECONDS as u64);
    let refresh = reader.optional_seconds(&key("refresh_seconds"), 1..=86_400);
    let stale = reader.optional_seconds(&key("stale_seconds"), 0..=7 * 86_400);
    let pause = reader.optional_seconds(&key("pause_seconds"), 1..=3_600);
    let patience = reader.optional_seconds(&key("timeout_seconds"), 1..=60);
    let (name, audiences, sign_in) = (name?, audiences?, sign_in?);
    if audiences.is_empty() && sign_in.is_none() {
        reader.refuse(
            &key("audiences"),
            "nothing would be taken from the issuer: name the audiences of its access tokens, or set `client_id` for \
             sign-ins"
                .to_owned(),
        );
        return Err(Told);
    }
    // An id token is for the client alone, and is handed to programs that may not read the reports.
    if sign_in
        .as_ref()
        .is_some_and(|sign_in| audiences.contains(&sign_in.client_id))
    {
        reader.refuse(
            &key("audiences"),
            "the audience of access tokens must not be `client_id`: id tokens have that one, and would be taken for \
             access tokens. Register the reports as an API of their own at the issuer"
                .to_owned(),
        );
        return Err(Told);
    }
    Ok(TrustedIssuer {
        label: label?.unwrap_or_else(|| name.clone()),
        name,
        trust: Trust {
            issuer: issuer?,
            audiences,
            algorithms: algorithms?,
            skew_seconds: skew?.unwrap_or(SKEW).as_secs() as i64,
            subject_claim: subject_claim?.unwrap_or_else(|| "sub".to_owned()),
            name_claim: name_claim?,
            roles: mapping?,
        },
        tenants: tenants?,
        sign_in,
        authorities: authorities?,
        refresh: refresh?.unwrap_or(REFRESH),
        stale: stale?.unwrap_or(STALE),
        pause: pause?.unwrap_or(PAUSE),
        patience: patience?.unwrap_or(PATIENCE),
    })
}

fn required<T>(
    reader: &mut Reader<'_>,
    path: &str,
    missing: &str,
    check: impl FnOnce(&str) -> Result<T, String>,
) -> Checked<T> {
    let value = reader.optional(path, check)?;
    if value.is_none() {
        reader.refuse(path, missing.to_owned());
    }
    value.ok_or(Told)
}

fn name_of(text: &str, others: &[Arc<TrustedIssuer>]) -> Result<String, String> {
    let is_word = (1..=40).contains(&text.len())
        && text
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-');
    if !is_word {
        return Err("it is a word of 1 to 40 small letters, digits and dashes".to_owned());
    }
    if others.iter().any(|other| other.name == text) {
        return Err("another issuer has that name".to_owned());
    }
    Ok(text.to_owned())
}

fn issuer_of(text: &str, others: &[Arc<TrustedIssuer>], ours: Option<&PublicUrl>) -> Result<String, String> {
    if !is_safe(text) || text.contains('?') {
        return Err(
            "it takes an https:// address without query or fragment (http:// is for 127.0.0.1, [::1] and localhost alone)"
                .to_owned(),
        );
    }
    if others.iter().any(|other| other.trust.issuer == text) {
        return Err("another entry has that issuer: an issuer has one".to_owned());
    }
    let is_ours = |ours: &PublicUrl| {
        let origin = format!("{}://{}", ours.scheme, ours.authority);
        let rest = text
            .get(..origin.len())
            .filter(|start| start.eq_ignore_ascii_case(&origin))
            .map(|_| &text[origin.len()..]);
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    if ours.is_some_and(is_ours) {
        return Err("this is our own public address, whose tokens are taken anyway".to_owned());
    }
    Ok(text.to_owned())
}

fn tenants(reader: &mut Reader<'_>, path: &str) -> Checked<Vec<TenantRef>> {
    let words = reader.texts(path);
    if words.is_empty() {
        reader.refuse(
            path,
            "it names the tenants for which the issuer vouches, such as [\"contoso.com\"]".to_owned(),
        );
        return Err(Told);
    }
    let mut tenants = Vec::new();
    for word in words {
        let tenant = match TenantId::parse(&word) {
            Some(id) => Ok(TenantRef::Id(id)),
            None => TenantName::parse(&word).map(TenantRef::Name),
        };
        match tenant {
            Ok(tenant) => tenants.push(tenant),
            Err(error) => {
                reader.refuse(path, error.to_string());
                return Err(Told);
            }
        }
    }
    Ok(tenants)
}

fn audiences(reader: &mut Reader<'_>, path: &str) -> Checked<Vec<String>> {
    let audiences = reader.texts(path);
    if audiences.iter().any(|audience| audience.trim().is_empty()) {
        reader.refuse(path, "an audience is a text such as \"api://gatelog\"".to_owned());
        return Err(Told);
    }
    Ok(audiences)
}

fn algorithms(reader: &mut Reader<'_>, path: &str) -> Checked<Vec<Algorithm>> {
    let names = reader.texts(path);
    if names.is_empty() {
        return Ok(vec![Algorithm::Rs256, Algorithm::Ps256, Algorithm::Es256]);
    }
    let mut algorithms = Vec::new();
    for name in names {
        let Some(algorithm) = Algorithm::by_name(&name) else {
            reader.refuse(
                path,
                "it takes RS256, PS256, ES256 and ES384; algorithms with a shared secret, and none, are never taken"
                    .to_owned(),
            );
            return Err(Told);
        };
        algorithms.push(algorithm);
    }
    Ok(algorithms)
}

fn claim(text: &str) -> Result<String, String> {
    if text.trim().is_empty() || text.len() > 200 {
        return Err("it takes the name of a claim, such as \"sub\"".to_owned());
    }
    Ok(text.to_owned())
}

fn label_of(text: &str) -> Result<String, String> {
    let text = text.trim();
    if text.is_empty() || text.chars().count() > 40 || text.contains(|character: char| character.is_control())
    {
        return Err("it takes 1 to 40 characters".to_owned());
    }
    Ok(text.to_owned())
}

fn mapping(reader: &mut Reader<'_>, path: &str, known: &Roles) -> Checked<Vec<RoleRule>> {
    let tables = reader.tables(path);
    if tables.is_empty() || tables.len() > MOST_RULES {
        reader.refuse(
            path,
            format!(
                "it has 1 to {MOST_RULES} rules, such as {{ claim = \"groups\", value = \"soc\", role = \"Security Reader\" }}"
            ),
        );
        return Err(Told);
    }
    let mut rules = Vec::new();
    for table in tables {
        let missing = "a rule has claim, value and role";
        let claim = required(reader, &format!("{table}.claim"), missing, claim);
        let value = required(reader, &format!("{table}.value"), missing, |text| {
            if text.is_empty() || text.len() > 1_000 {
                return Err("it takes what the claim must be, letter by letter".to_owned());
            }
            Ok(text.to_owned())
        });
        let role = required(reader, &format!("{table}.role"), missing, |text| {
            role_of(text, known)
        });
        rules.push(RoleRule {
            claim: claim?,
            value: value?,
            role: role?,
        });
    }
    Ok(rules)
}

/// A role by the name under which it is kept.
fn role_of(text: &str, roles: &Roles) -> Result<String, String> {
    if let Some(role) = DirectoryRole::by_name(text) {
        return Ok(role.name().to_owned());
    }
    if let Some(role) = roles.by_name(text) {
        return Ok(role.name.clone());
    }
    let names: Vec<&str> = DirectoryRole::ALL.iter().map(|role| role.name()).collect();
    Err(format!("it takes {}, or a role of [[roles]]", names.join(", ")))
}

fn sign_in(reader: &mut Reader<'_>, table: &str) -> Checked<Option<OutsideSignIn>> {
    let client_id = reader.optional(&format!("{table}.client_id"), |text| {
        if text.trim().is_empty() || text.len() > 200 {
            return Err("it takes our client id at the issuer".to_owned());
        }
        Ok(text.to_owned())
    });
    let secret_path = format!("{table}.client_secret_file");
    let client_secret_file = reader.path(&secret_path);
    let scopes = reader.texts(&format!("{table}.scopes"));
    let lasts = reader.optional_seconds(&format!("{table}.sign_in_seconds"), 300..=30 * 86_400);
    let client_secret_file = client_secret_file?;
    if let Some(file) = &client_secret_file
        && let Err(error) = std::fs::metadata(file)
    {
        reader.refuse(&secret_path, format!("the file cannot be read: {error}"));
        return Err(Told);
    }
    let Some(client_id) = client_id? else {
        if client_secret_file.is_some() {
            reader.refuse(&secret_path, "a secret needs `client_id` beside it".to_owned());
            return Err(Told);
        }
        return Ok(None);
    };
    let is_scope = |scope: &String| {
        !scope.is_empty()
            && scope
                .bytes()
                .all(|byte| byte.is_ascii_graphic() && byte != b'"' && byte != b'\\')
    };
    let scopes = if scopes.is_empty() {
        ["openid", "profile", "email"].map(str::to_owned).to_vec()
    } else {
        scopes
    };
    if !scopes.iter().any(|scope| scope == "openid") || !scopes.iter().all(is_scope) {
        reader.refuse(
            &format!("{table}.scopes"),
            "it takes scopes, one a text, `openid` among them: without it there is no id token".to_owned(),
        );
        return Err(Told);
    }
    Ok(Some(OutsideSignIn {
        client_id,
        client_secret_file,
        scopes,
        lasts: lasts?.unwrap_or(SIGN_IN),
    }))
}

/// The authorities of a file, which must have one at least.
fn authorities(reader: &mut Reader<'_>, path: &str) -> Checked<Option<Arc<Vec<u8>>>> {
    let Some(file) = reader.path(path)? else {
        return Ok(None);
    };
    let wrong = match std::fs::read(&file) {
        Err(error) => format!("the file cannot be read: {error}"),
        Ok(pem) => match reqwest::Certificate::from_pem_bundle(&pem) {
            Ok(certificates) if !certificates.is_empty() => return Ok(Some(Arc::new(pem))),
            _ => "the file has no certificate in PEM (`-----BEGIN CERTIFICATE-----`)".to_owned(),
        },
    };
    reader.refuse(path, wrong);
    Err(Told)
}
