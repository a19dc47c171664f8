//! Codes and refresh tokens: random text for the client, of which we keep the hash alone.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use secrecy::SecretString;
use sha2::{Digest, Sha256};

/// The longest code or token that is looked up, in bytes. Ours have 43.
pub const MAX_OPAQUE_BYTES: usize = 512;

/// How many digits a user code has, without the hyphen.
const USER_CODE_LETTERS: usize = 8;

/// The letters of user codes: no vowels, so that no words appear, and nothing that looks like something else
/// (RFC 8628, 6.1).
const USER_CODE_ALPHABET: &[u8; 20] = b"BCDFGHJKLMNPQRSTVWXZ";

/// A code or token that was just made.
#[derive(Debug)]
pub struct Opaque {
    /// The text for the client: 43 characters that need no escaping anywhere.
    pub text: SecretString,
    /// What is kept of it.
    pub hash: [u8; 32],
}

impl Opaque {
    /// Out of 256 random bits.
    pub fn from_random(random: &[u8; 32]) -> Opaque {
        let text = URL_SAFE_NO_PAD.encode(random);
        Opaque {
            hash: hash_of(&text),
            text: SecretString::from(text),
        }
    }
}

/// Under which hash a text that came from outside would be known.
///
/// Looking up by hash tells nothing by its time: who does not know the text cannot choose the hash's first bytes.
pub fn hash_of(text: &str) -> [u8; 32] {
    Sha256::digest(text.as_bytes()).into()
}

/// A code for people to type, out of random bits: `BCDF-GHJK`.
pub fn user_code(random: &[u8; 16]) -> String {
    let mut number = u128::from_be_bytes(*random);
    let mut code = String::with_capacity(USER_CODE_LETTERS + 1);
    for index in 0..USER_CODE_LETTERS {
        if index == USER_CODE_LETTERS / 2 {
            code.push('-');
        }
        code.push(char::from(USER_CODE_ALPHABET[(number % 20) as usize]));
        number /= 20;
    }
    code
}

/// A code as somebody typed it: without what people add, in any case. `None` if it cannot be one.
pub fn typed_user_code(text: &str) -> Option<String> {
    let mut code = String::new();
    for character in text.trim().chars().take(64) {
        if character.is_whitespace() || matches!(character, '-' | '–' | '.') {
            continue;
        }
        let letter = character.to_ascii_uppercase();
        if !letter.is_ascii() || !USER_CODE_ALPHABET.contains(&(letter as u8)) {
            return None;
        }
        if code.len() == USER_CODE_LETTERS / 2 {
            code.push('-');
        }
        code.push(letter);
    }
    (code.len() == USER_CODE_LETTERS + 1).then_some(code)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use secrecy::ExposeSecret;

    fn check(typed: &str, expected: Option<&str>) {
        assert_eq!(typed_user_code(typed).as_deref(), expected, "{typed:?}");
    }

    #[test]
    fn a_code_is_read_as_people_type_it() {
        for typed in [
            "BCDF-GHJK",
            "bcdfghjk",
            " bcdf ghjk ",
            "b-c-d-f-g-h-j-k",
            "BCDF – GHJK",
        ] {
            check(typed, Some("BCDF-GHJK"));
        }
    }

    #[test]
    fn what_no_code_holds_is_none() {
        for typed in [
            "",
            "BCDF-GHJ",
            "BCDF-GHJKL",
            "BCDF-GHJA",
            "BCDF-GHJ0",
            "ßCDF-GHJK",
            "BCDF'GHJK",
        ] {
            check(typed, None);
        }
    }

    /// The same bits as in `client.rs`, whose text and hash came from Python.
    #[test]
    fn a_code_is_its_random_bits_in_base64url() {
        let mut random = [0; 32];
        for (index, byte) in random.iter_mut().enumerate() {
            *byte = index as u8;
        }
        let code = Opaque::from_random(&random);
        assert_eq!(
            code.text.expose_secret(),
            "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8"
        );
        assert_eq!(
            code.hash.map(|byte| format!("{byte:02x}")).concat(),
            "ea866a757e4c38babfa8127cbe9a409d3e1f93a00ff1488ff735fcf917afffd0"
        );
        assert!(!format!("{code:?}").contains("AAECAw"));
    }

    proptest! {
        #[test]
        fn a_code_that_was_given_is_read_again(random in any::<[u8; 16]>()) {
            let code = user_code(&random);
            prop_assert_eq!(typed_user_code(&code), Some(code.clone()));
        }

        #[test]
        fn no_text_makes_the_reader_panic(text in ".{0,80}") {
            let _ = typed_user_code(&text);
        }
    }
}
