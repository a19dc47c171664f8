//! "Did you mean": the nearest of the known names.

/// The known name that was probably meant: one with the same last part, else the nearest by edit distance.
pub(super) fn nearest<'a>(written: &str, known: &[&'a str]) -> Option<&'a str> {
    let written = written.to_ascii_lowercase();
    let last_part = written.rsplit('.').next().unwrap_or_default();
    let mut best: Option<(usize, &str)> = None;
    for name in known.iter().copied() {
        let distance = edit_distance(&written, name);
        if best.is_none_or(|(least, _)| distance < least) {
            best = Some((distance, name));
        }
    }
    let (distance, name) = best?;
    if distance <= (written.len() / 4).clamp(1, 4) {
        return Some(name);
    }
    known
        .iter()
        .copied()
        .find(|name| name.rsplit('.').next() == Some(last_part))
}

/// Letters to put in, take out, change or swap with their neighbour (optimal string alignment).
fn edit_distance(left: &str, right: &str) -> usize {
    let left: Vec<char> = left.chars().take(100).collect();
    let right: Vec<char> = right.chars().collect();
    let mut row_before_last: Vec<usize> = Vec::new();
    let mut last_row: Vec<usize> = (0..=right.len()).collect();
    for i in 1..=left.len() {
        let mut row = vec![i];
        for j in 1..=right.len() {
            let change = last_row[j - 1] + usize::from(left[i - 1] != right[j - 1]);
            let mut least = change.min(last_row[j] + 1).min(row[j - 1] + 1);
            if i > 1 && j > 1 && left[i - 1] == right[j - 2] && left[i - 2] == right[j - 1] {
                least = least.min(row_before_last[j - 2] + 1);
            }
            row.push(least);
        }
        row_before_last = std::mem::replace(&mut last_row, row);
    }
    last_row[right.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(written: &str, expected: Option<&str>) {
        let known = [
            "server.listen",
            "server.admin_listen",
            "limits.body_bytes",
            "log.level",
        ];
        assert_eq!(nearest(written, &known), expected, "{written}");
    }

    #[test]
    fn a_slip_of_the_fingers_finds_the_name() {
        check("server.lisen", Some("server.listen"));
        check("server.lsiten", Some("server.listen"));
        check("Server.Listen", Some("server.listen"));
        check("sever.listen", Some("server.listen"));
        check("limits.body_byte", Some("limits.body_bytes"));
    }

    #[test]
    fn the_right_name_in_the_wrong_section_is_found() {
        check("listen", Some("server.listen"));
        check("logging.level", Some("log.level"));
    }

    #[test]
    fn a_strange_name_suggests_nothing() {
        check("database.password", None);
        check("", None);
    }

    #[test]
    fn distances_counted_by_hand() {
        assert_eq!(edit_distance("kitten", "sitting"), 3);
        assert_eq!(edit_distance("ab", "ba"), 1);
        assert_eq!(edit_distance("", "abc"), 3);
        assert_eq!(edit_distance("abc", ""), 3);
    }
}
