//! Proof Key for Code Exchange (RFC 7636): the one who redeems a code is the one who asked for it.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

/// What the client said at the beginning, against which its verifier is held.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Challenge {
    /// How it was made.
    pub method: Method,
    /// Its text.
    pub text: String,
}

/// How a challenge is made of a verifier.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// It is the verifier.
    Plain,
    /// SHA-256 of the verifier in base64url.
    S256,
}

/// Why a verifier is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum VerifierFault {
    /// A challenge was given and no verifier: somebody else redeems.
    Missing,
    /// A verifier is given and no challenge was: somebody took the challenge away (RFC 9700, 4.8.2).
    NotAskedFor,
    /// It does not fit.
    Wrong,
}

impl Method {
    /// Its name in requests.
    pub const fn name(self) -> &'static str {
        match self {
            Method::Plain => "plain",
            Method::S256 => "S256",
        }
    }

    /// From its name; left out it is `plain` (RFC 7636, 4.3).
    pub fn by_name(name: Option<&str>) -> Option<Method> {
        match name {
            None | Some("plain") => Some(Method::Plain),
            Some("S256") => Some(Method::S256),
            Some(_) => None,
        }
    }
}

/// Whether a text can be a challenge or a verifier: 43 to 128 of `A-Z a-z 0-9 - . _ ~` (RFC 7636, 4.1).
pub fn is_sound(text: &str) -> bool {
    (43..=128).contains(&text.len())
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte))
}

/// Holds what the redeemer brings against what the asker said.
pub fn check(challenge: Option<&Challenge>, verifier: Option<&str>) -> Result<(), VerifierFault> {
    let (challenge, verifier) = match (challenge, verifier) {
        (None, None) => return Ok(()),
        (Some(_), None) => return Err(VerifierFault::Missing),
        (None, Some(_)) => return Err(VerifierFault::NotAskedFor),
        (Some(challenge), Some(verifier)) => (challenge, verifier),
    };
    if !is_sound(verifier) {
        return Err(VerifierFault::Wrong);
    }
    let made = match challenge.method {
        Method::Plain => verifier.to_owned(),
        Method::S256 => URL_SAFE_NO_PAD.encode(Sha256::digest(verifier.as_bytes())),
    };
    if made.as_bytes().ct_eq(challenge.text.as_bytes()).into() {
        Ok(())
    } else {
        Err(VerifierFault::Wrong)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of RFC 7636, appendix B.
    const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
    const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

    fn s256() -> Challenge {
        Challenge {
            method: Method::S256,
            text: CHALLENGE.to_owned(),
        }
    }

    fn plain() -> Challenge {
        Challenge {
            method: Method::Plain,
            text: VERIFIER.to_owned(),
        }
    }

    #[test]
    fn the_example_of_the_standard_fits() {
        assert_eq!(check(Some(&s256()), Some(VERIFIER)), Ok(()));
        assert_eq!(check(Some(&plain()), Some(VERIFIER)), Ok(()));
        assert_eq!(check(None, None), Ok(()));
    }

    #[test]
    fn the_challenge_itself_is_no_verifier() {
        assert_eq!(check(Some(&s256()), Some(CHALLENGE)), Err(VerifierFault::Wrong));
        assert_eq!(check(Some(&plain()), Some(CHALLENGE)), Err(VerifierFault::Wrong));
        assert_eq!(check(Some(&plain()), Some("short")), Err(VerifierFault::Wrong));
    }

    #[test]
    fn nothing_can_be_left_out_or_added_on_the_way() {
        assert_eq!(check(Some(&s256()), None), Err(VerifierFault::Missing));
        assert_eq!(check(None, Some(VERIFIER)), Err(VerifierFault::NotAskedFor));
    }

    #[test]
    fn a_challenge_has_43_to_128_plain_characters() {
        assert!(is_sound(&"a".repeat(43)) && is_sound(&"~".repeat(128)));
        assert!(!is_sound(&"a".repeat(42)) && !is_sound(&"a".repeat(129)));
        assert!(!is_sound(&"+".repeat(43)) && !is_sound(&"ä".repeat(43)));
    }

    #[test]
    fn a_method_left_out_is_plain() {
        assert_eq!(Method::by_name(None), Some(Method::Plain));
        assert_eq!(Method::by_name(Some("s256")), None);
        for method in [Method::Plain, Method::S256] {
            assert_eq!(Method::by_name(Some(method.name())), Some(method));
        }
    }
}
