//! A small atlas made up over real cities, for tests and for a judge without databases: its addresses are nobody's in truth.

use crate::atlas::{Atlas, Block, Use};
use crate::geo::Position;
use model::whereabouts::Country;
use std::net::Ipv4Addr;
use std::sync::Arc;

/// Cities with their country and about where they are: degrees north and east.
const CITIES: &[(&str, &str, f64, f64)] = &[
    ("DE", "Berlin", 52.52, 13.41),
    ("DE", "Hamburg", 53.55, 9.99),
    ("DE", "Munich", 48.14, 11.58),
    ("DE", "Freiburg", 47.99, 7.85),
    ("FR", "Paris", 48.86, 2.35),
    ("FR", "Lyon", 45.76, 4.84),
    ("FR", "Strasbourg", 48.58, 7.75),
    ("FR", "Mulhouse", 47.75, 7.34),
    ("CH", "Basel", 47.56, 7.59),
    ("CH", "Zurich", 47.38, 8.54),
    ("CH", "Geneva", 46.20, 6.14),
    ("AT", "Vienna", 48.21, 16.37),
    ("SK", "Bratislava", 48.15, 17.11),
    ("GB", "London", 51.51, -0.13),
    ("GB", "Manchester", 53.48, -2.24),
    ("IE", "Dublin", 53.35, -6.26),
    ("NL", "Amsterdam", 52.37, 4.90),
    ("PL", "Warsaw", 52.23, 21.01),
    ("ES", "Madrid", 40.42, -3.70),
    ("IT", "Milan", 45.46, 9.19),
    ("SE", "Malmo", 55.60, 13.00),
    ("DK", "Copenhagen", 55.68, 12.57),
    ("US", "New York", 40.71, -74.01),
    ("US", "Chicago", 41.88, -87.63),
    ("US", "Dallas", 32.78, -96.80),
    ("US", "Seattle", 47.61, -122.33),
    ("US", "San Diego", 32.72, -117.16),
    ("MX", "Tijuana", 32.51, -117.04),
    ("MX", "Mexico City", 19.43, -99.13),
    ("CA", "Toronto", 43.65, -79.38),
    ("CA", "Vancouver", 49.28, -123.12),
    ("BR", "Sao Paulo", -23.55, -46.63),
    ("BR", "Macapa", 0.03, -51.07),
    ("EC", "Quito", -0.18, -78.47),
    ("KE", "Nairobi", -1.29, 36.82),
    ("UG", "Kampala", 0.35, 32.58),
    ("SG", "Singapore", 1.35, 103.82),
    ("MY", "Johor Bahru", 1.49, 103.74),
    ("ID", "Pontianak", -0.03, 109.33),
    ("JP", "Tokyo", 35.68, 139.69),
    ("KR", "Seoul", 37.57, 126.98),
    ("IN", "Mumbai", 19.08, 72.88),
    ("IN", "Delhi", 28.61, 77.21),
    ("NG", "Lagos", 6.52, 3.38),
    ("ZA", "Johannesburg", -26.20, 28.05),
    ("RU", "Moscow", 55.76, 37.62),
    ("CN", "Shanghai", 31.23, 121.47),
    ("AU", "Sydney", -33.87, 151.21),
    ("NZ", "Gisborne", -38.66, 178.02),
    ("FJ", "Suva", -18.14, 178.44),
    ("WS", "Apia", -13.83, -171.77),
    ("TO", "Nukualofa", -21.14, -175.20),
];

/// The atlas: for each city 3 blocks of homes, and a block of each other use.
pub fn atlas() -> Atlas {
    let mut blocks = Vec::new();
    let mut next: u32 = Ipv4Addr::new(21, 0, 0, 0).to_bits();
    for (number, (code, city, north, east)) in CITIES.iter().enumerate() {
        let Some(country) = Country::parse(code) else {
            continue;
        };
        let number = number as u32;
        let carrier = 64_600 + u32::from(code.as_bytes()[0]) * 26 + u32::from(code.as_bytes()[1]);
        let uses = [
            (Use::Residential, 4_200_000_000 + number),
            (Use::Residential, 4_200_000_000 + number),
            (Use::Residential, 4_200_001_000 + number),
            (Use::Mobile, carrier),
            (Use::Hosting, 4_200_002_000 + number % 9),
            (Use::Vpn, 4_200_003_000 + number % 4),
            (Use::Tor, 4_200_002_000 + number % 9),
            (Use::Corporate, 4_200_004_000 + number),
            (Use::Relay, 4_200_005_000),
        ];
        for (used_for, network) in uses {
            blocks.push(Block {
                first: Ipv4Addr::from_bits(next),
                addresses: 256,
                country,
                city: Arc::from(*city),
                position: Position::new(*north, *east),
                network,
                network_name: Arc::from(format!("{} of {city}", used_for.as_str())),
                used_for,
            });
            next += 256;
        }
    }
    Atlas::new(blocks)
}
