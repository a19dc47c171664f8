//! Answers to sign-ins that were taken: each counts once.

use model::time::Timestamp;
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

/// The most that are remembered. Each was asked for by this server within minutes.
const MOST: usize = 20_000;

/// What was taken, by its hash, until it would have ended anyway.
#[derive(Default)]
pub(crate) struct Once(Mutex<HashMap<[u8; 32], i64>>);

impl Once {
    /// Takes a text that ends at an instant (in seconds since 1970). `false` if it was taken before, or if too many were.
    pub(crate) fn take(&self, text: &str, ends: i64, now: Timestamp) -> bool {
        let name = *blake3::hash(text.as_bytes()).as_bytes();
        let mut taken = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if taken.len() >= MOST {
            taken.retain(|_, ends| *ends > now.unix_seconds());
        }
        if taken.len() >= MOST || taken.contains_key(&name) {
            return false;
        }
        taken.insert(name, ends);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_taken_once_and_there_is_room_again_when_others_have_ended() {
        let at = Timestamp::from_unix_seconds;
        let once = Once::default();
        assert!(once.take("a", 10, at(0)));
        assert!(!once.take("a", 10, at(5)));
        for number in 1..MOST {
            assert!(once.take(&number.to_string(), 20, at(0)));
        }
        assert!(!once.take("b", 30, at(9)), "full");
        assert!(once.take("b", 30, at(10)));
    }
}
