//! Distances on the ground: between two spots, and the least between two countries.

mod borders;

pub use borders::{Circle, border_gap_km, circle_of};

/// The mean radius of the Earth (IUGG, R1), in kilometres. The true figure departs from a sphere by 0.6 % at the most.
pub const EARTH_RADIUS_KM: f64 = 6_371.008_8;

/// The great-circle distance of two spots in kilometres; latitudes and longitudes in degrees north and east.
///
/// By the haversine, which is exact for near spots, and the arc's tangent of two sides, which is so for opposite ones, too.
pub fn distance_km(from_latitude: f64, from_longitude: f64, to_latitude: f64, to_longitude: f64) -> f64 {
    let (from, to) = (from_latitude.to_radians(), to_latitude.to_radians());
    let half_north = (to - from) / 2.0;
    let half_east = (to_longitude - from_longitude).to_radians() / 2.0;
    let haversine = half_north.sin().powi(2) + from.cos() * to.cos() * half_east.sin().powi(2);
    let haversine = haversine.clamp(0.0, 1.0);
    2.0 * EARTH_RADIUS_KM * haversine.sqrt().atan2((1.0 - haversine).sqrt())
}

#[cfg(test)]
mod tests;
