//! Points on the ground, and the ways between them.

/// A point on the ground.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Position {
    /// Degrees north, -90 to 90.
    pub latitude_degrees: f64,
    /// Degrees east, -180 to 180.
    pub longitude_degrees: f64,
}

/// The radius of a ball with the earth's surface (authalic), in kilometres.
const EARTH_RADIUS_KM: f64 = 6371.007;
/// Kilometres of a degree of latitude.
const DEGREE_KM: f64 = 111.195;

impl Position {
    /// From degrees north and east.
    pub const fn new(latitude_degrees: f64, longitude_degrees: f64) -> Position {
        Position {
            latitude_degrees,
            longitude_degrees,
        }
    }

    /// The great circle between both, in kilometres (haversine; within half a percent of the ellipsoid).
    pub fn distance_km(self, other: Position) -> f64 {
        let (north, other_north) = (
            self.latitude_degrees.to_radians(),
            other.latitude_degrees.to_radians(),
        );
        let half_north = (other_north - north) / 2.0;
        let half_east = (other.longitude_degrees - self.longitude_degrees).to_radians() / 2.0;
        let haversine = half_north.sin().powi(2) + north.cos() * other_north.cos() * half_east.sin().powi(2);
        2.0 * EARTH_RADIUS_KM * haversine.clamp(0.0, 1.0).sqrt().asin()
    }

    /// This many kilometres further north and east; across the date line where need be, never across a pole.
    #[must_use]
    pub fn moved(self, north_km: f64, east_km: f64) -> Position {
        let latitude_degrees = (self.latitude_degrees + north_km / DEGREE_KM).clamp(-89.0, 89.0);
        let width_km = DEGREE_KM * latitude_degrees.to_radians().cos();
        Position {
            latitude_degrees,
            longitude_degrees: around(self.longitude_degrees + east_km / width_km),
        }
    }

    /// The point of the way to `other` after a share of it (0 to 1); for ways of some dozen kilometres.
    #[must_use]
    pub fn towards(self, other: Position, share: f64) -> Position {
        let east = around(other.longitude_degrees - self.longitude_degrees);
        Position {
            latitude_degrees: self.latitude_degrees
                + (other.latitude_degrees - self.latitude_degrees) * share,
            longitude_degrees: around(self.longitude_degrees + east * share),
        }
    }

    /// What the clock on the wall is ahead of UTC, in seconds: a whole hour for every 15 degrees, as at sea.
    pub fn clock_ahead_seconds(self) -> i64 {
        (self.longitude_degrees / 15.0).round() as i64 * 3600
    }

    /// Whether `other` may be within so many kilometres: quick, never wrong with a no.
    pub(crate) fn may_be_within(self, other: Position, kilometres: f64) -> bool {
        (self.latitude_degrees - other.latitude_degrees).abs() * DEGREE_KM <= kilometres * 1.01
    }
}

/// Degrees east between -180 and 180.
fn around(degrees: f64) -> f64 {
    (degrees + 180.0).rem_euclid(360.0) - 180.0
}

#[cfg(test)]
mod tests {
    use super::*;

    const BERLIN: Position = Position::new(52.52, 13.405);
    const NEW_YORK: Position = Position::new(40.7128, -74.006);
    const SUVA: Position = Position::new(-18.1416, 178.4419);
    const APIA: Position = Position::new(-13.8333, -171.7667);

    /// Expected kilometres on the WGS 84 ellipsoid, by GeographicLib's geodesic; ours is a ball.
    fn check_distance(from: Position, to: Position, expected_km: f64) {
        let km = from.distance_km(to);
        assert!((km - expected_km).abs() <= expected_km * 0.006 + 0.01, "{km}");
    }

    #[test]
    fn distances_are_those_of_the_globe() {
        check_distance(BERLIN, BERLIN, 0.0);
        check_distance(BERLIN, NEW_YORK, 6402.43);
        check_distance(SUVA, APIA, 1151.05);
        check_distance(Position::new(0.0, 0.0), Position::new(0.0, 180.0), 20_003.93);
    }

    #[test]
    fn a_way_across_the_date_line_does_not_go_around_the_globe() {
        let east = Position::new(-16.0, 179.9);
        let moved = east.moved(0.0, 30.0);
        assert!(moved.longitude_degrees < -179.0, "{moved:?}");
        assert!((east.distance_km(moved) - 30.0).abs() < 0.5);
        let middle = east.towards(moved, 0.5);
        assert!((east.distance_km(middle) - 15.0).abs() < 0.5, "{middle:?}");
    }

    #[test]
    fn the_clock_goes_by_the_sun() {
        assert_eq!(BERLIN.clock_ahead_seconds(), 3600);
        assert_eq!(NEW_YORK.clock_ahead_seconds(), -5 * 3600);
        assert_eq!(SUVA.clock_ahead_seconds(), 12 * 3600);
    }
}
