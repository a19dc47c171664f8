//! Certificates by which applications prove who they are: the public key in them, and what it signed.

use aws_lc_rs::signature::{RSA_PKCS1_2048_8192_SHA256, RSA_PSS_2048_8192_SHA256, UnparsedPublicKey};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;
use sha2::{Digest, Sha256};
use webpki::EndEntityCert;

/// The longest PEM that is read, in bytes.
pub const MAX_PEM_BYTES: usize = 64 * 1024;

/// What is kept of a certificate. Who issued it, and until when it holds, is not asked: registering it is what counts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Certificate {
    /// SHA-256 of the whole.
    pub thumbprint: [u8; 32],
    /// The DER of its SubjectPublicKeyInfo: an RSA key.
    pub public_key: Vec<u8>,
}

/// Why a certificate cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CertificateFault {
    /// It is no certificate.
    #[error("there is no X.509 certificate (version 3) in PEM (`-----BEGIN CERTIFICATE-----`)")]
    NotACertificate,
    /// It has another key.
    #[error("its key is not an RSA key of 2048 to 8192 bits")]
    NotRsa,
}

/// How an assertion is signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SignedBy {
    /// RS256, as ADAL does.
    Pkcs1,
    /// PS256, as MSAL does with SHA-256 thumbprints.
    Pss,
}

/// SubjectPublicKeyInfo with the algorithm rsaEncryption (RFC 3279, 2.3.1): what stands in it after the outer length.
const RSA_ENCRYPTION: &[u8] = &[
    0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01, 0x05, 0x00,
];

impl Certificate {
    /// The first certificate of a PEM file.
    pub fn from_pem(pem: &str) -> Result<Certificate, CertificateFault> {
        if pem.len() > MAX_PEM_BYTES {
            return Err(CertificateFault::NotACertificate);
        }
        let der =
            CertificateDer::from_pem_slice(pem.as_bytes()).map_err(|_| CertificateFault::NotACertificate)?;
        let parsed = EndEntityCert::try_from(&der).map_err(|_| CertificateFault::NotACertificate)?;
        let public_key = parsed.subject_public_key_info().as_ref().to_vec();
        let is_rsa = public_key
            .windows(RSA_ENCRYPTION.len())
            .take(8)
            .any(|window| window == RSA_ENCRYPTION);
        // 2048 bits are 256 bytes, 8192 are 1024, and some around them.
        if !is_rsa || !(270..=1100).contains(&public_key.len()) {
            return Err(CertificateFault::NotRsa);
        }
        Ok(Certificate {
            thumbprint: Sha256::digest(&der).into(),
            public_key,
        })
    }
}

/// Whether `signature` (base64url) over `message` was made with the private half of a public key.
pub(crate) fn verifies(public_key: &[u8], signed_by: SignedBy, message: &[u8], signature: &str) -> bool {
    let Ok(signature) = URL_SAFE_NO_PAD.decode(signature) else {
        return false;
    };
    let parameters = match signed_by {
        SignedBy::Pkcs1 => &RSA_PKCS1_2048_8192_SHA256,
        SignedBy::Pss => &RSA_PSS_2048_8192_SHA256,
    };
    UnparsedPublicKey::new(parameters, public_key)
        .verify(message, &signature)
        .is_ok()
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use proptest::prelude::*;

    /// `openssl req -x509 -newkey rsa:2048 -nodes -subj /CN=gatelog-test -days 36500`; the key was thrown away.
    pub(crate) const PEM: &str = include_str!("../testdata/certificate.pem");

    /// `openssl x509 -in certificate.pem -outform der | sha256sum`
    const THUMBPRINT: &str = include_str!("../testdata/certificate.sha256");

    #[test]
    fn a_certificate_is_known_by_its_thumbprint() {
        let certificate = Certificate::from_pem(PEM).unwrap();
        let hex = certificate.thumbprint.map(|byte| format!("{byte:02x}")).concat();
        assert_eq!(hex, THUMBPRINT.trim());
        assert_eq!(certificate.public_key.len(), 294, "2048 bits");
    }

    #[test]
    fn what_is_no_certificate_is_refused() {
        for text in [
            "",
            "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
            "x",
        ] {
            assert_eq!(
                Certificate::from_pem(text),
                Err(CertificateFault::NotACertificate)
            );
        }
        let elliptic = include_str!("../testdata/elliptic.pem");
        assert_eq!(Certificate::from_pem(elliptic), Err(CertificateFault::NotRsa));
    }

    proptest! {
        #[test]
        fn no_text_makes_the_reader_panic(text in ".{0,200}") {
            prop_assert!(Certificate::from_pem(&text).is_err());
        }
    }
}
