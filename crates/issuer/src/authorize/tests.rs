//! What is asked for at the authorize endpoint, and the next step of whoever asks.

use super::*;
use crate::client::tests::{NOW, client, tenant};
use crate::grant::tests::authority;
use crate::user::tests::user;
use proptest::prelude::*;

const ID: &str = "11111111-2222-3333-4444-555555555555";
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

fn contoso() -> AddressedTenant {
    AddressedTenant::Known {
        id: tenant(),
        word: "contoso.com".to_owned(),
    }
}

fn read(query: &str, protocol: Protocol, client: &Client) -> Result<(ReplyTo, Terms), Refusal> {
    let query = format!("client_id={ID}&{query}");
    let request = AuthorizeRequest::read(query.as_bytes(), protocol)?;
    assert_eq!(request.client_id(), Some(client.client_id));
    let (client, reply_to) = request.reply_to(&contoso(), Some(client), &authority())?;
    let terms = request.terms(client, &reply_to, &contoso(), &authority())?;
    Ok((reply_to, terms))
}

fn check(protocol: Protocol, query: &str, expected: &str) {
    let got = read(query, protocol, &client());
    let got = match got {
        Ok((reply_to, terms)) => format!(
            "{} {:?} {} {}",
            reply_to.address,
            reply_to.mode,
            terms.wanted.resource,
            terms.challenge.map_or("-", |challenge| challenge.method.name()),
        ),
        Err(refusal) => refusal.to_string(),
    };
    assert!(got.contains(expected), "{query}: {got}");
}

/// Contract 4.1: the address is not encoded, there is no state, and the scope says nothing.
#[test]
fn the_script_of_2017_is_understood() {
    check(
        Protocol::V1,
        "response_type=code&redirect_uri=https://localhost&resource=https%3a%2f%2fgraph.windows.net&scope=https%3a%2f%2fgraph.windows.net%2fuser_impersonation",
        "https://localhost Query https://graph.windows.net -",
    );
    check(
        Protocol::V1,
        "response_type=code",
        "https://localhost Query 00000002-0000-0000-c000-000000000000 -",
    );
}

#[test]
fn clients_of_today_are_understood() {
    check(
        Protocol::V2,
        &format!(
            "response_type=code&redirect_uri=https%3A%2F%2Flocalhost&scope=openid+offline_access+https%3A%2F%2Fgraph.windows.net%2F.default&code_challenge={CHALLENGE}&code_challenge_method=S256&state=s&nonce=n&client_info=1&response_mode=form_post"
        ),
        "https://localhost FormPost https://graph.windows.net S256",
    );
    check(
        Protocol::V2,
        &format!("response_type=code&code_challenge={CHALLENGE}"),
        "plain",
    );
}

#[test]
fn an_address_that_is_not_registered_gets_nothing() {
    for address in [
        "https://localhost/",
        "https://evil.example",
        "https://localhost.evil.example",
        "javascript:1",
    ] {
        check(
            Protocol::V1,
            &format!("response_type=code&redirect_uri={address}"),
            &format!("AADSTS50011: The reply address '{address}' does not match"),
        );
    }
    let two = format!("client_id={ID}&redirect_uri=https://localhost&redirect_uri=https://evil.example");
    let refused = AuthorizeRequest::read(two.as_bytes(), Protocol::V1).unwrap_err();
    assert!(refused.to_string().contains("given twice"), "{refused}");
}

#[test]
fn a_wrong_parameter_is_named() {
    check(Protocol::V1, "redirect_uri=https://localhost", "'response_type'");
    check(
        Protocol::V1,
        "response_type=token",
        "AADSTS70005: The response type 'token'",
    );
    check(Protocol::V1, "response_type=code+id_token", "AADSTS70005");
    check(
        Protocol::V1,
        "response_type=code&response_mode=fragment",
        "response_mode must be",
    );
    check(Protocol::V1, "response_type=code&prompt=maybe", "prompt must be");
    check(
        Protocol::V1,
        "response_type=code&prompt=none+login",
        "prompt cannot be",
    );
    check(
        Protocol::V1,
        "response_type=code&code_challenge=short",
        "code_challenge must have",
    );
    check(
        Protocol::V1,
        "response_type=code&code_challenge_method=S256",
        "code_challenge is missing",
    );
    let query = format!("response_type=code&code_challenge={CHALLENGE}&code_challenge_method=S512");
    check(Protocol::V1, &query, "code_challenge_method must be");
    check(
        Protocol::V1,
        "response_type=code&resource=https://graph.microsoft.com",
        "AADSTS50001",
    );
    check(Protocol::V2, "response_type=code&scope=Mail.Read", "AADSTS70011");
    check(
        Protocol::V2,
        "response_type=code&request=eyJ",
        "request is not supported",
    );
    check(Protocol::V2, "response_type=code&max_age=-1", "max_age must be");
}

#[test]
fn a_public_client_of_v2_must_protect_its_code() {
    let mut public = client();
    public.kind = ClientKind::Public;
    let refused = |query: &str, protocol| {
        read(query, protocol, &public)
            .err()
            .map(|refusal| refusal.codes())
    };
    assert_eq!(
        refused("response_type=code", Protocol::V2),
        Some(&[9_002_325][..])
    );
    assert_eq!(refused("response_type=code", Protocol::V1), None);
    public.reply_addresses = vec!["http://localhost".to_owned()];
    let open_port = "response_type=code&redirect_uri=http://localhost:4711";
    let refused = |query: &str| {
        read(query, Protocol::V1, &public)
            .err()
            .map(|refusal| refusal.codes())
    };
    assert_eq!(refused(open_port), Some(&[9_002_325][..]));
    assert_eq!(refused(&format!("{open_port}&code_challenge={CHALLENGE}")), None);
}

#[test]
fn a_client_that_is_switched_off_or_elsewhere_gets_nothing() {
    let mut disabled = client();
    disabled.status = ClientStatus::Disabled;
    let refused = read("response_type=code", Protocol::V1, &disabled).unwrap_err();
    assert!(refused.to_string().contains("is disabled"), "{refused}");
    let elsewhere = AddressedTenant::Known {
        id: model::tenant::TenantId::new(Uuid::nil()),
        word: "fabrikam.com".to_owned(),
    };
    let query = format!("client_id={ID}&response_type=code");
    let request = AuthorizeRequest::read(query.as_bytes(), Protocol::V1).unwrap();
    let client = client();
    let refused = request
        .reply_to(&elsewhere, Some(&client), &authority())
        .unwrap_err();
    assert!(
        refused
            .to_string()
            .contains("was not found in the directory fabrikam.com")
    );
}

/// What comes next for a query, a visitor and what was agreed to before.
fn check_next(query: &str, visitor: Option<(&User, Freshness)>, consented: &[&str], expected: &str) {
    let (_, terms) = read(&format!("response_type=code&{query}"), Protocol::V1, &client()).unwrap();
    let visitor = visitor.map(|(user, freshness)| Visitor {
        user,
        signed_in: NOW.plus_seconds(-60),
        freshness,
        is_administrator: false,
    });
    let consented: Vec<String> = consented.iter().map(|text| (*text).to_owned()).collect();
    let got = match next(&terms, &client(), visitor, &consented, NOW) {
        Step::Refuse(refusal) => refusal.redirect_error().to_owned(),
        other => format!("{other:?}"),
    };
    assert_eq!(got, expected, "{query}");
}

const AGREED: &[&str] = &["Directory.Read.All"];

#[test]
fn somebody_signs_in_agrees_and_is_done() {
    let ada = user();
    check_next("", None, &[], "SignIn");
    check_next("", Some((&ada, Freshness::ForThisRequest)), &[], "Consent");
    check_next("", Some((&ada, Freshness::Earlier)), AGREED, "Give");
}

#[test]
fn a_prompt_asks_again_and_none_never_asks() {
    let ada = user();
    let earlier = Some((&ada, Freshness::Earlier));
    let fresh = Some((&ada, Freshness::ForThisRequest));
    check_next("prompt=login", earlier, AGREED, "SignIn");
    check_next("prompt=login", fresh, AGREED, "Give");
    check_next("prompt=consent", earlier, AGREED, "Consent");
    check_next("prompt=admin_consent", earlier, AGREED, "access_denied");
    check_next("prompt=none", None, AGREED, "login_required");
    check_next("prompt=none", earlier, &[], "consent_required");
    check_next("prompt=none", earlier, AGREED, "Give");
    check_next("max_age=59", earlier, AGREED, "SignIn");
    check_next("max_age=60", earlier, AGREED, "Give");
    check_next("login_hint=Ada@Contoso.com", earlier, AGREED, "Give");
    check_next("login_hint=bob@contoso.com", earlier, AGREED, "SignIn");
    check_next("login_hint=bob@contoso.com", fresh, AGREED, "Give");
}

#[test]
fn a_session_of_another_tenant_or_of_nobody_any_more_is_none() {
    let stranger = User {
        tenant: model::tenant::TenantId::new(Uuid::nil()),
        ..user()
    };
    let disabled = User {
        status: UserStatus::Disabled,
        ..user()
    };
    check_next("", Some((&stranger, Freshness::Earlier)), AGREED, "SignIn");
    check_next("", Some((&disabled, Freshness::ForThisRequest)), AGREED, "SignIn");
}

#[test]
fn an_application_that_may_not_act_for_users_is_told_so() {
    let mut bare = client();
    bare.delegated.clear();
    let (_, terms) = read("response_type=code", Protocol::V1, &bare).unwrap();
    let ada = user();
    let visitor = Visitor {
        user: &ada,
        signed_in: NOW,
        freshness: Freshness::ForThisRequest,
        is_administrator: true,
    };
    let Step::Refuse(refusal) = next(
        &terms,
        &bare,
        Some(visitor),
        &["Directory.Read.All".to_owned()],
        NOW,
    ) else {
        panic!("it was not refused");
    };
    assert!(refusal.to_string().starts_with("AADSTS65001: "), "{refusal}");
}

proptest! {
    #[test]
    fn no_query_makes_the_reader_panic(query in ".{0,200}", protocol in prop_oneof![Just(Protocol::V1), Just(Protocol::V2)]) {
        let query = format!("client_id={ID}&{query}");
        if let Ok(request) = AuthorizeRequest::read(query.as_bytes(), protocol) {
            let client = client();
            if let Ok((client, reply_to)) = request.reply_to(&contoso(), Some(&client), &authority()) {
                prop_assert!(client.reply_addresses.contains(&reply_to.address));
                let _ = request.terms(client, &reply_to, &contoso(), &authority());
            }
        }
    }
}
