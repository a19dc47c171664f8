//! Passwords of people: what may be one, and the slow hash that is kept of it.
//!
//! The rules are those of NIST SP 800-63B (5.1.1.2): length counts, composition does not; spaces and any Unicode
//! character are welcome; words that everybody tries first, and the user's own name, are refused.

use crate::common_words;
use argon2::password_hash::phc::PasswordHash as Phc;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use argon2::{Algorithm, Argon2, Params, Version};
use model::user::UserName;
use secrecy::{ExposeSecret, SecretString};
use unicode_normalization::UnicodeNormalization;

/// The fewest characters of a password. One factor alone needs more than the 8 of NIST's floor.
pub const MIN_CHARACTERS: usize = 12;

/// The most characters of a password; NIST wants at least 64.
pub const MAX_CHARACTERS: usize = 256;

/// Memory of one hash, in KiB: 19 MiB with two passes and one lane, the first choice of OWASP's Password Storage Cheat
/// Sheet for argon2id; RFC 9106 (4) leaves such numbers to those who know their machine.
const MEMORY_KIB: u32 = 19 * 1024;
const PASSES: u32 = 2;
const LANES: u32 = 1;
const HASH_BYTES: usize = 32;

/// Random bytes that make two hashes of one password differ (RFC 9106, 3.1).
pub const SALT_BYTES: usize = 16;

/// What somebody typed as a password, in the form in which it is compared (NFKC), so that every keyboard writes the same.
/// It is never printed.
#[derive(Debug, Clone)]
pub struct Password(SecretString);

/// Why a text cannot be a password. The text is not repeated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PasswordFault {
    /// Fewer than [`MIN_CHARACTERS`].
    #[error("a password has at least {MIN_CHARACTERS} characters; several words make a good one")]
    TooShort,
    /// More than [`MAX_CHARACTERS`].
    #[error("a password has at most {MAX_CHARACTERS} characters")]
    TooLong,
    /// With characters that cannot be typed, such as a line end.
    #[error("a password has no control characters; is there a line end in it?")]
    ControlCharacter,
    /// Made of the user's own name.
    #[error("the password is made of the user's own name; take something that only the user knows")]
    OwnName,
    /// Made of what everybody tries first.
    #[error("the password is made of words or sequences that are tried first; take something less common")]
    Common,
}

/// A hash could not be made or read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the password could not be hashed: {0}")]
pub struct HashFault(String);

/// What became of a password that was compared with a hash.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Compared {
    /// It is the one.
    Same,
    /// It is another.
    Different,
}

impl Password {
    /// What somebody typed. Only its length is checked here: an old password may be older than the rules.
    pub fn typed(text: &str) -> Result<Password, PasswordFault> {
        // Before anything is made of it: normal forms can be many times as long.
        if text.chars().nth(MAX_CHARACTERS).is_some() {
            return Err(PasswordFault::TooLong);
        }
        let normal: String = text.nfkc().collect();
        if normal.chars().nth(MAX_CHARACTERS).is_some() {
            return Err(PasswordFault::TooLong);
        }
        Ok(Password(SecretString::from(normal)))
    }

    /// No text: stands for one that cannot be compared, where the comparison must take place all the same.
    pub fn empty() -> Password {
        Password(SecretString::from(String::new()))
    }

    /// Whether it may be the new password of a user.
    pub fn check(&self, name: &UserName, display_name: &str) -> Result<(), PasswordFault> {
        let text = self.0.expose_secret();
        if text.chars().count() < MIN_CHARACTERS {
            return Err(PasswordFault::TooShort);
        }
        if text.chars().any(char::is_control) {
            return Err(PasswordFault::ControlCharacter);
        }
        let own = own_words(name, display_name);
        match common_words::made_of(text, &own) {
            Some(common_words::MadeOf::OwnWords) => Err(PasswordFault::OwnName),
            Some(common_words::MadeOf::CommonWords) => Err(PasswordFault::Common),
            None => Ok(()),
        }
    }

    /// The hash that is kept, as a PHC string. It takes tens of milliseconds of a core, and 19 MiB, on purpose.
    pub fn hash(&self, salt: &[u8; SALT_BYTES]) -> Result<String, HashFault> {
        let failed = |error: argon2::password_hash::Error| HashFault(error.to_string());
        let hash = argon2()?
            .hash_password_with_salt(self.0.expose_secret().as_bytes(), salt)
            .map_err(failed)?;
        Ok(hash.to_string())
    }

    /// Compares it with a hash; it costs what that hash says. A text that is no hash is no password's.
    pub fn compare(&self, hash: &str) -> Compared {
        let (Ok(hash), Ok(argon2)) = (Phc::new(hash), argon2()) else {
            return Compared::Different;
        };
        match argon2.verify_password(self.0.expose_secret().as_bytes(), &hash) {
            Ok(()) => Compared::Same,
            Err(_) => Compared::Different,
        }
    }
}

/// A hash that no password has, to be compared with where there is no user: nobody shall learn from the time of a
/// refusal whether there is one. Its parameters are those of [`Password::hash`]; its salt and sum are zeros.
pub fn decoy_hash() -> String {
    format!(
        "$argon2id$v=19$m={MEMORY_KIB},t={PASSES},p={LANES}${}${}",
        "A".repeat(22),
        "A".repeat(43)
    )
}

fn argon2() -> Result<Argon2<'static>, HashFault> {
    let parameters = Params::new(MEMORY_KIB, PASSES, LANES, Some(HASH_BYTES))
        .map_err(|error| HashFault(error.to_string()))?;
    Ok(Argon2::new(Algorithm::Argon2id, Version::V0x13, parameters))
}

/// The words that a user's password may not be made of: the name, what it consists of, and what the user is called.
fn own_words(name: &UserName, display_name: &str) -> Vec<String> {
    let mut words: Vec<String> = vec![name.as_str().to_owned(), name.local_part().to_owned()];
    words.extend(name.domain().split('.').map(str::to_owned));
    for text in [name.local_part(), display_name] {
        words.extend(
            text.split(|character: char| !character.is_alphanumeric())
                .map(str::to_lowercase),
        );
    }
    words.retain(|word| word.chars().count() >= 3);
    words
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn password(text: &str) -> Password {
        Password::typed(text).unwrap()
    }

    fn check(text: &str, expected: Result<(), PasswordFault>) {
        let name = UserName::parse("alice.adams@contoso.com").unwrap();
        let got = Password::typed(text).and_then(|password| password.check(&name, "Alice B. Adams"));
        assert_eq!(got, expected, "{text}");
    }

    #[test]
    fn length_counts_and_composition_does_not() {
        check("plum harbour seventeen", Ok(()));
        check("vgtbzhnujmik", Ok(()));
        check("žluťoučký kůň", Ok(()));
        check("twelve chars?", Ok(()));
        check("short of it", Err(PasswordFault::TooShort));
        check("", Err(PasswordFault::TooShort));
        check(&"correct horse ".repeat(19), Err(PasswordFault::TooLong));
        check(&"plum harbour ".repeat(19), Ok(()));
        check("line end here\n", Err(PasswordFault::ControlCharacter));
    }

    #[test]
    fn normal_forms_do_not_outgrow_the_limit() {
        // U+FDFA becomes 18 characters.
        check(&"\u{fdfa}".repeat(15), Err(PasswordFault::TooLong));
        check(&"\u{fdfa}".repeat(257), Err(PasswordFault::TooLong));
    }

    #[test]
    fn the_own_name_is_no_password() {
        for text in [
            "alice.adams@contoso.com",
            "AliceAdams2026!",
            "contoso-alice-1",
            "Adams.Contoso.99",
        ] {
            check(text, Err(PasswordFault::OwnName));
        }
        check("alice rides a purple tram", Ok(()));
    }

    #[test]
    fn what_is_tried_first_is_no_password() {
        for text in [
            "password1234",
            "P@ssw0rd!2026",
            "qwertyuiop123",
            "123456789012",
            "aaaaaaaaaaaaaaa",
            "Summer2026!!!",
            "gatelogadmin1",
        ] {
            check(text, Err(PasswordFault::Common));
        }
    }

    /// The expected hash by Python's argon2-cffi over the same parameters and salt.
    #[test]
    fn the_hash_is_argon2id_of_the_stated_parameters() {
        let hash = password("plum harbour seventeen")
            .hash(b"0123456789abcdef")
            .unwrap();
        assert_eq!(hash, EXPECTED_HASH);
    }

    const EXPECTED_HASH: &str =
        "$argon2id$v=19$m=19456,t=2,p=1$MDEyMzQ1Njc4OWFiY2RlZg$FoCDHHxNS/F8wAlCPkMqtEYp7PAod6URuEmacTdSiFc";

    #[test]
    fn a_password_is_compared_in_its_normal_form() {
        let hash = password("plum härbour seventeen").hash(&[7; SALT_BYTES]).unwrap();
        assert_eq!(password("plum härbour seventeen").compare(&hash), Compared::Same);
        // "a" and a combining diaeresis; an ideographic space.
        assert_eq!(
            password("plum ha\u{308}rbour\u{3000}seventeen").compare(&hash),
            Compared::Same
        );
        for other in [
            "plum harbour seventeen",
            "Plum härbour seventeen",
            "plum härbour seventeen ",
            "",
        ] {
            assert_eq!(password(other).compare(&hash), Compared::Different, "{other}");
        }
    }

    #[test]
    fn a_text_that_is_no_hash_is_nobodys() {
        for hash in ["", "plain", "$argon2id$", "$2b$12$abcdefghijklmnopqrstuv"] {
            assert_eq!(password("").compare(hash), Compared::Different, "{hash}");
        }
    }

    #[test]
    fn the_decoy_costs_what_a_real_hash_costs_and_is_nobodys() {
        let (decoy, real) = (decoy_hash(), password("").hash(&[0; SALT_BYTES]).unwrap());
        let parameters = |hash: &str| {
            Phc::new(hash)
                .map(|hash| Params::try_from(&hash).unwrap())
                .unwrap()
        };
        assert_eq!(parameters(&decoy), parameters(&real));
        assert_eq!(decoy.len(), real.len());
        assert_eq!(password("").compare(&decoy), Compared::Different);
    }

    #[test]
    fn a_password_is_never_printed() {
        let printed = format!("{:?}", password("plum harbour seventeen"));
        assert!(!printed.contains("plum"), "{printed}");
    }

    proptest! {
        #[test]
        fn any_text_is_judged_without_panic(text in "\\PC{0,300}") {
            let name = UserName::parse("alice@contoso.com").unwrap();
            if let Ok(password) = Password::typed(&text) {
                let _ = password.check(&name, "Alice");
            }
        }
    }
}
