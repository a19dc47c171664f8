//! The numbers with which Windows says why a sign-in failed, in words.
//!
//! NTSTATUS: Microsoft's page on event 4625
//! (<https://learn.microsoft.com/previous-versions/windows/it-pro/windows-10/security/threat-protection/auditing/event-4625>) and
//! MS-ERREF 2.3.1. Kerberos: its page on event 4768 and RFC 4120 7.5.9.

/// A number that an event writes in hexadecimal (`0xc000006d`) or in decimal; `None` for what is neither.
pub(crate) fn number(text: &str) -> Option<i64> {
    let text = text.trim();
    match text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")) {
        Some(digits) => u32::from_str_radix(digits, 16).ok().map(i64::from),
        // Some programs write the 32 bits as a number with a sign.
        None => text
            .parse::<i64>()
            .ok()
            .map(|number| match i32::try_from(number) {
                Ok(signed) => i64::from(signed as u32),
                Err(_) => number,
            }),
    }
}

/// What a status of a logon says.
pub(crate) fn logon(status: i64) -> String {
    words(LOGON, status).map_or_else(
        || format!("the logon failed with status {status:#010x}"),
        str::to_owned,
    )
}

/// What a result code of Kerberos says.
pub(crate) fn kerberos(code: i64) -> String {
    words(KERBEROS, code).map_or_else(|| format!("Kerberos answered with code {code:#x}"), str::to_owned)
}

fn words(table: &[(i64, &'static str)], status: i64) -> Option<&'static str> {
    table
        .iter()
        .find(|(number, _)| *number == status)
        .map(|(_, words)| *words)
}

const LOGON: &[(i64, &str)] = &[
    (0xC000_005E, "no logon server was there to ask"),
    (0xC000_0064, "there is no such user"),
    (0xC000_006A, "the password is wrong"),
    (0xC000_006D, "the user name or the password is wrong"),
    (0xC000_006E, "the account may not sign in here or now"),
    (0xC000_006F, "the account may not sign in at this time of day"),
    (0xC000_0070, "the account may not sign in from this workstation"),
    (0xC000_0071, "the password has expired"),
    (0xC000_0072, "the account is disabled"),
    (0xC000_00DC, "the server is not in a state to do that"),
    (
        0xC000_0133,
        "the clocks of computer and domain controller differ too much",
    ),
    (0xC000_015B, "the user has not been granted this type of logon"),
    (0xC000_018C, "the trust between the domains failed"),
    (0xC000_0192, "the Netlogon service was not running"),
    (0xC000_0193, "the account has expired"),
    (
        0xC000_0224,
        "the password must be changed before the first sign-in",
    ),
    (0xC000_0225, "Windows could not find what it needed"),
    (0xC000_0234, "the account is locked out"),
    (0xC000_02EE, "the logon failed for a reason that was not told"),
    (
        0xC000_0371,
        "the local account store has no secret for the account",
    ),
    (0xC000_0388, "the request was downgraded to a weaker protocol"),
    (
        0xC000_0413,
        "the account may not sign in to this computer: an authentication policy forbids it",
    ),
];

const KERBEROS: &[(i64, &str)] = &[
    (0x1, "the client's entry in the database has expired"),
    (0x2, "the server's entry in the database has expired"),
    (0x6, "there is no such user"),
    (0x7, "there is no such service"),
    (0x8, "several entries in the database have that name"),
    (0x9, "the client or the server has no key"),
    (0xB, "the requested start is later than the end"),
    (0xC, "a policy forbids the request: workstation or time of day"),
    (0xD, "the server cannot do what was asked for"),
    (0xE, "the server supports none of the encryption types"),
    (0xF, "the server does not support the checksum's type"),
    (
        0x10,
        "the server does not support this pre-authentication (smart card)",
    ),
    (0x12, "the account is disabled, expired or locked out"),
    (0x17, "the password has expired"),
    (0x18, "the password is wrong"),
    (0x19, "further pre-authentication is needed"),
    (0x1F, "the integrity check of the message failed"),
    (0x20, "the ticket has expired"),
    (0x21, "the ticket is not yet valid"),
    (0x22, "the request was sent before: a replay"),
    (
        0x25,
        "the clocks of computer and domain controller differ too much",
    ),
    (0x3C, "Kerberos failed for a reason that was not told"),
    (0x3E, "the certificate is not trusted"),
    (0x42, "the certificates do not match"),
    (0x44, "the answer comes from the wrong realm"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_come_in_hexadecimal_or_decimal_with_or_without_sign() {
        let check = |text: &str, expected: Option<i64>| assert_eq!(number(text), expected, "{text}");
        check("0xc000006d", Some(3_221_225_581));
        check("0xC000006D", Some(3_221_225_581));
        check("-1073741715", Some(3_221_225_581));
        check("0x18", Some(24));
        check("0", Some(0));
        check("%%2313", None);
    }

    #[test]
    fn a_status_is_told_in_words_and_an_unknown_one_as_its_number() {
        assert_eq!(logon(0xC000_006A), "the password is wrong");
        assert_eq!(logon(0xC000_0064), "there is no such user");
        assert_eq!(logon(0xC000_0234), "the account is locked out");
        assert_eq!(logon(0xC000_0072), "the account is disabled");
        assert_eq!(logon(0xC000_9999), "the logon failed with status 0xc0009999");
        assert_eq!(kerberos(0x18), "the password is wrong");
        assert_eq!(kerberos(0x6), "there is no such user");
        assert_eq!(kerberos(0x99), "Kerberos answered with code 0x99");
    }
}
