//! What the demo needs of a server: a tenant with an application that may read and ingest, filled with records.

use crate::app::App;
use crate::clients;
use crate::detection::{Driver, Grounds};
use crate::inputs::intake::{Intake, TenantRule, Terms};
use anyhow::{Context, Result, anyhow};
use edge::{chance, clock};
use issuer::audience::Permission;
use issuer::client::NewSecret;
use issuer::grant::{AddressedTenant, Issuing, client_credentials};
use issuer::protocol::Protocol;
use issuer::token_request::TokenRequest;
use model::batch::Lateness;
use model::tenant::{TenantId, TenantName};
use secrecy::ExposeSecret;
use sources::{Choice, Limits};
use std::collections::BTreeMap;
use store::control::{AppKind, NewApp, NewAppSecret};
use uuid::Uuid;

/// The demo's tenant and its application.
#[derive(Debug, Clone)]
pub struct Guest {
    /// The tenant.
    pub tenant: TenantId,
    /// The application.
    pub client_id: Uuid,
    /// Its secret.
    pub client_secret: String,
}

/// Makes the tenant, the same for the same seed, and an application of it.
pub fn welcome(app: &App, domain: &str, seed: u64) -> Result<Guest> {
    let now = app.now();
    let tenant = TenantId::new(Uuid::new_v5(
        &Uuid::NAMESPACE_DNS,
        format!("{seed}.{domain}").as_bytes(),
    ));
    app.control
        .create_tenant(tenant, &[TenantName::parse(domain)?], domain, now)?;
    let client_id = chance::guid();
    app.control.create_app(
        &NewApp {
            client_id,
            tenant,
            object_id: chance::guid(),
            name: "demo".to_owned(),
            kind: AppKind::Confidential,
            permissions: Permission::APPLICATION
                .iter()
                .map(|permission| clients::stored(*permission))
                .collect(),
            reply_addresses: vec!["https://localhost".to_owned()],
            roles: Vec::new(),
        },
        now,
    )?;
    let secret = NewSecret::from_random(&chance::bytes());
    app.control.add_secret(
        client_id,
        &NewAppSecret {
            hash: secret.hash.0,
            hint: secret.hint,
            expires: None,
        },
        now,
    )?;
    Ok(Guest {
        tenant,
        client_id,
        client_secret: secret.text.expose_secret().to_owned(),
    })
}

/// Stores records, each with the name of its source, through the same intake as any import; answers how many events were new.
pub fn fill(
    app: &App,
    guest: &Guest,
    records: &mut dyn Iterator<Item = (&'static str, String)>,
) -> Result<u64> {
    // One for each source, as if each had been brought by itself: the ledger shows them apart.
    let mut intakes: BTreeMap<&'static str, Intake<'_>> = BTreeMap::new();
    for (source, record) in records {
        let intake = intakes.entry(source).or_insert_with(|| {
            Intake::new(Terms {
                store: app.events.as_ref(),
                tenants: TenantRule::Only(guest.tenant),
                source,
                lateness: Lateness::NotCounted,
                choice: Choice::Auto,
                recent: None,
                limits: Limits::default(),
                sequence: None,
                now: clock::now,
            })
        });
        intake.push(record.as_bytes())?;
        intake.push(b"\n")?;
    }
    let mut stored = 0;
    for (source, mut intake) in intakes {
        intake.finish()?;
        if let Some(rejection) = intake.take_rejections().first() {
            return Err(anyhow!(
                "a made-up record of {source} was rejected: {}",
                rejection.reason
            ));
        }
        stored += intake.summary().total.counts.new;
    }
    Ok(stored)
}

/// Whether what was filled in is judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Judged {
    /// Everything.
    All,
    /// All but so many sign-ins, which are of the future and are judged when their time comes.
    AllBut(u64),
    /// Nothing is: the settings say so.
    SwitchedOff,
}

/// Judges what was filled in as the running server would, before anybody asks; the server goes on from there.
pub fn judge(app: &App, guest: &Guest) -> Result<Judged> {
    let grounds = Grounds::read(app)?;
    if !grounds.settings.enabled {
        return Ok(Judged::SwitchedOff);
    }
    let _rest = app.detection.rest();
    let tools = grounds.tools(app, guest.tenant, &|| true);
    let mut driver = Driver::open(guest.tenant, &grounds.rules, &tools)?;
    // Findings are changes, too: it is at the end when a round has nothing to read. What waits then is released by the clock alone, which
    // stands still here, so that this comes to an end.
    loop {
        let round = driver.round(&tools)?;
        app.metrics.count_detection(&round);
        if round.read + round.judged + round.again == 0 {
            return Ok(match round.waiting {
                0 => Judged::All,
                waiting => Judged::AllBut(waiting),
            });
        }
    }
}

/// A token of the application for reading reports, as the token endpoint gives it.
pub fn reading_token(app: &App, guest: &Guest) -> Result<String> {
    let registered = app
        .control
        .app(guest.client_id)?
        .context("the demo's application is gone")?;
    let body = format!(
        "grant_type=client_credentials&client_id={}&client_secret={}",
        guest.client_id, guest.client_secret
    );
    let request = TokenRequest::read(body.as_bytes(), None, Protocol::V1)
        .map_err(|refusal| anyhow!(refusal.to_string()))?;
    let client = clients::client(&registered);
    let keys = app.keys();
    let issuing = Issuing {
        protocol: Protocol::V1,
        authority: &app.authority,
        key: &keys.signing,
        now: app.now(),
        lifetime_seconds: app.config().tokens.lifetime.as_secs() as i64,
        random: chance::bytes(),
    };
    let granted = client_credentials(
        &request,
        &AddressedTenant::OfTheClient,
        Some(&client),
        &[],
        issuing,
    )
    .map_err(|refusal| anyhow!(refusal.to_string()))?;
    Ok(granted.access_token.expose_secret().to_owned())
}
