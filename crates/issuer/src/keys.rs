//! The RSA keys that sign tokens, and the public halves that check them.

use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der};
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{KeyPair, RsaKeyPair};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header};
use secrecy::{ExposeSecret, SecretString};
use serde::Serialize;
use sha2::{Digest, Sha256};
use std::fmt;

/// A private key that signs tokens with RS256, and its public half.
pub struct SigningKey {
    encoding: EncodingKey,
    public: PublicKey,
}

/// The half of a signing key that everybody may know.
#[derive(Clone)]
pub struct PublicKey {
    kid: String,
    modulus: Vec<u8>,
    exponent: Vec<u8>,
    decoding: DecodingKey,
}

/// A public key as `/discovery/keys` publishes it (RFC 7517; contract 4.4).
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Jwk {
    /// Always `RSA`.
    pub kty: &'static str,
    /// Always `sig`.
    #[serde(rename = "use")]
    pub key_use: &'static str,
    /// Always `RS256`.
    pub alg: &'static str,
    /// The name by which a token's header refers to the key.
    pub kid: String,
    /// The same as `kid`: there is no certificate whose thumbprint it could be, and clients of the old API look keys
    /// up by either.
    pub x5t: String,
    /// The modulus, base64url.
    pub n: String,
    /// The public exponent, base64url.
    pub e: String,
}

/// Why a key cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// The text is no RSA private key in PKCS#8 PEM.
    #[error(
        "the signing key is not an RSA private key of 2048 to 8192 bits in PKCS#8 PEM (`-----BEGIN PRIVATE KEY-----`)"
    )]
    NotAPrivateKey,
    /// The crypto library made no key.
    #[error("no RSA key could be generated")]
    Generate,
    /// The crypto library refused to sign.
    #[error("the token could not be signed")]
    Sign(#[source] jsonwebtoken::errors::Error),
}

/// Makes a new RSA key of 2048 bits, as PKCS#8 PEM for a file that only the service can read.
///
/// The one place of this crate where chance is not an argument: the crypto library draws its own and offers no other
/// way.
pub fn generate() -> Result<SecretString, KeyError> {
    let pair = RsaKeyPair::generate(KeySize::Rsa2048).map_err(|_| KeyError::Generate)?;
    let der: Pkcs8V1Der<'static> = pair.as_der().map_err(|_| KeyError::Generate)?;
    Ok(SecretString::from(pem_of("PRIVATE KEY", der.as_ref())))
}

impl SigningKey {
    /// Reads a PKCS#8 PEM such as [`generate`] makes. Signs once as a trial: a key that cannot sign fails here, not at
    /// the first client.
    pub fn from_pem(pem: &SecretString) -> Result<SigningKey, KeyError> {
        let encoding = EncodingKey::from_rsa_pem(pem.expose_secret().as_bytes())
            .map_err(|_| KeyError::NotAPrivateKey)?;
        let pair = RsaKeyPair::from_der(encoding.as_bytes()).map_err(|_| KeyError::NotAPrivateKey)?;
        let (modulus, exponent) = {
            let public = pair.public_key();
            (
                public.modulus().big_endian_without_leading_zero().to_vec(),
                public.exponent().big_endian_without_leading_zero().to_vec(),
            )
        };
        let key = SigningKey {
            encoding,
            public: PublicKey::new(&modulus, &exponent),
        };
        key.sign(&"trial")?;
        Ok(key)
    }

    /// The public half.
    pub fn public(&self) -> &PublicKey {
        &self.public
    }

    /// The name of the key in token headers: the RFC 7638 thumbprint of its public half.
    pub fn kid(&self) -> &str {
        &self.public.kid
    }

    /// A signed token with the header `{typ, alg, kid, x5t}` of contract 4.5.
    pub fn sign(&self, claims: &impl Serialize) -> Result<String, KeyError> {
        let mut header = Header::new(Algorithm::RS256);
        header.kid = Some(self.public.kid.clone());
        header.x5t = Some(self.public.kid.clone());
        jsonwebtoken::encode(&header, claims, &self.encoding).map_err(KeyError::Sign)
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SigningKey({})", self.public.kid)
    }
}

impl PublicKey {
    /// From the modulus and the exponent, big endian without leading zeros.
    pub fn new(modulus: &[u8], exponent: &[u8]) -> PublicKey {
        PublicKey {
            kid: thumbprint(modulus, exponent),
            modulus: modulus.to_vec(),
            exponent: exponent.to_vec(),
            decoding: DecodingKey::from_rsa_raw_components(modulus, exponent),
        }
    }

    /// The RFC 7638 thumbprint of the key.
    pub fn kid(&self) -> &str {
        &self.kid
    }

    /// The key as it is published.
    pub fn jwk(&self) -> Jwk {
        Jwk {
            kty: "RSA",
            key_use: "sig",
            alg: "RS256",
            kid: self.kid.clone(),
            x5t: self.kid.clone(),
            n: URL_SAFE_NO_PAD.encode(&self.modulus),
            e: URL_SAFE_NO_PAD.encode(&self.exponent),
        }
    }

    /// Whether `signature` (base64url) is this key's RS256 signature of `message`. No other algorithm is ever tried.
    pub(crate) fn verifies(&self, message: &[u8], signature: &str) -> bool {
        jsonwebtoken::crypto::verify(signature, message, &self.decoding, Algorithm::RS256).unwrap_or(false)
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PublicKey({})", self.kid)
    }
}

/// RFC 7638: SHA-256 over the required members in the order of the alphabet, without spaces.
fn thumbprint(modulus: &[u8], exponent: &[u8]) -> String {
    let e = URL_SAFE_NO_PAD.encode(exponent);
    let n = URL_SAFE_NO_PAD.encode(modulus);
    URL_SAFE_NO_PAD.encode(Sha256::digest(format!(r#"{{"e":"{e}","kty":"RSA","n":"{n}"}}"#)))
}

/// RFC 7468.
fn pem_of(label: &str, der: &[u8]) -> String {
    let encoded = STANDARD.encode(der);
    let mut pem = format!("-----BEGIN {label}-----\n");
    for (index, character) in encoded.chars().enumerate() {
        if index > 0 && index % 64 == 0 {
            pem.push('\n');
        }
        pem.push(character);
    }
    pem + "\n-----END " + label + "-----\n"
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use aws_lc_rs::encoding::PublicKeyX509Der;
    use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair};
    use std::sync::OnceLock;

    /// One key for all tests of the crate: making one takes a while.
    pub(crate) fn key_pem() -> &'static SecretString {
        static PEM: OnceLock<SecretString> = OnceLock::new();
        PEM.get_or_init(|| generate().unwrap())
    }

    pub(crate) fn key() -> SigningKey {
        SigningKey::from_pem(key_pem()).unwrap()
    }

    fn check(pem: &str, expected: &str) {
        let got = SigningKey::from_pem(&SecretString::from(pem.to_owned()));
        let got = got.map_or_else(|error| error.to_string(), |key| format!("{key:?}"));
        assert!(got.contains(expected), "{got}");
    }

    /// The example of RFC 7638, section 3.1.
    #[test]
    fn the_name_of_a_key_is_its_thumbprint() {
        let modulus = "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw";
        let key = PublicKey::new(&URL_SAFE_NO_PAD.decode(modulus).unwrap(), &[1, 0, 1]);
        assert_eq!(key.kid(), "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs");
    }

    #[test]
    fn a_published_key_has_no_private_member() {
        let public = key().public().jwk();
        let json = serde_json::to_value(&public).unwrap();
        let names: Vec<&String> = json.as_object().unwrap().keys().collect();
        assert_eq!(names, ["alg", "e", "kid", "kty", "n", "use", "x5t"]);
        assert_eq!(
            (public.kty, public.key_use, public.alg, public.e.as_str()),
            ("RSA", "sig", "RS256", "AQAB")
        );
        assert_eq!(URL_SAFE_NO_PAD.decode(&public.n).unwrap().len(), 256, "2048 bits");
    }

    #[test]
    fn a_key_signs_what_its_public_half_verifies() {
        let token = key().sign(&serde_json::json!({ "a": 1 })).unwrap();
        let (message, signature) = token.rsplit_once('.').unwrap();
        let key = key();
        assert!(key.public().verifies(message.as_bytes(), signature));
        assert!(!key.public().verifies(&message.as_bytes()[1..], signature));
        assert!(!key.public().verifies(message.as_bytes(), "not base64!"));
    }

    #[test]
    fn what_is_no_private_key_is_refused_when_it_is_read() {
        check("", "not an RSA private key");
        check(
            "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n",
            "not an RSA private key",
        );
        let pair = RsaKeyPair::from_der(key().encoding.as_bytes()).unwrap();
        let public: PublicKeyX509Der<'_> = pair.public_key().as_der().unwrap();
        check(&pem_of("PUBLIC KEY", public.as_ref()), "not an RSA private key");
        let elliptic = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap();
        check(
            &pem_of("PRIVATE KEY", elliptic.to_pkcs8v1().unwrap().as_ref()),
            "not an RSA private key",
        );
    }

    /// RFC 7468, section 2: lines of exactly 64 characters, the last one of what is left.
    #[test]
    fn a_key_for_a_file_has_lines_of_64_characters() {
        let check = |bytes: usize, lengths: &[usize]| {
            let pem = pem_of("PRIVATE KEY", &vec![0; bytes]);
            let lines: Vec<&str> = pem.lines().collect();
            let [first, lines @ .., last] = lines.as_slice() else {
                panic!("{pem}")
            };
            assert_eq!(
                (*first, *last),
                ("-----BEGIN PRIVATE KEY-----", "-----END PRIVATE KEY-----")
            );
            let got: Vec<usize> = lines.iter().map(|line| line.len()).collect();
            assert_eq!(got, lengths, "{bytes} bytes");
        };
        check(3, &[4]);
        check(48, &[64]);
        check(49, &[64, 4]);
        check(144, &[64, 64, 64]);
    }

    #[test]
    fn no_private_number_is_printed() {
        let pem = key_pem().expose_secret().to_owned();
        let printed = format!("{:?} {:?} {:?}", key(), key().public(), key_pem());
        for line in pem.lines().skip(1) {
            assert!(!printed.contains(line));
        }
        assert!(printed.contains(&format!("SigningKey({})", key().kid())));
    }
}
