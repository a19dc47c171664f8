//! Reads `application/x-www-form-urlencoded` bodies as leniently as the old service did.

use secrecy::{ExposeSecret, SecretString};
use std::fmt;

/// The largest body that is read, in bytes. Real ones have some hundreds; a client assertion some thousands.
pub const MAX_FORM_BYTES: usize = 64 * 1024;

/// The most parameters that are read.
pub const MAX_FORM_PARAMETERS: usize = 64;

/// The parameters of a request, in order. Each value may be a secret, so none is ever printed.
#[derive(Default)]
pub struct Form {
    parameters: Vec<(String, SecretString)>,
}

/// Why a body is not read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FormError {
    /// It is larger than [`MAX_FORM_BYTES`].
    #[error("the body is larger than {MAX_FORM_BYTES} bytes")]
    TooLarge,
    /// It has more than [`MAX_FORM_PARAMETERS`] parameters.
    #[error("the body has more than {MAX_FORM_PARAMETERS} parameters")]
    TooMany,
    /// It gives one parameter two different values, and guessing which one was meant is how tricks begin.
    #[error("the parameter '{name}' is given twice with different values")]
    Repeated {
        /// The parameter's name, cut to a length that fits a log line.
        name: String,
    },
}

impl Form {
    /// Reads a body. Scripts build theirs by hand, so `:` and `/` may be unescaped, a `%` that begins no escape stands
    /// for itself, and what is no UTF-8 becomes replacement characters. A parameter without a value counts as absent
    /// (RFC 6749, 3.1). A parameter given twice must have the same value (RFC 6749 wants it given once).
    pub fn parse(body: &[u8]) -> Result<Form, FormError> {
        if body.len() > MAX_FORM_BYTES {
            return Err(FormError::TooLarge);
        }
        let mut form = Form::default();
        for part in body.trim_ascii().split(|byte| *byte == b'&') {
            let mut halves = part.splitn(2, |byte| *byte == b'=');
            let name = decode(halves.next().unwrap_or_default());
            let value = decode(halves.next().unwrap_or_default());
            if value.is_empty() {
                continue;
            }
            match form.get(&name) {
                Some(before) if before == value => {}
                Some(_) => {
                    return Err(FormError::Repeated {
                        name: printable(&name),
                    });
                }
                None if form.parameters.len() == MAX_FORM_PARAMETERS => return Err(FormError::TooMany),
                None => form.parameters.push((name, SecretString::from(value))),
            }
        }
        Ok(form)
    }

    /// A parameter's value; absent and empty are the same.
    pub fn get(&self, name: &str) -> Option<&str> {
        let found = self.parameters.iter().find(|(its_name, _)| its_name == name);
        found.map(|(_, value)| value.expose_secret())
    }
}

impl fmt::Debug for Form {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = self.parameters.iter().map(|(name, _)| printable(name));
        f.debug_list().entries(names).finish()
    }
}

/// Undoes form encoding: `+` is a space, `%xx` a byte.
pub(crate) fn decode(text: &[u8]) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut index = 0;
    while index < text.len() {
        let escaped = if text[index] == b'%' {
            text.get(index + 1..index + 3).and_then(hex_byte)
        } else {
            None
        };
        match (text[index], escaped) {
            (_, Some(byte)) => {
                bytes.push(byte);
                index += 2;
            }
            (b'+', None) => bytes.push(b' '),
            (byte, None) => bytes.push(byte),
        }
        index += 1;
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// A text of the caller's as it may stand in an answer or a log line: short, and without control characters.
pub(crate) fn printable(text: &str) -> String {
    text.chars()
        .take(100)
        .map(|character| if character.is_control() { '?' } else { character })
        .collect()
}

fn hex_byte(digits: &[u8]) -> Option<u8> {
    let high = char::from(digits[0]).to_digit(16)?;
    let low = char::from(digits[1]).to_digit(16)?;
    u8::try_from(high * 16 + low).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn check(body: &str, expected: &[(&str, &str)]) {
        let form = Form::parse(body.as_bytes()).unwrap();
        let got: Vec<(&str, &str)> = form
            .parameters
            .iter()
            .map(|(name, value)| (name.as_str(), value.expose_secret()))
            .collect();
        assert_eq!(got, expected, "{body}");
    }

    #[test]
    fn bodies_built_by_hand_are_read() {
        check(
            "redirect_uri=https://localhost&client_secret=a%2Fb%3D%3D&resource=https://graph.windows.net",
            &[
                ("redirect_uri", "https://localhost"),
                ("client_secret", "a/b=="),
                ("resource", "https://graph.windows.net"),
            ],
        );
        check(
            "resource=https%3a%2F%2Fgraph.windows.net%2f",
            &[("resource", "https://graph.windows.net/")],
        );
        check("secret=abc==&a=b", &[("secret", "abc=="), ("a", "b")]);
        check("a=b\r\n", &[("a", "b")]);
    }

    #[test]
    fn plus_is_a_space_and_a_stray_percent_is_itself() {
        check("scope=a+b%2Bc", &[("scope", "a b+c")]);
        check("a=100%&b=%zz&c=%4", &[("a", "100%"), ("b", "%zz"), ("c", "%4")]);
        check("a=%C3%A9", &[("a", "é")]);
        check("a=%FF", &[("a", "\u{fffd}")]);
    }

    #[test]
    fn a_parameter_without_a_value_is_absent() {
        check("resource=&grant_type=x", &[("grant_type", "x")]);
        check("resource&a=b&&=&", &[("a", "b")]);
        check("resource=&resource=r", &[("resource", "r")]);
        check("", &[]);
    }

    #[test]
    fn a_parameter_given_twice_must_say_the_same() {
        check("a=b&a=b", &[("a", "b")]);
        let error = Form::parse(b"a=b&a=c").unwrap_err();
        assert_eq!(error, FormError::Repeated { name: "a".to_owned() });
        let error = Form::parse(b"a%0D%0Ab=b&a%0D%0Ab=c").unwrap_err();
        assert_eq!(
            error.to_string(),
            "the parameter 'a??b' is given twice with different values"
        );
    }

    #[test]
    fn there_is_a_limit_on_everything() {
        let of = |count: usize| {
            (0..count)
                .map(|index| format!("p{index}=1"))
                .collect::<Vec<_>>()
                .join("&")
        };
        assert!(Form::parse(of(64).as_bytes()).is_ok());
        assert_eq!(Form::parse(of(65).as_bytes()).unwrap_err(), FormError::TooMany);
        assert!(Form::parse(&vec![b'a'; 65_536]).is_ok());
        assert_eq!(Form::parse(&vec![b'a'; 65_537]).unwrap_err(), FormError::TooLarge);
    }

    #[test]
    fn no_value_is_printed() {
        let form = Form::parse(b"client_secret=hush&password=tell").unwrap();
        assert_eq!(format!("{form:?}"), r#"["client_secret", "password"]"#);
    }

    fn encoded(text: &str) -> String {
        text.bytes()
            .map(|byte| format!("%{byte:02X}"))
            .collect::<Vec<_>>()
            .concat()
    }

    proptest! {
        #[test]
        fn what_was_encoded_comes_back(name in "[a-z_]{1,20}", value in ".{1,40}") {
            let form = Form::parse(format!("{name}={}", encoded(&value)).as_bytes()).unwrap();
            prop_assert_eq!(form.get(&name), Some(value.as_str()));
        }

        #[test]
        fn no_body_makes_the_reader_panic(body in proptest::collection::vec(any::<u8>(), 0..300)) {
            let _ = Form::parse(&body);
        }
    }
}
