//! Entries of the history as bytes: sorted, so that each is told by what it differs in from the one before.

/// Entries that are packed together at the most: two kilobytes, a few of which fit on a page.
pub(super) const PART_ENTRIES: usize = 128;
/// A number of 64 bits takes as many bytes at the most.
const NUMBER_BYTES_MOST: usize = 10;

/// A subject occurs in an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::sqlite) struct Entry {
    /// [`model::batch::Subject::number`]
    pub(in crate::sqlite) subject: i64,
    /// The event's, in ticks.
    pub(in crate::sqlite) time: i64,
    /// The event's number in its month.
    pub(in crate::sqlite) event: i64,
}

/// Bytes that are no entries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("entries of the history cannot be unpacked: {0}")]
pub(super) struct Damaged(pub(super) &'static str);

/// Puts sorted entries in the place of what `bytes` hold: the least time and number, then for each entry how much larger its
/// subject is than the one before and its time and number than the least; numbers in groups of seven bits, the lowest first.
pub(super) fn pack(entries: &[Entry], bytes: &mut Vec<u8>) {
    debug_assert!(entries.is_sorted());
    bytes.clear();
    let base = base(entries);
    put(bytes, base.time as u64);
    put(bytes, base.event as u64);
    let mut before = base.subject;
    for entry in entries {
        // Differences wrap, so that they are exact over the whole range.
        put(bytes, entry.subject.wrapping_sub(before) as u64);
        put(bytes, entry.time.wrapping_sub(base.time) as u64);
        put(bytes, entry.event.wrapping_sub(base.event) as u64);
        before = entry.subject;
    }
}

/// Appends what bytes say. What was appended before an error stays.
pub(super) fn unpack(mut bytes: &[u8], entries: &mut Vec<Entry>) -> Result<(), Damaged> {
    let (time, event) = (take(&mut bytes)? as i64, take(&mut bytes)? as i64);
    let mut subject = 0_i64;
    while !bytes.is_empty() {
        subject = subject.wrapping_add(take(&mut bytes)? as i64);
        entries.push(Entry {
            subject,
            time: time.wrapping_add(take(&mut bytes)? as i64),
            event: event.wrapping_add(take(&mut bytes)? as i64),
        });
    }
    Ok(())
}

fn base(entries: &[Entry]) -> Entry {
    let least = |of: fn(&Entry) -> i64| entries.iter().map(of).min().unwrap_or_default();
    Entry {
        subject: 0,
        time: least(|entry| entry.time),
        event: least(|entry| entry.event),
    }
}

fn put(bytes: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        bytes.push(number as u8 | 0x80);
        number >>= 7;
    }
    bytes.push(number as u8);
}

fn take(bytes: &mut &[u8]) -> Result<u64, Damaged> {
    let mut number = 0;
    for (place, byte) in bytes.iter().take(NUMBER_BYTES_MOST).enumerate() {
        let bits = u64::from(byte & 0x7f);
        let shift = 7 * place as u32;
        if bits.leading_zeros() < shift {
            return Err(Damaged("a number is too large"));
        }
        number |= bits << shift;
        if byte & 0x80 == 0 {
            *bytes = &bytes[place + 1..];
            return Ok(number);
        }
    }
    Err(Damaged("a number does not end"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn entries() -> impl Strategy<Value = Vec<Entry>> {
        let entry = (any::<i64>(), any::<i64>(), any::<i64>());
        prop::collection::vec(entry, 0..PART_ENTRIES).prop_map(|entries| {
            let mut entries: Vec<Entry> = entries
                .into_iter()
                .map(|(subject, time, event)| Entry { subject, time, event })
                .collect();
            entries.sort();
            entries
        })
    }

    fn check(bytes: &[u8], expected: Result<&[(i64, i64, i64)], Damaged>) {
        let mut found = Vec::new();
        let ended = unpack(bytes, &mut found);
        let found: Vec<_> = found
            .iter()
            .map(|one| (one.subject, one.time, one.event))
            .collect();
        assert_eq!(ended.map(|()| found.as_slice()), expected);
    }

    #[test]
    fn bytes_say_what_their_description_says() {
        check(&[5, 0, 3, 1, 0], Ok(&[(3, 6, 0)]));
        check(&[0, 7, 0x80, 1, 0, 0, 2, 1, 1], Ok(&[(128, 0, 7), (130, 1, 8)]));
        check(&[0, 0], Ok(&[]));
    }

    #[test]
    fn bytes_that_are_cut_or_too_large_are_refused() {
        let no_end = Err(Damaged("a number does not end"));
        check(&[], no_end);
        check(&[0, 0, 3, 1], no_end);
        check(&[0x80; 12], no_end);
        let too_large = [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x02];
        check(&too_large, Err(Damaged("a number is too large")));
    }

    proptest! {
        #[test]
        fn what_is_packed_comes_out_as_it_was(entries in entries()) {
            let (mut bytes, mut found) = (Vec::new(), Vec::new());
            pack(&entries, &mut bytes);
            prop_assert_eq!(unpack(&bytes, &mut found), Ok(()));
            prop_assert_eq!(found, entries);
        }

        #[test]
        fn no_bytes_are_too_much(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
            let mut found = Vec::new();
            // Whatever it says, it ends and takes no more room than the bytes.
            let _ = unpack(&bytes, &mut found);
            prop_assert!(found.len() <= bytes.len());
        }
    }
}
