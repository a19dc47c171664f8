//! Small numbers for texts, the same in every version and on every machine, since they are kept in snapshots.

/// FNV-1a with 64 bits over parts, each ended by a byte that no UTF-8 text has.
pub(crate) fn number(parts: &[&[u8]]) -> u64 {
    let mut hash: u64 = 0xcbf2_9ce4_8422_2325;
    let mut add = |byte: u8| {
        hash ^= u64::from(byte);
        hash = hash.wrapping_mul(0x0000_0100_0000_01b3);
    };
    for part in parts {
        for byte in *part {
            add(*byte);
        }
        add(0xff);
    }
    hash
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Expected values by a few lines of Python: numbers that are kept must never change.
    #[test]
    fn numbers_are_those_of_any_other_implementation() {
        assert_eq!(number(&[]), 0xcbf2_9ce4_8422_2325);
        assert_eq!(number(&[b"ab", b"c"]), 0x20ba_9b30_25a8_b421);
        assert_eq!(number(&[b"contoso"]), 0x4173_749b_61be_af8d);
    }

    #[test]
    fn parts_do_not_run_into_each_other() {
        assert_ne!(number(&[b"ab", b"c"]), number(&[b"a", b"bc"]));
        assert_ne!(number(&[b"a", b""]), number(&[b"a"]));
    }
}
