//! The name that was probably meant.

/// Of several right names the one nearest to a wrong one, if it is near enough to be worth saying.
pub(super) fn nearest<'a>(wrong: &str, right: &[&'a str]) -> Option<&'a str> {
    let wrong: Vec<char> = wrong
        .to_lowercase()
        .replace(['-', ' '], "_")
        .chars()
        .take(60)
        .collect();
    let tolerance = (wrong.len() / 3).clamp(1, 4);
    right
        .iter()
        .map(|name| (distance(&wrong, name), *name))
        .min_by_key(|(distance, _)| *distance)
        .filter(|(distance, _)| *distance <= tolerance)
        .map(|(_, name)| name)
}

/// Letters to put in, take out or change.
fn distance(left: &[char], right: &str) -> usize {
    let right: Vec<char> = right
        .chars()
        .map(|letter| if letter == '-' { '_' } else { letter })
        .collect();
    let mut above: Vec<usize> = (0..=right.len()).collect();
    for (i, one) in left.iter().enumerate() {
        let mut row = vec![i + 1];
        for (j, other) in right.iter().enumerate() {
            let changed = above[j] + usize::from(one != other);
            row.push(changed.min(above[j + 1] + 1).min(row[j] + 1));
        }
        above = row;
    }
    above[right.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(wrong: &str, expected: Option<&str>) {
        let right = ["user", "user_id", "ip_address", "sign-in", "time"];
        assert_eq!(nearest(wrong, &right), expected, "{wrong}");
    }

    #[test]
    fn a_slip_is_told_and_a_strange_name_is_not() {
        check("usr", Some("user"));
        check("ip-adress", Some("ip_address"));
        check("signin", Some("sign-in"));
        check("TIME", Some("time"));
        check("password", None);
        check("", None);
    }
}
