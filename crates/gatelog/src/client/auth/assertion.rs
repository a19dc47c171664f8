//! A signed statement instead of a secret: `private_key_jwt` with a certificate (RFC 7523, 2.2 and 3).

use crate::client::error::ClientError;
use aws_lc_rs::digest;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{KeyPair, RSA_PKCS1_SHA256, RsaKeyPair};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use secrecy::SecretString;
use serde_json::json;
use std::path::Path;

/// For how long an assertion counts.
const LIFETIME_SECONDS: i64 = 600;

/// An application's key and the thumbprints of its certificate.
#[derive(Debug)]
pub(crate) struct Signer {
    key: RsaKeyPair,
    /// SHA-1 of the certificate, by which the old service finds the key (RFC 7515, 4.1.7).
    x5t: String,
    /// SHA-256 of it (RFC 7515, 4.1.8).
    x5t_s256: String,
}

impl Signer {
    /// Reads a file with a certificate and its RSA key, in any order.
    pub(crate) fn read(path: &Path) -> Result<Signer, ClientError> {
        let pem = std::fs::read(path).map_err(|error| ClientError::file(path, &error))?;
        Signer::of(&pem).map_err(|reason| ClientError::OwnFile {
            path: path.to_owned(),
            reason: reason.to_owned(),
        })
    }

    fn of(pem: &[u8]) -> Result<Signer, &'static str> {
        let certificate = CertificateDer::from_pem_slice(pem).map_err(|_| "it has no certificate in PEM")?;
        let key = PrivateKeyDer::from_pem_slice(pem).map_err(|_| "it has no private key in PEM")?;
        let key = match &key {
            PrivateKeyDer::Pkcs8(der) => RsaKeyPair::from_pkcs8(der.secret_pkcs8_der()),
            PrivateKeyDer::Pkcs1(der) => RsaKeyPair::from_der(der.secret_pkcs1_der()),
            _ => return Err("its key is none of RSA; a certificate for applications has an RSA key"),
        };
        let key = key.map_err(|_| "its key is no RSA key of 2048 bits or more")?;
        // A certificate has its public key within; a foreign key would be refused by the service with less clear words.
        let public = key.public_key().as_ref();
        if !certificate.windows(public.len()).any(|window| window == public) {
            return Err("its key does not belong to its certificate");
        }
        let print = |algorithm| URL_SAFE_NO_PAD.encode(digest::digest(algorithm, &certificate));
        Ok(Signer {
            key,
            x5t: print(&digest::SHA1_FOR_LEGACY_USE_ONLY),
            x5t_s256: print(&digest::SHA256),
        })
    }

    /// An assertion for one request. `now` is in seconds since 1970, `id` never comes again.
    pub(crate) fn assertion(
        &self,
        client_id: &str,
        token_endpoint: &str,
        now: i64,
        id: &str,
    ) -> Result<SecretString, ClientError> {
        let header = json!({"alg": "RS256", "typ": "JWT", "x5t": self.x5t, "x5t#S256": self.x5t_s256});
        let claims = json!({
            "aud": token_endpoint,
            "iss": client_id,
            "sub": client_id,
            "jti": id,
            "iat": now,
            "nbf": now,
            "exp": now + LIFETIME_SECONDS,
        });
        let encoded = |value: &serde_json::Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let signed = format!("{}.{}", encoded(&header), encoded(&claims));
        let mut signature = vec![0; self.key.public_modulus_len()];
        self.key
            .sign(
                &RSA_PKCS1_SHA256,
                &SystemRandom::new(),
                signed.as_bytes(),
                &mut signature,
            )
            .map_err(|_| ClientError::NotSignedIn("the certificate's key could not sign".to_owned()))?;
        Ok(SecretString::from(format!(
            "{signed}.{}",
            URL_SAFE_NO_PAD.encode(signature)
        )))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rcgen::{CertificateParams, KeyPair as CertificateKey, PKCS_RSA_SHA256};
    use secrecy::ExposeSecret;

    fn certificate() -> (String, String) {
        let key = CertificateKey::generate_rsa_for(&PKCS_RSA_SHA256, rcgen::RsaKeySize::_2048).unwrap();
        let certificate = CertificateParams::new(Vec::new())
            .unwrap()
            .self_signed(&key)
            .unwrap();
        (certificate.pem(), key.serialize_pem())
    }

    #[test]
    fn an_assertion_says_who_and_to_whom_and_for_how_long() {
        let (certificate, key) = certificate();
        let signer = Signer::of(format!("{key}{certificate}").as_bytes()).unwrap();
        let assertion = signer
            .assertion("app", "https://h/t/oauth2/token", 1_000, "once")
            .unwrap();
        let parts: Vec<&str> = assertion.expose_secret().split('.').collect();
        let part = |index: usize| -> serde_json::Value {
            serde_json::from_slice(&URL_SAFE_NO_PAD.decode(parts[index]).unwrap()).unwrap()
        };
        assert_eq!(part(0)["alg"], "RS256");
        assert_eq!(
            URL_SAFE_NO_PAD
                .decode(part(0)["x5t"].as_str().unwrap())
                .unwrap()
                .len(),
            20
        );
        assert_eq!(
            part(1),
            json!({"aud": "https://h/t/oauth2/token", "iss": "app", "sub": "app", "jti": "once", "iat": 1_000,
                "nbf": 1_000, "exp": 1_600})
        );
        let text = format!("{}.{}", parts[0], parts[1]);
        aws_lc_rs::signature::UnparsedPublicKey::new(
            &aws_lc_rs::signature::RSA_PKCS1_2048_8192_SHA256,
            signer.key.public_key().as_ref(),
        )
        .verify(text.as_bytes(), &URL_SAFE_NO_PAD.decode(parts[2]).unwrap())
        .unwrap();
    }

    #[test]
    fn what_cannot_sign_is_refused_with_the_reason() {
        let (one, key_of_one) = certificate();
        let (_, key_of_another) = certificate();
        let elliptic = CertificateKey::generate().unwrap().serialize_pem();
        let check = |pem: &str, expected: &str| {
            let error = Signer::of(pem.as_bytes()).unwrap_err();
            assert!(error.contains(expected), "{error}");
        };
        check("", "no certificate");
        check(&key_of_one, "no certificate");
        check(&one, "no private key");
        check(&format!("{one}{key_of_another}"), "does not belong");
        check(&format!("{one}{elliptic}"), "RSA");
    }
}
