//! The public keys of an outside issuer (RFC 7517, RFC 7518), and the algorithms that are taken from one.

use aws_lc_rs::rsa::PublicKeyComponents;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED, ECDSA_P384_SHA384_FIXED, RSA_PKCS1_2048_8192_SHA256, RSA_PSS_2048_8192_SHA256,
    UnparsedPublicKey,
};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;
use serde_json::Value;

/// The longest key set that is read, in bytes. Real ones have some thousands.
pub const MAX_KEY_SET_BYTES: usize = 256 * 1024;

/// The most keys of a set. Real ones have two to ten.
const MAX_KEYS: usize = 64;

/// The longest name of a key, in bytes.
const MAX_KID_BYTES: usize = 512;

/// An algorithm by which an outside issuer may sign. There is none with a shared secret and no `none`: a public key can
/// never be taken for a secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Algorithm {
    /// RSASSA-PKCS1-v1_5 with SHA-256.
    Rs256,
    /// RSASSA-PSS with SHA-256.
    Ps256,
    /// ECDSA with P-256 and SHA-256.
    Es256,
    /// ECDSA with P-384 and SHA-384.
    Es384,
}

/// The keys that an issuer publishes, as far as we can use them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeySet {
    keys: Vec<Key>,
}

/// Why a key set cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum KeySetFault {
    /// It is longer than [`MAX_KEY_SET_BYTES`].
    #[error("the key set is longer than {MAX_KEY_SET_BYTES} bytes")]
    TooLong,
    /// It is not a JSON object with a list `keys`.
    #[error("the key set is not a JSON object with a list `keys`")]
    Malformed,
    /// It has more than the most keys.
    #[error("the key set has more than {MAX_KEYS} keys")]
    TooMany,
    /// None of its keys can be used.
    #[error(
        "the key set has no RSA key of 2048 to 8192 bits and no P-256 or P-384 key with a `kid` for signing"
    )]
    NoneUsable,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Key {
    kid: String,
    /// The one algorithm that it is for, if the issuer says so.
    only: Option<String>,
    public: Public,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Public {
    Rsa {
        modulus: Vec<u8>,
        exponent: Vec<u8>,
    },
    /// Uncompressed points, `04 x y`.
    P256(Vec<u8>),
    P384(Vec<u8>),
}

impl Algorithm {
    /// Every algorithm there is.
    pub const ALL: &[Algorithm] = &[
        Algorithm::Rs256,
        Algorithm::Ps256,
        Algorithm::Es256,
        Algorithm::Es384,
    ];

    /// Its name in headers (RFC 7518, 3.1).
    pub const fn name(self) -> &'static str {
        match self {
            Algorithm::Rs256 => "RS256",
            Algorithm::Ps256 => "PS256",
            Algorithm::Es256 => "ES256",
            Algorithm::Es384 => "ES384",
        }
    }

    /// From its name, letter by letter.
    pub fn by_name(name: &str) -> Option<Algorithm> {
        Algorithm::ALL
            .iter()
            .copied()
            .find(|algorithm| algorithm.name() == name)
    }
}

impl KeySet {
    /// Reads what stands at the issuer's `jwks_uri`. Keys of other kinds, for encryption or without a name are passed
    /// over (RFC 7517, 5).
    pub fn read(json: &[u8]) -> Result<KeySet, KeySetFault> {
        if json.len() > MAX_KEY_SET_BYTES {
            return Err(KeySetFault::TooLong);
        }
        let set: Published = serde_json::from_slice(json).map_err(|_| KeySetFault::Malformed)?;
        if set.keys.len() > MAX_KEYS {
            return Err(KeySetFault::TooMany);
        }
        let keys: Vec<Key> = set.keys.iter().filter_map(usable).collect();
        if keys.is_empty() {
            return Err(KeySetFault::NoneUsable);
        }
        Ok(KeySet { keys })
    }

    /// Whether there is a key of this name.
    pub fn has(&self, kid: &str) -> bool {
        self.keys.iter().any(|key| key.kid == kid)
    }

    /// How many keys there are.
    pub fn len(&self) -> usize {
        self.keys.len()
    }

    /// Whether there is none; never true of a set that was read.
    pub fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    /// Whether `signature` (base64url) over `message` is by a key of this name and for this algorithm. The kind of the key
    /// and the algorithm must fit each other.
    pub(super) fn verifies(&self, kid: &str, algorithm: Algorithm, message: &[u8], signature: &str) -> bool {
        let Ok(signature) = URL_SAFE_NO_PAD.decode(signature) else {
            return false;
        };
        self.keys
            .iter()
            .filter(|key| key.kid == kid && key.is_for(algorithm))
            .any(|key| key.public.verifies(algorithm, message, &signature))
    }
}

impl Key {
    fn is_for(&self, algorithm: Algorithm) -> bool {
        self.only.as_deref().is_none_or(|only| only == algorithm.name())
    }
}

impl Public {
    fn verifies(&self, algorithm: Algorithm, message: &[u8], signature: &[u8]) -> bool {
        let verified = match (self, algorithm) {
            (Public::Rsa { modulus, exponent }, Algorithm::Rs256 | Algorithm::Ps256) => {
                let parameters = if algorithm == Algorithm::Rs256 {
                    &RSA_PKCS1_2048_8192_SHA256
                } else {
                    &RSA_PSS_2048_8192_SHA256
                };
                let key = PublicKeyComponents {
                    n: modulus,
                    e: exponent,
                };
                key.verify(parameters, message, signature)
            }
            (Public::P256(point), Algorithm::Es256) => {
                UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point).verify(message, signature)
            }
            (Public::P384(point), Algorithm::Es384) => {
                UnparsedPublicKey::new(&ECDSA_P384_SHA384_FIXED, point).verify(message, signature)
            }
            _ => return false,
        };
        verified.is_ok()
    }
}

#[derive(Deserialize)]
struct Published {
    keys: Vec<Value>,
}

fn usable(jwk: &Value) -> Option<Key> {
    let text = |name: &str| jwk.get(name).and_then(Value::as_str);
    let kid = text("kid").filter(|kid| (1..=MAX_KID_BYTES).contains(&kid.len()))?;
    if jwk.get("use").is_some() && text("use") != Some("sig") {
        return None;
    }
    if let Some(operations) = jwk.get("key_ops") {
        let verifies = |operation: &Value| operation == "verify";
        operations
            .as_array()?
            .iter()
            .find(|operation| verifies(operation))?;
    }
    let number = |name: &str| {
        let mut bytes = URL_SAFE_NO_PAD.decode(text(name)?).ok()?;
        let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
        bytes.drain(..zeros);
        Some(bytes)
    };
    // Of a point all bytes count, leading zeros too (RFC 7518, 6.2.1.2).
    let point = |length: usize| {
        let mut point = vec![4];
        for name in ["x", "y"] {
            let coordinate = URL_SAFE_NO_PAD.decode(text(name)?).ok()?;
            if coordinate.len() != length {
                return None;
            }
            point.extend(coordinate);
        }
        Some(point)
    };
    let public = match (text("kty")?, text("crv")) {
        ("RSA", _) => Public::Rsa {
            modulus: number("n").filter(|modulus| (256..=1024).contains(&modulus.len()))?,
            exponent: number("e").filter(|exponent| (1..=8).contains(&exponent.len()))?,
        },
        ("EC", Some("P-256")) => Public::P256(point(32)?),
        ("EC", Some("P-384")) => Public::P384(point(48)?),
        _ => return None,
    };
    let only = match jwk.get("alg") {
        None | Some(Value::Null) => None,
        Some(algorithm) => Some(algorithm.as_str()?.to_owned()),
    };
    Some(Key {
        kid: kid.to_owned(),
        only,
        public,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    /// The public half of RFC 7515, A.2.1, and of A.3.1.
    fn rsa() -> Value {
        json!({ "kty": "RSA", "kid": "r", "e": "AQAB", "n": "ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ" })
    }

    fn elliptic() -> Value {
        json!({ "kty": "EC", "crv": "P-256", "kid": "e", "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU", "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0" })
    }

    fn set(keys: &[Value]) -> Result<KeySet, KeySetFault> {
        KeySet::read(json!({ "keys": keys }).to_string().as_bytes())
    }

    /// What a set of one key, changed in one member, has under the name of that key.
    fn check(mut jwk: Value, member: &str, value: Value, expected: Result<usize, KeySetFault>) {
        match value {
            Value::Null => drop(jwk.as_object_mut().unwrap().remove(member)),
            value => jwk[member] = value,
        }
        assert_eq!(
            set(std::slice::from_ref(&jwk)).map(|keys| keys.len()),
            expected,
            "{jwk}"
        );
    }

    #[test]
    fn rsa_and_elliptic_keys_are_taken() {
        let keys = set(&[rsa(), elliptic()]).unwrap();
        assert!(keys.has("r") && keys.has("e") && !keys.has("x"));
        for (member, value) in [
            ("use", json!("sig")),
            ("alg", json!("RS256")),
            ("alg", json!("RSA-OAEP")),
            ("key_ops", json!(["verify"])),
            ("x5c", json!(["MIIC"])),
        ] {
            check(rsa(), member, value, Ok(1));
        }
    }

    #[test]
    fn what_cannot_verify_is_passed_over() {
        let none = Err(KeySetFault::NoneUsable);
        for (member, value) in [
            ("kid", Value::Null),
            ("kid", json!("")),
            ("kid", json!(7)),
            ("kty", json!("oct")),
            ("kty", Value::Null),
            ("use", json!("enc")),
            ("use", json!(1)),
            ("key_ops", json!(["encrypt"])),
            ("key_ops", json!("verify")),
            ("alg", json!(1)),
            ("n", json!("AQAB")),
            ("n", json!("not base64!")),
            ("e", Value::Null),
            ("e", json!("AA")),
        ] {
            check(rsa(), member, value, none);
        }
        for (member, value) in [
            ("crv", json!("P-521")),
            ("crv", json!("secp256k1")),
            ("x", json!("AQAB")),
            ("y", Value::Null),
        ] {
            check(elliptic(), member, value, none);
        }
        let secret = json!({ "kty": "oct", "kid": "s", "k": "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8", "alg": "HS256" });
        assert_eq!(set(std::slice::from_ref(&secret)), Err(KeySetFault::NoneUsable));
        assert_eq!(set(&[secret, rsa()]).unwrap().len(), 1);
    }

    #[test]
    fn a_set_has_a_size() {
        assert_eq!(set(&vec![rsa(); 64]).unwrap().len(), 64);
        assert_eq!(set(&vec![rsa(); 65]), Err(KeySetFault::TooMany));
        assert_eq!(set(&[]), Err(KeySetFault::NoneUsable));
        let long = vec![b' '; MAX_KEY_SET_BYTES + 1];
        assert_eq!(KeySet::read(&long), Err(KeySetFault::TooLong));
        for text in ["", "[]", "{}", "{\"keys\":{}}", "{\"keys\":[1]", "keys"] {
            assert_eq!(
                KeySet::read(text.as_bytes()),
                Err(KeySetFault::Malformed),
                "{text}"
            );
        }
    }

    /// The example of RFC 7515, A.3.1: somebody else's signature.
    #[test]
    fn a_key_verifies_by_its_own_algorithm_alone() {
        let message = "eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ";
        let signature =
            "DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q";
        let verifies = |jwk: Value, kid: &str, algorithm, message: &str| {
            set(&[jwk])
                .unwrap()
                .verifies(kid, algorithm, message.as_bytes(), signature)
        };
        assert!(verifies(elliptic(), "e", Algorithm::Es256, message));
        assert!(!verifies(elliptic(), "x", Algorithm::Es256, message));
        assert!(!verifies(elliptic(), "e", Algorithm::Es256, &message[1..]));
        for algorithm in [Algorithm::Rs256, Algorithm::Ps256, Algorithm::Es384] {
            assert!(!verifies(elliptic(), "e", algorithm, message));
        }
        let mut bound = elliptic();
        bound["alg"] = json!("ES384");
        assert!(
            !verifies(bound, "e", Algorithm::Es256, message),
            "it is for another"
        );
    }

    #[test]
    fn algorithms_are_named_letter_by_letter() {
        for algorithm in Algorithm::ALL {
            assert_eq!(Algorithm::by_name(algorithm.name()), Some(*algorithm));
        }
        for name in ["none", "None", "HS256", "HS512", "rs256", "RS1", "", "EdDSA"] {
            assert_eq!(Algorithm::by_name(name), None, "{name}");
        }
    }

    proptest! {
        #[test]
        fn no_text_makes_the_reader_panic(text in ".{0,200}", member in "kid|use|alg|n|e|kty|key_ops", value in ".{0,20}") {
            let _ = KeySet::read(text.as_bytes());
            let mut jwk = rsa();
            jwk[member.as_str()] = json!(value);
            if let Ok(keys) = set(&[jwk]) {
                prop_assert!(!keys.verifies("r", Algorithm::Rs256, text.as_bytes(), &value));
            }
        }
    }
}
