//! Chance that is the same on every machine and in every release: SplitMix64, written here so that no crate can change it.

use uuid::{Builder, Uuid};

/// A stream of pseudo-random numbers. The same seed gives the same stream, for ever: golden files depend on it.
///
/// SplitMix64 (Steele, Lea and Flood, 2014): a counter that walks by the golden ratio, and a mixer over it. It is quick
/// and even enough for made-up people; it is not for secrets.
#[derive(Debug, Clone)]
pub struct Chance {
    counter: u64,
}

/// 2^64 divided by the golden ratio, made odd: consecutive counters then differ in about half of their bits.
const GOLDEN_STEP: u64 = 0x9E37_79B9_7F4A_7C15;

impl Chance {
    /// The stream of a seed.
    pub const fn new(seed: u64) -> Chance {
        Chance { counter: seed }
    }

    /// The stream that belongs to a seed and to some numbers (a person, a day …), so that what happens to one person does
    /// not depend on how many others there are.
    pub fn of(seed: u64, keys: &[u64]) -> Chance {
        let mut chance = Chance::new(seed);
        for key in keys {
            chance.counter = chance.number() ^ key.wrapping_mul(GOLDEN_STEP);
        }
        chance
    }

    /// The next number, any of 2^64.
    pub const fn number(&mut self) -> u64 {
        self.counter = self.counter.wrapping_add(GOLDEN_STEP);
        let mixed = (self.counter ^ (self.counter >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// A number from 0 up to, but without, `limit`; 0 if `limit` is 0.
    pub fn below(&mut self, limit: u64) -> u64 {
        ((u128::from(self.number()) * u128::from(limit)) >> 64) as u64
    }

    /// A number from `first` to `last`, both possible; `first` if the two are crossed.
    pub fn between(&mut self, first: i64, last: i64) -> i64 {
        let span = last.saturating_sub(first).max(0) as u64;
        first.saturating_add(self.below(span.saturating_add(1)) as i64)
    }

    /// A number around `middle`, at most `reach` away and seldom so far: the mean of three draws.
    pub fn around(&mut self, middle: i64, reach: i64) -> i64 {
        let sum = self.between(-reach, reach) + self.between(-reach, reach) + self.between(-reach, reach);
        middle + sum / 3
    }

    /// True this many times in a thousand.
    pub fn in_thousand(&mut self, times: u64) -> bool {
        self.below(1000) < times
    }

    /// One of a list, all equally likely. The list must not be empty.
    pub fn pick<'a, T>(&mut self, list: &'a [T]) -> &'a T {
        &list[self.below(list.len() as u64) as usize]
    }

    /// One of a list of words, all equally likely. The list must not be empty.
    pub fn word(&mut self, list: &[&'static str]) -> &'static str {
        list[self.below(list.len() as u64) as usize]
    }

    /// One of a list whose entries say how often they come. The list must not be empty.
    pub fn weighted<'a, T>(&mut self, list: &'a [(u32, T)]) -> &'a T {
        let total: u64 = list.iter().map(|(weight, _)| u64::from(*weight)).sum();
        let mut left = self.below(total);
        for (weight, entry) in list {
            if left < u64::from(*weight) {
                return entry;
            }
            left -= u64::from(*weight);
        }
        &list[0].1
    }

    /// A GUID of the random kind (RFC 9562, version 4), drawn from this stream.
    pub fn guid(&mut self) -> Uuid {
        let bytes = (u128::from(self.number()) << 64) | u128::from(self.number());
        Builder::from_random_bytes(bytes.to_be_bytes()).into_uuid()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The first numbers of the reference implementation (Vigna's splitmix64.c) for the seed 1234567.
    #[test]
    fn the_stream_is_that_of_the_reference_implementation() {
        let mut chance = Chance::new(1_234_567);
        let numbers: Vec<u64> = (0..5).map(|_| chance.number()).collect();
        let expected = [
            6_457_827_717_110_365_317,
            3_203_168_211_198_807_973,
            9_817_491_932_198_370_423,
            4_593_380_528_125_082_431,
            16_408_922_859_458_223_821,
        ];
        assert_eq!(numbers, expected);
    }

    #[test]
    fn draws_stay_within_their_bounds_and_reach_both_ends() {
        let mut chance = Chance::new(7);
        let draws: Vec<i64> = (0..2000).map(|_| chance.between(-3, 3)).collect();
        assert_eq!((draws.iter().min(), draws.iter().max()), (Some(&-3), Some(&3)));
        assert_eq!(chance.between(5, 5), 5);
        assert_eq!(chance.below(0), 0);
        assert_eq!(chance.below(1), 0);
    }

    #[test]
    fn weights_are_kept() {
        let mut chance = Chance::new(7);
        let heads = (0..10_000)
            .filter(|_| *chance.weighted(&[(3, true), (1, false)]))
            .count();
        assert!((7_300..7_700).contains(&heads), "{heads}");
    }

    #[test]
    fn other_keys_give_another_stream() {
        let first = Chance::of(1, &[2, 3]).number();
        assert_eq!(first, Chance::of(1, &[2, 3]).number());
        for other in [
            Chance::of(1, &[3, 2]),
            Chance::of(1, &[2]),
            Chance::of(2, &[2, 3]),
            Chance::new(1),
        ] {
            assert_ne!(first, other.clone().number());
        }
    }
}
