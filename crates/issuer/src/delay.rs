//! How long somebody waits who got a password wrong again and again.

/// Wrong passwords of one account that cost nothing: people mistype.
pub const FREE_ACCOUNT_FAILURES: u32 = 5;

/// Wrong passwords from one address that cost nothing: many people may share it.
pub const FREE_ADDRESS_FAILURES: u32 = 20;

/// The longest wait. Then an account still gets four tries an hour: guessing is hopeless, and whoever guesses cannot keep
/// the owner out for good.
pub const LONGEST_SECONDS: u32 = 15 * 60;

/// How many seconds nobody may try again after so many failures in a row: 1 after the first that counts, then twice as
/// many each time.
pub fn seconds_after(failures: u32, free: u32) -> Option<u32> {
    let doublings = failures.checked_sub(free + 1)?;
    let seconds = 1_u32.checked_shl(doublings).unwrap_or(LONGEST_SECONDS);
    Some(seconds.min(LONGEST_SECONDS))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(failures: u32, expected: Option<u32>) {
        assert_eq!(
            seconds_after(failures, FREE_ACCOUNT_FAILURES),
            expected,
            "{failures}"
        );
    }

    #[test]
    fn some_failures_are_free_and_then_the_wait_doubles() {
        check(0, None);
        check(5, None);
        check(6, Some(1));
        check(7, Some(2));
        check(8, Some(4));
        check(15, Some(512));
        check(16, Some(900));
        check(u32::MAX, Some(900));
    }
}
