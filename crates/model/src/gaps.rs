//! Finds what is missing from a source: hours against its habit, and numbers of uploads that never came.

/// Hours of a week.
const WEEK: i64 = 168;
/// Of the 168 hours before a silence, so many had events in a source that always has some: 95 %. An hour of the week that was
/// silent twice before is none of them: it may be when the vendor's service rests.
const ALWAYS: usize = 160;
/// The weeks that make a habit for an hour of the week …
const WEEKS: i64 = 4;
/// … and in how many of them there were events in that hour.
const WEEKS_WITH_EVENTS: usize = 3;
/// A silence is a gap only where so many events were to be expected in it. Where events come independently, as many fail to
/// come by chance once in some twenty thousand silences; a source with three events an hour is silent for an hour now and then.
const SURPRISING_EVENTS: f64 = 10.0;
/// A habit for hours of the week is believed for so many hours of silence; what never ends is another habit.
const LONGEST_HABIT: i64 = 8 * WEEK;

/// The hours in which a source has no events although it is its habit to have some, as stretches with both ends included.
///
/// `hours` are the hours (numbered since 1970) with events and how many, in order. Only hours before `until`, the present one,
/// are looked at, and only those after which others came: a source that is silent now may be slow. A silence is judged by what
/// was before it, so that a long one does not wear off its own habit.
pub fn missing_hours(hours: &[(i64, u64)], until: i64) -> Vec<(i64, i64)> {
    let mut missing = Vec::new();
    for (index, pair) in hours.windows(2).enumerate() {
        let (before, after) = (pair[0].0, pair[1].0);
        let last = after.min(until) - 1;
        if last > before {
            silence(&hours[..=index], before + 1, last, &mut missing);
        }
    }
    missing
}

/// The missing hours of one silence from `first` to `last`; `heard` is what came before it.
fn silence(heard: &[(i64, u64)], first: i64, last: i64, missing: &mut Vec<(i64, i64)>) {
    let week = &heard[heard.partition_point(|(hour, _)| *hour < first - WEEK)..];
    let mean_of_always = (week.len() >= ALWAYS).then(|| {
        let events: u64 = week.iter().map(|(_, events)| events).sum();
        events as f64 / WEEK as f64
    });
    let mut expected = 0.0;
    let mut found: Vec<(i64, i64)> = Vec::new();
    for hour in first..=last.min(first + LONGEST_HABIT - 1) {
        let mean = match mean_of_always {
            Some(mean) => is_usual(heard, first, hour).then_some(mean),
            None => habit(heard, first, hour),
        };
        let Some(mean) = mean else { continue };
        expected += mean;
        match found.last_mut() {
            Some((_, end)) if *end + 1 == hour => *end = hour,
            _ => found.push((hour, hour)),
        }
    }
    if expected >= SURPRISING_EVENTS {
        missing.append(&mut found);
    }
}

/// Whether a source that always has events has some in an hour of the week, too: it had in one of the last two weeks. Of an hour
/// that it is not old enough for, nobody knows.
fn is_usual(heard: &[(i64, u64)], first: i64, hour: i64) -> bool {
    let weeks = [0, 1].map(|week| latest(first, hour) - week * WEEK);
    let had = |hour: &i64| heard.binary_search_by_key(hour, |(hour, _)| *hour).is_ok();
    heard.first().is_some_and(|(oldest, _)| *oldest <= weeks[1]) && weeks.iter().any(had)
}

/// The latest hour before a silence that is the same of the week.
fn latest(first: i64, hour: i64) -> i64 {
    hour - WEEK * ((hour - first).div_euclid(WEEK) + 1)
}

/// How many events an hour of the week usually has; `None` where it is no habit that it has some.
fn habit(heard: &[(i64, u64)], first: i64, hour: i64) -> Option<f64> {
    let of = |week: i64| {
        let hour = latest(first, hour) - week * WEEK;
        let place = heard.binary_search_by_key(&hour, |(hour, _)| *hour);
        place.ok().map(|place| heard[place].1)
    };
    let events: Vec<u64> = (0..WEEKS).filter_map(of).collect();
    if events.len() < WEEKS_WITH_EVENTS {
        return None;
    }
    Some(events.iter().sum::<u64>() as f64 / WEEKS as f64)
}

/// The numbers from 1 that are in no run although a higher one is, as stretches with both ends included. Runs are in the order
/// of their beginnings and may overlap.
pub fn missing_numbers(received: &[(u64, u64)]) -> Vec<(u64, u64)> {
    let mut missing = Vec::new();
    let mut next = 1;
    for (first, last) in received {
        if *first > next {
            missing.push((next, *first - 1));
        }
        next = next.max(last.saturating_add(1));
    }
    missing
}

/// Stretches without what lies in others: what somebody closed is not missing any more. Both ends are included everywhere.
pub fn without(stretches: &[(i64, i64)], closed: &[(i64, i64)]) -> Vec<(i64, i64)> {
    let mut left = stretches.to_vec();
    for (first, last) in closed {
        let mut cut = Vec::with_capacity(left.len());
        for (from, to) in left {
            if to < *first || from > *last {
                cut.push((from, to));
                continue;
            }
            if from < *first {
                cut.push((from, *first - 1));
            }
            if to > *last {
                cut.push((*last + 1, to));
            }
        }
        left = cut;
    }
    left
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Hours with events from a picture of one week that is repeated: a digit is events (in tens) of an hour, `.` none, and the
    /// week is filled up with none. `cut` hours are then taken out.
    fn weeks(picture: &str, weeks: i64, cut: &[i64]) -> Vec<(i64, u64)> {
        let mut hours = Vec::new();
        for week in 0..weeks {
            for (hour, character) in (0..WEEK).zip(picture.chars()) {
                let events = character.to_digit(10).map_or(0, |tens| u64::from(tens) * 10);
                let hour = week * WEEK + hour;
                if events > 0 && !cut.contains(&hour) {
                    hours.push((hour, events));
                }
            }
        }
        hours
    }

    fn check(hours: &[(i64, u64)], expected: &[(i64, i64)]) {
        assert_eq!(missing_hours(hours, i64::MAX), expected, "{hours:?}");
    }

    const NEVER_SILENT: &str = "111111111111111111111111111111111111111111111111111111111111111111111111111111111111\
                                111111111111111111111111111111111111111111111111111111111111111111111111111111111111";
    const OFFICE_MORNINGS: &str = "........222.....................222.....................222";

    #[test]
    fn an_hour_of_a_source_that_is_never_silent_is_missed() {
        check(&weeks(NEVER_SILENT, 3, &[400]), &[(400, 400)]);
        check(&weeks(NEVER_SILENT, 4, &[500, 501, 502]), &[(500, 502)]);
    }

    #[test]
    fn a_long_silence_is_missed_to_its_end() {
        let cut: Vec<i64> = (400..700).collect();
        check(&weeks(NEVER_SILENT, 5, &cut), &[(400, 699)]);
    }

    #[test]
    fn without_two_weeks_of_habit_nothing_is_missed() {
        check(&weeks(NEVER_SILENT, 3, &[100]), &[]);
        check(&weeks(NEVER_SILENT, 3, &[300]), &[]);
    }

    #[test]
    fn an_hour_in_which_a_busy_source_rests_every_week_is_not_missed() {
        let rests: Vec<i64> = (0..6).map(|week| week * WEEK + 20).collect();
        check(&weeks(NEVER_SILENT, 6, &rests), &[]);
    }

    #[test]
    fn an_hour_of_the_week_is_missed_after_four_weeks() {
        // The ninth hour of the fifth week's first day; not so a night, which never has any.
        check(
            &weeks(OFFICE_MORNINGS, 6, &[4 * WEEK + 9]),
            &[(4 * WEEK + 9, 4 * WEEK + 9)],
        );
        check(&weeks(OFFICE_MORNINGS, 6, &[2 * WEEK + 9]), &[]);
    }

    #[test]
    fn a_day_off_is_missed_hour_by_hour_and_the_night_is_not() {
        let off = 4 * WEEK + 24;
        check(
            &weeks(OFFICE_MORNINGS, 6, &[off + 8, off + 9, off + 10]),
            &[(off + 8, off + 10)],
        );
    }

    #[test]
    fn what_is_not_followed_by_anything_is_slow_and_not_missing() {
        let hours = weeks(NEVER_SILENT, 3, &(498..504).collect::<Vec<_>>());
        check(&hours, &[]);
        // An event whose clock is ahead says nothing of hours that are still to come.
        let mut ahead = hours;
        ahead.push((520, 1));
        assert_eq!(missing_hours(&ahead, 501), [(498, 500)]);
    }

    #[test]
    fn a_source_with_few_events_is_not_missed_for_an_hour() {
        let few: Vec<(i64, u64)> = weeks(NEVER_SILENT, 3, &[400])
            .iter()
            .map(|(hour, _)| (*hour, 3))
            .collect();
        check(&few, &[]);
        let few: Vec<(i64, u64)> = few
            .into_iter()
            .filter(|(hour, _)| !(400..404).contains(hour))
            .collect();
        check(&few, &[(400, 403)]);
    }

    #[test]
    fn a_source_that_became_quiet_is_another_habit() {
        let mut hours = weeks(OFFICE_MORNINGS, 5, &[]);
        hours.push((60 * WEEK, 1));
        let missing = missing_hours(&hours, i64::MAX);
        assert_eq!(missing.len(), 3 * 8, "three mornings of eight weeks: {missing:?}");
    }

    #[test]
    fn numbers_that_never_came_are_missing() {
        let numbers = |received: &[(u64, u64)], expected: &[(u64, u64)]| {
            assert_eq!(missing_numbers(received), expected, "{received:?}");
        };
        numbers(&[], &[]);
        numbers(&[(1, 5)], &[]);
        numbers(&[(4, 5)], &[(1, 3)]);
        numbers(&[(1, 2), (4, 4), (7, 9)], &[(3, 3), (5, 6)]);
        // Runs of different months overlap.
        numbers(&[(1, 9), (3, 4), (5, 12), (14, 14)], &[(13, 13)]);
        numbers(&[(u64::MAX, u64::MAX)], &[(1, u64::MAX - 1)]);
    }

    #[test]
    fn what_was_closed_is_cut_out() {
        let cut = |closed: &[(i64, i64)], expected: &[(i64, i64)]| {
            assert_eq!(without(&[(1, 5), (8, 8)], closed), expected, "{closed:?}");
        };
        cut(&[], &[(1, 5), (8, 8)]);
        cut(&[(1, 5)], &[(8, 8)]);
        cut(&[(3, 3)], &[(1, 2), (4, 5), (8, 8)]);
        cut(&[(0, 2), (5, 9)], &[(3, 4)]);
        cut(&[(6, 7)], &[(1, 5), (8, 8)]);
    }
}
