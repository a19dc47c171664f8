//! The name that was probably meant.

/// What stands beyond this in a name is not compared: the work grows with the length.
const LONGEST_NAME: usize = 60;

/// Of several right names the one nearest to a wrong one, if it is near enough to be worth saying. Dashes, spaces and
/// underscores are one.
pub(super) fn nearest<'a>(wrong: &str, right: &[&'a str]) -> Option<&'a str> {
    let wrong: String = alike(&wrong.to_lowercase()).chars().take(LONGEST_NAME).collect();
    let tolerance = (wrong.chars().count() / 3).clamp(1, 4);
    right
        .iter()
        .map(|name| (strsim::levenshtein(&wrong, &alike(name)), *name))
        .min_by_key(|(distance, _)| *distance)
        .filter(|(distance, _)| *distance <= tolerance)
        .map(|(_, name)| name)
}

fn alike(name: &str) -> String {
    name.replace(['-', ' '], "_")
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
