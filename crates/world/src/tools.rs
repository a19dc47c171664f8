//! What people and attackers sign in with.

use generator::chance::Chance;
use model::event::Device;

/// A make of machine with a browser, as the source would describe it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Make {
    pub(crate) operating_system: &'static str,
    pub(crate) browser: &'static str,
    pub(crate) user_agent: &'static str,
    /// Whether the maker's relay may carry it.
    pub(crate) has_relay: bool,
    /// The browser's version in both texts, and the one that comes out while the world lasts.
    pub(crate) versions: (&'static str, &'static str),
}

/// Which of its two versions a browser has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Release {
    First,
    Next,
}

/// One machine: a make, and the directory's id where the organisation manages it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Tool {
    pub(crate) make: &'static Make,
    pub(crate) release: Release,
    pub(crate) device_id: Option<String>,
    pub(crate) name: Option<String>,
}

impl Tool {
    /// A machine that the organisation manages.
    pub(crate) fn managed(make: &'static Make, name: String, chance: &mut Chance) -> Tool {
        Tool {
            make,
            release: Release::First,
            device_id: Some(chance.guid().to_string()),
            name: Some(name),
        }
    }

    /// Anybody's machine.
    pub(crate) const fn strange(make: &'static Make) -> Tool {
        Tool {
            make,
            release: Release::First,
            device_id: None,
            name: None,
        }
    }

    /// As an event describes it.
    pub(crate) fn device(&self) -> Device {
        Device {
            id: self.device_id.clone(),
            display_name: self.name.clone(),
            operating_system: text(self.make.operating_system),
            browser: text(&self.released(self.make.browser)),
        }
    }

    /// The User-Agent that it sends.
    pub(crate) fn user_agent(&self) -> String {
        self.released(self.make.user_agent)
    }

    /// The same machine with another version of its browser.
    pub(crate) fn with(&self, release: Release) -> Tool {
        Tool {
            release,
            ..self.clone()
        }
    }

    /// The same browser on a machine of which the directory knows nothing.
    pub(crate) fn without_id(self) -> Tool {
        Tool {
            device_id: None,
            name: None,
            ..self
        }
    }

    fn released(&self, text: &str) -> String {
        let (first, next) = self.make.versions;
        match self.release {
            Release::Next if !first.is_empty() => text.replace(first, next),
            _ => text.to_owned(),
        }
    }
}

fn text(text: &str) -> Option<String> {
    (!text.is_empty()).then(|| text.to_owned())
}

/// Machines on desks and in bags, with how many of a hundred people have one.
pub(crate) const LAPTOPS: &[(u32, Make)] = &[
    (
        34,
        make(
            "Windows 11",
            "Edge 142.0.3595",
            "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36 Edg/142.0.0.0",
            false,
            ("142", "143"),
        ),
    ),
    (
        22,
        make(
            "Windows 11",
            "Chrome 142.0.0",
            "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36",
            false,
            ("142", "143"),
        ),
    ),
    (
        6,
        make(
            "Windows 10",
            "Firefox 145.0",
            "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:145.0) Gecko/20100101 Firefox/145.0",
            false,
            ("145.0", "146.0"),
        ),
    ),
    (
        22,
        make(
            "MacOs",
            "Safari 26.1",
            "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/26.1 Safari/605.1.15",
            true,
            ("26.1", "26.2"),
        ),
    ),
    (
        10,
        make(
            "MacOs",
            "Chrome 142.0.0",
            "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36",
            false,
            ("142", "143"),
        ),
    ),
    (
        6,
        make(
            "Linux",
            "Firefox 145.0",
            "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0",
            false,
            ("145.0", "146.0"),
        ),
    ),
];

/// Telephones.
pub(crate) const PHONES: &[(u32, Make)] = &[
    (
        55,
        make(
            "Ios 26.1",
            "Mobile Safari",
            "Mozilla/5.0 (iPhone; CPU iPhone OS 18_7 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/26.1 Mobile/15E148 Safari/604.1",
            true,
            ("26.1", "26.2"),
        ),
    ),
    (
        30,
        make(
            "Android 10",
            "Chrome Mobile 142.0.0",
            "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Mobile Safari/537.36",
            false,
            ("142", "143"),
        ),
    ),
    (
        15,
        make(
            "Android 16",
            "Samsung Browser 29.0",
            "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) SamsungBrowser/29.0 Chrome/136.0.0.0 Mobile Safari/537.36",
            false,
            ("29.0", "30.0"),
        ),
    ),
];

/// What attackers bring along.
pub(crate) const STRANGERS: &[(u32, Make)] = &[
    (
        30,
        make(
            "Windows 10",
            "Chrome 138.0.0",
            "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/138.0.0.0 Safari/537.36",
            false,
            ("", ""),
        ),
    ),
    (
        20,
        make(
            "Windows 10",
            "Firefox 128.0",
            "Mozilla/5.0 (Windows NT 10.0; rv:128.0) Gecko/20100101 Firefox/128.0",
            false,
            ("", ""),
        ),
    ),
    (
        20,
        make(
            "Linux",
            "Chrome 140.0.0",
            "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36",
            false,
            ("", ""),
        ),
    ),
    (
        15,
        make(
            "Android 10",
            "Chrome Mobile 140.0.0",
            "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Mobile Safari/537.36",
            false,
            ("", ""),
        ),
    ),
    (
        15,
        make(
            "Windows 11",
            "Chrome 142.0.0",
            "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36",
            false,
            ("142", "143"),
        ),
    ),
];

/// What guesses passwords.
pub(crate) const GUESSERS: &[(u32, Make)] = &[
    (
        40,
        make(
            "",
            "Python Requests 2.32",
            "python-requests/2.32.3",
            false,
            ("", ""),
        ),
    ),
    (30, make("", "Rich Client 4.0", "BAV2ROPC", false, ("", ""))),
    (
        30,
        make(
            "Windows 7",
            "Chrome 63.0.3239",
            "Mozilla/5.0 (Windows NT 6.1; WOW64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/63.0.3239.132 Safari/537.36",
            false,
            ("", ""),
        ),
    ),
];

/// The browser that comes with Tor.
pub(crate) const TOR_BROWSER: Make = make(
    "Windows 10",
    "Firefox 140.0",
    "Mozilla/5.0 (Windows NT 10.0; rv:140.0) Gecko/20100101 Firefox/140.0",
    false,
    ("", ""),
);

const fn make(
    operating_system: &'static str,
    browser: &'static str,
    user_agent: &'static str,
    has_relay: bool,
    versions: (&'static str, &'static str),
) -> Make {
    Make {
        operating_system,
        browser,
        user_agent,
        has_relay,
        versions,
    }
}
