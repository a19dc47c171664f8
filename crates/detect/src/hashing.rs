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

    /// The bare function's published test values, each with our ending byte folded in by hand (Python).
    #[test]
    fn parts_do_not_run_into_each_other() {
        assert_eq!(number(&[]), 0xcbf2_9ce4_8422_2325);
        assert_ne!(number(&[b"ab", b"c"]), number(&[b"a", b"bc"]));
        assert_ne!(number(&[b"a", b""]), number(&[b"a"]));
    }
}
