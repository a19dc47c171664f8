//! Any bytes as an authorize request: never a panic, and never an answer to an address that is not registered.

use issuer::audience::{Authority, Permission};
use issuer::authorize::AuthorizeRequest;
use issuer::client::{Client, ClientKind, ClientStatus};
use issuer::grant::AddressedTenant;
use issuer::protocol::Protocol;
use issuer::reply::Reply;
use model::tenant::TenantId;
use uuid::Uuid;

const ADDRESSES: [&str; 3] = [
    "https://localhost",
    "http://127.0.0.1/reply",
    "com.contoso.app:/reply",
];

/// Takes the bytes for a query behind a known client's id, in both versions, of a client of each kind.
pub fn check(bytes: &[u8]) {
    for protocol in [Protocol::V1, Protocol::V2] {
        for kind in [ClientKind::Confidential, ClientKind::Public] {
            check_request(bytes, protocol, kind);
        }
    }
}

fn check_request(bytes: &[u8], protocol: Protocol, kind: ClientKind) {
    let client = client(kind);
    let mut query = format!("client_id={}&", client.client_id).into_bytes();
    query.extend(bytes);
    let Ok(request) = AuthorizeRequest::read(&query, protocol) else {
        return;
    };
    let authority = Authority::new("https://reports.contoso.com", &[]);
    let tenant = AddressedTenant::OfTheClient;
    let Ok((known, reply_to)) = request.reply_to(&tenant, Some(&client), &authority) else {
        return;
    };
    let is_exact = ADDRESSES.contains(&reply_to.address.as_str());
    let is_open_port = kind == ClientKind::Public && reply_to.address.starts_with("http://127.0.0.1:");
    assert!(is_exact || is_open_port, "{}", reply_to.address);
    let terms = request.terms(known, &reply_to, &tenant, &authority);
    let reply = match &terms {
        Ok(terms) => {
            let must_have_one = is_open_port || (kind == ClientKind::Public && protocol == Protocol::V2);
            assert!(!must_have_one || terms.challenge.is_some());
            assert!(!terms.wanted.granted(known).contains("Ingest"));
            reply_to.code("C", "S", false)
        }
        Err(refusal) => reply_to.refusal(refusal.redirect_error(), &refusal.to_string()),
    };
    if let Reply::Redirect(target) = reply {
        assert!(target.starts_with(&reply_to.address), "{target}");
        assert!(target.bytes().all(|byte| byte.is_ascii_graphic()), "{target:?}");
    }
}

fn client(kind: ClientKind) -> Client {
    Client {
        client_id: Uuid::from_u128(0x1111_1111_2222_3333_4444_5555_5555_5555),
        tenant: TenantId::new(Uuid::from_u128(1)),
        object_id: Uuid::from_u128(2),
        name: "fuzz".to_owned(),
        kind,
        status: ClientStatus::Enabled,
        secrets: Vec::new(),
        certificates: Vec::new(),
        permissions: Permission::ALL.to_vec(),
        delegated: vec![Permission::DirectoryReadAll],
        reply_addresses: ADDRESSES.map(str::to_owned).to_vec(),
    }
}
