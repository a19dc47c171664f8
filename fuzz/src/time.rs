//! Any text as a time: never a panic, what is printed is read again, and `jiff` reads the same instant.

use model::time::{Month, Timestamp};

/// Takes the bytes for the text of a time.
pub fn check(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let Ok(time) = Timestamp::parse_vendor(&text) else {
        return;
    };
    assert!((Timestamp::MIN..=Timestamp::MAX).contains(&time));
    let printed = time.to_string();
    assert_eq!(
        Timestamp::parse_vendor(&printed),
        Ok(time),
        "{text} was printed as {printed}"
    );

    let month = time.month();
    assert!(
        month.start() <= time && time <= month.end(),
        "{time} is not in {month}"
    );
    assert_eq!(Month::parse(&month.to_string()), Some(month));
    assert!(time.day_start() <= time.hour_start() && time.hour_start() <= time);
    agrees_with_jiff(text.trim(), time);
}

/// Another hand's reader of ISO 8601. Beyond the years 0001 to 9999 ours stays at the end, and leap seconds are a matter
/// of taste.
fn agrees_with_jiff(text: &str, ours: Timestamp) {
    let Ok(theirs) = text.parse::<jiff::Timestamp>() else {
        return;
    };
    if ours == Timestamp::MIN || ours == Timestamp::MAX || text.contains("60") {
        return;
    }
    let ticks = theirs.as_nanosecond().div_euclid(100);
    assert_eq!(i128::from(ours.ticks()), ticks, "{text}: {ours} and {theirs}");
}
