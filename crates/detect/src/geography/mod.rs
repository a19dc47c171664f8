//! Distances on the earth.

/// The earth's mean radius in kilometres (IUGG).
const EARTH_KM: f64 = 6_371.008_8;

/// The great-circle distance of two points, each in degrees north and east, in kilometres: by the haversine formula, which is exact
/// enough everywhere but for points that lie opposite each other (a few kilometres there). The earth taken for a sphere is wrong by 0.6 %.
pub(crate) fn distance_km(from: (f64, f64), to: (f64, f64)) -> f64 {
    let (from_north, to_north) = (from.0.to_radians(), to.0.to_radians());
    let north = to_north - from_north;
    let east = (to.1 - from.1).to_radians();
    let chord = (north / 2.0).sin().powi(2) + from_north.cos() * to_north.cos() * (east / 2.0).sin().powi(2);
    2.0 * EARTH_KM * chord.sqrt().min(1.0).asin()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Expected values by Python, with the formula of the central angle by arctangents.
    fn check(from: (f64, f64), to: (f64, f64), expected_km: f64) {
        for (from, to) in [(from, to), (to, from)] {
            let km = distance_km(from, to);
            assert!(
                (km - expected_km).abs() < 0.5,
                "{from:?} {to:?}: {km} for {expected_km}"
            );
        }
    }

    #[test]
    fn distances_hold_everywhere() {
        check((52.52, 13.405), (52.52, 13.405), 0.0);
        check((52.52, 13.405), (6.45, 3.39), 5_203.8);
        check((0.0, 0.0), (0.0, 1.0), 111.2);
        check((0.0, 179.5), (0.0, -179.5), 111.2);
        check((89.0, 0.0), (89.0, 180.0), 222.4);
        check((90.0, 0.0), (-90.0, 120.0), 20_015.1);
    }
}
