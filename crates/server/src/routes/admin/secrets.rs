//! Passwords that are given or made, what people can read and type, and what ends with a password.

use super::control_problem;
use super::users::PasswordAsked;
use crate::app::App;
use crate::problem::Problem;
use edge::chance;
use http::StatusCode;
use issuer::password::Password;
use model::user::UserName;
use secrecy::{ExposeSecret, SecretString};
use store::control::{PasswordHash, User};

/// Groups and characters of a password that the service makes: 4 × 5 of 31, about 99 bits.
const GROUPS: usize = 4;
const GROUP_CHARACTERS: usize = 5;

/// Small letters and digits that nobody mixes up: without `i`, `l`, `o`, `0` and `1`.
const READABLE: &[u8; 31] = b"abcdefghjkmnpqrstuvwxyz23456789";

/// The hash of a password, and the password itself if the service made it.
pub(super) async fn hashed(
    app: &App,
    asked: PasswordAsked,
    name: &UserName,
    display_name: &str,
) -> Result<(Option<PasswordHash>, Option<String>), Problem> {
    let refused = |error: String| {
        Problem::new(
            StatusCode::BAD_REQUEST,
            "bad-password",
            "That cannot be the password",
        )
        .detail(error)
    };
    let (text, shown) = match asked {
        PasswordAsked::Nothing => return Ok((None, None)),
        PasswordAsked::Given(text) => (SecretString::from(text), None),
        PasswordAsked::Generated => {
            let text = readable::<GROUPS>();
            (SecretString::from(text.clone()), Some(text))
        }
    };
    let password = Password::typed(text.expose_secret()).map_err(|fault| refused(fault.to_string()))?;
    password
        .check(name, display_name)
        .map_err(|fault| refused(fault.to_string()))?;
    let hash = app
        .passwords
        .hash(password, chance::bytes())
        .await
        .map_err(|error| {
            Problem::new(
                StatusCode::SERVICE_UNAVAILABLE,
                "not-hashed",
                "The password could not be hashed",
            )
            .detail(error.to_string())
        })?;
    Ok((Some(hash), shown))
}

/// A secret that people can read and type: groups of small letters and digits with hyphens between them.
pub(super) fn readable<const COUNT: usize>() -> String {
    let mut text = String::with_capacity(COUNT * (GROUP_CHARACTERS + 1));
    for group in 0..COUNT {
        if group > 0 {
            text.push('-');
        }
        let mut left = GROUP_CHARACTERS;
        while left > 0 {
            let [byte] = chance::bytes::<1>();
            // 248 is the largest multiple of 31 in a byte: all characters are equally likely.
            if let Some(character) = (byte < 248)
                .then(|| READABLE.get(usize::from(byte % 31)))
                .flatten()
            {
                text.push(char::from(*character));
                left -= 1;
            }
        }
    }
    text
}

/// No token lives longer: the most that `tokens.lifetime_seconds` takes, and five minutes.
const LONGEST_TOKEN_SECONDS: i64 = 86_400 + 300;

/// Sessions, codes and refresh tokens of before end, and the tokens that came of them.
pub(super) fn end_grants(app: &App, user: &User) -> Result<(), Problem> {
    let now = app.now();
    let until = now.plus_seconds(LONGEST_TOKEN_SECONDS);
    app.control
        .end_grants_of(user.object_id, until, now)
        .map_err(|error| control_problem(&error))
}
