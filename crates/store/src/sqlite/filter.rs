//! Says for most new keys at once that a month does not hold them, so that new events cost no look-up in other months.

/// Bits for each key; with sixteen probes about 0.001 % of new keys are looked up in vain at each stage. A look in vain goes
/// through every slot of a month, some milliseconds, so it must be rare.
const BITS_PER_KEY: usize = 24;
const PROBES: u64 = 16;
const FIRST_CAPACITY: usize = 1_024;

/// A Bloom filter that grows by stages of double size. Keys are uniform already (UUIDv5), so their halves are the hashes.
#[derive(Debug)]
pub(super) struct KeyFilter {
    stages: Vec<Stage>,
}

#[derive(Debug)]
struct Stage {
    bits: Vec<u64>,
    left: usize,
}

impl KeyFilter {
    pub(super) fn with_capacity(keys: usize) -> KeyFilter {
        KeyFilter {
            stages: vec![Stage::new(keys.max(FIRST_CAPACITY))],
        }
    }

    pub(super) fn insert(&mut self, key: &[u8; 16]) {
        let full = self.stages.last().is_none_or(|stage| stage.left == 0);
        if full {
            let capacity = self
                .stages
                .last()
                .map_or(FIRST_CAPACITY, |stage| stage.bits.len() * 64 / BITS_PER_KEY * 2);
            self.stages.push(Stage::new(capacity));
        }
        let Some(stage) = self.stages.last_mut() else {
            return;
        };
        for bit in probes(key, stage.bits.len()) {
            stage.bits[bit / 64] |= 1 << (bit % 64);
        }
        stage.left -= 1;
    }

    /// `false` is certain.
    pub(super) fn may_hold(&self, key: &[u8; 16]) -> bool {
        self.stages.iter().any(|stage| {
            probes(key, stage.bits.len()).all(|bit| stage.bits[bit / 64] & (1 << (bit % 64)) != 0)
        })
    }
}

impl Stage {
    fn new(keys: usize) -> Stage {
        Stage {
            bits: vec![0; (keys * BITS_PER_KEY).div_ceil(64)],
            left: keys,
        }
    }
}

fn probes(key: &[u8; 16], words: usize) -> impl Iterator<Item = usize> {
    let half = |from: usize| {
        let mut bytes = [0; 8];
        bytes.copy_from_slice(&key[from..from + 8]);
        u64::from_le_bytes(bytes)
    };
    let (first, step) = (half(0), half(8) | 1);
    let bits = words as u128 * 64;
    // The share of the whole range that a hash stands at: cheaper than a remainder.
    (0..PROBES).map(move |probe| {
        let hash = first.wrapping_add(step.wrapping_mul(probe));
        ((u128::from(hash) * bits) >> 64) as usize
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(number: u32) -> [u8; 16] {
        let mut key = [0; 16];
        key.copy_from_slice(
            &uuid::Uuid::new_v5(&uuid::Uuid::NAMESPACE_OID, &number.to_le_bytes()).into_bytes(),
        );
        key
    }

    #[test]
    fn it_never_forgets_and_seldom_errs() {
        let mut filter = KeyFilter::with_capacity(0);
        for number in 0..50_000 {
            filter.insert(&key(number));
        }
        assert!((0..50_000).all(|number| filter.may_hold(&key(number))));
        let wrong = (50_000..100_000)
            .filter(|number| filter.may_hold(&key(*number)))
            .count();
        assert!(wrong < 12, "{wrong} of 50,000 new keys would be looked up");
    }
}
