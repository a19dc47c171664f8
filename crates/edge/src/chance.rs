//! The one place that asks the machine for chance: unpredictable bytes, and GUIDs made of them.

use uuid::Uuid;

/// Unpredictable bytes, fit for secrets.
///
/// A machine without randomness must not answer anybody, so this ends the request (or the start) with a panic.
#[allow(clippy::expect_used)]
pub fn bytes<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    aws_lc_rs::rand::fill(&mut bytes).expect("the machine gives no random bytes");
    bytes
}

/// A fresh GUID of version 4.
pub fn guid() -> Uuid {
    uuid::Builder::from_random_bytes(bytes()).into_uuid()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_guid_is_of_version_4_and_never_the_same() {
        let (first, second) = (guid(), guid());
        assert_eq!(first.get_version_num(), 4);
        assert_ne!(first, second);
    }

    #[test]
    fn bytes_are_filled() {
        assert_ne!(bytes::<32>(), [0; 32]);
    }
}
