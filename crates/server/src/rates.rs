//! How often an address or an application may ask for tokens, and how often an address may try to sign in.

use crate::config::Limits;
use governor::clock::{Clock, DefaultClock};
use governor::state::keyed::HashMapStateStore;
use governor::{Quota, RateLimiter};
use std::hash::Hash;
use std::net::IpAddr;
use std::num::NonZeroU32;
use std::sync::atomic::{AtomicU32, Ordering};
use uuid::Uuid;

/// After so many requests those who were quiet are forgotten, so that addresses cannot pile up.
const TIDY_EVERY: u32 = 1_024;

/// The buckets of every address and application. Each holds a minute's worth and fills evenly (GCRA).
pub struct Rates {
    tokens_of_addresses: Rate<IpAddr>,
    tokens_of_clients: Rate<Uuid>,
    sign_ins_of_addresses: Rate<IpAddr>,
}

struct Rate<K: Hash + Eq + Clone> {
    buckets: RateLimiter<K, HashMapStateStore<K>, DefaultClock>,
    asked: AtomicU32,
}

impl Rates {
    /// With the limits of the configuration.
    pub fn new(limits: &Limits) -> Rates {
        Rates {
            tokens_of_addresses: Rate::per_minute(limits.tokens_per_minute),
            tokens_of_clients: Rate::per_minute(limits.tokens_per_minute),
            sign_ins_of_addresses: Rate::per_minute(limits.sign_ins_per_minute),
        }
    }

    /// An address asks for a token. An error is the number of seconds after which it may again.
    pub fn token_of_address(&self, address: IpAddr) -> Result<(), u64> {
        self.tokens_of_addresses.take(&network(address))
    }

    /// An application asks for a token, from wherever.
    pub fn token_of_client(&self, client_id: Uuid) -> Result<(), u64> {
        self.tokens_of_clients.take(&client_id)
    }

    /// An address sends a form of the sign-in pages.
    pub fn sign_in_of_address(&self, address: IpAddr) -> Result<(), u64> {
        self.sign_ins_of_addresses.take(&network(address))
    }
}

impl<K: Hash + Eq + Clone> Rate<K> {
    fn per_minute(count: u32) -> Rate<K> {
        let count = NonZeroU32::new(count).unwrap_or(NonZeroU32::MIN);
        Rate {
            buckets: RateLimiter::hashmap(Quota::per_minute(count)),
            asked: AtomicU32::new(0),
        }
    }

    fn take(&self, key: &K) -> Result<(), u64> {
        if self.asked.fetch_add(1, Ordering::Relaxed) % TIDY_EVERY == TIDY_EVERY - 1 {
            self.buckets.retain_recent();
        }
        self.buckets.check_key(key).map_err(|not_until| {
            let wait = not_until.wait_time_from(self.buckets.clock().now());
            wait.as_secs() + 1
        })
    }
}

/// Of an IPv6 address the network of 64 bits that one connection usually has to itself (RFC 6177).
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => {
            let bits = u128::from(address) >> 64 << 64;
            IpAddr::V6(bits.into())
        }
        address @ IpAddr::V4(_) => address,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::config;

    fn rates() -> Rates {
        let settings = [
            ("limits.tokens_per_minute", "3"),
            ("limits.sign_ins_per_minute", "2"),
        ];
        Rates::new(&config(&settings).limits)
    }

    fn address(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn a_minutes_worth_is_given_at_once_and_then_a_wait_is_told() {
        let rates = rates();
        for _ in 0..3 {
            assert_eq!(rates.token_of_address(address("192.0.2.1")), Ok(()));
        }
        let wait = rates.token_of_address(address("192.0.2.1")).unwrap_err();
        assert!((1..=21).contains(&wait), "{wait}");
        assert_eq!(
            rates.token_of_address(address("192.0.2.2")),
            Ok(()),
            "another address"
        );
    }

    #[test]
    fn an_application_is_limited_from_wherever_it_asks() {
        let rates = rates();
        for _ in 0..3 {
            assert_eq!(rates.token_of_client(Uuid::from_u128(1)), Ok(()));
        }
        assert!(rates.token_of_client(Uuid::from_u128(1)).is_err());
        assert_eq!(rates.token_of_client(Uuid::from_u128(2)), Ok(()));
    }

    #[test]
    fn addresses_of_one_connection_share_a_bucket() {
        let rates = rates();
        assert_eq!(rates.sign_in_of_address(address("2001:db8::1")), Ok(()));
        assert_eq!(rates.sign_in_of_address(address("2001:db8::2")), Ok(()));
        assert!(rates.sign_in_of_address(address("2001:db8::3")).is_err());
        assert_eq!(rates.sign_in_of_address(address("2001:db8:0:1::3")), Ok(()));
    }

    #[test]
    fn quiet_addresses_are_forgotten() {
        let rate: Rate<u32> = Rate::per_minute(u32::MAX);
        for key in 0..TIDY_EVERY * 3 {
            assert_eq!(rate.take(&key), Ok(()));
        }
        assert!(
            rate.buckets.len() <= TIDY_EVERY as usize,
            "{}",
            rate.buckets.len()
        );
    }
}
