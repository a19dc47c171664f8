//! What AD FS writes into the security log: credentials checked, tokens issued, passwords changed.
//!
//! The numbers are those of Microsoft's page on auditing in AD FS
//! (<https://learn.microsoft.com/windows-server/identity/ad-fs/technical-reference/auditing-enhancements-to-ad-fs-in-windows-server>).
//! The names in the XML were read from documentation and from other programs' mappings: no real event was at hand.

use super::{AuditOutcome, WindowsEvent};
use crate::address;
use crate::carriers::event_xml;
use crate::formats::Reading;
use crate::windows::tree::{Content, Element};
use model::event::{Actor, Audit, Device, Facts, SignIn, SignInKind, Target};
use model::identity::Vendor;
use std::collections::BTreeMap;

/// The provider of the events that are read here.
const PROVIDER: &str = "AD FS Auditing";

/// Whether an event of Windows is one of AD FS.
pub(crate) fn is_ours(event: &WindowsEvent) -> bool {
    event.is_of_provider(PROVIDER)
}

/// Reads an event of AD FS.
pub(crate) fn read(event: &WindowsEvent) -> Reading {
    let facts = match event.id {
        1200..=1203 | 1210 => {
            let Some(said) = Said::of(event) else {
                return Reading::Rejected(format!(
                    "AD FS event {} has no <AuditBase>, in which it says who signed in",
                    event.id
                ));
            };
            Facts::SignIn(Box::new(sign_in(event, &said)))
        }
        411 => Facts::SignIn(Box::new(refused_token(event))),
        1204 | 1205 => {
            let Some(said) = Said::of(event) else {
                return Reading::Rejected(format!(
                    "AD FS event {} has no <AuditBase>, in which it says whose password was changed",
                    event.id
                ));
            };
            Facts::Audit(Box::new(password_change(event, &said)))
        }
        1206 | 1207 => {
            return Reading::Ignored(format!(
                "AD FS event {}: a sign-out, which no report shows",
                event.id
            ));
        }
        _ => return Reading::Ignored(format!("AD FS event {}", event.id)),
    };
    match event.happened() {
        Ok(time) => event.tell(Vendor::AdFs, time, facts),
        Err(reason) => Reading::Rejected(reason),
    }
}

/// What the XML of an event says, by the names of its elements.
struct Said(BTreeMap<String, String>);

impl Said {
    fn of(event: &WindowsEvent) -> Option<Said> {
        let named = event.data.values().filter_map(serde_json::Value::as_str);
        let mut texts = event
            .unnamed
            .iter()
            .map(String::as_str)
            .chain(named)
            .chain(event.message.as_deref());
        let text = texts.find_map(|text| {
            let start = text.find("<AuditBase")?;
            let end = text.rfind("</AuditBase>")? + "</AuditBase>".len();
            text.get(start..end)
        })?;
        let mut said = BTreeMap::new();
        collect(event_xml::parse(text).ok()?, &mut said);
        Some(Said(said))
    }

    /// What an element says; `N/A` is nothing.
    fn text(&self, name: &str) -> Option<&str> {
        let text = self.0.get(name)?.trim();
        (!matches!(text, "" | "N/A" | "-")).then_some(text)
    }

    fn owned(&self, name: &str) -> Option<String> {
        self.text(name).map(str::to_owned)
    }
}

/// The elements without elements in them; of several with one name the first that says something counts.
fn collect(element: Element, said: &mut BTreeMap<String, String>) {
    let mut text = String::new();
    let mut has_elements = false;
    for content in element.content {
        match content {
            Content::Text(part) => text.push_str(&part),
            Content::Texts(parts) => text.extend(parts),
            Content::Element(inner) => {
                has_elements = true;
                collect(inner, said);
            }
        }
    }
    let is_nothing = |text: &str| matches!(text.trim(), "" | "N/A");
    if !has_elements && said.get(&element.name).is_none_or(|before| is_nothing(before)) {
        said.insert(element.name, text);
    }
}

fn sign_in(event: &WindowsEvent, said: &Said) -> SignIn {
    let failed = matches!(event.id, 1201 | 1203 | 1210)
        || event.outcome == Some(AuditOutcome::Failure)
        || said
            .text("AuditResult")
            .is_some_and(|result| !result.eq_ignore_ascii_case("Success"));
    let what = match event.id {
        1200 => "a token was issued",
        1201 => "a token was refused",
        1202 => "credentials were validated",
        1203 => "credentials were refused",
        _ => "the account is locked out for sign-ins from outside",
    };
    let mut details = vec![format!("AD FS event {}: {what}", event.id)];
    details.extend(said.text("NetworkLocation").map(|place| format!("from {place}")));
    details.extend(said.text("Endpoint").map(|endpoint| format!("at {endpoint}")));
    let reason = [said.text("FailureType"), said.text("ErrorCode")];
    let reason: Vec<&str> = reason
        .into_iter()
        .flatten()
        .filter(|word| *word != "None")
        .collect();
    let reason = if reason.is_empty() {
        what.to_owned()
    } else {
        reason.join(": ")
    };
    SignIn {
        // A token is issued on the strength of credentials that an event of its own tells.
        kind: if matches!(event.id, 1200 | 1201) {
            SignInKind::NonInteractive
        } else {
            SignInKind::Interactive
        },
        user_principal_name: said.owned("UserId"),
        app_id: said.owned("OAuthClientId"),
        app_display_name: said.owned("RelyingParty"),
        resource_display_name: event.computer.clone(),
        ip_address: said.text("IpAddress").and_then(first_address),
        device: Device {
            id: said.owned("DeviceId"),
            ..Device::default()
        },
        client_app: said.owned("AuthProtocol"),
        user_agent: said.owned("UserAgentString"),
        error_code: i64::from(failed),
        failure_reason: failed.then_some(reason),
        additional_details: Some(details.join("; ")),
        mfa_required: said
            .text("MfaPerformed")
            .map(|done| done.eq_ignore_ascii_case("true")),
        mfa_method: said.owned("MfaMethod"),
        correlation_id: activity(event),
        is_federated: Some(true),
        ..SignIn::default()
    }
}

/// 411: a token was not valid. Its data are: the activity, the type of the token, `user-reason`, the exception, the addresses.
fn refused_token(event: &WindowsEvent) -> SignIn {
    let texts: Vec<&str> = event.unnamed.iter().map(|text| text.trim()).collect();
    let said = texts.iter().find_map(|text| {
        // A user name may have a `-` in it, the reason begins with a capital.
        let word_end = text.find(' ').unwrap_or(text.len());
        let next_word = text.len() - text[word_end..].trim_start().len();
        let at = text
            .match_indices('-')
            .take_while(|(at, _)| *at <= next_word)
            .find(|(at, _)| text[at + 1..].trim_start().starts_with(char::is_uppercase));
        let (user, reason) = text.split_at(at?.0);
        let is_user = user.contains(['@', '\\']);
        is_user.then(|| (user.trim().to_owned(), reason[1..].trim().to_owned()))
    });
    let (user, reason) = said.unzip();
    SignIn {
        user_principal_name: user,
        ip_address: texts.iter().rev().find_map(|text| first_real_address(text)),
        resource_display_name: event.computer.clone(),
        error_code: 1,
        failure_reason: reason.or_else(|| Some("the token was not valid".to_owned())),
        additional_details: Some("AD FS event 411: a token was not valid".to_owned()),
        correlation_id: activity(event),
        is_federated: Some(true),
        ..SignIn::default()
    }
}

fn password_change(event: &WindowsEvent, said: &Said) -> Audit {
    let failed = event.id == 1205 || event.outcome == Some(AuditOutcome::Failure);
    let user = said.owned("UserId");
    let details = vec![
        ("EventID".to_owned(), Some(event.id.to_string())),
        ("Computer".to_owned(), event.computer.clone()),
        ("User-Agent".to_owned(), said.owned("UserAgentString")),
    ];
    Audit {
        activity: Some("Change user password".to_owned()),
        category: Some("UserManagement".to_owned()),
        operation_type: Some("Update".to_owned()),
        result: Some(if failed { "failure" } else { "success" }.to_owned()),
        result_reason: said.owned("FailureType").filter(|word| word != "None"),
        logged_by_service: Some("AD FS".to_owned()),
        correlation_id: activity(event),
        actor: Actor {
            user_principal_name: user.clone(),
            ip_address: said.text("IpAddress").and_then(first_address),
            ..Actor::default()
        },
        targets: vec![Target {
            resource_type: Some("User".to_owned()),
            user_principal_name: user,
            ..Target::default()
        }],
        additional_details: details.into_iter().filter(|(_, value)| value.is_some()).collect(),
    }
}

/// Behind proxies several stand there, the client's first.
fn first_address(text: &str) -> Option<String> {
    address::normalise(text.split(',').next().unwrap_or_default())
}

fn first_real_address(text: &str) -> Option<String> {
    let address = first_address(text)?;
    address.parse::<std::net::IpAddr>().is_ok().then_some(address)
}

/// The id that ties the events of one request together: the first datum.
fn activity(event: &WindowsEvent) -> Option<String> {
    let first = event.unnamed.first()?.trim().to_ascii_lowercase();
    let is_guid = first.len() == 36 && first.bytes().filter(|byte| *byte == b'-').count() == 4;
    is_guid.then_some(first)
}
