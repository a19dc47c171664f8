//! Distances against another formula by another language, and gaps against maps.

use super::*;
use model::whereabouts::Country;
use proptest::prelude::*;

/// Expected: Vincenty's formula on a sphere of the same radius, in Python.
fn check_distance(from: (f64, f64), to: (f64, f64), expected: f64) {
    let there = distance_km(from.0, from.1, to.0, to.1);
    let back = distance_km(to.0, to.1, from.0, from.1);
    assert!(
        (there - expected).abs() < 0.001,
        "{from:?} to {to:?}: {there}, not {expected}"
    );
    assert!(
        (there - back).abs() < 1e-9,
        "{from:?} to {to:?}: {there} there, {back} back"
    );
}

#[test]
fn distances_hold_everywhere_on_earth() {
    check_distance((52.52, 13.405), (48.8566, 2.3522), 877.4645);
    check_distance((40.7128, -74.006), (51.5074, -0.1278), 5570.2299);
    check_distance((-33.8688, 151.2093), (-36.8485, 174.7633), 2155.9013);
    check_distance((64.1466, -21.9426), (-53.1638, -70.9171), 13_707.45);
    // On the equator, and across it.
    check_distance((0.0, 0.0), (0.0, 1.0), 111.1951);
    check_distance((0.0, 0.0), (1.0, 0.0), 111.1951);
    check_distance((0.0, 0.0), (0.0, 90.0), 10_007.557);
    // Across the 180th meridian.
    check_distance((0.0, 179.5), (0.0, -179.5), 111.1951);
    check_distance((-17.0, 179.9), (-17.0, -179.9), 21.2673);
    // At the poles, where the longitude says nothing.
    check_distance((90.0, 0.0), (90.0, 123.0), 0.0);
    check_distance((89.9, 0.0), (89.9, 180.0), 22.239);
    check_distance((90.0, 0.0), (-90.0, 0.0), 20_015.114);
    // At the other end of the world, and next door.
    check_distance((0.0, 0.0), (0.0, 180.0), 20_015.114);
    check_distance((10.0, 20.0), (-10.0, -160.0), 20_015.114);
    check_distance((52.52, 13.405), (52.5201, 13.405), 0.0111);
    check_distance((52.52, 13.405), (52.52, 13.405), 0.0);
}

fn gap(one: &str, other: &str) -> Option<f64> {
    border_gap_km(Country::parse(one)?, Country::parse(other)?)
}

/// What a map says, in kilometres: no more than `most` (the bound may not be higher) and no less than `least`.
fn check_gap(one: &str, other: &str, least: f64, most: f64) {
    let there = gap(one, other).unwrap();
    assert!(
        (least..=most).contains(&there),
        "{one} to {other}: {there}, not {least} to {most}"
    );
    assert_eq!(gap(other, one), Some(there), "{other} to {one}");
}

#[test]
fn neighbours_are_not_apart() {
    for (one, other) in [
        ("PT", "ES"),
        ("DE", "FR"),
        ("DE", "PL"),
        ("CH", "AT"),
        ("IE", "GB"),
        ("ZA", "LS"),
        ("VA", "IT"),
        ("XK", "RS"),
        ("XK", "AL"),
        ("MA", "ES"),
        ("FR", "BR"),
        ("US", "CA"),
        ("US", "MX"),
        ("RU", "CN"),
        ("HK", "CN"),
        ("DE", "DE"),
    ] {
        check_gap(one, other, 0.0, 0.0);
    }
}

/// Measured on maps between the nearest points, by name.
#[test]
fn countries_over_the_sea_are_as_far_apart_as_their_nearest_shores() {
    // Dover and Cap Gris-Nez, 33 km; Jersey counts for GB, 22 km and, with the Ecrehous, some less.
    check_gap("GB", "FR", 8.0, 33.0);
    // North Rona or the Hebrides, and Iceland's south-east: 690 to 860.
    check_gap("IS", "GB", 600.0, 860.0);
    // The Macquarie and the Auckland Islands, 641; Tasmania and the South Island, 1,500.
    check_gap("AU", "NZ", 560.0, 641.0);
    // The Diomede Islands, 4 km.
    check_gap("US", "RU", 0.0, 4.0);
    // Cape Hatteras and Bermuda.
    check_gap("BM", "US", 980.0, 1_060.0);
    check_gap("FI", "EE", 30.0, 50.0);
    check_gap("JP", "KR", 40.0, 60.0);
    // Brittany is the nearest of France but for its parts in the Caribbean, 150 to 300 km from the Virgin Islands.
    check_gap("US", "FR", 100.0, 320.0);
    check_gap("US", "GB", 3_000.0, 4_500.0);
    check_gap("DE", "IN", 4_700.0, 5_500.0);
    check_gap("PT", "US", 2_500.0, 3_900.0);
}

#[test]
fn a_part_with_letters_of_its_own_is_a_country_of_its_own_too() {
    for (part, whole) in [
        ("GP", "FR"),
        ("RE", "FR"),
        ("PR", "US"),
        ("GI", "GB"),
        ("AX", "FI"),
        ("CW", "NL"),
    ] {
        check_gap(part, whole, 0.0, 0.0);
    }
    // Of Greenland's addresses none stands as Denmark's.
    check_gap("GL", "DK", 1_500.0, 2_800.0);
    check_gap("RE", "MU", 150.0, 180.0);
}

#[test]
fn letters_that_are_no_country_have_no_distance() {
    for code in ["ZZ", "EU", "UK", "AB"] {
        assert_eq!(gap(code, "DE"), None, "{code}");
        assert_eq!(gap("DE", code), None, "{code}");
        assert_eq!(gap(code, code), None, "{code}");
        assert_eq!(circle_of(Country::parse(code).unwrap()), None, "{code}");
    }
}

/// A country, a point of it, a point that is further from its middle than any of its own, and how large the circle may be.
fn check_circle(code: &str, inside: (f64, f64), outside: (f64, f64), most_km: f64) {
    let circle = circle_of(Country::parse(code).unwrap()).unwrap();
    let from_middle = |point: (f64, f64)| {
        distance_km(
            circle.latitude_degrees,
            circle.longitude_degrees,
            point.0,
            point.1,
        )
    };
    assert!(from_middle(inside) <= circle.radius_km, "{code}: {circle:?}");
    assert!(from_middle(outside) > circle.radius_km, "{code}: {circle:?}");
    assert!(circle.radius_km <= most_km, "{code}: {circle:?}");
}

#[test]
fn a_circle_has_all_of_a_country() {
    check_circle("DE", (54.9, 8.3), (48.86, 2.35), 480.0);
    check_circle("DE", (47.4, 10.2), (59.3, 18.1), 480.0);
    check_circle("IS", (65.5, -24.5), (62.0, -6.8), 300.0);
    // Both sides of the 180th meridian.
    check_circle("FJ", (-16.8, -179.9), (-21.2, -175.1), 600.0);
    check_circle("FJ", (-17.8, 177.3), (-15.4, 167.2), 600.0);
    // Hawaii and Guam are parts of it.
    check_circle("US", (21.3, -157.8), (-33.9, 18.4), 8_000.0);
    check_circle("VA", (41.903, 12.453), (41.8, 12.6), 5.0);
}

/// Every country that the table of addresses names.
#[test]
fn every_country_has_a_circle_and_a_distance() {
    let letters = (b'A'..=b'Z').flat_map(|a| (b'A'..=b'Z').map(move |b| [a, b]));
    let codes: Vec<Country> = letters
        .filter_map(|pair| Country::parse(std::str::from_utf8(&pair).ok()?))
        .filter(|code| circle_of(*code).is_some())
        .collect();
    assert_eq!(codes.len(), 251);
    for (place, one) in codes.iter().enumerate() {
        for other in &codes[..place] {
            let there = border_gap_km(*one, *other).unwrap();
            let (a, b) = (circle_of(*one).unwrap(), circle_of(*other).unwrap());
            let middles = distance_km(
                a.latitude_degrees,
                a.longitude_degrees,
                b.latitude_degrees,
                b.longitude_degrees,
            );
            // Some point of each country lies in its circle: the least distance is no more than that of the far ends.
            let most = (middles + a.radius_km + b.radius_km).min(20_016.0);
            assert!(there <= most, "{one} to {other}: {there} is more than {most}");
            // And all of it does: it is no less than that of the circles.
            let least = middles - a.radius_km - b.radius_km - 6.0;
            assert!(there >= least, "{one} to {other}: {there} is less than {least}");
            assert_eq!(border_gap_km(*other, *one), Some(there));
        }
    }
}

proptest! {
    #[test]
    fn no_way_is_longer_than_half_around_and_no_detour_is_shorter(
        a in (-90.0..=90.0_f64, -180.0..=180.0_f64),
        b in (-90.0..=90.0_f64, -180.0..=180.0_f64),
        c in (-90.0..=90.0_f64, -180.0..=180.0_f64),
    ) {
        let way = |from: (f64, f64), to: (f64, f64)| distance_km(from.0, from.1, to.0, to.1);
        prop_assert!((0.0..=std::f64::consts::PI * EARTH_RADIUS_KM + 1e-6).contains(&way(a, b)));
        prop_assert!(way(a, c) <= way(a, b) + way(b, c) + 1e-6);
        // Turning the globe changes nothing.
        prop_assert!((way(a, b) - way((a.0, a.1 + 360.0), b)).abs() < 1e-6);
        prop_assert!(way(a, a) < 1e-6);
    }
}
