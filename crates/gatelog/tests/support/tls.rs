//! An authority of the test's own, a certificate for a server on loopback, and a client that trusts nobody else.

use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair, PublicKeyData};
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use std::net::TcpStream;
use std::sync::Arc;

/// All in PEM but what says so.
pub(crate) struct Authority {
    /// What clients are told to trust.
    pub(crate) ca: String,
    /// For `127.0.0.1` and `localhost`.
    pub(crate) certificate: String,
    pub(crate) key: String,
    /// SHA-256 of the server's public key (SubjectPublicKeyInfo), in base64: what a browser can be told to trust.
    pub(crate) key_digest: String,
    ca_der: rustls::pki_types::CertificateDer<'static>,
}

/// A client's settings: this one authority.
#[derive(Clone)]
pub(crate) struct Trust(Arc<ClientConfig>);

impl Authority {
    pub(crate) fn new() -> Authority {
        let ca_key = KeyPair::generate().unwrap();
        let mut ca = CertificateParams::new(Vec::new()).unwrap();
        ca.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        // A name of its own: a certificate whose issuer has its own name looks self-signed.
        ca.distinguished_name
            .push(rcgen::DnType::CommonName, "Authority of the tests");
        // OpenSSL 3 asks for it where an authority is checked strictly.
        ca.key_usages = vec![rcgen::KeyUsagePurpose::KeyCertSign];
        let ca_certificate = ca.self_signed(&ca_key).unwrap();
        let key = KeyPair::generate().unwrap();
        let mut server =
            CertificateParams::new(vec!["127.0.0.1".to_owned(), "localhost".to_owned()]).unwrap();
        server.use_authority_key_identifier_extension = true;
        let certificate = server.signed_by(&key, &Issuer::new(ca, ca_key)).unwrap();
        Authority {
            ca: ca_certificate.pem(),
            certificate: certificate.pem(),
            key_digest: digest(&key.subject_public_key_info()),
            key: key.serialize_pem(),
            ca_der: ca_certificate.der().clone(),
        }
    }

    pub(crate) fn trust(&self) -> Trust {
        let mut roots = RootCertStore::empty();
        roots.add(self.ca_der.clone()).unwrap();
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        Trust(Arc::new(config))
    }
}

impl Trust {
    pub(crate) fn over(&self, stream: TcpStream) -> StreamOwned<ClientConnection, TcpStream> {
        let name = ServerName::from(stream.peer_addr().unwrap().ip());
        let connection = ClientConnection::new(Arc::clone(&self.0), name).unwrap();
        StreamOwned::new(connection, stream)
    }
}

fn digest(bytes: &[u8]) -> String {
    use base64::Engine;
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, bytes);
    base64::engine::general_purpose::STANDARD.encode(digest.as_ref())
}
