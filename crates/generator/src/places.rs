//! Cities where made-up people live, work and travel, and the addresses they have there.

use crate::chance::Chance;

/// A city as Entra writes it into a sign-in, with the hours by which its clocks differ from UTC.
#[derive(Debug)]
pub(crate) struct City {
    pub(crate) name: &'static str,
    pub(crate) state: &'static str,
    /// ISO 3166-1 alpha-2.
    pub(crate) country: &'static str,
    /// Degrees north.
    pub(crate) latitude: f64,
    /// Degrees east.
    pub(crate) longitude: f64,
    /// Minutes ahead of UTC in winter; summer time would make no difference to anybody here.
    pub(crate) utc_offset_minutes: i64,
}

/// Where an address is used; every kind has a part of the documentation ranges of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Network {
    /// The company's own line in a city.
    Office,
    /// A person's line at home.
    Home,
    /// A telephone company.
    Mobile,
    /// A hotel, a conference, a train.
    Away,
    /// A rented machine that guesses passwords.
    Stranger,
    /// Where applications run.
    Cloud,
}

/// The greatest lead of local time over UTC, in hours, that any entry of the table may have.
pub(crate) const GREATEST_OFFSET_HOURS: i64 = 14;

/// The cities. Their order is part of what a seed means: add at the end.
pub(crate) const CITIES: &[City] = &[
    city("Redmond", "Washington", "US", 47.674, -122.1215, -480),
    city("London", "England", "GB", 51.5074, -0.1278, 0),
    city("Berlin", "Berlin", "DE", 52.52, 13.405, 60),
    city("Paris", "Paris", "FR", 48.8566, 2.3522, 60),
    city("New York", "New York", "US", 40.7128, -74.006, -300),
    city("Singapore", "Central Singapore", "SG", 1.3521, 103.8198, 480),
    city("Sydney", "New South Wales", "AU", -33.8688, 151.2093, 600),
    city("Toronto", "Ontario", "CA", 43.6532, -79.3832, -300),
    city("Amsterdam", "Noord-Holland", "NL", 52.3676, 4.9041, 60),
    city("Zurich", "Zurich", "CH", 47.3769, 8.5417, 60),
    city("Munich", "Bayern", "DE", 48.1351, 11.582, 60),
    city("Madrid", "Madrid", "ES", 40.4168, -3.7038, 60),
    city("Milan", "Lombardia", "IT", 45.4642, 9.19, 60),
    city("Warsaw", "Mazowieckie", "PL", 52.2297, 21.0122, 60),
    city("Stockholm", "Stockholm", "SE", 59.3293, 18.0686, 60),
    city("Copenhagen", "Hovedstaden", "DK", 55.6761, 12.5683, 60),
    city("Vienna", "Wien", "AT", 48.2082, 16.3738, 60),
    city("Dublin", "Dublin", "IE", 53.3498, -6.2603, 0),
    city("Lisbon", "Lisboa", "PT", 38.7223, -9.1393, 0),
    city("Athens", "Attiki", "GR", 37.9838, 23.7275, 120),
    city("Helsinki", "Uusimaa", "FI", 60.1699, 24.9384, 120),
    city("Istanbul", "Istanbul", "TR", 41.0082, 28.9784, 180),
    city("Cairo", "Al Qahirah", "EG", 30.0444, 31.2357, 120),
    city("Lagos", "Lagos", "NG", 6.5244, 3.3792, 60),
    city("Nairobi", "Nairobi City", "KE", -1.2921, 36.8219, 180),
    city("Cape Town", "Western Cape", "ZA", -33.9249, 18.4241, 120),
    city("Dubai", "Dubayy", "AE", 25.2048, 55.2708, 240),
    city("Mumbai", "Maharashtra", "IN", 19.076, 72.8777, 330),
    city("Bengaluru", "Karnataka", "IN", 12.9716, 77.5946, 330),
    city("Bangkok", "Krung Thep", "TH", 13.7563, 100.5018, 420),
    city("Jakarta", "Jakarta Raya", "ID", -6.2088, 106.8456, 420),
    city("Hong Kong", "Hong Kong", "HK", 22.3193, 114.1694, 480),
    city("Seoul", "Seoul", "KR", 37.5665, 126.978, 540),
    city("Tokyo", "Tokyo", "JP", 35.6762, 139.6503, 540),
    city("Auckland", "Auckland", "NZ", -36.8509, 174.7645, 720),
    city("São Paulo", "Sao Paulo", "BR", -23.5505, -46.6333, -180),
    city(
        "Buenos Aires",
        "Ciudad Autonoma de Buenos Aires",
        "AR",
        -34.6037,
        -58.3816,
        -180,
    ),
    city("Mexico City", "Ciudad de Mexico", "MX", 19.4326, -99.1332, -360),
    city("Chicago", "Illinois", "US", 41.8781, -87.6298, -360),
    city("Denver", "Colorado", "US", 39.7392, -104.9903, -420),
    city("San Francisco", "California", "US", 37.7749, -122.4194, -480),
];

/// An address in a city. Only the ranges that RFC 5737 and RFC 3849 keep for documentation are used, and each address
/// belongs to one city, so that a place can be trusted. A person has the same address in the same network from day to day; only a
/// telephone is given another one each time.
pub(crate) fn address(network: Network, city: usize, person: u32, chance: &mut Chance) -> String {
    match network {
        Network::Office => format!("192.0.2.{}", city * 5 + 1 + person as usize % 5),
        Network::Home => {
            let prefix = 0x1000 + city as u32;
            format!(
                "2001:db8:{prefix:x}:{:x}:{:x}::{:x}",
                // The /64 is what a household has for itself.
                person & 0xffff,
                person >> 16,
                2 + person % 8
            )
        }
        Network::Mobile => format!("198.51.100.{}", city * 5 + 1 + chance.below(5) as usize),
        Network::Away => format!("203.0.113.{}", city * 4 + 1 + person as usize % 4),
        Network::Stranger => format!("203.0.113.{}", 210 + city % 41),
        Network::Cloud => {
            format!("2001:db8:ff00:{city:x}::{:x}:{:x}", person >> 16, person & 0xffff)
        }
    }
}

const fn city(
    name: &'static str,
    state: &'static str,
    country: &'static str,
    latitude: f64,
    longitude: f64,
    utc_offset_minutes: i64,
) -> City {
    City {
        name,
        state,
        country,
        latitude,
        longitude,
        utc_offset_minutes,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashMap;
    use std::net::IpAddr;

    #[test]
    fn every_address_is_a_documentation_address_and_belongs_to_one_city() {
        let mut chance = Chance::new(1);
        let mut owners: HashMap<String, usize> = HashMap::new();
        for city in 0..CITIES.len() {
            for network in [
                Network::Office,
                Network::Home,
                Network::Mobile,
                Network::Away,
                Network::Stranger,
                Network::Cloud,
            ] {
                for person in [0, 7, 70_000, u32::MAX - 1] {
                    let text = address(network, city, person, &mut chance);
                    let documented = match text.parse::<IpAddr>().unwrap() {
                        IpAddr::V4(v4) => v4.is_documentation(),
                        IpAddr::V6(v6) => v6.segments()[..2] == [0x2001, 0x0db8],
                    };
                    assert!(documented, "{text}");
                    let owner = owners.entry(text.clone()).or_insert(city);
                    assert_eq!(*owner, city, "{text}");
                }
            }
        }
    }

    #[test]
    fn the_table_is_about_places_on_earth() {
        for city in CITIES {
            assert!(
                city.latitude.abs() < 66.0 && city.longitude.abs() <= 180.0,
                "{city:?}"
            );
            // The sun is the oldest clock: an hour is 15 degrees, and no city of the table strays three hours from it.
            let solar_minutes = city.longitude * 4.0;
            assert!(
                (city.utc_offset_minutes as f64 - solar_minutes).abs() < 130.0,
                "{city:?}"
            );
            assert!(city.utc_offset_minutes <= GREATEST_OFFSET_HOURS * 60, "{city:?}");
            assert!(city.country.len() == 2, "{city:?}");
        }
    }
}
