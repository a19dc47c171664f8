//! An event becomes what detectors see.

use crate::habits::Shown;
use crate::outcome;
use crate::people::People;
use crate::seen::{Outcome, Seen, Tool};
use model::event::{Event, Facts, Place, SignIn, SignInKind};
use model::finding::Person;
use model::identity::{EventKey, Vendor};
use model::time::Timestamp;
use model::whereabouts::{Country, Spot, Whereabouts};
use std::net::IpAddr;
use std::sync::Arc;

/// What detectors need of a sign-in, out of its event: everything but who the person is and where the address is, which others tell.
#[derive(Debug, Clone, PartialEq)]
pub struct Extract {
    /// The event's identity.
    pub key: EventKey,
    /// When it happened.
    pub time: Timestamp,
    /// The address that it came from.
    pub address: Option<IpAddr>,
    person: Person,
    kind: SignInKind,
    outcome: Outcome,
    account_is_unknown: bool,
    is_federated: bool,
    told: Place,
    tool: Tool,
}

impl Extract {
    /// `None` for what no detector looks at: other events, applications, and sign-ins to this service itself.
    pub fn of(event: &Event, key: EventKey) -> Option<Extract> {
        let Facts::SignIn(sign_in) = &event.facts else {
            return None;
        };
        let is_person = matches!(sign_in.kind, SignInKind::Interactive | SignInKind::NonInteractive);
        if !is_person || event.vendor == Vendor::Gatelog {
            return None;
        }
        Some(Extract {
            key,
            time: event.time,
            address: address_of(sign_in),
            person: Person {
                user_id: sign_in.user_id.clone(),
                user_name: sign_in.user_principal_name.clone(),
                display_name: sign_in.user_display_name.clone(),
            },
            kind: sign_in.kind,
            outcome: outcome::of(event.vendor, sign_in),
            account_is_unknown: outcome::is_unknown_account(event.vendor, sign_in),
            is_federated: is_federated(event.vendor, sign_in),
            told: sign_in.location.clone(),
            tool: tool(sign_in),
        })
    }

    /// How much text it has.
    pub fn text_bytes(&self) -> usize {
        let (person, told, tool) = (&self.person, &self.told, &self.tool);
        let texts = [
            &person.user_id,
            &person.user_name,
            &person.display_name,
            &told.city,
            &told.state,
            &told.country,
        ];
        let tools = [
            &tool.device_id,
            &tool.user_agent,
            &tool.browser,
            &tool.operating_system,
        ];
        let texts = texts.into_iter().flatten().map(String::len);
        texts
            .chain(tools.into_iter().flatten().map(|text| text.len()))
            .sum()
    }

    /// The sign-in as detectors see it; `None` if it names nobody.
    pub fn seen(self, people: &People, whereabouts: Arc<Whereabouts>) -> Option<Seen> {
        let (name, id) = (self.person.user_name.as_deref(), self.person.user_id.as_deref());
        Some(Seen {
            key: self.key,
            time: self.time,
            subject: people.subject(name, id)?,
            person: self.person,
            kind: self.kind,
            outcome: self.outcome,
            account_is_unknown: self.account_is_unknown,
            is_federated: self.is_federated,
            address: self.address,
            whereabouts: with_told_place(whereabouts, &self.told),
            tool: self.tool,
            shown: Shown::default(),
        })
    }
}

fn address_of(sign_in: &SignIn) -> Option<IpAddr> {
    let address: IpAddr = sign_in.ip_address.as_deref()?.parse().ok()?;
    Some(address.to_canonical())
}

/// The event as detectors see it. `None` for what no detector looks at, and for what names nobody.
pub fn seen(event: &Event, key: EventKey, people: &People, whereabouts: Arc<Whereabouts>) -> Option<Seen> {
    Extract::of(event, key)?.seen(people, whereabouts)
}

/// Kilometres around the coordinates that a source tells: it tells the middle of a city.
const TOLD_RADIUS_KM: f64 = 50.0;

/// What is known of the address, and where nothing is, what the source says of the place.
fn with_told_place(whereabouts: Arc<Whereabouts>, told: &Place) -> Arc<Whereabouts> {
    let country = told.country.as_deref().and_then(Country::parse);
    let degrees = told.latitude.zip(told.longitude);
    let has_news =
        whereabouts.spot.is_none() && degrees.is_some() || whereabouts.country.is_none() && country.is_some();
    if !has_news {
        return whereabouts;
    }
    let mut whereabouts = Whereabouts::clone(&whereabouts);
    if let (None, Some((north, east))) = (&whereabouts.spot, degrees)
        && north.abs() <= 90.0
        && east.abs() <= 180.0
    {
        whereabouts.spot = Some(Spot {
            latitude_degrees: north,
            longitude_degrees: east,
            radius_km: TOLD_RADIUS_KM,
            city: told.city.as_deref().map(Arc::from),
            region: told.state.as_deref().map(Arc::from),
        });
        // The source knows the city, so it knows the country, too.
        whereabouts.country = country.or(whereabouts.country);
    }
    whereabouts.country = whereabouts.country.or(country);
    Arc::new(whereabouts)
}

/// Whether another provider asked for the credentials, as the record says; AD FS is always such a one.
fn is_federated(vendor: Vendor, sign_in: &SignIn) -> bool {
    sign_in.is_federated.unwrap_or(vendor == Vendor::AdFs)
}

fn tool(sign_in: &SignIn) -> Tool {
    let agent = sign_in.user_agent.as_deref();
    let told = |told: Option<&str>, families: &[(&str, &'static str)]| {
        told.map(family)
            .filter(|family| !family.is_empty())
            .or_else(|| {
                agent
                    .and_then(|agent| named_in(agent, families))
                    .map(str::to_owned)
            })
            .map(Arc::from)
    };
    Tool {
        device_id: sign_in
            .device
            .id
            .as_deref()
            .map(|id| Arc::from(id.to_lowercase())),
        user_agent: agent.map(Arc::from),
        browser: told(sign_in.device.browser.as_deref(), BROWSERS),
        operating_system: told(sign_in.device.operating_system.as_deref(), SYSTEMS),
    }
}

/// A name without what comes after it: `Chrome 118.0.0` and `Chrome Mobile/118` are `chrome` and `chrome mobile`; `Windows10` is
/// `windows`.
fn family(name: &str) -> String {
    let end = name
        .find(|c: char| c.is_ascii_digit() || c == '/')
        .unwrap_or(name.len());
    name[..end].trim().to_lowercase()
}

/// Browsers by what only their User-Agent has, in the order in which they must be asked: everybody says `Mozilla` and most say `Safari`.
const BROWSERS: &[(&str, &str)] = &[
    ("edg/", "edge"),
    ("edga/", "edge"),
    ("edgios/", "edge"),
    ("opr/", "opera"),
    ("samsungbrowser/", "samsung browser"),
    ("firefox/", "firefox"),
    ("fxios/", "firefox"),
    ("outlook", "outlook"),
    ("thunderbird/", "thunderbird"),
    ("crios/", "chrome"),
    ("chrome/", "chrome"),
    ("trident/", "ie"),
    ("safari/", "safari"),
    ("python-requests", "python"),
    ("curl/", "curl"),
    ("powershell", "powershell"),
];

/// Operating systems in the order in which they must be asked: Android says `Linux`, an iPhone says `Mac OS X`.
const SYSTEMS: &[(&str, &str)] = &[
    ("windows", "windows"),
    ("android", "android"),
    ("iphone", "ios"),
    ("ipad", "ios"),
    ("cros", "chrome os"),
    ("mac os x", "macos"),
    ("macintosh", "macos"),
    ("linux", "linux"),
];

fn named_in(agent: &str, families: &[(&str, &'static str)]) -> Option<&'static str> {
    let agent = agent.to_ascii_lowercase();
    families
        .iter()
        .find(|(mark, _)| agent.contains(mark))
        .map(|(_, family)| *family)
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::event::Device;

    fn check(agent: &str, browser: Option<&str>, system: Option<&str>) {
        let tool = tool(&SignIn {
            user_agent: Some(agent.to_owned()),
            ..SignIn::default()
        });
        assert_eq!(
            (tool.browser.as_deref(), tool.operating_system.as_deref()),
            (browser, system),
            "{agent}"
        );
    }

    #[test]
    fn a_user_agent_names_browser_and_system() {
        check(
            "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/118.0 Safari/537.36 Edg/118.0",
            Some("edge"),
            Some("windows"),
        );
        check(
            "Mozilla/5.0 (Linux; Android 13) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/118.0 Mobile Safari/537.36",
            Some("chrome"),
            Some("android"),
        );
        check(
            "Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) AppleWebKit/605.1.15 Version/17.0 Mobile/15E148 Safari/604.1",
            Some("safari"),
            Some("ios"),
        );
        check("BAV2ROPC", None, None);
    }

    #[test]
    fn what_the_source_says_of_the_device_goes_before_the_user_agent() {
        let tool = tool(&SignIn {
            user_agent: Some("curl/8".to_owned()),
            device: Device {
                browser: Some("Chrome 118.0.0".to_owned()),
                operating_system: Some("Windows10".to_owned()),
                id: Some("AB".to_owned()),
                ..Device::default()
            },
            ..SignIn::default()
        });
        assert_eq!(tool.browser.as_deref(), Some("chrome"));
        assert_eq!(tool.operating_system.as_deref(), Some("windows"));
        assert_eq!(tool.device_id.as_deref(), Some("ab"));
    }
}
