//! One-time codes of an authenticator application: TOTP (RFC 6238) with SHA-1, six digits and steps of 30 seconds,
//! which every application reads.

use aws_lc_rs::hmac;
use data_encoding::BASE32_NOPAD;
use model::time::Timestamp;
use subtle::ConstantTimeEq;

/// Random bytes of a secret: as many as the hash is long (RFC 4226, 4, R6).
pub const SECRET_BYTES: usize = 20;

const STEP_SECONDS: u64 = 30;
const DIGITS: usize = 6;

/// Codes of so many steps before and after the present are taken: clocks differ, and typing takes time (RFC 6238, 5.2).
const NEIGHBOURS: u64 = 1;

/// The step that a code belongs to, if it is one of the secret's around the present. The caller uses the step up, so that
/// no code counts twice (RFC 6238, 5.2), and refuses one that was used.
pub fn step_of(secret: &[u8], code: &str, now: Timestamp) -> Option<u64> {
    let code: String = code
        .chars()
        .filter(|character| !character.is_whitespace())
        .collect();
    let present = step_at(now);
    let mut found = None;
    for step in present.saturating_sub(NEIGHBOURS)..=present + NEIGHBOURS {
        let is_this_one: bool = code_of(secret, step).as_bytes().ct_eq(code.as_bytes()).into();
        if is_this_one {
            found = Some(step);
        }
    }
    found
}

/// The code that is shown at an instant.
pub fn code_at(secret: &[u8], now: Timestamp) -> String {
    code_of(secret, step_at(now))
}

/// The address that an authenticator application reads, usually as a QR code. It contains the secret.
pub fn enrolment_uri(service: &str, user: &str, secret: &[u8]) -> String {
    format!(
        "otpauth://totp/{}:{}?secret={}&issuer={}&algorithm=SHA1&digits={DIGITS}&period={STEP_SECONDS}",
        escaped(service),
        escaped(user),
        BASE32_NOPAD.encode(secret),
        escaped(service)
    )
}

fn step_at(now: Timestamp) -> u64 {
    u64::try_from(now.unix_seconds()).unwrap_or(0) / STEP_SECONDS
}

/// RFC 4226, 5.3: four bytes of the hash, at a place that its last four bits name, as a decimal number.
fn code_of(secret: &[u8], step: u64) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, secret);
    let tag = hmac::sign(&key, &step.to_be_bytes());
    let hash = tag.as_ref();
    let offset = usize::from(hash.last().copied().unwrap_or(0) & 0x0f);
    let mut number: u32 = 0;
    for byte in hash.iter().skip(offset).take(4) {
        number = number << 8 | u32::from(*byte);
    }
    let number = (number & 0x7fff_ffff) % 10_u32.pow(DIGITS as u32);
    format!("{number:0DIGITS$}")
}

fn escaped(text: &str) -> String {
    let mut escaped = String::new();
    for byte in text.bytes() {
        match byte {
            b'-' | b'.' | b'_' | b'~' | b'@' => escaped.push(char::from(byte)),
            _ if byte.is_ascii_alphanumeric() => escaped.push(char::from(byte)),
            _ => escaped = format!("{escaped}%{byte:02X}"),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The secret of RFC 6238, appendix B, for SHA-1.
    const SECRET: &[u8] = b"12345678901234567890";

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_unix_seconds(seconds)
    }

    /// The test vectors of RFC 6238, appendix B: the last six of their eight digits.
    #[test]
    fn codes_are_those_of_the_standard() {
        for (seconds, expected) in [
            (59, "287082"),
            (1_111_111_109, "081804"),
            (1_111_111_111, "050471"),
            (1_234_567_890, "005924"),
            (2_000_000_000, "279037"),
            (20_000_000_000, "353130"),
        ] {
            assert_eq!(code_at(SECRET, at(seconds)), expected, "{seconds}");
            assert_eq!(step_of(SECRET, expected, at(seconds)), Some(seconds as u64 / 30));
        }
    }

    fn check(code: &str, seconds: i64, expected: Option<u64>) {
        assert_eq!(
            step_of(SECRET, code, at(seconds)),
            expected,
            "{code} at {seconds}"
        );
    }

    #[test]
    fn a_code_is_good_one_step_before_and_after_its_own() {
        // 081804 is of step 37037036: 1111111080 to 1111111109.
        check("081804", 1_111_111_049, None);
        check("081804", 1_111_111_050, Some(37_037_036));
        check("081804", 1_111_111_139, Some(37_037_036));
        check("081804", 1_111_111_140, None);
    }

    #[test]
    fn spaces_do_not_matter_and_other_texts_are_no_codes() {
        check("081 804", 1_111_111_109, Some(37_037_036));
        for text in ["", "81804", "0818041", "08180x", "٠٨١٨٠٤"] {
            check(text, 1_111_111_109, None);
        }
    }

    /// The secret in base32 by Python's `base64.b32encode`.
    #[test]
    fn the_address_says_what_an_application_needs() {
        assert_eq!(
            enrolment_uri("Gatelog (Contoso)", "alice@contoso.com", SECRET),
            "otpauth://totp/Gatelog%20%28Contoso%29:alice@contoso.com?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ\
             &issuer=Gatelog%20%28Contoso%29&algorithm=SHA1&digits=6&period=30"
        );
    }
}
