//! Failed tries by account or address, and how long the next one has to wait.

use issuer::delay::seconds_after;
use model::tenant::TenantId;
use model::time::{TICKS_PER_SECOND, Timestamp};
use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// How many accounts or addresses are remembered at the most. Each cost a hash, so they are not filled quickly.
const MOST: usize = 100_000;

/// Failures are forgotten after so long without another one.
const FORGOTTEN_AFTER_SECONDS: i64 = 3_600;

/// Failed tries by key. Keys are hashes: names that somebody made up are kept nowhere.
pub(crate) struct Tries {
    free: u32,
    by_key: Mutex<HashMap<[u8; 32], Failures>>,
}

#[derive(Clone, Copy)]
struct Failures {
    count: u32,
    last: Timestamp,
    delayed_until: Option<Timestamp>,
}

impl Tries {
    /// So many failures cost nothing.
    pub(crate) fn new(free: u32) -> Tries {
        Tries {
            free,
            by_key: Mutex::default(),
        }
    }

    /// How many seconds the next try has to wait, if it has to.
    pub(crate) fn wait(&self, key: &[u8; 32], now: Timestamp) -> Option<u32> {
        let until = self.held().get(key)?.delayed_until?;
        let ticks = until.ticks().saturating_sub(now.ticks());
        let seconds = ticks
            .saturating_add(TICKS_PER_SECOND - 1)
            .div_euclid(TICKS_PER_SECOND);
        u32::try_from(seconds).ok().filter(|seconds| *seconds > 0)
    }

    /// One more failure; answers until when the next try has to wait.
    pub(crate) fn fail(&self, key: &[u8; 32], now: Timestamp) -> Option<Timestamp> {
        let mut held = self.held();
        if held.len() >= MOST && !held.contains_key(key) {
            held.retain(|_, failures| !failures.is_forgotten(now));
        }
        if held.len() >= MOST && !held.contains_key(key) {
            held.retain(|_, failures| failures.delayed_until.is_some_and(|until| until > now));
        }
        if held.len() >= MOST && !held.contains_key(key) {
            held.clear();
        }
        let failures = held.entry(*key).or_insert(Failures {
            count: 0,
            last: now,
            delayed_until: None,
        });
        if failures.is_forgotten(now) {
            failures.count = 0;
        }
        failures.count = failures.count.saturating_add(1);
        failures.last = now;
        failures.delayed_until =
            seconds_after(failures.count, self.free).map(|seconds| now.plus_seconds(i64::from(seconds)));
        failures.delayed_until
    }

    /// What was written down before a restart, if nothing is known here and it is not long ago.
    pub(super) fn recall(
        &self,
        key: &[u8; 32],
        count: u32,
        delayed_until: Option<Timestamp>,
        now: Timestamp,
    ) {
        let recalled = Failures {
            count,
            last: delayed_until.unwrap_or(Timestamp::from_ticks(0)),
            delayed_until,
        };
        if !recalled.is_forgotten(now) {
            self.held().entry(*key).or_insert(recalled);
        }
    }

    /// A try that succeeded: failures are forgotten.
    pub(super) fn succeed(&self, key: &[u8; 32]) {
        self.held().remove(key);
    }

    fn held(&self) -> MutexGuard<'_, HashMap<[u8; 32], Failures>> {
        self.by_key.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Failures {
    fn is_forgotten(&self, now: Timestamp) -> bool {
        self.last.plus_seconds(FORGOTTEN_AFTER_SECONDS) <= now
            && self.delayed_until.is_none_or(|until| until <= now)
    }
}

/// The account of a name as it was typed, whether there is such a user or not.
pub(super) fn account_key(tenant: TenantId, name: &str) -> [u8; 32] {
    let mut hasher = blake3::Hasher::new();
    hasher.update(tenant.guid().as_bytes());
    hasher.update(name.trim().to_ascii_lowercase().as_bytes());
    *hasher.finalize().as_bytes()
}

/// An address; of IPv6 the network of 64 bits that one connection usually has to itself (RFC 6177).
pub(crate) fn address_key(address: IpAddr) -> [u8; 32] {
    let mut bytes = [0; 32];
    match address.to_canonical() {
        IpAddr::V4(address) => bytes[..4].copy_from_slice(&address.octets()),
        IpAddr::V6(address) => {
            bytes[..8].copy_from_slice(&address.octets()[..8]);
            bytes[31] = 6;
        }
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_unix_seconds(1_800_000_000);
    const KEY: [u8; 32] = [1; 32];
    const OTHER: [u8; 32] = [2; 32];

    /// Fails so many times at once.
    fn after(failures: u32) -> Tries {
        let tries = Tries::new(2);
        for _ in 0..failures {
            tries.fail(&KEY, NOW);
        }
        tries
    }

    #[test]
    fn the_wait_grows_with_each_failure_beyond_the_free_ones() {
        for (failures, expected) in [(0, None), (2, None), (3, Some(1)), (4, Some(2)), (5, Some(4))] {
            assert_eq!(after(failures).wait(&KEY, NOW), expected, "{failures}");
        }
        assert_eq!(
            after(5).wait(&OTHER, NOW),
            None,
            "another has nothing to do with it"
        );
    }

    #[test]
    fn a_wait_ends_and_the_next_failure_makes_a_longer_one() {
        let tries = after(4);
        assert_eq!(
            tries.wait(&KEY, NOW.plus_ticks(1)),
            Some(2),
            "a begun second counts whole"
        );
        assert_eq!(tries.wait(&KEY, NOW.plus_seconds(1)), Some(1));
        assert_eq!(tries.wait(&KEY, NOW.plus_seconds(2)), None);
        let later = NOW.plus_seconds(2);
        assert_eq!(tries.fail(&KEY, later), Some(later.plus_seconds(4)));
    }

    #[test]
    fn success_and_an_hour_forget() {
        let tries = after(5);
        tries.succeed(&KEY);
        assert_eq!(tries.fail(&KEY, NOW), None);
        let tries = after(5);
        let later = NOW.plus_seconds(FORGOTTEN_AFTER_SECONDS);
        assert_eq!(tries.fail(&KEY, later), None);
    }

    #[test]
    fn what_was_written_down_counts_after_a_restart_and_not_over_what_is_known() {
        let tries = Tries::new(2);
        tries.recall(&KEY, 7, Some(NOW.plus_seconds(9)), NOW);
        assert_eq!(tries.wait(&KEY, NOW), Some(9));
        tries.succeed(&KEY);
        tries.recall(&KEY, 7, Some(NOW.plus_seconds(-FORGOTTEN_AFTER_SECONDS)), NOW);
        tries.recall(&KEY, 3, None, NOW);
        assert_eq!(tries.fail(&KEY, NOW), None, "long ago, or never delayed");
        let tries = after(3);
        tries.recall(&KEY, 1, None, NOW);
        assert_eq!(tries.wait(&KEY, NOW), Some(1));
    }

    #[test]
    fn addresses_of_one_connection_share_a_key() {
        let key = |text: &str| address_key(text.parse().unwrap());
        assert_eq!(key("2001:db8::1"), key("2001:db8::ffff:1"));
        assert_ne!(key("2001:db8::1"), key("2001:db8:0:1::1"));
        assert_ne!(key("192.0.2.1"), key("192.0.2.2"));
        assert_eq!(key("192.0.2.1"), key("::ffff:192.0.2.1"));
        assert_ne!(key("32.1.13.184"), key("2001:db8::"));
    }

    #[test]
    fn names_are_told_apart_by_tenant_and_not_by_case() {
        let tenant = |number| TenantId::new(uuid::Uuid::from_u128(number));
        assert_eq!(
            account_key(tenant(1), "Alice@x.com "),
            account_key(tenant(1), "alice@X.com")
        );
        assert_ne!(
            account_key(tenant(1), "alice@x.com"),
            account_key(tenant(2), "alice@x.com")
        );
    }
}
