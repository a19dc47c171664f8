//! What people sign in with: their machines, browsers and mail programs.

/// A machine with a browser, as `deviceDetail` and `userAgent` describe it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Machine {
    pub(crate) operating_system: &'static str,
    pub(crate) browser: &'static str,
    pub(crate) user_agent: &'static str,
}

/// Machines on desks, with how many of a hundred people have one.
pub(crate) const DESKTOPS: &[(u32, Machine)] = &[
    (
        40,
        machine(
            "Windows 11",
            "Edge 131.0.2903",
            "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36 Edg/131.0.0.0",
        ),
    ),
    (
        18,
        machine(
            "Windows 10",
            "Chrome 131.0.0",
            "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36",
        ),
    ),
    (
        6,
        machine(
            "Windows 10",
            "Firefox 133.0",
            "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:133.0) Gecko/20100101 Firefox/133.0",
        ),
    ),
    (
        20,
        machine(
            "MacOs",
            "Safari 18.1",
            "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1 Safari/605.1.15",
        ),
    ),
    (
        10,
        machine(
            "MacOs",
            "Chrome 131.0.0",
            "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36",
        ),
    ),
    (
        6,
        machine(
            "Linux",
            "Firefox 133.0",
            "Mozilla/5.0 (X11; Linux x86_64; rv:133.0) Gecko/20100101 Firefox/133.0",
        ),
    ),
];

/// Telephones.
pub(crate) const PHONES: &[(u32, Machine)] = &[
    (
        55,
        machine(
            "Ios 18.1",
            "Mobile Safari",
            "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1 Mobile/15E148 Safari/604.1",
        ),
    ),
    (
        45,
        machine(
            "Android 14",
            "Chrome Mobile 131.0.0",
            "Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Mobile Safari/537.36",
        ),
    ),
];

/// What guesses passwords.
pub(crate) const STRANGERS: &[Machine] = &[
    machine("", "Python Requests 2.31", "python-requests/2.31.0"),
    machine("Linux", "Rich Client 4.0", "BAV2ROPC"),
    machine(
        "Windows 7",
        "Chrome 63.0.3239",
        "Mozilla/5.0 (Windows NT 6.1; WOW64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/63.0.3239.132 Safari/537.36",
    ),
];

/// What Tor's own browser says that it is.
pub(crate) const TOR_BROWSER: Machine = machine(
    "Windows 10",
    "Firefox 128.0",
    "Mozilla/5.0 (Windows NT 10.0; rv:128.0) Gecko/20100101 Firefox/128.0",
);

/// Clients that know only a password, as `clientAppUsed` names them, with how often each is seen.
pub(crate) const LEGACY_CLIENTS: &[(u32, &str)] = &[
    (30, "Exchange ActiveSync"),
    (25, "IMAP4"),
    (20, "Authenticated SMTP"),
    (10, "POP3"),
    (8, "Exchange Web Services"),
    (7, "Other clients"),
];

/// The name of modern clients that are not browsers.
pub(crate) const MODERN_CLIENT: &str = "Mobile Apps and Desktop clients";
/// The name of browsers.
pub(crate) const BROWSER: &str = "Browser";

const fn machine(operating_system: &'static str, browser: &'static str, user_agent: &'static str) -> Machine {
    Machine {
        operating_system,
        browser,
        user_agent,
    }
}
