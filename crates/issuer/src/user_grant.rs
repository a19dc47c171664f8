//! Tokens for users who signed in: what must hold for every grant of them, and what is made of it.

use crate::audience::{Audience, Authority};
use crate::claims::{self, IdClaims, UserClaims, Validity};
use crate::client::{Client, ClientKind};
use crate::grant::{Issuing, Proof, TokenAnswer, client_claims, version};
use crate::opaque::Opaque;
use crate::pkce::{self, Challenge};
use crate::protocol::Protocol;
use crate::refusal::Refusal;
use crate::scope::{self, Wanted};
use crate::user::{User, UserStatus};
use model::tenant::TenantId;
use model::time::Timestamp;
use secrecy::{ExposeSecret, SecretString};
use uuid::Uuid;

/// What an authorization code stands for, as it was kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptCode {
    /// The address that it was sent to.
    pub reply_address: String,
    /// The challenge that was given with the request.
    pub challenge: Option<Challenge>,
    /// From this instant on it is no good.
    pub expires: Timestamp,
}

/// A user's permission for an application, whatever brought it about.
#[derive(Debug, Clone, Copy)]
pub struct UserGrant<'a> {
    /// The application.
    pub client: &'a Client,
    /// How it proved who it is.
    pub proof: Proof,
    /// The user.
    pub user: &'a User,
    /// The resource as the client spelled it.
    pub resource: &'a str,
    /// Identity scopes and permissions, as they are kept: [`Wanted::granted`].
    pub granted: &'a str,
    /// What the client wants back in the id token.
    pub nonce: Option<&'a str>,
    /// What all tokens of one sign-in have in common.
    pub family: Uuid,
}

/// Checks what a redeemer brings against what is kept of the code. That it is fresh and the client's own, the store has
/// said already.
pub fn check_code(
    kept: &KeptCode,
    reply_address: Option<&str>,
    verifier: Option<&SecretString>,
    client: &Client,
    protocol: Protocol,
    now: Timestamp,
) -> Result<(), Refusal> {
    // Clients leave it out if they left it out before; one that names another was tricked (RFC 6749, 4.1.3).
    if reply_address.is_none_or(|address| address != kept.reply_address) {
        return Err(Refusal::OtherReplyAddress);
    }
    let verifier = verifier.map(ExposeSecret::expose_secret);
    pkce::check(kept.challenge.as_ref(), verifier).map_err(|_| Refusal::WrongVerifier)?;
    if protocol == Protocol::V2 && client.kind == ClientKind::Public && kept.challenge.is_none() {
        return Err(Refusal::ChallengeRequired);
    }
    if kept.expires <= now {
        return Err(Refusal::ExpiredGrant);
    }
    Ok(())
}

/// Checks what must hold whenever a user's token is made: user and application belong together, the user may sign in,
/// and the application may act for users there.
pub fn check_user<'a>(user: Option<&'a User>, client: &Client) -> Result<&'a User, Refusal> {
    user.filter(|user| user.tenant == client.tenant && user.status == UserStatus::Enabled)
        .ok_or(Refusal::UserDisabled)
}

/// The words of a renewed grant: those kept before, and of the permissions those that the application still has. A
/// request for less, or for more, gets what both hold.
pub fn renewed(kept: &str, wanted: &Wanted, client: &Client) -> String {
    let still = scope::still_delegated(kept, client, wanted.audience);
    let identity = kept
        .split(' ')
        .filter(|word| crate::audience::Permission::by_name(word).is_none());
    identity.chain(still).collect::<Vec<_>>().join(" ")
}

/// Makes the tokens of a grant. `refresh` is what the caller has kept the hash of, if there is to be a next time:
/// [`wants_refresh`].
pub fn tokens(
    grant: UserGrant<'_>,
    refresh: Option<&Opaque>,
    issuing: Issuing<'_>,
) -> Result<TokenAnswer, Refusal> {
    let UserGrant { client, user, .. } = grant;
    let audience = issuing
        .authority
        .audience(grant.resource)
        .ok_or(Refusal::NoConsent {
            client: client.client_id,
        })?;
    let scopes = permitted(grant, audience)?;
    let validity = Validity::from_now(issuing.now, issuing.lifetime_seconds);
    let protocol = issuing.protocol;
    let claims = UserClaims {
        aud: grant.resource.to_owned(),
        iss: issuing.authority.issuer(client.tenant, protocol),
        iat: validity.not_before,
        nbf: validity.not_before,
        exp: validity.expires_on,
        acr: "1",
        amr: ["pwd"],
        client: client_claims(client, grant.proof, protocol),
        family_name: user.family_name.clone(),
        given_name: user.given_name.clone(),
        name: user.display_name.clone(),
        oid: user.object_id.to_string(),
        scp: scopes.join(" "),
        sub: user.subject_for(client.client_id),
        tid: client.tenant.to_string(),
        unique_name: user.name.clone(),
        upn: user.name.clone(),
        uti: claims::token_id(issuing.random),
        ver: version(protocol),
        wids: user.role_templates.iter().map(Uuid::to_string).collect(),
        gatelog_family: grant.family.to_string(),
    };
    let token = issuing.key.sign(&claims).map_err(Refusal::Internal)?;
    let id_token = if wants_id_token(grant.granted, protocol) {
        Some(id_token(grant, validity, issuing)?)
    } else {
        None
    };
    Ok(TokenAnswer {
        protocol,
        access_token: SecretString::from(token),
        resource: grant.resource.to_owned(),
        validity,
        scope: Some(told_scope(grant, audience, &scopes, protocol)),
        refresh_token: refresh.map(|refresh| refresh.text.clone()),
        id_token,
    })
}

/// Whether a grant gets a refresh token: always in v1, in v2 if the client asked for `offline_access`.
pub fn wants_refresh(granted: &str, protocol: Protocol) -> bool {
    protocol == Protocol::V1 || scope::holds(granted, "offline_access")
}

fn wants_id_token(granted: &str, protocol: Protocol) -> bool {
    protocol == Protocol::V1 || scope::holds(granted, "openid")
}

fn permitted(grant: UserGrant<'_>, audience: Audience) -> Result<Vec<&'static str>, Refusal> {
    let scopes = scope::still_delegated(grant.granted, grant.client, audience);
    if scopes.is_empty() {
        return Err(Refusal::NoConsent {
            client: grant.client.client_id,
        });
    }
    Ok(scopes)
}

/// v1 names permissions, v2 names them with their resource, and the identity scopes. A token with all that the application
/// may have is told to be what `.default` asks for: MSAL looks for the scopes that it asked for among these, and asks for
/// another token each time if one is missing.
fn told_scope(grant: UserGrant<'_>, audience: Audience, scopes: &[&str], protocol: Protocol) -> String {
    if protocol == Protocol::V1 {
        return scopes.join(" ");
    }
    let identity = grant
        .granted
        .split(' ')
        .filter(|word| crate::audience::Permission::by_name(word).is_none());
    let mut told: Vec<String> = identity.map(str::to_owned).collect();
    told.extend(scopes.iter().map(|scope| format!("{}/{scope}", grant.resource)));
    if scopes.len() == scope::all_delegated(grant.client, audience) {
        told.push(format!("{}/{}", grant.resource, scope::DEFAULT));
    }
    told.join(" ")
}

fn id_token(grant: UserGrant<'_>, validity: Validity, issuing: Issuing<'_>) -> Result<SecretString, Refusal> {
    let UserGrant { client, user, .. } = grant;
    let protocol = issuing.protocol;
    let v1 = protocol == Protocol::V1;
    // In v2 the profile is told to who asked for it (OpenID Connect Core, 5.4).
    let profile = v1 || scope::holds(grant.granted, "profile");
    let claims = IdClaims {
        aud: client.client_id.to_string(),
        iss: issuing.authority.issuer(client.tenant, protocol),
        iat: validity.not_before,
        nbf: validity.not_before,
        exp: validity.expires_on,
        amr: ["pwd"],
        family_name: user.family_name.clone().filter(|_| profile),
        given_name: user.given_name.clone().filter(|_| profile),
        name: user.display_name.clone(),
        nonce: grant.nonce.map(str::to_owned),
        oid: user.object_id.to_string(),
        preferred_username: (!v1).then(|| user.name.clone()),
        sub: user.subject_for(client.client_id),
        tid: client.tenant.to_string(),
        unique_name: v1.then(|| user.name.clone()),
        upn: v1.then(|| user.name.clone()),
        ver: version(protocol),
    };
    issuing
        .key
        .sign(&claims)
        .map(SecretString::from)
        .map_err(Refusal::Internal)
}

/// Whom an assertion may be meant for: the token endpoint, by each word for its tenant, or the issuer that the tenant's
/// metadata names. RFC 7523, 3 leaves the choice; libraries of today take the issuer (draft-ietf-oauth-rfc7523bis, 4).
pub fn assertion_audiences(authority: &Authority, words: &[String], tenant: Option<TenantId>) -> Vec<String> {
    let mut audiences = Vec::new();
    for protocol in [Protocol::V1, Protocol::V2] {
        for word in words {
            audiences.push(authority.endpoint(word, protocol, "token"));
        }
        if let Some(tenant) = tenant {
            let issuer = authority.issuer(tenant, protocol);
            audiences.push(issuer.trim_end_matches('/').to_owned());
        }
    }
    audiences
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::tests::{NOW, client, tenant};
    use crate::grant::tests::authority;
    use crate::keys::tests::key;
    use crate::pkce::Method;
    use crate::user::tests::user;
    use base64::Engine;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;

    const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";

    fn answer(protocol: Protocol, granted: &str) -> Result<TokenAnswer, Refusal> {
        let (authority, key, client, user) = (authority(), key(), client(), user());
        let grant = UserGrant {
            client: &client,
            proof: Proof::Secret,
            user: &user,
            resource: "https://graph.windows.net",
            granted,
            nonce: Some("n"),
            family: Uuid::from_u128(0xfa),
        };
        let issuing = Issuing {
            authority: &authority,
            key: &key,
            protocol,
            now: NOW,
            lifetime_seconds: 3600,
            random: [0xff; 16],
        };
        let refresh = Opaque::from_random(&[1; 32]);
        tokens(grant, Some(&refresh), issuing)
    }

    fn part(token: &SecretString) -> String {
        let part = token.expose_secret().split('.').nth(1).unwrap().to_owned();
        String::from_utf8(URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap()
    }

    #[test]
    fn a_users_token_is_the_old_services_claim_by_claim() {
        let answer = answer(Protocol::V1, "openid Directory.Read.All").unwrap();
        let sub = user().subject_for(client().client_id);
        let expected = format!(
            concat!(
                r#"{{"aud":"https://graph.windows.net","#,
                r#""iss":"https://reports.contoso.com/a2aa49aa-2c0c-49d2-af87-f402c421df0b/","#,
                r#""iat":1570059368,"nbf":1570059368,"exp":1570063268,"acr":"1","amr":["pwd"],"#,
                r#""appid":"11111111-2222-3333-4444-555555555555","appidacr":"1","#,
                r#""family_name":"Lovelace","given_name":"Ada","name":"Ada Lovelace","#,
                r#""oid":"adaadaad-0000-4000-8000-000000000001","scp":"Directory.Read.All","sub":"{}","#,
                r#""tid":"a2aa49aa-2c0c-49d2-af87-f402c421df0b","unique_name":"ada@contoso.com","#,
                r#""upn":"ada@contoso.com","uti":"_____________________w","ver":"1.0","#,
                r#""wids":["5d6b6bb7-de71-4623-b4af-96380a352509"],"#,
                r#""gatelog_family":"00000000-0000-0000-0000-0000000000fa"}}"#
            ),
            sub
        );
        assert_eq!(part(&answer.access_token), expected);
        let id_token = part(answer.id_token.as_ref().unwrap());
        assert!(
            id_token.contains(r#""aud":"11111111-2222-3333-4444-555555555555""#),
            "{id_token}"
        );
        assert!(id_token.contains(r#""nonce":"n""#) && id_token.contains(r#""upn":"ada@contoso.com""#));
    }

    #[test]
    fn v1_writes_numbers_as_texts_and_v2_as_numbers() {
        let body = answer(Protocol::V1, "Directory.Read.All").unwrap().body();
        assert!(
            body.starts_with(concat!(
                r#"{"token_type":"Bearer","scope":"Directory.Read.All","expires_in":"3600","#,
                r#""ext_expires_in":"3600","expires_on":"1570063268","not_before":"1570059368","#,
                r#""resource":"https://graph.windows.net","access_token":"eyJ"#
            )),
            "{body}"
        );
        assert!(
            body.contains(r#""refresh_token":"AQEB"#) && body.contains(r#""id_token":"eyJ"#),
            "{body}"
        );
        let body = answer(Protocol::V2, "openid profile offline_access Directory.Read.All")
            .unwrap()
            .body();
        assert!(
            body.starts_with(concat!(
                r#"{"token_type":"Bearer","#,
                r#""scope":"openid profile offline_access https://graph.windows.net/Directory.Read.All "#,
                r#"https://graph.windows.net/.default","#,
                r#""expires_in":3600,"ext_expires_in":3600,"access_token":"eyJ"#
            )),
            "{body}"
        );
    }

    #[test]
    fn v2_tokens_have_the_shape_of_v2() {
        let answer = answer(Protocol::V2, "Directory.Read.All").unwrap();
        let claims = part(&answer.access_token);
        for expected in [
            r#""iss":"https://reports.contoso.com/a2aa49aa-2c0c-49d2-af87-f402c421df0b/v2.0""#,
            r#""azp":"11111111-2222-3333-4444-555555555555","azpacr":"1""#,
            r#""ver":"2.0""#,
        ] {
            assert!(claims.contains(expected), "{claims}");
        }
        assert!(answer.id_token.is_none(), "nobody asked who signed in");
        assert!(!wants_refresh("openid Directory.Read.All", Protocol::V2));
        assert!(wants_refresh("Directory.Read.All", Protocol::V1));
    }

    #[test]
    fn without_the_permission_there_is_no_token() {
        let refusal = answer(Protocol::V1, "openid").unwrap_err();
        assert!(refusal.to_string().starts_with("AADSTS65001: "), "{refusal}");
    }

    #[test]
    fn a_user_of_another_tenant_or_switched_off_gets_nothing() {
        let client = client();
        assert!(check_user(Some(&user()), &client).is_ok());
        let disabled = User {
            status: UserStatus::Disabled,
            ..user()
        };
        let stranger = User {
            tenant: model::tenant::TenantId::new(Uuid::nil()),
            ..user()
        };
        assert_eq!(user().tenant, tenant());
        for refused in [Some(&disabled), Some(&stranger), None] {
            assert!(matches!(check_user(refused, &client), Err(Refusal::UserDisabled)));
        }
    }

    fn check_redeemed(address: Option<&str>, verifier: Option<&str>, kept: &KeptCode, expected: &str) {
        let verifier = verifier.map(SecretString::from);
        let got = check_code(kept, address, verifier.as_ref(), &client(), Protocol::V1, NOW);
        let got = got.map_or_else(|refusal| refusal.to_string(), |()| "good".to_owned());
        assert!(got.contains(expected), "{got}");
    }

    #[test]
    fn a_code_is_for_its_address_its_verifier_and_its_time() {
        let kept = KeptCode {
            reply_address: "https://localhost".to_owned(),
            challenge: None,
            expires: NOW.plus_seconds(1),
        };
        let here = Some("https://localhost");
        check_redeemed(here, None, &kept, "good");
        check_redeemed(Some("https://localhost/"), None, &kept, "AADSTS50011");
        check_redeemed(None, None, &kept, "AADSTS50011");
        check_redeemed(here, Some(VERIFIER), &kept, "AADSTS501481");
        let protected = KeptCode {
            challenge: Some(Challenge {
                method: Method::Plain,
                text: VERIFIER.to_owned(),
            }),
            ..kept.clone()
        };
        check_redeemed(here, Some(VERIFIER), &protected, "good");
        check_redeemed(here, None, &protected, "AADSTS501481");
        let over = KeptCode { expires: NOW, ..kept };
        check_redeemed(here, None, &over, "AADSTS70008");
    }

    #[test]
    fn a_renewed_grant_holds_no_more_than_before() {
        let wanted = Wanted::read(
            Protocol::V2,
            None,
            Some("https://graph.windows.net/.default profile"),
            None,
            &authority(),
        )
        .unwrap();
        assert_eq!(
            renewed("openid Directory.Read.All", &wanted, &client()),
            "openid Directory.Read.All"
        );
        assert_eq!(renewed("openid", &wanted, &client()), "openid");
        let mut bare = client();
        bare.delegated.clear();
        assert_eq!(renewed("openid Directory.Read.All", &wanted, &bare), "openid");
    }
}
