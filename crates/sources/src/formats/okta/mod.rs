//! Okta: the System Log, as its API, its log streams and its event hooks give it.
//!
//! The members are those of <https://developer.okta.com/docs/reference/api/system-log/>. Names may come in any case: log
//! pipelines write `eventtype` and `debugcontext`.

mod columns;
mod risk;
mod words;

use super::{FormatDef, Reading};
use crate::fields::{Fields, as_text};
use crate::telling::{Id, Telling, is_pipelines};
use crate::{address, dating, several};
use model::event::{
    Actor, Audit, Device, Facts, Modified, Place, ProvisionedIdentity, Provisioning, SignIn, Target,
};
use model::identity::Vendor;
use serde_json::{Map, Value};
use std::borrow::Cow;
use words::Sort;

/// The format.
pub(super) const DEF: FormatDef = FormatDef {
    id: "okta",
    title: "Okta System Log event",
    about: "Events of Okta's System Log: answers of /api/v1/logs, log streams to EventBridge or Splunk, event hooks.",
    looks_for: "`eventType` with `legacyEventType`, with an `actor` that has an `alternateId`, with `published` and `outcome`, or with the columns `sourceIP` and `result`",
    read,
};

/// What an event hook sends around the events.
const HOOK: &str = "com.okta.event_hook";

fn read(record: &Map<String, Value>) -> Reading {
    let fields = Fields::new(record);
    let Some(word) = fields.text("eventType") else {
        return Reading::Unrecognised;
    };
    if word == HOOK {
        let data = fields.object("data").unwrap_or_default();
        return several::of_page(&Fields::new(&data).list("events"));
    }
    let whole = columns::written_out(record);
    let event = LogEvent::of(whole.as_ref().map_or(fields, Fields::new));
    if whole.is_none() && !event.is_oktas() {
        return Reading::Unrecognised;
    }
    let time = dating::event_time(fields, &["published"], fields);
    let facts = match words::sort_of(&word) {
        // Of one that does not say whether it succeeded, it can be told only that there was something.
        Sort::SignIn => match event.sign_in(&word) {
            Some(sign_in) => Facts::SignIn(Box::new(sign_in)),
            None => Facts::Audit(Box::new(event.audit(&word))),
        },
        Sort::Provisioning => Facts::Provisioning(Box::new(event.provisioning(&word))),
        Sort::Risk => Facts::RiskDetection(Box::new(event.risk(&word))),
        Sort::Audit => Facts::Audit(Box::new(event.audit(&word))),
    };
    let actor_id = event.actor().text("id");
    let targets: Vec<String> = event
        .targets
        .iter()
        .filter_map(|target| Fields::new(target).text("id"))
        .collect();
    let targets = targets.join(" ");
    let address = event.address();
    let (result, reason) = (event.outcome().text("result"), event.outcome().text("reason"));
    let told_apart_by = [
        Some(word.as_str()),
        actor_id.as_deref(),
        Some(targets.as_str()),
        address.as_deref(),
        result.as_deref(),
        reason.as_deref(),
    ];
    let columns = whole
        .is_some()
        .then(|| columns::TOLD_APART_BY.map(|name| fields.text(name)));
    let columns: Vec<Option<&str>> = columns
        .iter()
        .flatten()
        .map(Option::as_deref)
        .chain([Some(targets.as_str())])
        .collect();
    let id = match fields.text("uuid") {
        Some(uuid) => Id::Vendors(uuid),
        None if whole.is_some() => Id::Fields("okta-columns/1", &columns),
        None => Id::Fields("okta/1", &told_apart_by),
    };
    Telling {
        vendor: Vendor::Okta,
        id,
        time,
        updated: None,
        tenant: None,
        facts,
        record,
        is_carriers: is_pipelines,
    }
    .event()
}

/// One event with its objects looked up.
struct LogEvent<'a> {
    fields: Fields<'a>,
    actor: Cow<'a, Map<String, Value>>,
    client: Cow<'a, Map<String, Value>>,
    outcome: Cow<'a, Map<String, Value>>,
    debug: Map<String, Value>,
    targets: Vec<Map<String, Value>>,
}

impl<'a> LogEvent<'a> {
    fn of(fields: Fields<'a>) -> LogEvent<'a> {
        let debug = fields.object("debugContext").unwrap_or_default();
        let debug = Fields::new(&debug).object("debugData").unwrap_or_default();
        LogEvent {
            fields,
            actor: fields.object("actor").unwrap_or_default(),
            client: fields.object("client").unwrap_or_default(),
            outcome: fields.object("outcome").unwrap_or_default(),
            debug: debug.into_owned(),
            targets: fields
                .list("target")
                .iter()
                .filter_map(Value::as_object)
                .cloned()
                .collect(),
        }
    }

    /// Other makers have an `eventType` too (CloudTrail); none has these beside it.
    fn is_oktas(&self) -> bool {
        let has = |name: &str| self.fields.get(name).is_some();
        has("legacyEventType")
            || self.actor().get("alternateId").is_some()
            || has("published") && !self.outcome.is_empty()
    }

    fn actor(&self) -> Fields<'_> {
        Fields::new(&self.actor)
    }

    fn client(&self) -> Fields<'_> {
        Fields::new(&self.client)
    }

    fn outcome(&self) -> Fields<'_> {
        Fields::new(&self.outcome)
    }

    fn debug(&self) -> Fields<'_> {
        Fields::new(&self.debug)
    }

    fn target_of(&self, kind: &str) -> Option<Fields<'_>> {
        self.targets.iter().map(Fields::new).find(|target| {
            target
                .text("type")
                .is_some_and(|word| word.eq_ignore_ascii_case(kind))
        })
    }

    /// The client's address; behind a proxy that Okta trusts, the first of the chain.
    fn address(&self) -> Option<String> {
        let request = self.fields.object("request").unwrap_or_default();
        let chain = Fields::new(&request).list("ipChain").into_owned();
        let first = chain.first().and_then(Value::as_object);
        let first = first.and_then(|hop| Fields::new(hop).text("ip"));
        [self.client().text("ipAddress"), first]
            .into_iter()
            .flatten()
            .find_map(|text| address::normalise(&text))
    }

    fn place(&self) -> Place {
        let place = self
            .client()
            .object("geographicalContext")
            .unwrap_or_default()
            .into_owned();
        let place = Fields::new(&place);
        let point = place.object("geolocation").unwrap_or_default().into_owned();
        let point = Fields::new(&point);
        let latitude = point.number("lat").filter(|degrees| degrees.abs() <= 90.0);
        let longitude = point.number("lon").filter(|degrees| degrees.abs() <= 180.0);
        Place {
            city: place.text("city"),
            state: place.text("state"),
            country: place.text("country"),
            latitude: latitude.filter(|_| longitude.is_some()),
            longitude: longitude.filter(|_| latitude.is_some()),
        }
    }

    fn user_agent(&self, name: &str) -> Option<String> {
        let agent = self.client().object("userAgent").unwrap_or_default().into_owned();
        known(Fields::new(&agent).text(name))
    }

    fn device(&self) -> Device {
        let device = self.fields.object("device").unwrap_or_default();
        let device = Fields::new(&device);
        Device {
            id: device.text("id"),
            display_name: device.text("name"),
            operating_system: self.user_agent("os").or_else(|| device.text("os_platform")),
            browser: self.user_agent("browser"),
        }
    }

    /// The one who signs in: the actor, unless it is Okta itself; then the user among the targets.
    fn user(&self) -> Person {
        let actor = Person::of(self.actor());
        if actor.is_somebody() && self.actors_type() == ActorType::User {
            return actor;
        }
        self.target_of("User").map_or(actor, Person::of)
    }

    fn actors_type(&self) -> ActorType {
        match self.actor().text("type").as_deref() {
            None | Some("User") => ActorType::User,
            Some("IP address") => ActorType::Address,
            Some(_) => ActorType::Application,
        }
    }

    /// Whether a user did it to themself.
    fn is_by_oneself(&self) -> bool {
        let (actor, target) = (Person::of(self.actor()), self.target_of("User").map(Person::of));
        let same = |one: &Option<String>, other: &Option<String>| match (one, other) {
            (Some(one), Some(other)) => one.eq_ignore_ascii_case(other),
            _ => false,
        };
        self.actors_type() == ActorType::User
            && target.is_some_and(|target| same(&actor.id, &target.id) || same(&actor.name, &target.name))
    }

    /// `None` if the event does not say whether the sign-in succeeded.
    fn sign_in(&self, word: &str) -> Option<SignIn> {
        let result = self.outcome().text("result")?;
        let succeeded = is_success(&result);
        let reason = self.outcome().text("reason");
        let user = self.user();
        let application = self.target_of("AppInstance");
        let is_second_factor = word == "user.authentication.auth_via_mfa";
        Some(SignIn {
            user_id: user.id,
            user_principal_name: user.name,
            user_display_name: user.display_name,
            app_id: application.and_then(|target| target.text("id")),
            app_display_name: application
                .and_then(|target| target.text("displayName").or_else(|| target.text("alternateId"))),
            ip_address: self.address(),
            location: self.place(),
            device: self.device(),
            user_agent: self.user_agent("rawUserAgent"),
            error_code: i64::from(!succeeded),
            failure_reason: (!succeeded).then(|| reason.clone().unwrap_or_else(|| result.clone())),
            additional_details: Some(word.to_owned()),
            mfa_required: is_second_factor.then_some(true),
            mfa_method: is_second_factor.then(|| self.debug().text("factor")).flatten(),
            correlation_id: self.transaction(),
            risk_level: self.risk_level(),
            risk_event_types: self.behaviors(),
            ..SignIn::default()
        })
    }

    fn transaction(&self) -> Option<String> {
        let transaction = self.fields.object("transaction").unwrap_or_default();
        Fields::new(&transaction).text("id")
    }

    fn audit(&self, word: &str) -> Audit {
        let is_by_oneself = self.is_by_oneself();
        let result = self.outcome().text("result");
        let reason = self.outcome().text("reason");
        let outcome = result.as_deref().and_then(audit_result);
        // A result between the two, such as CHALLENGE, is told in words alone.
        let in_words = result.filter(|_| outcome.is_none());
        let mut details = vec![("eventType".to_owned(), Some(word.to_owned()))];
        for name in ["displayMessage", "legacyEventType", "severity"] {
            if let Some(text) = self.fields.text(name) {
                details.push((name.to_owned(), Some(text)));
            }
        }
        for name in ["privilegeGranted", "privilegeRevoked", "changedAttributes"] {
            if let Some(value) = self.debug().get(name).and_then(as_text) {
                details.push((name.to_owned(), Some(value)));
            }
        }
        let factor = self.debug().text("factor");
        if let Some(factor) = &factor {
            details.push(("MethodsUsed".to_owned(), Some(factor.clone())));
        }
        let method = [reason.as_deref(), factor.as_deref()]
            .into_iter()
            .flatten()
            .find_map(words::method);
        if let Some(method) = method.filter(|_| word.starts_with("user.mfa.factor.")) {
            details.push(("AuthenticationMethod".to_owned(), Some(method.to_owned())));
        }
        Audit {
            activity: Some(words::activity(word, is_by_oneself).unwrap_or(word).to_owned()),
            category: words::category(word).map(str::to_owned),
            operation_type: None,
            result: outcome.map(str::to_owned),
            result_reason: reason.or(in_words),
            logged_by_service: Some("Okta".to_owned()),
            correlation_id: self.transaction(),
            actor: self.audits_actor(),
            targets: self.audits_targets(),
            additional_details: details,
        }
    }

    fn audits_actor(&self) -> Actor {
        let person = Person::of(self.actor());
        let mut actor = Actor {
            ip_address: self.address(),
            ..Actor::default()
        };
        match self.actors_type() {
            ActorType::User => {
                actor.user_id = person.id;
                actor.user_principal_name = person.name;
                actor.user_display_name = person.display_name;
            }
            ActorType::Application => {
                actor.app_id = person.id;
                actor.app_display_name = person.display_name.or(person.name);
            }
            ActorType::Address => {}
        }
        actor
    }

    /// Okta's `UserGroup` is a group; other types keep Okta's word.
    fn audits_targets(&self) -> Vec<Target> {
        let mut changes = self.changes();
        let mut targets = Vec::with_capacity(self.targets.len());
        for target in self.targets.iter().map(Fields::new) {
            let kind = target.text("type");
            let is_user = matches!(kind.as_deref(), Some("User" | "AppUser"));
            let person = Person::of(target);
            targets.push(Target {
                resource_type: kind.map(|kind| match kind.as_str() {
                    "UserGroup" => "Group".to_owned(),
                    _ => kind,
                }),
                id: person.id,
                display_name: person
                    .display_name
                    .or_else(|| person.name.clone().filter(|_| !is_user)),
                user_principal_name: person.name.filter(|_| is_user),
                modified: std::mem::take(&mut changes),
            });
        }
        targets
    }

    /// What changed, as far as the debug data names it: attributes without their values, roles by name.
    fn changes(&self) -> Vec<Modified> {
        let mut changes = Vec::new();
        let role = |new: Option<String>, old: Option<String>| Modified {
            name: Some("Role.DisplayName".to_owned()),
            old,
            new,
        };
        if let Some(granted) = self.debug().text("privilegeGranted") {
            changes.push(role(Some(granted), None));
        }
        if let Some(revoked) = self.debug().text("privilegeRevoked") {
            changes.push(role(None, Some(revoked)));
        }
        for name in self.changed_attributes() {
            changes.push(Modified {
                name: Some(name),
                old: None,
                new: None,
            });
        }
        changes
    }

    /// `a,b` or `["a","b"]`.
    fn changed_attributes(&self) -> Vec<String> {
        let listed: Vec<String> = self
            .debug()
            .list("changedAttributes")
            .iter()
            .filter_map(as_text)
            .collect();
        if !listed.is_empty() {
            return listed;
        }
        let text = self.debug().text("changedAttributes").unwrap_or_default();
        text.split(',')
            .map(str::trim)
            .filter(|name| !name.is_empty())
            .map(str::to_owned)
            .collect()
    }

    fn provisioning(&self, word: &str) -> Provisioning {
        let (action, object) = words::provisioned(word);
        let application = self.target_of("AppInstance");
        let actor = Person::of(self.actor());
        let target = self.target_of("AppUser").or_else(|| self.target_of("User"));
        let user = self.target_of("User").map(Person::of);
        let account = target.map(Person::of).unwrap_or_default();
        let result = self.outcome().text("result");
        let reason = self.outcome().text("reason");
        Provisioning {
            job_id: application.and_then(|target| target.text("id")),
            change_id: self.transaction(),
            action: Some(action.to_owned()),
            status: result.map(|result| result.to_ascii_lowercase()),
            error_reason: reason,
            source_system: Some("Okta".to_owned()),
            target_system: application
                .and_then(|target| target.text("displayName").or_else(|| target.text("alternateId"))),
            source: ProvisionedIdentity {
                identity_type: self.actor().text("type"),
                id: actor.id,
                display_name: actor.display_name,
                user_principal_name: actor.name,
            },
            target: ProvisionedIdentity {
                identity_type: target
                    .and_then(|target| target.text("type"))
                    .or_else(|| object.map(str::to_owned)),
                id: account.id,
                display_name: account.display_name,
                user_principal_name: user.and_then(|user| user.name).or(account.name),
            },
            modified: self
                .changed_attributes()
                .into_iter()
                .map(|name| Modified {
                    name: Some(name),
                    old: None,
                    new: None,
                })
                .collect(),
            ..Provisioning::default()
        }
    }
}

/// What an actor is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum ActorType {
    User,
    /// Okta itself (`SystemPrincipal`) or a client (`PublicClientApp`).
    Application,
    /// Nobody is known but the address.
    Address,
}

/// An actor or a target. Okta writes `unknown` where it knows nothing.
#[derive(Debug, Clone, Default)]
struct Person {
    id: Option<String>,
    name: Option<String>,
    display_name: Option<String>,
}

impl Person {
    fn of(fields: Fields<'_>) -> Person {
        Person {
            id: known(fields.text("id")),
            name: known(fields.text("alternateId")),
            display_name: known(fields.text("displayName")),
        }
    }

    fn is_somebody(&self) -> bool {
        self.id.is_some() || self.name.is_some()
    }
}

fn known(text: Option<String>) -> Option<String> {
    text.filter(|text| !text.eq_ignore_ascii_case("unknown"))
}

fn is_success(result: &str) -> bool {
    result.eq_ignore_ascii_case("SUCCESS") || result.eq_ignore_ascii_case("ALLOW")
}

/// `CHALLENGE`, `SKIPPED`, `UNKNOWN` and the like are neither.
fn audit_result(result: &str) -> Option<&'static str> {
    if is_success(result) {
        return Some("success");
    }
    ["FAILURE", "DENY"]
        .iter()
        .any(|word| result.eq_ignore_ascii_case(word))
        .then_some("failure")
}
